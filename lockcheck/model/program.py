"""A whole program for one kernel config: what is being verified.

Is: frozen values with indexes instead of names, sorted by name, so that nothing depends on file order.
Is not: the analysis. Glossary words defined here: function, entry, role, cache, config.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockcheck.model.locks import Lock, LockClass
from lockcheck.model.places import NOWHERE, Place
from lockcheck.model.steps import Cond, Step, Value

if TYPE_CHECKING:
    from lockcheck.model.claims import Claim


@dataclass(frozen=True, slots=True)
class Entry:
    """One way the world starts a function.

    ``context``: ``task``, ``softirq``, ``hardirq`` or ``nmi``. ``irqs_off``, ``bh_off``, ``preempt_off``: on top of
    what the context itself implies. ``threaded``: a hardirq handler that PREEMPT_RT would thread.
    ``under``: locks (indexes) taken around it by whoever starts it, outermost first (work, workqueue, timer maps).
    ``serial``: the first of them keeps others of its kind from starting (an ordered workqueue).
    ``args``: values of the function's parameters. ``word``: how people call it (``work item pcpu_balance_work``).
    ``given``: open options that must be so; else nothing is started.
    """

    context: str = "task"
    irqs_off: bool = False
    bh_off: bool = False
    preempt_off: bool = False
    threaded: bool = True
    under: tuple[int, ...] = ()
    args: tuple[tuple[str, Value], ...] = ()
    word: str = "task"
    serial: bool = False
    given: Cond | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A modelled function. ``roles``: ``dtor``, ``ctor``, ``shrinker``, ``work``, ``timer``, ``rcu_callback``, others.

    ``thread``: runs only in that one thread; ``init``: only before anything else runs; ``not_beside``: function
    indexes that never run at the same time. ``returns_holding``: lock indexes an entry may leave held;
    ``undoes``: function indexes whose objects it takes apart
    (contracts ``held:`` and ``must_not_hold:`` are :class:`Assert` effects at the start of ``steps``).
    """

    name: str
    file: str
    where: int
    steps: tuple[Step, ...]
    params: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    roles: tuple[str, ...] = ()
    at: str | None = None
    thread: str | None = None
    init: bool = False
    not_beside: tuple[int, ...] = ()
    returns_holding: tuple[int, ...] = ()
    undoes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Cache:
    """A slab cache; ``ctor`` and ``dtor`` are function indexes or None."""

    name: str
    ctor: int | None = None
    dtor: int | None = None
    flags: tuple[str, ...] = ()
    place: Place = field(default=NOWHERE, compare=False)
    at: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Expectation:
    """A finding that a model says it must produce. ``rule`` is an id; ``locks`` a subset of the finding's locks."""

    rule: str
    locks: tuple[str, ...]
    function: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Waiver:
    """A finding allowed with a reason: by ``rule`` and ``locks`` or ``fingerprint``; ``expires``: ISO date or None.

    ``config``: sorted (kernel option, on) pairs: only where these hold. ``step``: it stands beside the step at
    ``place``, and allows only findings whose witness goes through that step.
    """

    rule: str | None
    locks: tuple[str, ...]
    fingerprint: str | None
    reason: str
    expires: str | None
    place: Place
    config: tuple[tuple[str, bool], ...] = ()
    step: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """Everything to analyse, for one config. ``config``: sorted (name, on) pairs. All tuples are sorted by name.

    ``locks`` holds instances; ``classes`` the classes they and their subclasses may name (subclass 0 only: the
    analysis derives ``X/1``). ``fs_reclaim`` and ``mmu_notifier`` are indexes into ``locks`` (always present).
    ``not_modelled``: (text, place) of calls that the model leaves open, for the summary.
    ``named_files`` are those asked for, ``files`` all that were read. ``expecting``: some named model has ``expect:``.
    ``claims``: those of the named files, in the order in which they are written.
    ``open_options``: those that steps test while the path is followed; the program then stands for every config that
    differs from ``config`` in these only.
    """

    functions: tuple[Function, ...]
    locks: tuple[Lock, ...]
    classes: tuple[LockClass, ...]
    caches: tuple[Cache, ...]
    fs_reclaim: int
    mmu_notifier: int
    preempt_rt: bool = False
    raw_lock_nesting: bool = True
    config: tuple[tuple[str, bool], ...] = ()
    files: tuple[str, ...] = ()
    named_files: tuple[str, ...] = ()
    not_modelled: tuple[tuple[str, Place], ...] = ()
    expectations: tuple[Expectation, ...] = ()
    expecting: bool = False
    waivers: tuple[Waiver, ...] = ()
    claims: tuple[Claim, ...] = ()
    open_options: tuple[str, ...] = ()
