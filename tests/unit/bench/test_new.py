"""`lockcheck rules new` and `rules test`: what it makes runs at once; any folder of cases can be tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockcheck.cli import run


def test_a_new_rule_proves_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `new` writes passes `test` as it is, bad case caught, the others clean."""
    assert run(["rules", "new", "my-rule", "--category", "mine", "--dir", str(tmp_path)]) == 0
    assert (tmp_path / "mine" / "my-rule" / "rule.yaml").is_file()
    capsys.readouterr()

    assert run(["rules", "test", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 rule, 3 cases: 1 caught, 2 clean\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["My_Rule"], "'My_Rule' is not a rule id"),
        (["circular-dependency"], "there is a built-in rule 'circular-dependency' already"),
        (["x", "--category", "../up"], "'../up' is not a category"),
    ],
)
def test_a_wrong_name_is_refused(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids and categories are checked before anything is written."""
    assert run(["rules", "new", *words, "--dir", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second rule of the same id in the same place is refused."""
    assert run(["rules", "new", "my-rule", "--dir", str(tmp_path)]) == 0
    (tmp_path / "project" / "my-rule" / "bad.yaml").write_text("mine", encoding="utf-8")

    assert run(["rules", "new", "my-rule", "--dir", str(tmp_path)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "project" / "my-rule" / "bad.yaml").read_text(encoding="utf-8") == "mine"


def test_one_rule_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--rule` runs the cases of one rule; an unknown id gets the nearest name."""
    assert run(["rules", "test", "--rule", "circular-dependency"]) == 0
    assert capsys.readouterr().out == "1 rule, 3 cases: 1 caught, 2 clean\n"
    assert run(["rules", "test", "--rule", "circular-dependencies"]) == 2
    assert "circular-dependency" in capsys.readouterr().err


def test_the_difference_is_exact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Expected and not found is a '-' line, found and not expected a '+' line, each with its place."""
    (tmp_path / "m.yaml").write_text(
        "lockcheck: 1\nexpect:\n  - {finding: recursive-locking, locks: [A]}\nlocks: {A: mutex}\nfunctions:\n"
        "  f: {entry: task, steps: [mutex_lock: A]}\n",
        encoding="utf-8",
    )

    assert run(["rules", "test", str(tmp_path)]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert f"{(tmp_path / 'm.yaml').as_posix()}: missed - recursive-locking with A (" in told
    assert "m.yaml:3:5) + held-at-exit: " in told
    assert told.endswith("0 rules, 1 case: 1 missed")


def test_a_folder_without_cases_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing tested is not a success."""
    assert run(["rules", "test", str(tmp_path)]) == 1
    assert capsys.readouterr().out == "0 rules, 0 cases: none\n"


def test_built_in_rules_are_shown_without_their_place_on_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """`rules show` of a built-in rule names it as rules/<category>/<id>/rule.yaml, wherever it is installed."""
    assert run(["rules", "show", "circular-dependency"]) == 0
    assert capsys.readouterr().out.startswith("# rules/ordering/circular-dependency/rule.yaml\n")
