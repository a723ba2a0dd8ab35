"""Locks as the analysis sees them: wait types, modes, kinds, classes and instances.

Is: plain frozen values, names resolved, one kernel config already chosen.
Is not: the YAML shape (``loading/``), nor what a path does with a lock (``steps``).

Glossary words defined here: wait type, mode, lock kind, lock class, instance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from lockcheck.model.places import NOWHERE, Place


class WaitType(IntEnum):
    """How long an acquisition may wait; a lock's *inner* rank limits what is taken under it.

    The order is lockdep's (include/linux/lockdep_types.h): a smaller rank is a stricter context.
    ``NONE`` is not checked at all.
    """

    NONE = 0
    FREE = 1
    SPIN = 2
    CONFIG = 3
    SLEEP = 4


class Mode(IntEnum):
    """How a lock is taken. ``QUEUED`` is ``read_lock()`` on a queued rwlock: the context decides."""

    EXCLUSIVE = 0
    SHARED = 1
    RECURSIVE = 2
    QUEUED = 3


@dataclass(frozen=True, slots=True)
class LockKind:
    """What all locks of one kind have in common, for one kernel config.

    ``inner``/``outer``: wait types (``outer`` is what taking it needs, ``inner`` what it leaves room for).
    ``blocks_sleep``: while held, sleeping is a bug (spinlocks, RCU readers).
    ``sleeps``: taking it (not try) may sleep.
    ``checked``: False keeps holds on the stack but out of the lock-order graph.
    ``per_cpu``: lockdep's LD_LOCK_PERCPU (local_lock): skipped in irq searches along chains.
    ``override``: lockdep's LD_LOCK_WAIT_OVERRIDE: sets the running wait limit instead of lowering it.
    ``recursive_readers``: plain readers are recursive (rwlock on PREEMPT_RT or UP).
    ``category``: ``lock``, ``reclaim``, ``wait`` (completion, wait queue), ``work``, ``timer`` or ``rcu``.
    ``word``: what lockdep's ``{3:3}`` column would print is derived from the ranks, not stored.
    """

    name: str
    inner: WaitType = WaitType.NONE
    outer: WaitType = WaitType.NONE
    blocks_sleep: bool = False
    sleeps: bool = False
    checked: bool = True
    per_cpu: bool = False
    override: bool = False
    recursive_readers: bool = False
    category: str = "lock"


@dataclass(frozen=True, slots=True)
class LockClass:
    """A node of the lock-order graph: all locks that follow the same rules. ``name`` is unique."""

    name: str
    kind: LockKind
    place: Place = field(default=NOWHERE, compare=False)
    at: str | None = field(default=None, compare=False)
    leaf: bool = False
    group: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """An instance the model tells apart. Several instances may share one class.

    ``rank``: position in the class's comparison function (lower is outer), or None.
    ``checked``: False is lockdep's novalidate. ``many``: the name stands for one lock in each of many objects, so that
    two tasks that hold it may hold two locks.
    """

    name: str
    class_name: str
    kind: LockKind
    rank: int | None = None
    checked: bool = True
    place: Place = field(default=NOWHERE, compare=False)
    at: str | None = field(default=None, compare=False)
    leaf: bool = False
    group: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    many: bool = False
