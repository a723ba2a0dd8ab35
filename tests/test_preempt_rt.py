"""PREEMPT_RT: softirqs and threaded handlers run in tasks, and spinlocks are sleeping locks."""

from __future__ import annotations

import lockcheck

RT = {"CONFIG_PREEMPT_RT": True}
SHARED = """
lockcheck: 1
title: a spinlock of tasks and interrupts
locks: {L: spinlock, R: raw_spinlock, M: mutex}
functions:
  task_side: {entry: task, steps: [spin_lock: L, spin_unlock: L]}
  other_side: {entry: {context: CONTEXT, threaded: THREADED}, steps: [spin_lock: L, spin_unlock: L]}
"""
INSIDE = """
lockcheck: 1
title: a lock inside something
locks: {L: spinlock, R: raw_spinlock, M: mutex}
functions:
  path: {entry: ENTRY, steps: STEPS}
"""


def rules(text: str, config: dict[str, bool]) -> list[str]:
    """The rules that find something, sorted."""
    result = lockcheck.check(text, config=config)
    assert [str(problem) for problem in result.problems] == []
    return sorted({finding.rule for finding in result.findings})


def shared(context: str, threaded: str = "true") -> str:
    """One spinlock, taken by tasks and in ``context``."""
    return SHARED.replace("CONTEXT", context).replace("THREADED", threaded)


def inside(steps: str, entry: str = "task") -> str:
    """One path."""
    return INSIDE.replace("STEPS", steps).replace("ENTRY", entry)


def test_softirq_is_no_interrupt() -> None:
    """A softirq cannot strike the holder of a spinlock on its CPU: on PREEMPT_RT it waits like any task."""
    assert rules(shared("softirq"), {}) == ["inconsistent-lock-state"]
    assert rules(shared("softirq"), RT) == []


def test_threaded_handler_is_no_interrupt() -> None:
    """Nor can a handler that PREEMPT_RT threads."""
    assert rules(shared("hardirq"), {}) == ["inconsistent-lock-state"]
    assert rules(shared("hardirq"), RT) == []


def test_unthreaded_handler_may_not_sleep() -> None:
    """A handler that stays in hardirq context may not take a sleeping spinlock at all."""
    assert "invalid-wait-context" in rules(shared("hardirq", "false"), RT)


def test_spinlock_sleeps_with_softirqs_off_and_under_rcu() -> None:
    """Bottom halves off and RCU read sections let a spinlock sleep on PREEMPT_RT."""
    assert rules(inside("[local_bh_disable, spin_lock: L, spin_unlock: L, local_bh_enable]"), RT) == []
    assert rules(inside("[rcu_read_lock, spin_lock: L, spin_unlock: L, rcu_read_unlock]"), RT) == []


def test_mutex_does_not() -> None:
    """A mutex needs more than they allow."""
    assert "invalid-wait-context" in rules(
        inside("[local_bh_disable, mutex_lock: M, mutex_unlock: M, local_bh_enable]"), RT
    )
    assert "invalid-wait-context" in rules(
        inside("[rcu_read_lock, mutex_lock: M, mutex_unlock: M, rcu_read_unlock]"), RT
    )
    assert "invalid-wait-context" in rules(inside("[mutex_lock: M, mutex_unlock: M]", "softirq"), RT)


def test_spinlock_does_not_sleep_with_preemption_off() -> None:
    """With preemption or hardirqs off, or under a raw spinlock, a sleeping spinlock is a bug."""
    assert "sleep-in-atomic" in rules(inside("[preempt_disable, spin_lock: L, spin_unlock: L, preempt_enable]"), RT)
    assert "sleep-in-atomic" in rules(inside("[local_irq_disable, spin_lock: L, spin_unlock: L, local_irq_enable]"), RT)
    assert "invalid-wait-context" in rules(
        inside("[raw_spin_lock: R, spin_lock: L, spin_unlock: L, raw_spin_unlock: R]"), RT
    )
