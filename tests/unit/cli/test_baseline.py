"""Known findings: a baseline file and a revision that a check is held against."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lockcheck.cli import run
from lockcheck.findings import Known, Severity
from lockcheck.loading.baseline import read_baseline
from lockcheck.report.baseline import baseline_text
from lockcheck.report.json_schema import json_schema

Output = pytest.CaptureFixture[str]

HEAD = """\
lockcheck: 1
title: two orders
locks: {A: mutex, B: mutex, C: mutex}
functions:
"""
AB = "  ab: {entry: task, steps: [mutex_lock: A, mutex_lock: B, mutex_unlock: B, mutex_unlock: A]}\n"
BA = "  ba: {entry: task, steps: [mutex_lock: B, mutex_lock: A, mutex_unlock: A, mutex_unlock: B]}\n"
BC = "  bc: {entry: task, steps: [mutex_lock: B, mutex_lock: C, mutex_unlock: C, mutex_unlock: B]}\n"
CB = "  cb: {entry: task, steps: [mutex_lock: C, mutex_lock: B, mutex_unlock: B, mutex_unlock: C]}\n"
OTHER = """\
lockcheck: 1
title: recursion
locks: {R: mutex}
functions: {r: {entry: task, steps: [mutex_lock: R, mutex_lock: R, mutex_unlock: R, mutex_unlock: R]}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a finding in each of its two models, and a configuration that names its baseline."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/m.yaml").write_text(HEAD + AB + BA, encoding="utf-8")
    (tmp_path / "models/other.yaml").write_text(OTHER, encoding="utf-8")
    (tmp_path / "lockcheck.toml").write_text('models = ["models"]\nbaseline = "known.yaml"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def report(capsys: Output, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit status and JSON of a check."""
    code = run(["check", "--format", "json", *words])
    return code, json.loads(capsys.readouterr().out)


def rules(findings: list[dict[str, Any]]) -> list[str]:
    """The rules of findings, sorted."""
    return sorted(one["rule"] for one in findings)


def test_known_findings_do_not_fail(project: Path, capsys: Output) -> None:
    """What the baseline knows is counted and fails nothing, however its lines moved; what is new does fail."""
    assert run(["baseline", "update"]) == 0
    assert capsys.readouterr().out == "known.yaml: 2 known findings (2 added, 0 removed)\n"
    (project / "models/m.yaml").write_text("# moved\n\n" + HEAD + BA + "\n" + AB, encoding="utf-8")
    assert run(["check"]) == 0
    assert "no new findings (2 known)" in capsys.readouterr().out

    (project / "models/m.yaml").write_text(HEAD + AB + BA + BC + CB, encoding="utf-8")
    code, document = report(capsys)
    assert (code, document["exit_code"]) == (1, 1)
    assert [one["fact"]["attributes"]["locks"] for one in document["findings"]] == [["B", "C"]]
    assert rules(document["known"]) == ["circular-dependency", "recursive-locking"]
    assert report(capsys, "--no-baseline")[1]["baseline"] is None


def test_gone_findings_are_told_and_pruned(project: Path, capsys: Output) -> None:
    """What is repaired is told, fails nothing, and `prune` takes it out; nothing new comes in."""
    run(["baseline", "update"])
    (project / "models/m.yaml").write_text(HEAD + AB + BC + CB, encoding="utf-8")
    capsys.readouterr()

    assert run(["check"]) == 1
    assert "gone: 1 known finding (circular-dependency: A, B): lockcheck baseline prune" in capsys.readouterr().out
    assert run(["baseline", "prune"]) == 0
    assert capsys.readouterr().out == "known.yaml: 1 known finding (0 added, 1 removed)\n"
    assert [one.rule for one in read_baseline(project / "known.yaml").entries] == ["recursive-locking"]


def test_models_that_are_not_checked_keep_their_entries(project: Path, capsys: Output) -> None:
    """A check of one model says nothing about entries of another; one whose file is gone is gone."""
    run(["baseline", "update"])
    capsys.readouterr()
    assert report(capsys, "models/m.yaml")[1]["baseline"]["gone"] == []
    run(["baseline", "prune", "models/m.yaml"])
    run(["baseline", "update", "models/m.yaml"])
    assert len(read_baseline(project / "known.yaml").entries) == 2

    (project / "models/other.yaml").unlink()
    capsys.readouterr()
    assert rules(report(capsys, "models/m.yaml")[1]["baseline"]["gone"]) == ["recursive-locking"]


def test_from_another_folder(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    """The baseline's own folder is what its models are relative to, wherever the check runs."""
    run(["baseline", "update"])
    before = (project / "known.yaml").read_bytes()
    monkeypatch.chdir(project / "models")

    assert run(["baseline", "update"]) == 0
    assert (project / "known.yaml").read_bytes() == before
    assert b"model: models/m.yaml}" in before


def test_a_finding_that_became_worse_is_new(project: Path, capsys: Output) -> None:
    """A known warning that is an error now is not known."""
    settings = (project / "lockcheck.toml").read_text(encoding="utf-8")
    (project / "lockcheck.toml").write_text(settings + '[severities]\nrecursive-locking = "note"\n', encoding="utf-8")
    run(["baseline", "update"])
    (project / "lockcheck.toml").write_text(settings, encoding="utf-8")
    capsys.readouterr()

    code, document = report(capsys)
    assert (code, rules(document["findings"])) == (1, ["recursive-locking"])
    assert document["baseline"]["worse"] == [document["findings"][0]["fingerprint"]]
    assert document["baseline"]["gone"] == []


def test_waivers_go_first(project: Path, capsys: Output) -> None:
    """A waived finding is not written to the baseline, and an entry that a waiver covers is gone."""
    run(["baseline", "update"])
    (project / "w.yaml").write_text("waivers: [{rule: recursive-locking, locks: [R], reason: known}]\n", "utf-8")
    capsys.readouterr()

    code, document = report(capsys, "--waivers", "w.yaml")
    assert code == 0
    assert rules(document["baseline"]["gone"]) == ["recursive-locking"]
    run(["baseline", "update", "--waivers", "w.yaml"])
    assert [one.rule for one in read_baseline(project / "known.yaml").entries] == ["circular-dependency"]


def test_expectations_know_no_baseline(project: Path, capsys: Output) -> None:
    """--expect compares all findings, the known ones too."""
    run(["baseline", "update"])
    (project / "models/m.yaml").write_text(HEAD + AB + BA + "expect: []\n", encoding="utf-8")
    capsys.readouterr()

    assert run(["check", "--expect"]) == 1
    assert "unexpected" in capsys.readouterr().out


def test_formats_mark_what_is_known(project: Path, capsys: Output) -> None:
    """SARIF says new, unchanged or updated; JUnit and KTAP skip; annotations name what is new only."""
    settings = (project / "lockcheck.toml").read_text(encoding="utf-8")
    (project / "lockcheck.toml").write_text(settings + '[severities]\nrecursive-locking = "note"\n', encoding="utf-8")
    run(["baseline", "update"])
    (project / "lockcheck.toml").write_text(settings, encoding="utf-8")
    (project / "models/m.yaml").write_text(HEAD + AB + BA + BC + CB, encoding="utf-8")
    words = [word for form in ("sarif", "junit", "ktap", "github", "markdown") for word in ("-o", f"{form}=r.{form}")]
    capsys.readouterr()

    assert run(["check", *words]) == 1
    results = json.loads((project / "r.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    states = sorted((one["baselineState"], one["ruleId"], "suppressions" in one) for one in results)
    assert states == [
        ("new", "circular-dependency", False),
        ("unchanged", "circular-dependency", False),
        ("updated", "recursive-locking", False),
    ]
    assert '<skipped message="known in known.yaml"' in (project / "r.junit").read_text(encoding="utf-8")
    assert "# SKIP known in known.yaml" in (project / "r.ktap").read_text(encoding="utf-8")
    assert (project / "r.github").read_text(encoding="utf-8").count("::error ") == 2
    assert "known in known.yaml" in (project / "r.markdown").read_text(encoding="utf-8")


def test_only_filters_known_findings_too(project: Path, capsys: Output) -> None:
    """--only leaves known findings of its verdict, and makes nothing gone."""
    run(["baseline", "update"])
    capsys.readouterr()

    document = report(capsys, "--only", "guarded")[1]
    assert (document["known"], document["baseline"]["gone"]) == ([], [])


def test_a_failed_check_changes_no_baseline(project: Path, capsys: Output) -> None:
    """When something can't be analysed, the file stays as it was: exit status 2."""
    run(["baseline", "update"])
    before = (project / "known.yaml").read_bytes()
    (project / "models/m.yaml").write_text(HEAD + "  x: {steps: [mutex_lok: A]}\n", encoding="utf-8")

    for verb in ("update", "prune"):
        assert run(["baseline", verb]) == 2
    assert "known.yaml is as it was" in capsys.readouterr().err
    assert (project / "known.yaml").read_bytes() == before


def test_text_of_a_baseline_does_not_depend_on_order(tmp_path: Path) -> None:
    """One line for each finding, sorted; strange names survive; twice the same finding is its worst."""
    names = ("a", "pcpu_lock/1", "true", "n", 'qu"ote', "back\\slash", "\u202e", "\U0001f512", "a: b", "- #", "")
    some = [
        Known("m.yaml", "r", (name,), (name, "f"), f"{number:016x}", Severity(1 + number % 3))
        for number, name in enumerate(names)
    ]
    texts = {baseline_text(random.Random(seed).sample(some, len(some))) for seed in range(5)}
    (text,) = texts
    (tmp_path / "b.yaml").write_text(text, encoding="utf-8")
    found = read_baseline(tmp_path / "b.yaml")

    assert found.problems == ()
    assert sorted(found.entries) == sorted(some)
    assert text.count("\n- {id: ") == len(names)
    worse = Known("m.yaml", "r", ("a",), ("a", "f"), f"{0:016x}", Severity.ERROR)
    assert baseline_text([worse, *some]) == baseline_text([*some, worse])
    assert baseline_text([worse, *some]).count("\n- ") == len(names)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("waivers: []\n", "b.yaml:1:1: error: this is no baseline"),
        ("lockcheck-baseline: 2\nfindings: []\n", "1:21: error: this version reads baselines of version 1"),
        ("lockcheck-baseline: 1\nfindngs: []\n", "2:1: error: unknown key 'findngs' in a baseline"),
        ("lockcheck-baseline: 1\nfindings: 3\n", "2:11: error: expected a list"),
        ("lockcheck-baseline: 1\nfindings: [3]\n", "a finding of a baseline is a mapping"),
        ("lockcheck-baseline: 1\nfindings:\n- {id: 12, rule: r, severity: note}\n", "3:8: error: 'id' is a text"),
        ('lockcheck-baseline: 1\nfindings:\n- {id: "1", rule: r, severity: note}\n', "'id' is a fingerprint of 16"),
        ('lockcheck-baseline: 1\nfindings:\n- {id: "0123456789abcdef", rule: r}\n', "needs 'severity'"),
        ("lockcheck-baseline: 1\nfindings:\n- {locks: a}\n", "'locks' is a list of names"),
        ("lockcheck-baseline: 1\nfindings:\n- {severity: bad}\n", "unknown severity 'bad'"),
        ("lockcheck-baseline: 1\nfindings:\n- {lock: a}\n", "unknown key 'lock' in a baseline"),
        ("lockcheck-baseline: 1\n<<<<<<< ours\n", "b.yaml:"),
        (None, "there is no such baseline"),
    ],
)
def test_mistakes_in_a_baseline(text: str | None, message: str, project: Path, capsys: Output) -> None:
    """A baseline that is wrong is exit status 2, with file, line and what was expected."""
    if text is not None:
        (project / "b.yaml").write_text(text, encoding="utf-8")

    assert run(["check", "--baseline", "b.yaml"]) == 2
    assert message in capsys.readouterr().err
    assert run(["baseline", "show", "--baseline", "b.yaml"]) == 2


def git(folder: Path, *words: str) -> None:
    """Run git in a folder, as nobody."""
    name = ["-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *name, *words], cwd=folder, check=True, capture_output=True)


def test_new_from_a_revision(project: Path, capsys: Output) -> None:
    """Only what the branch adds fails; what the revision got after the branch left it plays no part."""
    (project / "lockcheck.toml").write_text('models = ["models"]\n', encoding="utf-8")
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "one")
    git(project, "checkout", "-q", "-b", "topic")
    git(project, "commit", "-q", "--allow-empty", "-m", "mine")
    git(project, "checkout", "-q", "main")
    (project / "models/m.yaml").write_text(HEAD + AB, encoding="utf-8")
    git(project, "commit", "-q", "-am", "repaired in main")
    git(project, "checkout", "-q", "topic")

    assert run(["check", "--new-from", "main"]) == 0
    told = capsys.readouterr().out
    assert "no new findings (2 known)" in told
    assert "no difference" in told

    (project / "models/m.yaml").write_text(HEAD + AB + BA + BC + CB, encoding="utf-8")
    assert run(["check", "--new-from", "main"]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "1 new error (2 known)" in told
    assert "1 new finding (1 error), 0 gone; 2 new dependencies, 0 gone new: B -> C, C -> B new lock classes: C" in told
    run(["check", "--new-from", "main", "--format", "markdown"])
    assert "2 new dependencies" in capsys.readouterr().out
    run(["baseline", "update", "--baseline", "b.yaml"])
    capsys.readouterr()
    document = report(capsys, "--new-from", "main", "--baseline", "b.yaml")[1]
    assert (document["exit_code"], len(document["known"]), len(document["baseline"]["sources"])) == (0, 3, 2)
    assert document["since"]["dependencies"] == {"new": [["B", "C"], ["C", "B"]], "gone": []}
    assert list(Draft202012Validator(json_schema()).iter_errors(document)) == []


def test_new_from_says_what_is_missing(project: Path, capsys: Output) -> None:
    """No checkout, no such revision, broken models there: exit status 2 with a reason, not a clean run."""
    (project / "lockcheck.toml").write_text('models = ["models"]\n', encoding="utf-8")
    good = (project / "models/m.yaml").read_text(encoding="utf-8")
    (project / "models/m.yaml").write_text(HEAD + "  x: {steps: [mutex_lok: A]}\n", encoding="utf-8")
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "broken")
    (project / "models/m.yaml").write_text(good, encoding="utf-8")

    assert run(["check", "--new-from", "nope"]) == 2
    assert "--new-from: there is no revision 'nope'" in capsys.readouterr().err
    assert run(["check", "--new-from", "HEAD"]) == 2
    told = capsys.readouterr().err
    assert "models/m.yaml:5" in told
    assert "what is new since then is not known" in told
