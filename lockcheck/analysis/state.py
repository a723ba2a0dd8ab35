"""The state of a path: held-lock stack, interrupt and preemption state, allocation scopes.

Is: immutable, interned values, so that equal states are one object and every transition is computed once
(``State.memo``). Is not: what an effect does to a state (``actions``) nor how paths are followed (``walk``).

Glossary words defined here: held-lock stack, context, state, blockers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from lockcheck.analysis.actions import Outcome, Ranks
    from lockcheck.model.locks import LockKind

EXCLUSIVE, SHARED, RECURSIVE = 0, 1, 2
NO_LIMIT = 9
"""A wait limit above every wait type: a plain task."""

IN_SOFTIRQ, IN_HARDIRQ = 1, 2
BH, PREEMPT, NOFS, NOIO, MEMALLOC = 1, 2, 4, 8, 16
"""Bits of ``Context.inherited``."""
COUNTERS = {"bh": BH, "preempt": PREEMPT, "nofs": NOFS, "noio": NOIO, "memalloc": MEMALLOC}


class HeldLock(NamedTuple):
    """One entry of a held-lock stack, as in lockdep's ``struct held_lock``.

    ``cls`` and ``lock`` are indexes (class, instance); ``nest`` the instance of the nest lock or -1;
    ``irqs_off``: hardirqs were off when it was taken; ``irq_context``: 2 bits; ``refs`` counts nested holds.
    ``maybe``: held on some of the merged paths only; ``guard``: those where these free words are so.
    """

    cls: int
    lock: int
    mode: int
    trylock: bool
    checked: bool
    nest: int
    irqs_off: bool
    irq_context: int
    refs: int = 0
    pins: int = 0
    maybe: bool = False
    guard: tuple[tuple[str, bool], ...] = ()


class HeldStack:
    """A persistent stack of :class:`HeldLock`; two equal stacks are the same object.

    ``parent`` is the stack below the top ``entry``. The empty stack has neither.
    """

    __slots__ = ("_blockers", "_children", "_limit", "_sleepless", "depth", "entry", "last", "parent")

    def __init__(self, parent: HeldStack | None, entry: HeldLock | None) -> None:
        self.parent = parent
        self.entry = entry
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.last: State | None = None
        self._children: dict[HeldLock, HeldStack] | None = None
        self._blockers: tuple[int, tuple[HeldStack, ...], bool] | None = None
        self._limit: tuple[int, int, int] | None = None
        self._sleepless: bool | None = None

    def push(self, entry: HeldLock) -> HeldStack:
        """The stack with ``entry`` on top."""
        children = self._children
        if children is None:
            children = self._children = {}
        child = children.get(entry)
        if child is None:
            child = children[entry] = HeldStack(self, entry)
        return child

    def has_class(self, cls: int) -> bool:
        """Some entry is of that class."""
        node: HeldStack = self
        while node.parent is not None:
            if node.entry.cls == cls:  # type: ignore[union-attr]
                return True
            node = node.parent
        return False

    def sleepless(self, kinds: Sequence[LockKind]) -> bool:
        """Some entry's kind forbids sleeping. ``kinds``: by class index, the same at every call."""
        node: HeldStack = self
        while node._sleepless is None and node.parent is not None:
            if kinds[node.entry.cls].blocks_sleep:  # type: ignore[union-attr]
                node._sleepless = True
            else:
                node = node.parent
        self._sleepless = bool(node._sleepless)
        return self._sleepless

    def limit(self, irq_context: int, base: int, ranks: Sequence[Ranks]) -> int:
        """``base`` lowered by the wait types of what is held on top in one interrupt context (an override sets it).

        ``ranks``: by class index, the same at every call.
        """
        above: list[HeldStack] = []
        node: HeldStack = self
        while node.entry is not None and node.parent is not None and node.entry.irq_context == irq_context:
            known = node._limit
            if known is not None and known[0] == irq_context and known[1] == base:
                limit = known[2]
                break
            above.append(node)
            node = node.parent
        else:
            limit = base
        for level in reversed(above):
            rank = ranks[level.entry.cls]  # type: ignore[union-attr]
            if rank.inner:
                limit = rank.inner if rank.override or rank.inner < limit else limit
            level._limit = (irq_context, base, limit)
        return limit

    def levels(self) -> list[HeldStack]:
        """All non-empty prefixes, innermost (this one) first."""
        found: list[HeldStack] = []
        node: HeldStack = self
        while node.parent is not None:
            found.append(node)
            node = node.parent
        return found

    def entries(self) -> list[HeldLock]:
        """All entries, outermost first."""
        return [level.entry for level in reversed(self.levels()) if level.entry is not None]

    def blockers(self, irq_context: int) -> tuple[tuple[HeldStack, ...], bool]:
        """Which held locks get a dependency to a lock taken now, and whether the walk reaches the bottom.

        Downwards within one interrupt context, over unchecked entries, through trylocks and recursive readers
        (lockdep stops at those readers too and so loses the order of the outer locks: its edge truncation),
        up to and including the first other entry: what lies below follows through that one.
        """
        known = self._blockers
        if known is None or known[0] != irq_context:
            known = self._blockers = (irq_context, *self._find_blockers(irq_context))
        return known[1], known[2]

    def _find_blockers(self, irq_context: int) -> tuple[tuple[HeldStack, ...], bool]:
        found: list[HeldStack] = []
        for level in self.levels():
            entry = level.entry
            assert entry is not None
            if entry.irq_context != irq_context:
                return tuple(found), False
            if entry.checked:
                found.append(level)
                if not entry.trylock and entry.mode != RECURSIVE and not entry.maybe:
                    return tuple(found), False
        return tuple(found), True


class Context(NamedTuple):
    """All of a state but the held locks.

    ``softirq``/``hardirq``/``nmi``: what is being served (hardirq 2 means a handler that RT cannot thread).
    ``bh`` and ``preempt`` count disables; ``nofs``/``noio``/``memalloc`` count scopes: those of this function and of
    the callees it got back from. ``inherited``: bits of the counters that the caller had above zero. ``limit``: the
    wait limit that the caller's held locks leave in interrupt context ``base``. ``saved``: irq states saved in this
    function.
    ``interrupted``: contexts below inline interrupts. ``words``: what free words were taken to be.
    ``confinement``: index of a thread / init / not-beside label, 0 for none. ``merging``: states are merged at
    joins.
    """

    softirq: bool = False
    hardirq: int = 0
    nmi: bool = False
    irqs_on: bool = True
    bh: int = 0
    preempt: int = 0
    nofs: int = 0
    noio: int = 0
    memalloc: int = 0
    limit: int = NO_LIMIT
    base: int = 0
    saved: tuple[bool, ...] = ()
    interrupted: tuple[Any, ...] = ()
    words: tuple[tuple[str, bool], ...] = ()
    confinement: int = 0
    inherited: int = 0
    merging: bool = False

    @property
    def irq_context(self) -> int:
        """lockdep's two bits: dependencies never cross a change of them."""
        return (IN_SOFTIRQ if self.softirq else 0) | (IN_HARDIRQ if self.hardirq or self.nmi else 0)

    @property
    def softirqs_on(self) -> bool:
        """A softirq could be served as soon as hardirqs are on."""
        return not self.bh and not self.softirq and not self.inherited & BH

    @property
    def atomic(self) -> bool:
        """Sleeping is a bug here."""
        counted = self.preempt or self.bh or self.inherited & (PREEMPT | BH)
        return bool(counted or self.softirq or self.hardirq or self.nmi or not self.irqs_on)

    @property
    def name(self) -> str:
        """The context in one word."""
        if self.nmi:
            return "nmi"
        if self.hardirq:
            return "hardirq"
        return "softirq" if self.softirq else "task"


class State:
    """A held-lock stack and a context. Interned by :class:`Universe`; ``memo`` holds known transitions."""

    __slots__ = ("at_call", "context", "held", "memo", "resumed")

    def __init__(self, held: HeldStack, context: Context) -> None:
        self.held = held
        self.context = context
        self.memo: dict[object, Outcome] = {}
        self.at_call: State | None = None
        self.resumed: dict[object, State] | None = None


class Universe:
    """The interning tables of one analysis. ``work``: what making states cost, in steps; deep stacks cost more."""

    def __init__(self) -> None:
        self.work = 0
        self.empty = HeldStack(None, None)
        self._states: dict[tuple[HeldStack, Context], State] = {}

    def state(self, held: HeldStack, context: Context) -> State:
        """The one state object for these values."""
        last = held.last
        if last is not None and last.context is context:  # most steps change one of the two
            return last
        key = (held, context)
        found = self._states.get(key)
        if found is None:
            found = self._states[key] = State(held, context)
            self.work += 4 + held.depth
        held.last = found
        return found
