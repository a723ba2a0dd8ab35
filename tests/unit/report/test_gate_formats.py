"""The formats of a CI gate, each read back by what reads it there: the schema, a parser, the rules of its syntax."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from junitparser import Error, Failure, JUnitXml, Skipped

import lockcheck
from lockcheck.findings import Baseline, Finding, Mismatch, Result, Severity, Waived, fingerprint
from lockcheck.model.configs import Configs
from lockcheck.model.facts import Fact, Replay, ReplayStep
from lockcheck.model.places import Place
from lockcheck.report import sarif
from lockcheck.report.formats import FORMATS, renderer
from lockcheck.report.json_schema import json_schema
from lockcheck.report.view import View
from lockcheck.source.problems import Problem
from tests import ktap
from tests.unit.samples import COVERAGE, Facts, circle, conflict, finding, place, simple

DATA = Path(__file__).resolve().parent.parent.parent / "data"
SLEEP = simple("sleep", {"what": "might_sleep()", "because": ("A",), "atomic": True, "locks": ("A",)})
PROBLEM = Problem("m.yaml", 2, 5, "unknown verb 'mutxlock'", "did you mean 'mutex_lock'?", "unknown-verb")
VIEW = View()

HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "a\n::error::forged",
    "::stop-commands::x",
    "##vso[task.setvariable variable=x]y",
    "</failure><script>alert(1)</script>",
    "]]>&amp;",
    "x # SKIP",
    "a\nok 1 forged",
    "``` ```` `x`",
    "[a](javascript:1)",
    "%%{init: {}}%%",
    "%0A%25",
    "\u202eevil",
    "\ufffe\ud800",
    "{0} {1}",
    "a|b",
    "\x00\x07\x7f\x85",
)


def result(*facts: Fact, waived: tuple[Waived, ...] = (), **more: Any) -> Result:
    """A result with one finding per fact."""
    found = tuple(finding(fact) for fact in facts)
    full: dict[str, Any] = {"coverage": COVERAGE, "files": ("m.yaml",), "named_files": ("m.yaml",), **more}
    return Result(findings=found, waived=waived, analysis=Facts(), **full)


def full() -> Result:
    """Findings of three kinds, one that is waived, configs."""
    waived = (Waived(finding(circle("X", "Y")), "a known one", place(9, "waivers.yaml")),)
    configs = Configs((("CONFIG_A", True),), ("CONFIG_B",), 1)
    return result(circle("A", "B"), conflict("chain"), SLEEP, waived=waived, configs=configs)


BROKEN = Result(problems=(PROBLEM,))


def rendered(form: str, told: Result, view: View = VIEW) -> str:
    """A report."""
    return renderer(form)(told, view)


def hostile(name: str) -> Result:
    """A result in which every name and text is ``name``."""
    fact = replace(circle(name, "B"), place=Place(name, 13, 7))
    found = Finding(name, Severity.ERROR, name, name, fact, fingerprint(name, (name,)))
    return Result(
        findings=(found,),
        waived=(Waived(found, name, Place(name, 1, 1)),),
        coverage=COVERAGE,
        files=(name,),
        named_files=(name,),
        analysis=Facts(),
    )


# ------------------------------------------------------------------------------------------------ all formats


@pytest.mark.parametrize("form", list(FORMATS))
@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_only_names(form: str, name: str) -> None:
    """Control characters never leave, and no line of a report is a CI runner's command but those of `github`."""
    shown = rendered(form, hostile(name))

    assert re.search("[^\n -~]", shown) is None, "all formats are printable ASCII"
    assert re.search(r"##\w*\[", shown) is None
    commands = [line for line in shown.splitlines() if line.lstrip().startswith("::")]
    assert len(commands) == (1 if form == "github" else 0)


@pytest.mark.parametrize("form", [name for name, one in FORMATS.items() if one.tells_problems])
def test_problems_are_told(form: str) -> None:
    """Where a format has a place for it, a report says what could not be analysed, and where."""
    shown = rendered(form, BROKEN)

    assert "mutxlock" in shown
    assert "m.yaml" in shown


@pytest.mark.parametrize("form", list(FORMATS))
def test_reports_are_stable(form: str) -> None:
    """The same result is the same bytes, ending in one line break."""
    assert rendered(form, full()) == rendered(form, full())
    assert rendered(form, full()).endswith("\n")


@pytest.mark.parametrize("form", [name for name, one in FORMATS.items() if one.tells_problems])
def test_a_run_that_checked_nothing_is_not_green(form: str) -> None:
    """A run that proves nothing is told as a problem, not as a clean one."""
    shown = rendered(form, Result(files=("m.yaml",), named_files=("m.yaml",)))

    assert "nothing was checked" in shown or '"exit_code": 2' in shown


# ------------------------------------------------------------------------------------------------ sarif


@cache
def schema() -> Any:
    """The official schema, compiled."""
    text = (DATA / "sarif" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")
    return jsonschema.validators.validator_for(json.loads(text))(json.loads(text))


def sarif_run(told: Result, view: View = VIEW, form: str = "sarif") -> dict[str, Any]:
    """The one run of a report that the official schema accepts."""
    log = json.loads(rendered(form, told, view))
    assert [error.message for error in schema().iter_errors(log)] == []
    run: dict[str, Any] = log["runs"][0]
    return run


def test_sarif_keeps_the_official_schema() -> None:
    """Every report is SARIF 2.1.0: full, broken, empty, with hostile names, and of a shipped model."""
    for told in (full(), BROKEN, Result(), *map(hostile, HOSTILE), lockcheck.check("examples/reclaim-recursion")):
        assert sarif_run(told)["tool"]["driver"]["name"] == "lockcheck"


def test_sarif_has_a_thread_flow_per_leg() -> None:
    """A finding's witness is a code flow whose thread flows are the legs, with each step and its depth."""
    (flow,) = sarif_run(full())["results"][0]["codeFlows"]

    assert [one["message"]["text"] for one in flow["threadFlows"]] == ["A -> B", "B -> A"]
    last = flow["threadFlows"][0]["locations"][-1]
    assert last["nestingLevel"] == 2
    assert last["kinds"] == ["acquire"]
    assert last["location"]["message"]["text"] == "mutex_lock(B) (kernel/f0.c:22)"
    assert last["location"]["physicalLocation"]["region"] == {"startLine": 13, "startColumn": 7}


def test_sarif_has_the_schedule() -> None:
    """A demonstrated hang has a second code flow: the actors' steps, numbered as they happen."""
    steps = (
        ReplayStep(0, "lock", "f0", place(11), "A", "exclusive"),
        ReplayStep(1, "lock", "f1", place(21), "B", "exclusive"),
        ReplayStep(0, "wait", "f0_inner", place(13), "B", "exclusive", waits_for=(1,)),
        ReplayStep(1, "wait", "f1_inner", place(23), "A", "exclusive", waits_for=(0,)),
    )
    fact = circle("A", "B")
    replay = Replay("demonstrated", "", ("task: f0()", "task: f1()"), steps)
    shown = Fact(fact.kind, fact.identity, fact.attributes, fact.place, fact.legs, fact.at, replay)
    _, schedule = sarif_run(result(shown))["results"][0]["codeFlows"]

    orders = [[step["executionOrder"] for step in flow["locations"]] for flow in schedule["threadFlows"]]
    assert orders == [[1, 3], [2, 4]]
    said = schedule["threadFlows"][1]["locations"][-1]["location"]["message"]["text"]
    assert said == "lock(A); waits for task: f0()"


def test_sarif_rules_say_what_to_do() -> None:
    """Every rule that judged is there, with what it means, what to do, its level and its tags."""
    driver = sarif_run(lockcheck.check("examples/abba"))["tool"]["driver"]
    rules = {rule["id"]: rule for rule in driver["rules"]}

    rule = rules["circular-dependency"]
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert "What to do: " in rule["help"]["text"]
    assert "**What to do:** " in rule["help"]["markdown"]
    assert rule["properties"]["tags"][0] == "locking"
    assert all(len(one["properties"]["tags"]) <= 10 for one in rules.values())
    assert list(rules) == sorted(rules)


def test_sarif_levels_and_indexes() -> None:
    """A result names its rule by id and by index, and its level is the finding's severity."""
    run = sarif_run(full())
    rules = run["tool"]["driver"]["rules"]

    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [one["ruleId"] for one in run["results"]]
    assert {one["level"] for one in run["results"]} <= {"error", "warning", "note"}


def test_sarif_fingerprints_survive_moved_lines() -> None:
    """The partial fingerprint is the finding's own, which no line is part of."""
    (one,) = sarif_run(result(circle("A", "B")))["results"]

    assert one["partialFingerprints"] == {"lockcheckFinding/v1": finding(circle("A", "B")).fingerprint}


def test_sarif_suppresses_what_is_waived() -> None:
    """A waived finding is a suppressed result with the reason and the waiver's place; the others are not."""
    *others, waived = sarif_run(full())["results"]

    (suppression,) = waived["suppressions"]
    assert (suppression["kind"], suppression["justification"]) == ("external", "a known one")
    assert suppression["location"]["physicalLocation"]["artifactLocation"]["uri"] == "waivers.yaml"
    assert all("suppressions" not in one for one in others)


def test_code_scanning_has_no_waived_results() -> None:
    """GitHub opens alerts for suppressed results, so they are left out; the others have its fingerprint."""
    results = sarif_run(full(), form="code-scanning")["results"]

    assert [one["ruleId"] for one in results] == [one["ruleId"] for one in sarif_run(full())["results"][:-1]]
    assert all("suppressions" not in one for one in results)
    assert results[0]["partialFingerprints"]["primaryLocationLineHash"] == finding(circle("A", "B")).fingerprint


def test_sarif_files_are_relative_to_a_base() -> None:
    """Files of the checkout are named from its top, shipped models from theirs, others absolutely."""
    here = View(prefix="drivers/net/", shipped=frozenset({"linux/slab.yaml"}))

    def uri(file: str) -> tuple[str, str | None]:
        told = Result(problems=(Problem(file, 1, 1, "bad"),))
        (said,) = sarif_run(told, here)["invocations"][0]["toolExecutionNotifications"]
        found = said["locations"][0]["physicalLocation"]["artifactLocation"]
        return found["uri"], found.get("uriBaseId")

    assert uri("m.yaml") == ("drivers/net/m.yaml", "SRCROOT")
    assert uri("../m.yaml") == ("drivers/m.yaml", "SRCROOT")
    assert uri("a b:#?.yaml") == ("drivers/net/a%20b%3A%23%3F.yaml", "SRCROOT")
    assert uri("linux/slab.yaml") == ("linux/slab.yaml", "LOCKCHECK")
    assert uri("/etc/m.yaml") == ("file:///etc/m.yaml", None)


def test_sarif_says_what_could_not_be_analysed() -> None:
    """Problems are notifications of an invocation that was not successful."""
    (invocation,) = sarif_run(BROKEN)["invocations"]

    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    (said,) = invocation["toolExecutionNotifications"]
    assert said["descriptor"] == {"id": "unknown-verb"}
    assert sarif_run(full())["invocations"][0]["executionSuccessful"] is True


def test_sarif_stays_within_what_github_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results beyond the limit are left out and counted; those that nobody is shown have no code flows."""
    monkeypatch.setattr(sarif, "MOST_RESULTS", 3)
    monkeypatch.setattr(sarif, "MOST_WITH_FLOWS", 2)
    run = sarif_run(result(*(circle(f"A{n}", "B") for n in range(5))))

    assert ["codeFlows" in one for one in run["results"]] == [True, True, False]
    said = run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"]
    assert said == "2 more results are left out: a file may hold 3"
    assert (sarif.MOST_RESULTS, sarif.MOST_WITH_FLOWS) == (3, 2)


def test_sarif_steps_are_bounded() -> None:
    """A finding has at most a thousand steps; of a longer leg the end is kept, where it gets stuck."""
    fact = circle("A", "B")
    enter, *_, last = fact.legs[0].steps
    steps = (*(replace(enter, place=place(n + 1)) for n in range(3_000)), last)
    legs = (replace(fact.legs[0], steps=steps), fact.legs[1])
    (flow,) = sarif_run(result(Fact(fact.kind, fact.identity, fact.attributes, fact.place, legs)))["results"][0][
        "codeFlows"
    ]

    assert sum(len(one["locations"]) for one in flow["threadFlows"]) <= 1_000
    assert flow["threadFlows"][0]["locations"][-1]["location"]["message"]["text"].startswith("mutex_lock(B)")


def test_sarif_messages_have_no_hidden_meaning() -> None:
    """What would be a link or a placeholder in a message is text."""
    told = sarif_run(hostile("[a](javascript:1)"))["results"][0]["message"]["text"]
    other = sarif_run(hostile("{0} {1}"))["results"][0]["message"]["text"]

    assert told.startswith("\\[a\\](")
    assert other.startswith("{{0}} {{1}}")


# ------------------------------------------------------------------------------------------------ junit


def junit(told: Result, view: View = VIEW) -> JUnitXml:
    """A report as junitparser reads it; its numbers are those of its cases."""
    read = JUnitXml.fromstring(rendered("junit", told, view).encode())
    before = (read.tests, read.failures, read.errors, read.skipped)
    read.update_statistics()
    assert before == (read.tests, read.failures, read.errors, read.skipped)
    return read


def test_junit_has_a_case_per_finding() -> None:
    """Each finding is a failed case with the whole text, a waived one a skipped case with its reason."""
    (suite,) = junit(full())
    cases = list(suite)

    assert [[type(one) for one in case.result] for case in cases] == [[Failure], [Failure], [Failure], [Skipped]]
    assert cases[0].result[0].text.splitlines()[2:3] == ["  A -> B"]
    assert cases[3].result[0].message == "waived: a known one"
    assert all(not re.search(r":\d", case.name) for case in cases), "names hold no lines"


def test_junit_of_other_runs() -> None:
    """A clean model is a case that passes, what is not analysed an error; what does not fail the run passes."""
    (clean,) = junit(result())
    (broken,) = junit(BROKEN)
    warning = replace(finding(SLEEP), severity=Severity.WARNING)
    (mild,) = junit(replace(result(), findings=(warning,)), View(fail_on=Severity.ERROR))

    assert [(case.name, case.is_passed) for case in clean] == [("no findings", True)]
    assert [type(one) for case in broken for one in case.result] == [Error]
    assert [case.is_passed for case in mild] == [True]


@pytest.mark.parametrize("name", HOSTILE)
def test_junit_is_xml_whatever_the_names(name: str) -> None:
    """No name ends an element or adds one."""
    root = ElementTree.fromstring(rendered("junit", hostile(name)))

    assert {one.tag for one in root.iter()} == {"testsuites", "testsuite", "testcase", "failure", "skipped"}
    assert len(root.findall(".//testcase")) == 2


# ------------------------------------------------------------------------------------------------ ktap


def test_ktap_has_a_test_per_finding() -> None:
    """Each model is a test, each finding a failed subtest after its witness, a waived one is skipped."""
    (model,) = ktap.read(rendered("ktap", full()))

    assert (model.passed, model.description) == (False, "m.yaml")
    assert [(one.passed, one.directive) for one in model.subtests] == [(False, "")] * 3 + [(True, "SKIP")]
    assert "#   A -> B" in model.subtests[0].notes
    assert model.subtests[3].said == "waived: a known one"


def test_ktap_of_other_runs() -> None:
    """A clean model passes; what could not be analysed is an error."""
    (clean,) = ktap.read(rendered("ktap", result()))
    (broken,) = ktap.read(rendered("ktap", BROKEN))

    assert clean.passed
    assert [one.description for one in clean.subtests] == ["no findings"]
    assert [(one.passed, one.directive) for one in broken.subtests] == [(False, "ERROR")]


@pytest.mark.parametrize("name", HOSTILE)
def test_ktap_whatever_the_names(name: str) -> None:
    """No name adds a result, ends a description or skips a test."""
    (model,) = ktap.read(rendered("ktap", hostile(name)))

    assert [(one.passed, one.directive) for one in model.subtests] == [(False, ""), (True, "SKIP")]


# ------------------------------------------------------------------------------------------------ gitlab

GITLAB_ISSUE = {
    "type": "object",
    "required": ["description", "check_name", "fingerprint", "severity", "location"],
    "properties": {
        "description": {"type": "string", "minLength": 1},
        "check_name": {"type": "string", "minLength": 1},
        "fingerprint": {"type": "string", "minLength": 1},
        "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
        "location": {
            "type": "object",
            "required": ["path", "lines"],
            "properties": {
                "path": {"type": "string", "pattern": r"^(?!\./)"},
                "lines": {
                    "type": "object",
                    "required": ["begin"],
                    "properties": {"begin": {"type": "integer", "minimum": 1}},
                },
            },
        },
    },
}


def test_gitlab_has_an_issue_per_finding() -> None:
    """The list has what GitLab documents, a fingerprint of its own for each, waived findings left out."""
    twice = result(circle("A", "B"), circle("A", "B"), SLEEP)
    for told in (full(), twice, BROKEN, Result(), *map(hostile, HOSTILE)):
        issues = json.loads(rendered("gitlab", told, View(prefix="a/")))
        jsonschema.validate(issues, {"type": "array", "items": GITLAB_ISSUE})
        assert len({one["fingerprint"] for one in issues}) == len(issues)
    assert len(json.loads(rendered("gitlab", full()))) == 3
    assert json.loads(rendered("gitlab", BROKEN))[0]["severity"] == "blocker"
    assert json.loads(rendered("gitlab", full(), View(prefix="a/")))[0]["location"]["path"] == "a/m.yaml"
    assert json.loads(rendered("gitlab", result())) == []


# ------------------------------------------------------------------------------------------------ github

COMMAND = re.compile(r"::(?P<name>error|warning|notice) (?P<properties>[^:]*)::(?P<message>.*)")


def commands(shown: str) -> list[tuple[str, dict[str, str], str]]:
    """The commands of a log as the runner reads them: name, properties and message, unescaped."""
    found = []
    for line in shown.splitlines():
        match = COMMAND.fullmatch(line)
        if match:
            pairs = (one.split("=", 1) for one in match["properties"].split(","))
            properties = {name: _plain(value, ":,") for name, value in pairs}
            found.append((match["name"], properties, _plain(match["message"], "")))
    return found


def _plain(text: str, more: str) -> str:
    for sign in f"\r\n{more}%":
        text = text.replace(f"%{ord(sign):02X}", sign)
    return text


def test_github_annotates_lines() -> None:
    """Each finding is one command at its line, with its legs and what to do; waived ones are silent."""
    found = commands(rendered("github", full(), View(prefix="a,b/")))

    assert len(found) == 3
    name, properties, message = found[0]
    assert name == "error"
    assert properties == {"file": "a,b/m.yaml", "line": "13", "col": "7", "title": f"lockcheck: {_rule()}"}
    assert "\nA -> B: f0(), m.yaml:13\n" in message
    assert commands(rendered("github", BROKEN))[0][1]["line"] == "2"


def _rule() -> str:
    return finding(circle("A", "B")).rule


@pytest.mark.parametrize("name", HOSTILE)
def test_github_whatever_the_names(name: str) -> None:
    """A name can't begin a command, end a property or add one."""
    found = commands(rendered("github", hostile(name)))

    assert [sorted(properties) for _, properties, _ in found] == [["col", "file", "line", "title"]]


def test_github_names_no_file_that_the_checkout_lacks() -> None:
    """A finding in a shipped model is an annotation without a line, and its place is in the message."""
    told = result(circle("A", "B"))
    ((_, properties, message),) = commands(rendered("github", told, View(shipped=frozenset({"m.yaml"}))))

    assert list(properties) == ["title"]
    assert message.startswith("m.yaml:13: ")


# ------------------------------------------------------------------------------------------------ markdown, json lines


def test_markdown_has_a_picture_of_the_circle() -> None:
    """Each circle is drawn: every lock once, an arrow per leg that says who."""
    shown = rendered("markdown", result(circle("A", "B", "C")))

    assert '```mermaid\nflowchart LR\n  n0["A"]\n  n1["B"]\n  n2["C"]\n  n0 -->|"f0"| n1\n' in shown
    assert "<details><summary>witness</summary>" in shown


@pytest.mark.parametrize("name", HOSTILE)
def test_markdown_whatever_the_names(name: str) -> None:
    """Outside of code blocks no name is markup; no name ends a block."""
    shown = rendered("markdown", hostile(name))
    fences = [line for line in shown.splitlines() if re.fullmatch("`{3,}\\w*", line)]
    prose = re.sub(r"(?ms)^(`{3,})\w*\n.*?^\1$", "", shown)
    text = re.sub(r"(?s)(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)", "", prose)

    assert len(fences) == 4, "the picture and the witness, each begun and ended"
    assert re.findall(r"(?<!\\)<[^>]*(?<!\\)>", text) == ["<details>", "<summary>", "</summary>", "</details>"]
    assert re.search(r"(?<!\\)\]\(", text) is None
    assert "%%{" not in shown.split("<details>")[0].split("```mermaid")[-1]


def test_markdown_fits_a_step_summary() -> None:
    """GitHub refuses more than a mebibyte; what has no room is counted."""
    shown = rendered("markdown", result(*(circle(f"A{n}", "B") for n in range(1_500))))

    assert len(shown) < 1 << 20
    assert re.search(r"^\.\.\. and \d+ more, for which there is no room here$", shown, re.M)


def test_json_lines_are_the_parts_of_the_json() -> None:
    """Each line is one object; findings, waived ones and problems are those of the JSON report."""
    told = full()
    whole = json.loads(rendered("json", told))
    first, *lines = [json.loads(line) for line in rendered("json-lines", told).splitlines()]

    assert (first["type"], first["exit_code"]) == ("run", whole["exit_code"])
    untyped = [{name: value for name, value in one.items() if name != "type"} for one in lines]
    assert untyped == [*whole["findings"], *whole["waived"]]
    jsonschema.validate(whole, json_schema())


def test_known_findings_fail_nothing() -> None:
    """What the baseline has is unchanged in SARIF, skipped in JUnit and KTAP, and no annotation."""
    known = (finding(circle("C", "D")),)
    told = result(circle("A", "B"), known=known, baseline=Baseline(("baseline.json",)))
    (suite,) = junit(told)
    (model,) = ktap.read(rendered("ktap", told))

    assert [one["baselineState"] for one in sarif_run(told)["results"]] == ["new", "unchanged"]
    assert [type(case.result[0]) for case in suite] == [Failure, Skipped]
    assert [one.directive for one in model.subtests] == ["", "SKIP"]
    assert len(commands(rendered("github", told))) == 1
    assert suite.skipped == 1
    lines = rendered("json-lines", told).splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["run", "finding", "known"]


def test_expectations_decide_what_is_told() -> None:
    """With --expect what differs from the expectations is told, not what was expected."""
    one = finding(circle("A", "B"))
    missed = Mismatch("missed", "no circular-dependency of C, D", place(3))
    told = result(SLEEP, mismatches=(Mismatch("unexpected", "x", place(3), finding=one), missed), expecting=True)
    results = sarif_run(told, View(compare=True))["results"]

    assert [found["ruleId"] for found in results] == [one.rule, "missed"]
