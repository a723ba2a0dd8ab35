"""Replays: what is demonstrated, what guards, and by which lock semantics."""

from __future__ import annotations

import pytest

import lockcheck
from lockcheck.findings import Finding
from lockcheck.model.facts import Replay

HEAD = """lockcheck: 1
title: a replay
locks: {A: mutex, B: mutex, C: mutex, G: mutex, H: mutex, many: {kind: mutex, many: true}, R: rwsem, Q: rwlock,
        s: spinlock, t: spinlock, S: srcu, done: completion, L: local_lock}
work: {w: {function: works}}
callbacks: {shrinkers: [shrinks]}
functions:
  works: {steps: []}
  shrinks: {steps: []}
"""


def nested(*locks: str, lock: str = "mutex_lock", unlock: str = "mutex_unlock") -> str:
    """Steps that take these locks one under the other and drop them again."""
    return ", ".join([f"{lock}: {one}" for one in locks] + [f"{unlock}: {one}" for one in reversed(locks)])


def found(functions: str, *, head: str = HEAD, **options: object) -> list[Finding]:
    """The findings of a model that says something about hangs."""
    lines = "".join(f"  {line.strip()}\n" for line in functions.strip().splitlines())
    kept = head
    for line in lines.splitlines():
        name = line.strip().split(":")[0]
        kept = kept.replace(f"  {name}: {{steps: []}}\n", "")
    result = lockcheck.check(lockcheck.ModelText(kept + lines, "m.yaml"), **options)  # type: ignore[arg-type]
    assert result.problems == ()
    return [one for one in result.findings if one.fact.replay is not None]


def replay_of(functions: str, **options: object) -> Replay:
    """The one replay of a model."""
    findings = found(functions, **options)
    assert len(findings) == 1, [one.message for one in findings]
    replay = findings[0].fact.replay
    assert replay is not None
    return replay


DEMONSTRATED = {
    "two orders": f"""
        one: {{entry: task, steps: [{nested("A", "B")}]}}
        two: {{entry: task, steps: [{nested("B", "A")}]}}""",
    "three orders": f"""
        one: {{entry: task, steps: [{nested("A", "B")}]}}
        two: {{entry: task, steps: [{nested("B", "C")}]}}
        three: {{entry: task, steps: [{nested("C", "A")}]}}""",
    "a guard on one side only": f"""
        one: {{entry: task, steps: [{nested("G", "A", "B")}]}}
        two: {{entry: task, steps: [{nested("B", "A")}]}}""",
    "guards that no two legs share": f"""
        one: {{entry: task, steps: [{nested("G", "A", "B")}]}}
        two: {{entry: task, steps: [{nested("H", "B", "A")}]}}""",
    "a lock that is one of many guards nothing": f"""
        one: {{entry: task, steps: [{nested("many", "A", "B")}]}}
        two: {{entry: task, steps: [{nested("many", "B", "A")}]}}""",
    "a caller without the guard": f"""
        inner: {{steps: [{nested("B", "A")}]}}
        one: {{entry: task, steps: [{nested("G", "A", "B")}]}}
        two: {{entry: task, steps: [mutex_lock: G, call: inner, mutex_unlock: G]}}
        three: {{entry: task, steps: [call: inner]}}""",
    "a reader behind a queued writer": f"""
        one: {{entry: task, steps: [down_read: R, {nested("A")}, up_read: R]}}
        two: {{entry: task, steps: [mutex_lock: A, down_read: R, up_read: R, mutex_unlock: A]}}
        three: {{entry: task, steps: [down_write: R, up_write: R]}}""",
    "a nested reader and a writer between": """
        one: {entry: task, steps: [read_lock: Q, read_lock: Q, read_unlock: Q, read_unlock: Q]}
        two: {entry: task, steps: [write_lock: Q, write_unlock: Q]}""",
    "a lock taken twice": f"""
        one: {{entry: task, steps: [mutex_lock: A, call: two, mutex_unlock: A]}}
        two: {{steps: [{nested("A")}]}}""",
    "a grace period under what the reader wants": f"""
        one: {{entry: task, steps: [srcu_read_lock: S, {nested("A")}, srcu_read_unlock: S]}}
        two: {{entry: task, steps: [mutex_lock: A, synchronize_srcu: S, mutex_unlock: A]}}""",
    "a flush under what the work item takes": f"""
        works: {{steps: [{nested("A")}]}}
        one: {{entry: task, steps: [mutex_lock: A, flush_work: w, mutex_unlock: A]}}""",
    "a completion whose signaller wants what the waiter holds": f"""
        one: {{entry: task, steps: [mutex_lock: A, wait_for_completion: done, mutex_unlock: A]}}
        two: {{entry: task, steps: [{nested("A")}, complete: done]}}""",
    "reclaim by who holds what the shrinker takes": f"""
        shrinks: {{steps: [{nested("A")}]}}
        one: {{entry: task, steps: [mutex_lock: A, might_alloc: GFP_KERNEL, mutex_unlock: A]}}
        two: {{entry: task, steps: [fs_reclaim_acquire: GFP_KERNEL, call: shrinks, fs_reclaim_release: GFP_KERNEL]}}""",
}


@pytest.mark.parametrize("name", DEMONSTRATED)
def test_demonstrated(name: str) -> None:
    """What can hang is shown to hang, with a schedule at whose end everybody waits for somebody who waits."""
    replay = replay_of(DEMONSTRATED[name])
    waiting = [step for step in replay.steps if step.action == "wait"]

    assert (replay.verdict, replay.reason) == ("demonstrated", "")
    assert waiting and replay.steps[-1] is waiting[-1]
    running = {step.actor for step in waiting} | {step.host for step in replay.steps if step.host is not None}
    assert all(set(step.waits_for) <= running and step.waits_for for step in waiting)


IRQS = {
    "a lock held when the handler that takes it strikes": (
        "one: {entry: task, steps: [spin_lock: s, spin_unlock: s]}\n"
        "irq: {entry: hardirq, steps: [spin_lock: s, spin_unlock: s]}",
        "hardirq",
    ),
    "a lock held when the softirq that takes it strikes": (
        "one: {entry: task, steps: [spin_lock: s, spin_unlock: s]}\n"
        "irq: {entry: softirq, steps: [spin_lock: s, spin_unlock: s]}",
        "softirq",
    ),
}


@pytest.mark.parametrize("name", IRQS)
def test_an_interrupt_strikes_its_own_cpu(name: str) -> None:
    """The interrupt strikes the task that holds the lock, and waits for it."""
    functions, context = IRQS[name]
    replay = replay_of(functions)
    strike = next(step for step in replay.steps if step.action == "interrupt")

    assert replay.verdict == "demonstrated"
    assert replay.actors[strike.actor].startswith(context) and strike.host is not None
    assert replay.steps[-1].waits_for == (strike.host,)


def test_an_inversion_needs_two_cpus() -> None:
    """One CPU holds the unsafe lock and is interrupted; the other holds the safe one and waits for it."""
    findings = found("""
        one: {entry: task, steps: [spin_lock: t, spin_unlock: t]}
        two: {entry: task, steps: [spin_lock_irq: s, spin_lock: t, spin_unlock: t, spin_unlock_irq: s]}
        irq: {entry: hardirq, steps: [spin_lock: s, spin_unlock: s]}""")
    replay = findings[0].fact.replay

    assert [one.rule for one in findings] == ["irq-inversion"]
    assert replay is not None and replay.verdict == "demonstrated"
    assert len(replay.actors) == 3 and sum(step.action == "wait" for step in replay.steps) == 2


GUARDED = {
    "one guard around both": (f"""
        one: {{entry: task, steps: [{nested("G", "A", "B")}]}}
        two: {{entry: task, steps: [{nested("G", "B", "A")}]}}""", "G"),
    "a guard in every caller": (f"""
        inner: {{steps: [{nested("B", "A")}]}}
        one: {{entry: task, steps: [{nested("G", "A", "B")}]}}
        two: {{entry: task, steps: [mutex_lock: G, call: inner, mutex_unlock: G]}}
        three: {{entry: task, steps: [{nested("G")}, mutex_lock: G, call: inner, mutex_unlock: G]}}""", "G"),
    "a guard that was only tried": (f"""
        one: {{entry: task, steps: [{{mutex_trylock: G, then: [{nested("A", "B")}, mutex_unlock: G]}}]}}
        two: {{entry: task, steps: [{nested("G", "B", "A")}]}}""", "G"),
    "a guard held for reading on one side": (f"""
        one: {{entry: task, steps: [down_read: R, {nested("A", "B")}, up_read: R]}}
        two: {{entry: task, steps: [down_write: R, {nested("B", "A")}, up_write: R]}}""", "R"),
    "readers and no writer": (f"""
        one: {{entry: task, steps: [down_read: R, {nested("A")}, up_read: R]}}
        two: {{entry: task, steps: [mutex_lock: A, down_read: R, up_read: R, mutex_unlock: A]}}""",
        "nobody takes R for writing"),
}  # fmt: skip


@pytest.mark.parametrize("name", GUARDED)
def test_guarded(name: str) -> None:
    """What two legs exclude on every path is a note that names the guard; lockdep would report it."""
    functions, guard = GUARDED[name]
    findings = found(functions)
    replay = findings[0].fact.replay

    assert [one.severity.word for one in findings] == ["note"]
    assert replay is not None and (replay.verdict, replay.reason) == ("guarded", guard)


def test_a_guard_held_for_reading_on_both_sides_is_none() -> None:
    """Two readers of the guard run at the same time."""
    replay = replay_of(f"""
        one: {{entry: task, steps: [down_read: R, {nested("A", "B")}, up_read: R]}}
        two: {{entry: task, steps: [down_read: R, {nested("B", "A")}, up_read: R]}}""")

    assert replay.verdict == "demonstrated"


def test_a_guarded_circle_may_hide_a_shortcut() -> None:
    """Nobody writes R, so the circle over A, R and B can't close; but who waits for B holds A, too."""
    findings = found(f"""
        one: {{entry: task, steps: [mutex_lock: A, down_read: R, {nested("B")}, up_read: R, mutex_unlock: A]}}
        two: {{entry: task, steps: [{nested("B", "A")}]}}""")
    verdicts = {str(one.fact.get("chain")): one.fact.get("verdict") for one in findings}

    assert list(verdicts.values()) == ["demonstrated"]
    assert "R" in next(iter(verdicts))


def test_two_locks_of_one_class_are_not_decided() -> None:
    """Whether two locks of one class are one lock in some run is not known."""
    findings = found(
        "one: {entry: task, steps: [" + nested("x1", "x2") + "]}",
        head=HEAD.replace("locks: {", "locks: {x1: {kind: mutex, class: x}, x2: {kind: mutex, class: x}, "),
    )
    replay = findings[0].fact.replay

    assert findings[0].severity.word == "error"
    assert replay is not None and replay.verdict == "undecided" and "two locks of one class" in replay.reason


def test_per_cpu_locks_hang_on_preempt_rt_only() -> None:
    """Nobody waits for another CPU's local_lock; on PREEMPT_RT two tasks of one CPU do."""
    functions = """
        one: {entry: task, steps: [local_lock: L, spin_lock: t, spin_unlock: t, local_unlock: L]}
        two: {entry: task, steps: [spin_lock: t, local_lock: L, local_unlock: L, spin_unlock: t]}"""

    assert replay_of(functions).verdict == "undecided"
    assert replay_of(functions, config={"CONFIG_PREEMPT_RT": True}).verdict == "demonstrated"


def test_only() -> None:
    """A result can be narrowed to what was demonstrated."""
    text = (
        HEAD
        + f"""
  one: {{entry: task, steps: [{nested("A", "B")}]}}
  two: {{entry: task, steps: [{nested("B", "A")}]}}
  three: {{entry: task, steps: [{nested("G", "C", "H")}]}}
  four: {{entry: task, steps: [{nested("G", "H", "C")}]}}
"""
    )
    result = lockcheck.check(lockcheck.ModelText(text, "m.yaml"))

    assert [one.fact.get("verdict") for one in result.findings] == ["demonstrated", "guarded"]
    assert [one.fact.get("verdict") for one in result.only("guarded").findings] == ["guarded"]
    assert result.only("guarded").ok and not result.only("demonstrated").ok


def test_a_hold_taken_again_is_no_wait() -> None:
    """Dropping a lock below another one re-takes that one for lockdep; nobody waits there, so nobody hangs there."""
    findings = found(
        """
        one: {entry: task, steps: [mutex_lock: A, mutex_lock: C, mutex_lock: B, mutex_unlock: B, mutex_unlock: C,
              mutex_unlock: A]}
        two: {entry: task, steps: [mutex_lock: B, {mutex_trylock: A, then: [mutex_lock: C, mutex_unlock: A,
              mutex_unlock: C]}, mutex_unlock: B]}""".replace("\n              ", " ")
    )

    assert {one.fact.get("chain"): one.fact.get("verdict") for one in findings} == {"B -> C -> B": "guarded"}


def test_an_inversion_may_take_a_shortcut() -> None:
    """Who holds the safe lock and another one waits for the unsafe lock with both: one task, not two."""
    findings = found(
        """
        one: {entry: softirq, steps: [spin_lock: t, spin_unlock: t]}
        two: {entry: softirq, steps: [spin_lock_irq: s, write_lock: Q, spin_lock: t, spin_unlock: t, write_unlock: Q,
              spin_unlock_irq: s]}
        irq: {entry: hardirq, steps: [spin_lock: s, spin_unlock: s]}""".replace("\n              ", " ")
    )
    replay = findings[0].fact.replay

    assert findings[0].fact.get("chain") == "s -> Q -> t"
    assert replay is not None and replay.verdict == "demonstrated" and len(replay.actors) == 3


def test_two_fair_readers_need_two_writers() -> None:
    """Two readers that cross hang only behind two queued writers."""
    replay = replay_of(
        """
        one: {entry: task, steps: [down_read: R, down_read: R2, up_read: R2, up_read: R]}
        two: {entry: task, steps: [down_read: R2, down_read: R, up_read: R, up_read: R2]}
        three: {entry: task, steps: [down_write: R, up_write: R]}
        four: {entry: task, steps: [down_write: R2, up_write: R2]}""",
        head=HEAD.replace("R: rwsem", "R: rwsem, R2: rwsem"),
    )

    assert replay.verdict == "demonstrated" and len(replay.actors) == 4
