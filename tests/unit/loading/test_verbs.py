"""What the kernel's verbs come to: effects, on a plain kernel and on PREEMPT_RT."""

from __future__ import annotations

import pytest

from lockcheck.loading.dialect import Dialect, shipped
from lockcheck.model import gfp
from lockcheck.model.locks import Mode
from lockcheck.model.steps import (
    Acquire,
    Allocate,
    Assert,
    Count,
    Downgrade,
    Effect,
    Enter,
    Free,
    Irq,
    Leave,
    LockMemory,
    Pin,
    Reclaim,
    Reclass,
    Release,
    ReturnToUser,
    Scope,
    Signal,
    Sleep,
    Value,
    Wait,
)
from lockcheck.source.problems import Collector
from tests.unit.loading.models import LOCKS, effects, function, problems, program, shape, steps

RT = {"CONFIG_PREEMPT_RT": True}


def lock(name: str) -> Value:
    """The lock of that name in the sample model."""
    names = [one.name for one in program(LOCKS).locks]
    return Value("lock", names.index(name))


def test_every_verb_and_kind_of_the_dialect_compiles() -> None:
    """The shipped dialect has no mistake: every verb, kind and gfp name is read without a problem."""
    found = Collector(100)
    dialect = Dialect(found)
    loaded = shipped("linux")
    assert loaded is not None
    dialect.extend(*loaded, override=True)

    assert len(dialect.verbs) > 300
    assert all(dialect.verb(name) for name in dialect.verbs)
    assert all(dialect.kind(name, rt) for name in dialect.kinds for rt in (False, True))
    assert found.sorted() == ()


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("mutex_lock: m", [Acquire(lock("m"))]),
        ("mutex_unlock: m", [Release(lock("m"))]),
        ("spin_lock: s", [Count("preempt", 1), Acquire(lock("s"))]),
        ("spin_lock_irqsave: s", [Irq("save"), Count("preempt", 1), Acquire(lock("s"))]),
        ("spin_unlock_irqrestore: s", [Release(lock("s")), Irq("restore"), Count("preempt", -1)]),
        ("spin_lock_bh: s", [Count("softirq", 1), Count("preempt", 1), Acquire(lock("s"))]),
        ("read_lock: rw", [Count("preempt", 1), Acquire(lock("rw"), Mode.QUEUED)]),
        ("down_read: sem", [Acquire(lock("sem"), Mode.SHARED)]),
        ("downgrade_write: sem", [Downgrade(lock("sem"))]),
        ("local_lock_irqsave: local", [Irq("save"), Acquire(lock("local"))]),
        ("srcu_read_lock: q", [Acquire(lock("q"), Mode.RECURSIVE)]),
        ("synchronize_srcu: q", [Sleep("synchronize_srcu"), Acquire(lock("q"), sync=True)]),
        ("mutex_lock_nested: [m, 1]", [Acquire(lock("m"), subclass=1)]),
        ("mutex_lock_nest_lock: [m, parent]", [Acquire(lock("m"), nest=lock("parent"))]),
        ("mutex_lock_nest_lock: {nest: parent, lock: m}", [Acquire(lock("m"), nest=lock("parent"))]),
        ("ww_mutex_lock: [ww, ctx]", [Acquire(lock("ww"), nest=lock("ctx"))]),
        ("ww_mutex_lock: ww", [Acquire(lock("ww"))]),
        ("ww_acquire_init: ctx", [Acquire(lock("ctx"))]),
        ("wait_for_completion: done", [Wait(lock("done"))]),
        ("complete: done", [Signal(lock("done"))]),
        ("wait_event: [wq, a_condition]", [Wait(lock("wq"))]),
        ("rcu_read_lock", [Acquire(lock("rcu_read_lock"), Mode.RECURSIVE)]),
        ("synchronize_rcu", [Sleep("synchronize_rcu"), Acquire(lock("rcu_read_lock"), sync=True)]),
        ("local_irq_disable", [Irq("off")]),
        ("preempt_enable", [Count("preempt", -1)]),
        ("memalloc_noreclaim_save", [Scope("memalloc", 1)]),
        ("memalloc_nofs_restore", [Scope("nofs", -1)]),
        ("fs_reclaim_acquire: GFP_KERNEL", [Reclaim(Value("gfp", 15), True)]),
        ("might_sleep", [Sleep("might_sleep")]),
        ("might_alloc: GFP_NOFS", [Allocate(Value("gfp", 7), "might_alloc")]),
        ("kfree: pgd", [Free("kfree")]),
        ("frees: pgd", [Free("frees")]),
        ("might_lock_read: sem", [Acquire(lock("sem"), Mode.SHARED), Release(lock("sem"))]),
        ("lockdep_assert_held_write: sem", [Assert(lock("sem"), True, Mode.EXCLUSIVE)]),
        ("lockdep_assert_not_held: m", [Assert(lock("m"), False)]),
        ("lockdep_pin_lock: m", [Pin(lock("m"))]),
        ("lock_set_subclass: [m, 2]", [Reclass(lock("m"), 2)]),
        ("lock_set_class: [m, m2]", [Reclass(lock("m"), 0, lock("m2"))]),
        ("mutex_init: m", [LockMemory(lock("m"), "init")]),
        ("free_lock_memory: m", [LockMemory(lock("m"), "free")]),
        ("return_to_user", [ReturnToUser()]),
        ("hardirq_enter", [Enter("hardirq")]),
        ("softirq_exit", [Leave("softirq")]),
        ("read_seqbegin: seq", [Acquire(lock("seq"), Mode.RECURSIVE), Release(lock("seq"))]),
        ("acquire_queued: m", [Acquire(lock("m"), Mode.QUEUED)]),
        ("sync_lock: m", [Acquire(lock("m"), sync=True)]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_effects(step: str, expected: list[Effect]) -> None:
    """A verb has the effects that the kernel's function of that name has."""
    assert list(effects(f"- {step}")) == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("spin_lock_irqsave: s", [Acquire(lock("s"))]),
        ("spin_unlock_irqrestore: s", [Release(lock("s"))]),
        ("local_lock_irqsave: local", [Acquire(lock("local"))]),
        ("raw_spin_lock_irqsave: raw", [Irq("save"), Count("preempt", 1), Acquire(lock("raw"))]),
    ],
)
def test_effects_on_rt(step: str, expected: list[Effect]) -> None:
    """On PREEMPT_RT spinlocks and local locks leave interrupts and preemption alone; raw spinlocks do not."""
    assert list(effects(f"- {step}", RT)) == expected


def test_kinds_on_rt() -> None:
    """On PREEMPT_RT a spinlock sleeps and rwlock readers are recursive; their wait types stay."""
    kinds = {one.name: one.kind for one in program(LOCKS, RT).locks}

    assert kinds["s"].sleeps and not kinds["s"].blocks_sleep
    assert kinds["rw"].recursive_readers
    assert kinds["raw"].blocks_sleep and not kinds["raw"].sleeps
    assert program(LOCKS, RT).preempt_rt and not program(LOCKS).preempt_rt


def test_options_of_a_step() -> None:
    """``nested``, ``nest`` and ``threaded`` beside a verb reach its effects."""
    assert effects("- mutex_lock: m\n  nested: 3") == (Acquire(lock("m"), subclass=3),)
    assert effects("- mutex_lock: m\n  nest: parent") == (Acquire(lock("m"), nest=lock("parent")),)
    assert effects("- hardirq_enter:\n  threaded: false") == (Enter("hardirq", False),)


def test_gfp_expressions() -> None:
    """Flags can be added and taken away; what is left decides about reclaim."""
    no_fs = gfp.DIRECT_RECLAIM | gfp.KSWAPD_RECLAIM | gfp.IO
    flags = "GFP_KERNEL & ~__GFP_FS | __GFP_NOFAIL"

    assert effects(f"- might_alloc: {flags}") == (Allocate(Value("gfp", no_fs | gfp.NOFAIL)),)
    assert effects("- might_alloc: GFP_KERNEL|__GFP_NOLOCKDEP") == (Allocate(Value("gfp", 15 | gfp.NOLOCKDEP)),)


def test_text_is_the_call_as_in_c() -> None:
    """A step is told as the kernel would write it, operands in the verb's order."""
    assert (
        shape(steps("- kmem_cache_alloc: {gfp: GFP_KERNEL, cache: objects}")) == "kmem_cache_alloc(objects, GFP_KERNEL)"
    )
    assert shape(steps("- local_irq_disable")) == "local_irq_disable()"


def test_equal_steps_share_their_effects() -> None:
    """A verb with the same operand is taken apart once, however often it stands in the model."""
    first, second = steps("- mutex_lock: m\n- mutex_lock: m\n  at: mm/x.c:1")

    assert first[0] is second[0]
    assert second[3] == "mm/x.c:1"


def test_flush_touches_the_queue_only_where_it_can_wait_for_it() -> None:
    """flush_work() waits for the queue if that runs one item at a time or has a rescuer; cancel_work_sync() never."""
    text = """
lockcheck: 1
workqueues: {ordered: {ordered: true}, rescued: {rescuer: true}, plain: {}}
work: {a: {function: g, queue: ordered}, b: {function: g, queue: rescued}, c: {function: g, queue: plain},
  d: {function: g}}
functions:
  g: {}
  f:
    steps: [flush_work: a, flush_work: b, flush_work: c, flush_work: d, cancel_work_sync: a]
"""
    made = program(text)
    names = [one.name for one in made.locks]
    touched = [
        [names[effect.lock.value] for effect in step.effects if isinstance(effect, Acquire)]  # type: ignore[union-attr]
        for step in function(made, "f").steps
    ]

    assert touched == [["a", "ordered"], ["b", "rescued"], ["c"], ["d"], ["a"]]


def test_timer_deletion_waits_with_interrupts_off() -> None:
    """timer_delete_sync() touches the timer's map with interrupts saved and off, as the kernel does."""
    text = "lockcheck: 1\ntimers: {t: {function: g}}\nfunctions: {g: {}, f: {steps: [timer_delete_sync: t]}}\n"
    made = program(text)
    map_ = Value("lock", [one.name for one in made.locks].index("t"))

    assert function(made, "f").steps[0][0] == (Irq("save"), Acquire(map_, sync=True), Irq("restore"))


def test_own_verbs_and_kinds() -> None:
    """A model adds verbs, kinds and gfp names of its own; they work like the dialect's."""
    text = """
lockcheck: 1
kinds: {pthread: {inner: sleep, sleeps: true}}
gfp: {GFP_MINE: GFP_KERNEL | __GFP_NOFAIL}
verbs:
  pthread_lock: {operands: [lock], kinds: [pthread], effects: [{acquire: exclusive}], ends: pthread_unlock}
  pthread_unlock: {operands: [lock], kinds: [pthread], effects: [{release: true}]}
locks: {p: pthread}
functions:
  f:
    steps:
      - pthread_lock: p
        do: [kmalloc: GFP_MINE]
"""
    assert shape(function(program(text), "f").steps) == "pthread_lock(p) kmalloc(GFP_MINE) pthread_unlock(p)"


def test_what_is_not_modelled_is_said_once() -> None:
    """A call that the model leaves open is reported once for each verb, at its first step."""
    made = program(LOCKS + "  f: {steps: [kmalloc: GFP_KERNEL, kfree, kmalloc: GFP_NOFS, mutex_lock: m]}\n")

    assert [(text, place.line) for text, place in made.not_modelled] == [
        ("kfree() is not modelled here: what it does is not seen", 9),
        ("kmalloc() is not modelled here: only its own might_alloc() is seen", 9),
    ]


def test_a_verb_calls_the_function_that_a_model_declares() -> None:
    """With kmalloc() modelled, ``kmalloc:`` calls it and binds its parameters; its own might_alloc() is left to it."""
    text = LOCKS + "  kmalloc: {params: [gfp], steps: [might_alloc: $gfp]}\n  f: {steps: [kmalloc: GFP_NOFS]}\n"
    made = program(text)
    call = function(made, "f").steps[0]
    index = [one.name for one in made.functions].index("kmalloc")

    assert call[:2] == ((Value("function", index),), (("gfp", Value("gfp", 7)),))
    assert made.not_modelled == ()


def test_kind_mismatch_through_verbs() -> None:
    """A lock handed to a modelled function by a verb is checked there too."""
    text = """
lockcheck: 1
locks: {m: mutex}
verbs: {take: {operands: [lock], calls: do_take}}
functions:
  do_take: {params: [lock], steps: [spin_lock: $lock, spin_unlock: $lock]}
  f: {steps: [take: m]}
"""
    assert problems(text) == ["kind-mismatch 7:21"]
