"""Effects as functions of a state: lockdep's __lock_acquire, lock_release and friends, sections 2 to 10.

Is: one small class per effect, compiled with its references bound; ``apply`` maps a state to the next one and
the events on the way. Is not: control flow (``compile``, ``walk``).

Every rule here is lockdep's (kernel/locking/lockdep.c, Linux 6.12) unless a comment says otherwise.
"""

from __future__ import annotations

from typing import NamedTuple

from lockcheck.analysis.events import Acquired, Asserted, Event, Misstep
from lockcheck.analysis.state import NO_LIMIT, RECURSIVE, SHARED, Context, HeldLock, HeldStack, State, Universe
from lockcheck.model.locks import WaitType

MAX_DEPTH = 48
"""lockdep's MAX_LOCK_DEPTH."""
QUEUED = 3


class Outcome:
    """``state`` is None when the path cannot go on. ``opens``: a caller's holds decide, which are not known here.

    Not a tuple: its parts are read far more often than it is made.
    """

    __slots__ = ("events", "opens", "state")

    def __init__(self, state: State | None, events: tuple[Event, ...] = (), opens: bool = False) -> None:
        self.state, self.events, self.opens = state, events, opens


class Ranks(NamedTuple):
    """What a lock class means to the wait-type check."""

    inner: int
    outer: int
    override: bool


class Table:
    """Per-class and per-lock data that actions look at: wait types by class index, order ranks by instance."""

    def __init__(self, raw_lock_nesting: bool) -> None:
        self.ranks: list[Ranks] = []
        self.order: dict[int, int] = {}
        self.config_rank = WaitType.CONFIG if raw_lock_nesting else WaitType.SPIN

    def rank(self, wait: WaitType) -> int:
        """A wait type as a number; CONFIG counts as SPIN without PROVE_RAW_LOCK_NESTING."""
        return int(self.config_rank if wait == WaitType.CONFIG else wait)


def base_limit(context: Context, table: Table) -> int:
    """The wait limit of a context with nothing held (task_wait_context)."""
    if context.nmi or context.hardirq == 2:
        return int(WaitType.SPIN)
    if context.hardirq or context.softirq:
        return int(table.config_rank)
    return NO_LIMIT


def wait_limit(held: HeldStack, context: Context, table: Table) -> int:
    """The wait limit here: the context's, lowered by what is held in it (an override sets it instead)."""
    now = context.irq_context
    return held.limit(now, context.limit if now == context.base else base_limit(context, table), table.ranks)


class Action:
    """One compiled effect."""

    __slots__ = ()

    def apply(self, universe: Universe, state: State) -> Outcome:
        """The outcome of this effect in ``state``."""
        raise AssertionError("an action without a meaning")


class Take(Action):
    """Acquire a lock (or, ``sync``, wait for its holders)."""

    __slots__ = ("checked", "cls", "lock", "mode", "nest", "sync", "table", "trylock")

    def __init__(
        self, table: Table, cls: int, lock: int, mode: int, trylock: bool, sync: bool, nest: int, checked: bool
    ) -> None:
        self.table, self.cls, self.lock, self.mode = table, cls, lock, mode
        self.trylock, self.sync, self.nest, self.checked = trylock, sync, nest, checked

    def apply(self, universe: Universe, state: State) -> Outcome:
        context = state.context
        mode = self.mode
        if mode == QUEUED:
            mode = SHARED if context.softirqs_on and not context.irq_context else RECURSIVE
        entry = HeldLock(
            self.cls, self.lock, mode, self.trylock, self.checked, self.nest, not context.irqs_on, context.irq_context
        )
        if context.merging and context.words:
            entry = entry._replace(guard=context.words)
        return acquire(universe, state, entry, self.table, self.sync)


def acquire(
    universe: Universe, state: State, entry: HeldLock, table: Table, sync: bool = False, replayed: bool = False
) -> Outcome:
    """__lock_acquire(): nest merging, wait types, nest lock, recursion, then the push."""
    held, context = state.held, state.context
    top = held.entry
    if top is not None and not sync and entry.nest >= 0 and top.cls == entry.cls:
        assert held.parent is not None
        merged = top._replace(refs=max(top.refs, 1) + max(entry.refs, 1))
        return Outcome(universe.state(held.parent.push(merged), context))
    if held.depth >= MAX_DEPTH:
        # A stack that is deep because one lock is in it again and again is a recursion, and told as one.
        again = len({other.lock for other in held.entries()}) < held.depth
        return Outcome(None, () if again else (Misstep(state, "depth", entry.lock),))
    nest_missing = entry.nest >= 0 and not any(e.lock == entry.nest for e in held.entries())
    recursion, excused = (None, False)
    if not entry.trylock and entry.checked and held.has_class(entry.cls):
        recursion, excused = _same_class(held, entry, table)
    outer, limit = _wait_check(held, context, entry, table)
    taken = Acquired(state, entry, sync, outer, excused, recursion, limit, replayed)
    events: tuple[Event, ...] = (taken,)
    if nest_missing:
        events = (taken, Misstep(state, "nest-lock", entry.lock, other=entry.nest))
    after = state if sync else universe.state(held.push(entry), context)
    return Outcome(after, events, nest_missing)


def _same_class(held: HeldStack, entry: HeldLock, table: Table) -> tuple[HeldStack | None, bool]:
    """check_deadlock(): (the held lock it collides with, excused by the nest lock)."""
    nest_seen = False
    for level in reversed(held.levels()):
        other = level.entry
        assert other is not None
        nest_seen = nest_seen or (entry.nest >= 0 and other.lock == entry.nest)
        if other.cls != entry.cls or (entry.mode == RECURSIVE and other.mode):
            continue
        if ordered(table, other.lock, entry.lock):
            continue
        return (None, True) if nest_seen else (level, False)
    return None, False


def ordered(table: Table, first: int, second: int) -> bool:
    """The class's order function ranks instance ``first`` before ``second``."""
    a, b = table.order.get(first), table.order.get(second)
    return a is not None and b is not None and a < b


def _wait_check(held: HeldStack, context: Context, entry: HeldLock, table: Table) -> tuple[int, int]:
    """(outer wait type, limit) for check_wait_context(); (0, limit) when it does not apply."""
    ranks = table.ranks[entry.cls]
    if not ranks.inner or entry.trylock:
        return 0, NO_LIMIT
    return ranks.outer or ranks.inner, wait_limit(held, context, table)


def find_held(held: HeldStack, lock: int, cls_of: int | None = None) -> HeldStack | None:
    """find_held_lock(): from the top, not across an interrupt boundary, but the top itself always matches."""
    previous: HeldLock | None = None
    for level in held.levels():
        entry = level.entry
        assert entry is not None
        if previous is not None and entry.irq_context != previous.irq_context:
            return None
        if entry.lock == lock or (entry.refs and entry.cls == cls_of):
            return level
        previous = entry
    return None


def replay(
    universe: Universe, state: State, found: HeldStack, changed: HeldLock | None, table: Table
) -> tuple[State | None, tuple[Event, ...], bool]:
    """reacquire_held_locks(): what lies above ``found`` is taken again, over ``changed`` (or nothing) in its place."""
    above = [level.entry for level in state.held.levels() if level.depth > found.depth and level.entry is not None]
    assert found.parent is not None
    again = ([changed] if changed is not None else []) + above[::-1]
    now: State | None = universe.state(found.parent, state.context)
    events: list[Event] = []
    opens = False
    for entry in again:
        if now is None:
            break
        entry = entry._replace(irq_context=state.context.irq_context)
        outcome = acquire(universe, now, entry, table, replayed=True)
        events.extend(outcome.events)
        opens = opens or outcome.opens
        now = outcome.state
    return now, tuple(events), opens


class Drop(Action):
    """Release a lock, in whatever mode it is held."""

    __slots__ = ("cls", "lock", "table")

    def __init__(self, table: Table, cls: int, lock: int) -> None:
        self.table, self.cls, self.lock = table, cls, lock

    def apply(self, universe: Universe, state: State) -> Outcome:
        found = find_held(state.held, self.lock, self.cls)
        if found is None:
            return Outcome(state, (Misstep(state, "release", self.lock),), True)
        outcome = self.drop(universe, state, found)
        while found is not None and found.entry is not None and found.entry.maybe and outcome.state is not None:
            # Merged paths may each have brought their own entry of this lock: a release drops all that are uncertain.
            state = outcome.state
            found = find_held(state.held, self.lock, self.cls)
            if found is not None and found.entry is not None and found.entry.maybe:
                more = self.drop(universe, state, found)
                outcome = Outcome(more.state, outcome.events + more.events, outcome.opens or more.opens)
        return outcome

    def drop(self, universe: Universe, state: State, found: HeldStack) -> Outcome:
        """Drop the entry on top of ``found``."""
        entry = found.entry
        assert entry is not None and found.parent is not None
        events: tuple[Event, ...] = (Misstep(state, "pin", self.lock),) if entry.pins else ()
        if entry.refs > 1:
            counted = found.parent.push(entry._replace(refs=entry.refs - 1))
            for level in reversed(state.held.levels()):
                if level.depth > found.depth and level.entry is not None:
                    counted = counted.push(level.entry)
            return Outcome(universe.state(counted, state.context), events)
        if found is state.held:
            return Outcome(universe.state(found.parent, state.context), events)
        after, more, opens = replay(universe, state, found, None, self.table)
        return Outcome(after, events + more, opens)


class Change(Action):
    """Downgrade a hold to shared, or give it another class; then it and all above are taken again."""

    __slots__ = ("cls", "downgrade", "lock", "own_cls", "table")

    def __init__(self, table: Table, own_cls: int, lock: int, cls: int | None, downgrade: bool) -> None:
        self.table, self.own_cls, self.lock, self.cls, self.downgrade = table, own_cls, lock, cls, downgrade

    def apply(self, universe: Universe, state: State) -> Outcome:
        found = find_held(state.held, self.lock, self.own_cls)
        if found is None:
            return Outcome(state, (Misstep(state, "release", self.lock, "change"),), True)
        entry = found.entry
        assert entry is not None
        changed = entry._replace(mode=SHARED) if self.downgrade else entry._replace(cls=self.cls or 0)
        after, events, opens = replay(universe, state, found, changed, self.table)
        return Outcome(after, events, opens)


class PinLock(Action):
    """lockdep_pin_lock / lockdep_unpin_lock."""

    __slots__ = ("delta", "lock")

    def __init__(self, lock: int, delta: int) -> None:
        self.lock, self.delta = lock, delta

    def apply(self, universe: Universe, state: State) -> Outcome:
        found = next((lv for lv in state.held.levels() if lv.entry is not None and lv.entry.lock == self.lock), None)
        if found is None:
            return Outcome(state, (Misstep(state, "pin", self.lock),), True)
        entry = found.entry
        assert entry is not None and found.parent is not None
        if entry.pins + self.delta < 0:
            return Outcome(state, (Misstep(state, "pin", self.lock),))
        rebuilt = found.parent.push(entry._replace(pins=entry.pins + self.delta))
        for level in reversed(state.held.levels()):
            if level.depth > found.depth and level.entry is not None:
                rebuilt = rebuilt.push(level.entry)
        return Outcome(universe.state(rebuilt, state.context))


class AssertHeld(Action):
    """lockdep_assert_held, _read, _write and not_held. ``mode`` None accepts any hold, 0 exclusive, 1 any shared."""

    __slots__ = ("contract", "held", "lock", "mode")

    def __init__(self, lock: int, held: bool, mode: int | None, contract: bool) -> None:
        self.lock, self.held, self.mode, self.contract = lock, held, mode, contract

    def apply(self, universe: Universe, state: State) -> Outcome:
        here = any(holds(entry, self.lock, self.mode) for entry in state.held.entries())
        ok: bool | None = None
        if here:
            ok = self.held
        return Outcome(state, (Asserted(state, self.lock, self.held, self.mode, self.contract, ok),))


def holds(entry: HeldLock, lock: int, mode: int | None) -> bool:
    """Whether a held entry answers an assertion about ``lock`` in ``mode``."""
    return lock in (entry.lock, -1) and (mode is None or (entry.mode == 0) == (mode == 0))
