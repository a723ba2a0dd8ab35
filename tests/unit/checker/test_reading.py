"""Rule folders: strict reading, every mistake with its place, nothing outside the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockcheck.checker.evaluate import findings_of
from lockcheck.checker.reading import built_in, read_rules
from lockcheck.findings import Severity
from tests.unit.samples import Facts, circle

GOOD = """\
rule: long-circle
summary: a circle of three or more
severity: warning
why: because
help: break it
since: "1"
forbid: circle
where:
  length: {least: 3}
message: "long: {chain}"
"""


PIECES = (b"", b"\n", b": ", b"- ", b"[", b"{", b"&a ", b"*a", b"!!int ", b"\xff", b"\x00", b"9" * 30)


def write(root: Path, text: str, rule: str = "long-circle") -> Path:
    """A rule file in a folder of rules."""
    folder = root / "ordering" / rule
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rule.yaml").write_text(text, encoding="utf-8")
    return root


def problems(root: Path) -> list[str]:
    """What is wrong with a folder of rules, without the path in front."""
    return [str(one).partition("rule.yaml:")[2] for one in read_rules([root]).problems]


def test_rule_judges_facts(tmp_path: Path) -> None:
    """A rule file alone makes findings: its severity, its words, its conditions."""
    rules = read_rules([write(tmp_path, GOOD)])

    findings = findings_of(rules.sorted(), Facts(circle("A", "B"), circle("A", "B", "C")))

    assert rules.problems == ()
    assert [(one.rule, one.severity, one.message) for one in findings] == [
        ("long-circle", Severity.WARNING, "long: A -> B -> C -> A")
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("severity: warning", "severity: waring", ["3:1: error: unknown severity 'waring'"]),
        ("help: break it", "halp: break it", ["1:1: error: missing key 'help'", "5:1: error: unknown key 'halp'"]),
        ("forbid: circle", "forbid: circel", ["7:1: error: unknown fact kind 'circel'"]),
        ("least: 3", "least: three", ["9:12: error: expected a number, not 'three'"]),
        ("{chain}", "{chain", ["10:1: error: a single '{' in the message"]),
        ("rule: long-circle", "rule: Long Circle", ["1:1: error: 'Long Circle' is not a rule id"]),
        ("rule: long-circle", "rule: other", ["1:1: error: rule 'other' stands in folder 'long-circle'"]),
        ("forbid: circle", "note: circle", ["7:1: error: unknown key 'note'"]),
        ("why: because", "why: [because]", ["4:1: error: 'why' has to be a text, not a list"]),
        ("why: because", "why: !!python/object:os.system x",
         ["4:6: error: tag '!!python/object:os.system' is not allowed"]),
        ("why: because", "why: because\nwhy: twice", ["5:1: error: duplicate key 'why', first at line 4"]),
    ],
)  # fmt: skip
def test_mistake_has_a_place(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    """Each mistake in a rule file is reported at its line and column."""
    assert problems(write(tmp_path, GOOD.replace(old, new))) == expected


def test_all_mistakes_of_all_files_in_one_run(tmp_path: Path) -> None:
    """One broken rule does not hide the next one's mistakes."""
    write(tmp_path, GOOD.replace("warning", "bad").replace("least", "leest"))
    write(tmp_path, "- not a rule\n", "other")

    assert len(problems(tmp_path)) == 3


def test_later_folder_replaces(tmp_path: Path) -> None:
    """A project may replace a rule by one of the same id; two in one folder are a mistake."""
    first = write(tmp_path / "a", GOOD)
    second = write(tmp_path / "b", GOOD.replace("warning", "error"))
    both = read_rules([first, second])
    (tmp_path / "b" / "again").mkdir()
    (second / "ordering").rename(second / "again" / "ordering")
    write(second, GOOD)

    assert both.rules["long-circle"].severity is Severity.ERROR
    assert "a second rule 'long-circle'" in problems(second)[0]


def test_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    """A rule file that is a link to somewhere else is not read."""
    outside = tmp_path / "secret.yaml"
    outside.write_text("password: 1\n", encoding="utf-8")
    folder = tmp_path / "rules" / "x" / "long-circle"
    folder.mkdir(parents=True)
    (folder / "rule.yaml").symlink_to(outside)

    found = read_rules([tmp_path / "rules"])

    assert "link out of the folder" in str(found.problems[0])
    assert found.sources == {}


def test_empty_folder_is_a_problem(tmp_path: Path) -> None:
    """A folder without rules is a mistake: somebody believes that something is checked."""
    assert [one.code for one in read_rules([tmp_path, tmp_path / "none"]).problems] == ["no-rules", "no-rules"]


def test_built_in_rules_are_in_order() -> None:
    """Every built-in rule is read without a problem, has a category, a reason and a repair."""
    rules = read_rules([built_in()])

    assert rules.problems == ()
    assert all(rule.category and len(rule.why) > 100 and rule.help for rule in rules.sorted())


def test_mutated_rules_never_raise(tmp_path: Path) -> None:
    """Whatever happens to a rule file on its way, reading it ends in a rule or in positioned problems."""
    import random

    dice = random.Random(20261122)
    whole = [path.read_bytes() for path in sorted(built_in().glob("*/*/rule.yaml"))]
    for _ in range(400):
        data = bytearray(dice.choice(whole))
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(data))
            piece = dice.choice(PIECES)
            data[at : at + dice.randint(0, 4)] = piece
        (tmp_path / "x" / "long-circle").mkdir(parents=True, exist_ok=True)
        (tmp_path / "x" / "long-circle" / "rule.yaml").write_bytes(bytes(data))

        found = read_rules([tmp_path])

        assert found.problems or len(found.rules) == 1
