"""`lockcheck rules`: every built-in rule proves itself, and the runner notices one that does not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lockcheck.bench.cases import NEEDED, verdicts
from lockcheck.checker.reading import built_in, read_rules
from lockcheck.checker.rule import Rule
from lockcheck.cli import run

RULES = read_rules([built_in()])
CIRCLE = "ordering/circular-dependency"


@pytest.mark.parametrize("rule", RULES.sorted(), ids=lambda rule: rule.id)
def test_rule_proves_itself(rule: Rule) -> None:
    """Its bad case is caught, the repaired twin and the near miss are clean, and nothing else is found."""
    found = {verdict.case: verdict for verdict in verdicts(rule, RULES)}

    assert {verdict.details for verdict in found.values()} == {()}
    assert found["bad"].word == "caught"
    assert set(NEEDED) <= set(found)


def copied(tmp_path: Path) -> Path:
    """One rule in a folder of its own."""
    shutil.copytree(built_in() / CIRCLE, tmp_path / CIRCLE)
    return tmp_path


def test_missing_case_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule without a near miss has not proved itself."""
    folder = copied(tmp_path)
    (folder / CIRCLE / "near-miss.yaml").unlink()

    assert run(["rules", "test", str(folder)]) == 1
    assert "circular-dependency/near-miss: absent" in capsys.readouterr().out


def test_case_that_shows_nothing_is_missed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bad case that the rule does not catch is missed; a repaired one that it catches is a false alarm."""
    folder = copied(tmp_path)
    bad, repaired = folder / CIRCLE / "bad.yaml", folder / CIRCLE / "repaired.yaml"
    bad_text = bad.read_text(encoding="utf-8")
    bad.write_text(repaired.read_text(encoding="utf-8"), encoding="utf-8")
    repaired.write_text(bad_text, encoding="utf-8")

    assert run(["rules", "test", str(folder)]) == 1
    shown = capsys.readouterr().out
    assert "circular-dependency/bad: missed" in shown
    assert "circular-dependency/repaired: false alarm" in shown


def test_broken_case_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A case that can't be read shows nothing."""
    folder = copied(tmp_path)
    (folder / CIRCLE / "bad.yaml").write_text("lockcheck: 1\nnonsense: 1\n", encoding="utf-8")

    assert run(["rules", "test", str(folder)]) == 1
    assert "circular-dependency/bad: broken" in capsys.readouterr().out


def test_all_built_in_rules_pass(capsys: pytest.CaptureFixture[str]) -> None:
    """The command that CI runs is green and says how much it ran."""
    assert run(["rules", "test"]) == 0
    assert capsys.readouterr().out.startswith(f"{len(RULES.rules)} rules, ")


def test_rules_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Every rule is listed with severity and summary; one can be read as it is written."""
    assert run(["rules", "list"]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {name} " in listed for name in RULES.rules)
    assert run(["rules", "show", "circular-dependency"]) == 0
    assert "forbid: circle\n" in capsys.readouterr().out


def test_own_rules_are_applied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A project's own rule makes findings beside the built-in ones, with no line of Python."""
    folder = tmp_path / "mine" / "no-mutex-circles"
    folder.mkdir(parents=True)
    (folder / "rule.yaml").write_text(
        "rule: no-mutex-circles\nsummary: s\nseverity: note\nwhy: w\nhelp: h\nsince: '1'\nforbid: circle\n"
        "where: {lock_kinds: {has: mutex}}\nmessage: 'mutexes in {chain}'\n",
        encoding="utf-8",
    )

    assert run(["check", "--rules", str(tmp_path), str(built_in() / CIRCLE / "bad.yaml")]) == 1
    assert "note: mutexes in A -> B -> A [no-mutex-circles]" in capsys.readouterr().out.replace("\n    ", " ")


def test_broken_rule_stops_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a rule that can't be read nothing is claimed: exit 2."""
    folder = tmp_path / "mine" / "broken"
    folder.mkdir(parents=True)
    (folder / "rule.yaml").write_text("rule: broken\n", encoding="utf-8")

    assert run(["check", "--rules", str(tmp_path), str(built_in() / CIRCLE / "repaired.yaml")]) == 2
    assert "missing key 'message'" in capsys.readouterr().err
