"""Regions: what is done below functions, inside roles, under a lock or without it, and the rules about that."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockcheck import ModelText
from lockcheck.checker.evaluate import findings_of
from lockcheck.checker.reading import read_rules
from lockcheck.findings import Finding
from lockcheck.graph import analyse
from lockcheck.loading import load

MODEL = """\
lockcheck: 1
title: t
locks:
  A: {kind: mutex, group: outer}
  B: mutex
  S: spinlock
  done: completion
functions:
  top:
    entry: task
    steps:
      - mutex_lock: A
        do:
          - call: middle
      - spin_lock: S
        do: []
      - call: helper
  other:
    entry: task
    role: probe
    steps:
      - call: middle
      - mutex_lock: B
        do:
          - call: helper
  middle:
    steps:
      - kmalloc: {gfp: GFP_KERNEL}
      - kfree: old
      - mutex_trylock: B
        then: [mutex_unlock: B]
      - call: deep
  deep:
    steps:
      - mutex_lock: B
        do:
          - wait_for_completion: done
  helper:
    steps:
      - might_sleep
      - complete: done
"""


def told(tmp_path: Path, rule: str, model: str = MODEL) -> list[str]:
    """The messages of a rule over a model."""
    return sorted(one.message for one in found(tmp_path, rule, model))


def found(tmp_path: Path, rule: str, model: str = MODEL) -> tuple[Finding, ...]:
    """The findings of a rule alone over a model."""
    folder = tmp_path / "mine" / "my-rule"
    folder.mkdir(parents=True)
    (folder / "rule.yaml").write_text(f"rule: my-rule\n{rule}\n", encoding="utf-8")
    rules, program = read_rules([tmp_path]), load([ModelText(model)]).program
    assert (rules.problems, program is None) == ((), False)
    return findings_of(rules.sorted(), analyse(program)) if program else ()


FORBIDS = ", which my-rule forbids"


@pytest.mark.parametrize(
    ("rule", "messages"),
    [
        ("never: {under: A, do: allocation}", [f"kmalloc allocates with GFP under A{FORBIDS}"]),
        ("never: {under: A, do: allocation, that: {may_reclaim: false}}", []),
        ("never: {under: B, do: allocation}", []),
        ("never: {under: A, do: free}", [f"kfree gives memory back under A{FORBIDS}"]),
        ("never: {under: A, do: free, that: {what: vfree}}", []),
        ("never: {under: B, do: free}", []),
        ("never: {under: {group: outer}, do: wait}", [f"done is waited for under A{FORBIDS}"]),
        ("never: {under: B, do: signal}", [f"done is signalled under B{FORBIDS}"]),
        ("never: {under: A, do: acquisition, that: {lock: B, trylock: true}}", [f"B is taken under A{FORBIDS}"]),
        ("never: {under: A, do: call, that: {callee: deep}}", [f"deep is called under A{FORBIDS}"]),
        ("never: {under: S, do: call}", []),
        ("never: {role: probe, do: wait}", [f"done is waited for in other{FORBIDS}"]),
        ("never: {role: probe, do: wait, that: {needs: {has: A}}}", [f"done is waited for in other{FORBIDS}"]),
        ("never: {role: probe, do: wait, that: {needs: {has: top}}}", []),
        ("never: {function: 'h*', do: sleep}", [f"might_sleep() may sleep below helper{FORBIDS}"]),
        ("never: {function: absent, do: sleep}", []),
        ("never: {do: acquisition, that: {lock: {kind: spinlock}}}", ["S is taken"]),
        ("never: {do: wait, that: {held: {has: {kind: mutex}}}}", ["done is waited for"]),
        ("only: {role: probe, locks: A}", ["B is taken in other, where only A may be"]),
        ("only: {function: top, locks: [A, B]}", ["S is taken below top, where only A | B may be"]),
        ("only: {under: A, locks: S}", ["B is taken under A, where only S may be"]),
        ("only: {under: A, locks: {kind: mutex}}", []),
        ("requires_held: {locks: A, do: call, that: {callee: deep}}", ["deep is called without A"]),
        ("requires_held: {locks: [A, B], do: wait}", []),
        ("requires_held: {locks: A, do: allocation}", ["kmalloc allocates with GFP without A"]),
        ("requires_held: {locks: missing, do: allocation}", []),
        ("independent: [A, B]", ["B is taken under A, though they are declared independent"]),
        ("independent: [[A, B], S]", []),
        ("independent: [A, S]", []),
        ("only: {under: A, locks: S}\nmessage: '{lock}!'", ["B!"]),
    ],
)
def test_region_is_judged(tmp_path: Path, rule: str, messages: list[str]) -> None:
    """A region reaches through calls, and stops where the lock is dropped or the role ends."""
    bits = "__GFP_DIRECT_RECLAIM|__GFP_KSWAPD_RECLAIM|__GFP_IO|__GFP_FS"

    assert [one.replace(bits, "GFP") for one in told(tmp_path, rule)] == messages


def test_witness_goes_by_way_of_the_lock(tmp_path: Path) -> None:
    """What is found under a lock is shown from the entry that takes it, though a shorter way leads there without."""
    (finding,) = found(tmp_path, "never: {under: A, do: wait}")

    assert [(step.function, step.lock) for step in finding.fact.legs[0].steps] == [
        ("top", None), ("top", "A"), ("top", None), ("middle", None), ("deep", "done"),
    ]  # fmt: skip
    assert [hold.lock for hold in finding.fact.legs[0].held] == ["A", "B"]


def test_interrupt_is_not_under_the_lock_it_interrupts(tmp_path: Path) -> None:
    """What an interrupt does is not done under the locks of the task that it strikes."""
    struck = "- interrupt: softirq\n            do: [spin_lock: S, spin_unlock: S]\n"
    model = MODEL.replace("- call: helper\n  other:", f"- mutex_lock: A\n        do:\n          {struck}  other:")

    assert told(tmp_path, "independent: [A, S]", model) == []


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("never: {under: A}", "missing key 'do'"),
        ("never: {under: A, do: allocate}", "nobody does 'allocate'; did you mean 'allocation'?"),
        ("never: {under: A, role: x, do: sleep}", "'never' needs one of role, function or under"),
        ("never: {role: 7, do: sleep}", "'role' needs a name or a list of names, not the number 7"),
        ("never: {do: allocation, that: {gpf: x}}", "an allocation fact has no attribute 'gpf'; did you mean 'gfp'?"),
        ("never: [A]", "'never' needs do, not a list"),
        ("only: {locks: A}", "'only' needs one of role, function or under"),
        ("only: {role: x}", "missing key 'locks'"),
        ("requires_held: {locks: A, do: call, taht: {}}", "unknown key 'taht'; did you mean 'that'?"),
        ("independent: [A]", "'independent' needs a list of two groups of locks or more"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, rule: str, expected: str) -> None:
    """Mistakes in these shapes are errors with the nearest word."""
    folder = tmp_path / "mine" / "my-rule"
    folder.mkdir(parents=True)
    (folder / "rule.yaml").write_text(f"rule: my-rule\n{rule}\n", encoding="utf-8")

    problems = [f"{one.message}; {one.hint}" for one in read_rules([tmp_path]).problems]

    assert any(expected in one for one in problems), problems


def test_step_that_sleeps_in_both_ways_is_two_facts(tmp_path: Path) -> None:
    """A step that may sleep where that is allowed is a fact of its own, though another path brings a spinlock along."""
    model = """\
lockcheck: 1
title: t
locks: {S: spinlock}
functions:
  atomic:
    entry: task
    steps: [{spin_lock: S, do: [call: nap]}]
  free:
    entry: task
    steps: [call: nap]
  nap:
    steps: [might_sleep]
"""

    assert told(tmp_path, "never: {do: sleep, that: {atomic: false}}", model) == ["might_sleep() may sleep"]
