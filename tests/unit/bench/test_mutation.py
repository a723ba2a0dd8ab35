"""Mutants of clean models: each sort of edit makes the mistake that it is named after, and some rule notices it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lockcheck.api import built_in_rules
from lockcheck.bench.cases import Case
from lockcheck.bench.edits import EDITS, Mutant, mutants
from lockcheck.bench.mutation import bare, few, noticed
from lockcheck.cli import run
from lockcheck.source.limits import Limits
from lockcheck.source.problems import Collector
from lockcheck.source.reader import read
from lockcheck.source.text import SourceText

LOCKS = "locks: {A: spinlock, B: spinlock, M: mutex, N: mutex}\n"
OTHER = "  other: {entry: hardirq, steps: [spin_lock: A, spin_unlock: A]}\n"
NESTS = "  nests: {entry: task, steps: [mutex_lock: M, mutex_lock: N, mutex_unlock: N, mutex_unlock: M]}\n"
PROGRAMS = {
    "interrupts stay on": (OTHER, "[spin_lock_irqsave: A, spin_unlock_irqrestore: A]", "inconsistent-lock-state"),
    "two locks swapped": (NESTS, "[{mutex_lock: M, do: [{mutex_lock: N, do: []}]}]", "circular-dependency"),
    "allocation under a lock": ("", "[kmalloc: GFP_KERNEL, spin_lock: B, spin_unlock: B]", "sleep-in-atomic"),
    "unlock dropped": ("", "[mutex_lock: M, mutex_unlock: M]", "held-at-exit"),
    "try not checked": ("", "[{mutex_trylock: M, then: [mutex_unlock: M]}]", "bad-unlock-balance"),
    "waits instead of trying": (
        NESTS, "[mutex_lock: N, {mutex_trylock: M, then: [mutex_unlock: M]}, mutex_unlock: N]", "circular-dependency",
    ),
    "allocation scope dropped": (
        "  reclaims: {entry: task, steps: [fs_reclaim_acquire: GFP_KERNEL, call_any: shrinkers,"
        " fs_reclaim_release: GFP_KERNEL]}\n"
        "  shrinks: {steps: [mutex_lock: M, mutex_unlock: M]}\ncallbacks: {shrinkers: [shrinks]}\n",
        "[memalloc_nofs_save, mutex_lock: M, kmalloc: GFP_KERNEL, mutex_unlock: M, memalloc_nofs_restore]",
        "reclaim-recursion",
    ),
    "allocation may do more": ("", "[spin_lock: B, kmalloc: GFP_ATOMIC, spin_unlock: B]", "sleep-in-atomic"),
}  # fmt: skip


def model(sort: str) -> str:
    """A clean model with one function that this sort of edit can break."""
    others, steps, _ = PROGRAMS[sort]
    return f"lockcheck: 1\nexpect: []\n{LOCKS}functions:\n  f: {{entry: task, steps: {steps}}}\n{others}"


def made(text: str) -> list[Mutant]:
    """All mutants of a model's text."""
    return list(mutants(dict(read(SourceText("m.yaml", text), Limits(), Collector(1))), "m.yaml", 40))


@pytest.mark.parametrize("sort", sorted(EDITS))
def test_each_sort_makes_its_mistake(sort: str, tmp_path: Path) -> None:
    """A clean model that the edit fits has a mutant of that sort, and the rule about that mistake notices it."""
    path = tmp_path / "m.yaml"
    path.write_text(model(sort), encoding="utf-8")

    found = [by for mutant, by in noticed(Case("m", path), built_in_rules(), 40) if mutant.sort == sort]

    assert [by for by in found if by and PROGRAMS[sort][2] in by]


@pytest.mark.parametrize("sort", sorted(EDITS))
def test_a_mutant_differs_by_its_change_only(sort: str) -> None:
    """Outside the functions nothing changes, and the words name the line that did."""
    text = model(sort)
    original = bare(dict(read(SourceText("m.yaml", text), Limits(), Collector(1))))
    for mutant in made(text):
        tree = bare(mutant.tree)
        assert tree != original
        assert {**tree, "functions": 0} == {**original, "functions": 0}
        line = text.splitlines()[mutant.place.line - 1].strip()
        assert line.startswith(("f:", "other:", "nests:", "reclaims:", "shrinks:"))


def test_mutants_are_the_same_every_time() -> None:
    """The same model gives the same mutants in the same order, and a bound takes some of every sort."""
    text = "".join(f"  f{n}: {{entry: task, steps: {steps}}}\n" for n, (_, steps, _) in enumerate(PROGRAMS.values()))
    model_text = f"lockcheck: 1\n{LOCKS}functions:\n{text}"
    once, again = ([json.dumps(bare(one.tree)) for one in made(model_text)] for _ in range(2))

    assert once == again
    assert {one.sort for one in few(made(model_text), len(EDITS))} == set(EDITS)
    assert len(few(made(model_text), 3)) == 3


def test_survivors_are_told_with_their_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mutant that no rule notices is printed with the changed line and counted; it does not fail the run."""
    path = tmp_path / "m.yaml"
    path.write_text(
        f"lockcheck: 1\nexpect: []\n{LOCKS}functions:\n  f:\n    entry: task\n    steps:\n"
        "      - spin_lock_irqsave: A\n      - spin_unlock_irqrestore: A\n",
        encoding="utf-8",
    )

    assert run(["rules", "test", "--mutate", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "m.yaml:8:9: spin_lock_irqsave: A -> spin_lock: A: no rule noticed" in shown.replace("\n    ", " ")
    assert shown.endswith("2 mutants: 1 noticed, 1 survived\n")


@pytest.mark.parametrize("rule", ["ordering/circular-dependency", "ordering/recursive-locking"])
def test_near_miss_leaves_no_mutant_unnoticed(rule: str) -> None:
    """In the near misses about order a second path relies on the order, so that a swap of two locks is a circle."""
    path = Path(__file__).parents[3] / "rules" / rule / "near-miss.yaml"

    found = list(noticed(Case("near-miss", path), built_in_rules(), 40))

    assert [mutant.change for mutant, by in found if by == ()] == []
    assert any(mutant.sort == "two locks swapped" for mutant, _ in found)
