"""Verdicts of the kernel's own lockdep, held against lockcheck's: the cases kept with the project, family by family."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.conformance.__main__ import main
from tests.conformance.corpus import NotExpressibleError, Row, Wanted, left_held, read, rows, switches_of
from tests.conformance.kinds import KIND_OF_RULE, KIND_OUTSIDE_LOCKDEP, kinds_of
from tests.conformance.run import agrees, judge
from tests.conformance.to_model import model_of

DATA = Path(__file__).parent / "data" / "conformance"
FILES = sorted(DATA.glob("*.json*"))
RULES = Path(__file__).parents[1] / "rules"


def _groups() -> dict[str, list[Row]]:
    """Rows by family; the random programs by variant."""
    groups: dict[str, list[Row]] = {}
    for path in FILES:
        for case in read(path):
            family = f"random/{case['variant']}" if case["family"] == "random" else case["family"]
            groups.setdefault(family, []).extend(rows(case))
    return groups


GROUPS = _groups()


@pytest.mark.parametrize("family", sorted(GROUPS))
def test_family_agrees_with_lockdep(family: str) -> None:
    """Every case of the family has the verdict and the kind of report that lockdep gives it, artefacts aside."""
    outcomes = [judge(row) for row in GROUPS[family]]
    different = [f"{one.id}: expected {one.wanted}, got {one.got}" for one in outcomes if one.state == "differ"]
    unsaid = [f"{one.id}: {one.why}" for one in outcomes if one.state == "not expressible" and not one.excused]
    assert not different
    assert not unsaid


def test_corpora_are_whole() -> None:
    """All 233 self-test cases, all 126 hand-derived ones and every known artefact of the kernel are in the suite."""
    cases = [case for path in FILES for case in read(path)]
    assert len({case["id"] for case in cases}) == len(cases)
    assert sum("selftest" in case for case in cases) == 233
    assert sum(case["family"].startswith("x_") for case in cases) == 126
    assert sum("without_artifact" in case for case in cases if case["family"] == "random") == 60


def test_kind_table_names_real_rules() -> None:
    """Every rule that stands for a lockdep report exists: a renamed rule can't silently drop out of the comparison."""
    known = {path.parent.name for path in RULES.glob("*/*/rule.yaml")}
    assert sorted({*KIND_OF_RULE, *KIND_OUTSIDE_LOCKDEP} - known) == []


def test_rules_without_a_report_decide_nothing() -> None:
    """Findings that lockdep has no report for (a wait, a slab contract) don't count as its verdict."""
    assert kinds_of(["wait-deadlock", "irq-state-at-exit", "circular-dependency"]) == ("circular",)
    assert kinds_of(["sleep-in-atomic", "held-at-exit"]) == ()
    assert kinds_of(["sleep-in-atomic", "held-at-exit"], kernel=True) == ("held_at_exit", "sleep")


@pytest.mark.parametrize(
    ("wanted", "kinds", "verdict"),
    [
        (Wanted(False, ()), (), True),
        (Wanted(False, ()), ("circular",), False),
        (Wanted(True, ("circular",)), ("circular", "recursive"), True),
        (Wanted(True, ("circular",)), ("recursive",), False),
        (Wanted(True, ()), (), False),
    ],
)
def test_kind_agrees_when_it_is_among_the_findings(wanted: Wanted, kinds: tuple[str, ...], verdict: bool) -> None:
    """Nothing where nothing is wanted; otherwise the kernel's kind must be among those found."""
    assert agrees(wanted, kinds) is verdict


CASE = {
    "id": "t/one",
    "family": "t",
    "locks": {"A": {"type": "mutex", "class": "A"}, "B": {"type": "mutex", "class": "B"}},
    "sequences": [
        {"context": "task", "ops": [["lock", "A"], ["lock", "B"], ["unlock", "B"], ["unlock", "A"]]},
        {"context": "task", "ops": [["lock", "B"], ["lock", "A"]]},
    ],
    "expected": "bug",
    "kind": "circular",
}


def _write(path: Path, cases: list[dict[str, object]]) -> Path:
    text = json.dumps(cases).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@pytest.mark.parametrize("name", ["new.json", "new.json.gz"])
def test_command_reads_unseen_files(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A corpus file that the project has never seen is judged, plain or compressed."""
    assert main([str(_write(tmp_path / name, [CASE])), "--jobs", "1"]) == 0
    assert "all" in capsys.readouterr().out


def test_command_fails_on_a_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A verdict that is not met is named with what was expected and what was found, and the status is 1."""
    wrong = {**CASE, "expected": "ok", "kind": None}
    assert main([str(_write(tmp_path / "new.json", [wrong])), "--jobs", "1"]) == 1
    assert "differs: t/one: expected ok, got circular" in capsys.readouterr().out


def test_command_fails_on_an_unknown_op(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An op that nobody knows is counted as not expressible, by name, and is not passed over."""
    odd = {**CASE, "sequences": [{"context": "task", "ops": [["teleport", "A"]]}]}
    assert main([str(_write(tmp_path / "new.json", [odd])), "--jobs", "1"]) == 1
    assert "not expressible: 1 x teleport" in capsys.readouterr().out


def test_command_refuses_what_is_no_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no corpus ends with status 2 and a sentence, not with a traceback."""
    path = tmp_path / "broken.json"
    path.write_text("{", encoding="utf-8")
    assert main([str(path)]) == 2
    assert "cannot read the corpus" in capsys.readouterr().err


def test_show_prints_the_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--show prints the model of a case as it is checked."""
    assert main([str(_write(tmp_path / "new.json", [CASE])), "--show", "t/one"]) == 0
    assert capsys.readouterr().out == model_of(CASE)


def test_other_configs_are_rows_of_their_own() -> None:
    """A case with verdicts under other configs is judged under each of them."""
    case = {**CASE, "alt": [{"config": {"preempt_rt": True}, "expected": "ok", "kind": None}]}
    own, other = rows(case)
    assert (own.wanted, other.wanted) == (Wanted(True, ("circular",)), Wanted(False, ()))
    assert switches_of(other.case).preempt_rt
    assert "CONFIG_PREEMPT_RT: y" in model_of(other.case)


def test_unknown_switch_is_not_expressible() -> None:
    """A config switch that nobody knows is not silently ignored."""
    with pytest.raises(NotExpressibleError, match="config warp"):
        model_of({**CASE, "config": {"warp": True}})


def test_left_held_follows_the_ops() -> None:
    """What the last sequence may end with is what it takes more often than it drops."""
    assert left_held([["lock", "A"], ["read_lock_recursive", "B"], ["unlock", "A"], ["hardirq_disable"]]) == ["B"]
    assert left_held([["ww_lock", "O", {"returns": "EDEADLK"}], ["ww_acquire_init", "C"]]) == ["C"]
