"""Verdicts of the kernel's own lockdep, held against lockcheck's: the cases kept with the project, family by family."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path

import pytest

import lockcheck
from lockcheck.graph import analyse
from lockcheck.report.lockdep import lockdep
from tests.conformance import scenarios
from tests.conformance.__main__ import main
from tests.conformance.corpus import NotExpressibleError, Row, Wanted, left_held, read, switches_of
from tests.conformance.formats import accepted, rows, text_of
from tests.conformance.kinds import KIND_OF_RULE, KIND_OUTSIDE_LOCKDEP, kinds_of
from tests.conformance.order import moments
from tests.conformance.report_text import alike, from_data, reports
from tests.conformance.run import Outcome, agrees, judge
from tests.conformance.to_model import model_of
from tests.conformance.to_program import program_of

DATA = Path(__file__).parent / "data" / "conformance"
FILES = sorted(DATA.glob("*.json*"))
RULES = Path(__file__).parents[1] / "rules"


def _groups() -> dict[str, list[Row]]:
    """Rows by family; the random programs by variant."""
    groups: dict[str, list[Row]] = {}
    for path in FILES:
        for case in read(path):
            for row in rows(case):
                family = f"random/{case['variant']}" if row.family == "random" else row.family
                groups.setdefault(family, []).append(row)
    return groups


GROUPS = _groups()
SCENARIOS = [row for family in sorted(GROUPS) if family.startswith("recorded/") for row in GROUPS[family]]
REPORTING = [row for row in SCENARIOS if row.wanted.bug and row.wanted.kinds != ("unregistered_key",)]


@cache
def _outcomes(family: str) -> list[Outcome]:
    return [judge(row, accepted()) for row in GROUPS[family]]


@pytest.mark.parametrize("family", sorted(GROUPS))
def test_family_agrees_with_lockdep(family: str) -> None:
    """Every case of the family has the verdict and the kind of report that lockdep gives it, artefacts aside."""
    outcomes = _outcomes(family)
    different = [f"{one.id}: expected {one.wanted}, got {one.got}" for one in outcomes if one.state == "differ"]
    unsaid = [f"{one.id}: {one.why}" for one in outcomes if one.state == "not expressible" and not one.excused]
    assert not different
    assert not unsaid


def test_corpora_are_whole() -> None:
    """Every self-test case, hand-derived case, scenario and known artefact of the kernel is in the suite."""
    by_name = {path.name: read(path) for path in FILES}
    assert {name: len(cases) for name, cases in by_name.items()} == {
        "extra.json": 126,
        "format.json": 39,
        "random-sample.json.gz": 473,
        "recorded-scenarios.json": 76,
        "selftest.json": 233,
    }
    assert sum("without_artifact" in case for case in by_name["random-sample.json.gz"]) == 60


@pytest.mark.parametrize("row", REPORTING, ids=[row.id for row in REPORTING])
def test_report_says_what_the_kernel_said(row: Row) -> None:
    """--format lockdep has the recorded report's title, locks, order of locks, held locks and scenario table."""
    result = lockcheck.check(lockcheck.ModelText(text_of(row), row.id))
    mine = list(reports(lockdep(result)))
    missing = [one for one in map(from_data, row.case["reports"]) if not any(alike(one, other) for other in mine)]
    assert not missing, mine


def test_scenarios_that_say_more_are_listed() -> None:
    """What lockcheck reports beyond the recorded run is listed with its reason, and nothing is listed in vain."""
    more = {}
    for one in (one for family in GROUPS if family.startswith("recorded/") for one in _outcomes(family)):
        kinds = set(one.got.split(", ")) - {"ok", "", *one.wanted.kinds}
        if kinds:
            more[one.id] = tuple(sorted(kinds))
    assert more == {name: one.says for name, one in accepted().items()}


ON_LOCKS = {
    "L": ["lock", "trylock", "unlock", "might_lock", "assert_held", "assert_not_held", "pin", "unpin", "init_lock"],
    "R": ["rlock", "tryrlock", "runlock", "downgrade", "might_lock_read", "free_lock"],
    "S": ["lock", "unlock", "sync_srcu"],
    "W": ["queue", "queue_wait", "flush", "cancel"],
    "T": ["timer_run", "del_timer_sync"],
    "KERNEL": sorted(scenarios.GFP_STEPS),
}
OTHERS = ["reclaim direct", "reclaim kswapd", "calloc C KERNEL|NOLOCKDEP 3", "cfree C", "pcpu_alloc 64 1"]
OTHERS += ["might_fault", *sorted(scenarios.PLAIN_STEPS)]


def test_every_scenario_op_is_a_step() -> None:
    """Each op of a scenario is a step that the shipped dialect and models know."""
    ops = [f"{op} {name}" for name, named in ON_LOCKS.items() for op in named] + OTHERS
    threads = [{"context": "task", "name": f"T{at}", "ops": [op]} for at, op in enumerate(ops)]
    case = {
        "scenario": "one",
        "locks": [{"name": name, "kind": kind} for name, kind in (("L", "mutex"), ("R", "rwsem"), ("S", "srcu"))],
        "objects": [{"type": kind, "name": name} for kind, name in (("cache", "C"), ("work", "W"), ("timer", "T"))],
        "threads": [*threads, *({"context": "body", "name": name, "ops": []} for name in "WT")],
        "observed": {"titles": []},
    }
    result = lockcheck.check(lockcheck.ModelText(scenarios.model_of(case), "one.yaml"))
    assert result.problems == ()
    assert result.coverage.functions > len(ops)


def test_kind_table_names_real_rules() -> None:
    """Every rule that stands for a lockdep report exists: a renamed rule can't silently drop out of the comparison."""
    known = {path.parent.name for path in RULES.glob("*/*/rule.yaml")}
    assert sorted({*KIND_OF_RULE, *KIND_OUTSIDE_LOCKDEP} - known) == []


def test_language_adds_and_loses_nothing() -> None:
    """The model's text leads to the same dependencies and usages as the same case built without the language."""
    cases = [*read(DATA / "extra.json"), *read(DATA / "format.json"), *read(DATA / "selftest.json")[::4]]
    for row in (row for case in cases for row in rows(case)):
        written = lockcheck.check(lockcheck.ModelText(model_of(row.case), row.id))
        built = analyse(program_of(row.case))
        ours, theirs = ([(one.outer, one.inner, one.kinds) for one in of.dependencies()] for of in (written, built))
        assert ours == theirs, row.id
        ours_used, used = ({(one.name, one.bits) for one in of.usage() if one.bits} for of in (written, built))
        assert ours_used == used, row.id


def test_kernel_asks_once_for_a_reader_behind_a_writer() -> None:
    """lockdep looks for a fair reader that waits for a queued writer at a class's first read in an interrupt only."""
    locks = {"A": {"type": "rwlock", "class": "A"}}
    handler = {"context": "hardirq", "ops": [["read_lock", "A"], ["unlock", "A"]]}
    task = {"context": "task", "ops": [["read_lock", "A"], ["unlock", "A"]]}
    passes = {"context": "hardirq", "ops": [["read_lock_recursive", "A"], ["unlock", "A"], *handler["ops"]]}
    (moment,) = moments({"locks": locks, "sequences": [handler, task]})
    assert (moment.irq, moment.class_name) == ("hardirq", "A")
    assert moment.case["sequences"] == [task, {"context": "hardirq", "ops": [["read_lock", "A"]]}]
    assert list(moments({"locks": locks, "sequences": [passes, task]})) == []


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
