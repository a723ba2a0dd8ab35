"""The page of ``--format html`` as text: what may run in it, what it knows, and that names can do no harm."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from lockcheck.findings import Mismatch, Result
from lockcheck.model.facts import Replay, ReplayStep
from lockcheck.report.as_html import PAGE, SCRIPTS, as_html, embedded
from lockcheck.source.problems import Problem
from tests.unit.samples import COVERAGE, Facts, circle, conflict, finding, place, simple

HOSTILE = "</script><script>alert(1)</script><!--\u202e\x1b[2J\u2028&amp;"
LOADS = re.compile(r"""(?:src|href|url|action|data)\s*=\s*["']?\s*(?:https?:)?//""")


class Parts(HTMLParser):
    """The elements of a page, and the texts of its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note the text of the element that is open."""
        if self.tags and self.tags[-1][0] in ("script", "style") and data.strip():
            self.texts.append((*self.tags[-1], data))


def result(*names: str, **more: Any) -> Result:
    """A result with a circle through these classes."""
    return Result(findings=(finding(circle(*names)),), coverage=COVERAGE, files=("m.yaml",), named_files=("m.yaml",),
                  analysis=Facts(), **more)  # fmt: skip


def data_of(text: str) -> dict[str, Any]:
    """What the page knows."""
    data = next(body for tag, attributes, body in Parts(text).texts if attributes.get("id") == "data")
    found: dict[str, Any] = json.loads(data)
    return found


def test_only_what_is_in_the_file_may_run() -> None:
    """The policy names the digest of each script and of the style sheet, and allows nothing else."""
    parts = Parts(as_html(result("A", "B")))
    policy = next(a["content"] or "" for tag, a in parts.tags if a.get("http-equiv") == "Content-Security-Policy")
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}
    digests: dict[str, list[str]] = {"script": [], "style": []}
    for tag, attributes, text in parts.texts:
        if attributes.get("type") != "application/json":
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            digests[tag].append(f"'sha256-{digest}'")

    assert rules["default-src"] == ["'none'"]
    assert rules["script-src"] == digests["script"]
    assert rules["style-src"] == digests["style"]
    assert len(digests["script"]) == 3
    assert not [a for _, a in parts.tags if any(name.startswith("on") or name == "style" for name in a)]


def test_nothing_is_loaded() -> None:
    """No element of the page points out of it."""
    text = as_html(result("A", "B"))
    ours = "".join((PAGE / name).read_text(encoding="utf-8") for name in ("page.html", "page.css", *SCRIPTS))

    assert [a for tag, a in Parts(text).tags if a.get("src") or tag == "iframe"] == []
    assert LOADS.findall(ours) == []
    assert "sourceMappingURL" not in text
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", ours)


def test_names_cannot_leave_the_data() -> None:
    """A name with the end of a script in it stays a name, and its control and direction characters are written out."""
    text = as_html(result(HOSTILE, "B"))
    plain = as_html(result("A", "B"))

    assert [tag for tag, _ in Parts(text).tags] == [tag for tag, _ in Parts(plain).tags]
    assert "\x1b" not in text
    assert "\u202e" not in text
    shown = next(one for one in data_of(text)["texts"] if one.startswith("</script>"))
    assert shown == HOSTILE.replace("\u202e", "\\u202e").replace("\x1b", "\\x1b").replace("\u2028", "\\u2028")


def test_title_is_escaped() -> None:
    """The name of a model that looks like markup is text in the title, too."""
    text = as_html(Result(coverage=COVERAGE, named_files=("<b>{{data}}</b>.yaml",), files=("<b>{{data}}</b>.yaml",)))

    assert "<b>" not in text
    assert "<title>lockcheck: &lt;b&gt;{{data}}&lt;/b&gt;.yaml</title>" in text


def test_embedded_json_is_the_same_value() -> None:
    """The escapes change no value."""
    value = {"a": [HOSTILE, 1, None, "\ud800"]}

    assert json.loads(embedded(value)) == value
    assert not set(embedded(value)) & set("<>&\u2028")


def test_the_same_result_gives_the_same_page() -> None:
    """Twice the same bytes."""
    assert as_html(result("A", "B")) == as_html(result("A", "B"))


def test_every_dependency_has_its_witness() -> None:
    """The graph's edges lead to legs, the legs to steps with places, and nothing is told twice."""
    data = data_of(as_html(result("A", "B")))
    texts = data["texts"]
    edges = {(texts[outer], texts[inner]): leg for outer, inner, _, leg in data["edges"]}

    assert set(edges) == {("A", "B"), ("B", "A"), ("B", "C"), ("C", "D")}
    steps = [data["steps"][number] for number in data["legs"][edges["B", "C"]][-1]]
    assert [texts[step[1]] for step in steps][-1] == "mutex_lock(C)"
    assert texts[steps[-1][3]] == "m.yaml"
    assert len(texts) == len(set(texts))
    assert [texts[one[0]] for one in data["classes"]] == ["A", "B", "C", "D"]
    assert [one[4] for one in data["classes"]] == [0, 0, 0, 1], "only D is a leaf"


def test_an_edge_that_only_a_finding_knows_is_drawn() -> None:
    """Who waits for something that nobody takes still has an edge."""
    data = data_of(as_html(result("A", "work")))
    pairs = [(data["texts"][outer], data["texts"][inner], leg) for outer, inner, _, leg in data["edges"]]

    assert ("A", "work", -1) in pairs
    assert "work" in [data["texts"][one[0]] for one in data["classes"]]


def test_schedule_has_places() -> None:
    """A demonstrated hang is shown as its schedule, each line with the step's place."""
    steps = (ReplayStep(0, "lock", "f0", place(11), "A", at="kernel/f0.c:11"),
             ReplayStep(1, "lock", "f1", place(21), "B"),
             ReplayStep(0, "wait", "f0", place(13), "B", waits_for=(1,)),
             ReplayStep(1, "wait", "f1", place(23), "A", waits_for=(0,)))  # fmt: skip
    replay = Replay("demonstrated", "", ("task: f0()", "task: f1()"), steps)
    replayed = finding(replace(circle("A", "B"), replay=replay))
    data = data_of(as_html(Result(findings=(replayed,), coverage=COVERAGE, analysis=Facts())))
    table = data["findings"][0]["table"]

    lines = [(cpu, data["texts"][text], where[1]) for cpu, text, _, where, _ in table["lines"]]
    assert lines == [(0, "lock(A);", 11), (1, "lock(B);", 21), (0, "lock(B);", 13), (0, "waits for CPU1", 13),
                     (1, "lock(A);", 23), (1, "waits for CPU0", 23)]  # fmt: skip
    assert table["cpus"] == 2


def test_a_guard_stands_instead_of_a_table() -> None:
    """A guarded finding says its guard, and shows no schedule that can't happen."""
    guarded = finding(replace(circle("A", "B"), replay=Replay("guarded", "big_lock")))
    one = data_of(as_html(Result(findings=(guarded,), coverage=COVERAGE, analysis=Facts())))

    assert one["findings"][0]["table"] is None
    assert "guarded by big_lock" in one["texts"][one["findings"][0]["verdict_text"]]


def test_other_findings_have_their_own_shape() -> None:
    """Conflicts have lockdep's table; what is no hang has none."""
    sleep = simple("sleep", {"what": "might_sleep()", "because": ("A",), "atomic": True, "locks": ("A",)})
    both = Result(findings=(finding(conflict("chain")), finding(sleep)), coverage=COVERAGE, analysis=Facts())
    tables = [one["table"] for one in data_of(as_html(both))["findings"]]

    assert tables[0]["cpus"] == 2
    assert tables[1] is None


def test_what_was_not_analysed_is_told() -> None:
    """Problems, expectations that are not met and an empty run are on the page."""
    broken = data_of(as_html(Result(problems=(Problem("m.yaml", 1, 1, "bad <b>", "mend it", "syntax"),))))
    missed = result("A", "B", mismatches=(Mismatch("missed", "it is gone", place(3)),), expecting=True)
    compared = data_of(as_html(missed, compare=True))

    assert broken["texts"][broken["summary"]["problems"][0]].endswith("bad <b>")
    assert "nothing was checked" in " ".join(data_of(as_html(Result()))["texts"])
    assert [compared["texts"][one[1]] for one in compared["summary"]["mismatches"]] == ["it is gone"]


def test_libraries_come_with_their_licences() -> None:
    """The libraries in the page stand there with their copyright lines, as their licences ask."""
    text = as_html(result("A", "B"))

    assert "The Cytoscape Consortium" in text
    assert "Copyright (c) 2012-2014 Chris Pettitt" in text
    assert text.count("Permission is hereby granted") == 2
