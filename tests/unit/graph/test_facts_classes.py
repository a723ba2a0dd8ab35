"""Facts about single lock classes and dependencies, as a rule or a claim sees them."""

from __future__ import annotations

import lockcheck
from lockcheck import Fact

MODEL = """
lockcheck: 1
title: two locks and an interrupt
locks: {A: spinlock, B: spinlock, C: mutex}
functions:
  outer:
    entry: task
    steps:
      - spin_lock: A
        do:
          - call: inner
  inner:
    steps:
      - spin_lock_irqsave: B
        do: []
  handler:
    entry: hardirq
    steps:
      - spin_lock: B
        do: []
  alone:
    entry: task
    steps:
      - mutex_lock: C
        do: []
"""


def facts(kind: str) -> dict[tuple[str, ...], Fact]:
    """The facts of a kind by identity."""
    return {fact.identity: fact for fact in lockcheck.check(MODEL).facts(kind)}


def test_a_dependency_over_a_call_is_a_fact() -> None:
    """Taking B in a callee while A is held is one dependency fact, with the way there as its witness."""
    found = facts("dependency")

    assert list(found) == [("A", "B")]
    (leg,) = found["A", "B"].legs
    assert [step.function for step in leg.steps] == ["outer", "outer", "outer", "inner"]
    assert found["A", "B"].get("kinds") == ("EN",)


def test_a_class_knows_what_all_its_users_do() -> None:
    """Whether a class is a leaf and irq-safe is said of all its users together."""
    found = facts("lock-class")

    assert [found["A",].get(name) for name in ("leaf", "inner", "irq_safe", "in_irqs")] == [False, ("B",), False, ()]
    assert [found["B",].get(name) for name in ("leaf", "outer", "irq_safe", "in_irqs")] == [
        True, ("A",), True, ("hardirq",),
    ]  # fmt: skip


def test_a_class_shows_why() -> None:
    """Beside the place where it is taken, a class has a leg for what is under it and for the interrupts."""
    found = facts("lock-class")

    assert [leg.about for leg in found["A",].legs] == ["", "inner", "enabled"]
    assert [leg.about for leg in found["B",].legs] == ["", "interrupt"]
