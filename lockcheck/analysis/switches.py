"""Effects that change the context: interrupts, softirqs, preemption, scopes, inline interrupts; and plain notes.

Is: the other half of ``actions``, without the lock stack. Is not: control flow.
"""

from __future__ import annotations

from lockcheck.analysis.actions import Action, Outcome
from lockcheck.analysis.events import Allocated, Asserted, Enabled, Event, Freed, Misstep, NotFollowed, Signalled, Slept
from lockcheck.analysis.state import MEMALLOC, NOFS, NOIO, State, Universe
from lockcheck.model import gfp

_MAX_NESTING = 64
_FIELD = {"softirq": "bh", "preempt": "preempt", "nofs": "nofs", "noio": "noio", "memalloc": "memalloc"}


def _hardirqs(universe: Universe, state: State, on: bool) -> Outcome:
    """trace_hardirqs_on/off: redundant changes do nothing; off -> on marks every held lock."""
    context = state.context
    if context.irqs_on == on:
        return Outcome(state)
    after = universe.state(state.held, context._replace(irqs_on=on))
    if not on:
        return Outcome(after)
    events: list[Event] = [Enabled(after, True, context.softirqs_on)]
    if context.hardirq:
        events.append(Misstep(state, "irq-enable", -1))
    return Outcome(after, tuple(events))


class SwitchIrq(Action):
    """local_irq_disable/enable/save/restore."""

    __slots__ = ("what",)

    def __init__(self, what: str) -> None:
        self.what = what

    def apply(self, universe: Universe, state: State) -> Outcome:
        context = state.context
        if self.what == "save":
            if len(context.saved) >= _MAX_NESTING:
                return Outcome(None, (Misstep(state, "irq-state", -1, "save"),))
            state = universe.state(state.held, context._replace(saved=(*context.saved, context.irqs_on)))
            return _hardirqs(universe, state, False)
        if self.what == "restore":
            if not context.saved:
                return Outcome(state, (Misstep(state, "irq-state", -1, "restore"),), True)
            state = universe.state(state.held, context._replace(saved=context.saved[:-1]))
            return _hardirqs(universe, state, context.saved[-1])
        return _hardirqs(universe, state, self.what == "on")


class Counter(Action):
    """A nesting counter of the context: BH off, preemption off, allocation scopes."""

    __slots__ = ("delta", "field", "what")

    def __init__(self, what: str, delta: int) -> None:
        self.what, self.delta = what, delta
        self.field = _FIELD[what]

    def apply(self, universe: Universe, state: State) -> Outcome:
        context = state.context
        count: int = getattr(context, self.field) + self.delta
        if count < 0:
            return Outcome(state, (Misstep(state, "irq-state", -1, self.what),), True)
        if count > _MAX_NESTING:
            return Outcome(None, (Misstep(state, "irq-state", -1, self.what),))
        after = universe.state(state.held, context._replace(**{self.field: count}))  # type: ignore[arg-type]
        if self.field == "bh" and after.context.softirqs_on and not context.softirqs_on and context.irqs_on:
            return Outcome(after, (Enabled(after, False, True),))
        return Outcome(after)


class EnterInterrupt(Action):
    """An interrupt strikes on top of what is held."""

    __slots__ = ("kind", "threaded")

    def __init__(self, kind: str, threaded: bool) -> None:
        self.kind, self.threaded = kind, threaded

    def apply(self, universe: Universe, state: State) -> Outcome:
        context = state.context
        if len(context.interrupted) >= _MAX_NESTING:
            return Outcome(None, (Misstep(state, "irq-state", -1, "interrupt"),))
        below = (context.softirq, context.hardirq, context.nmi, context.irqs_on, context.saved)
        changed = context._replace(interrupted=(*context.interrupted, below), saved=())
        if self.kind == "softirq":
            changed = changed._replace(softirq=True)
        elif self.kind == "nmi":
            changed = changed._replace(nmi=True, irqs_on=False)
        else:
            changed = changed._replace(hardirq=1 if self.threaded else 2, irqs_on=False)
        return Outcome(universe.state(state.held, changed))


class LeaveInterrupt(Action):
    """The interrupt returns: the context below is back."""

    __slots__ = ()

    def apply(self, universe: Universe, state: State) -> Outcome:
        context = state.context
        if not context.interrupted:
            return Outcome(state, (Misstep(state, "irq-state", -1, "interrupt"),))
        softirq, hardirq, nmi, irqs_on, saved = context.interrupted[-1]
        below = context._replace(interrupted=context.interrupted[:-1])
        changed = below._replace(softirq=softirq, hardirq=hardirq, nmi=nmi, irqs_on=irqs_on, saved=saved)
        return Outcome(universe.state(state.held, changed))


def scoped_gfp(flags: int, state: State) -> int:
    """current_gfp_context(): NOIO strips IO and FS, NOFS strips FS."""
    context = state.context
    if context.noio or context.inherited & NOIO:
        return flags & ~(gfp.IO | gfp.FS)
    return flags & ~gfp.FS if context.nofs or context.inherited & NOFS else flags


def reclaims(flags: int, state: State) -> bool:
    """The flags let this task reclaim directly, where lockdep looks (not NOLOCKDEP, not PF_MEMALLOC)."""
    memalloc = state.context.memalloc or state.context.inherited & MEMALLOC
    return bool(flags & gfp.DIRECT_RECLAIM) and not memalloc and not flags & gfp.NOLOCKDEP


def in_turn(universe: Universe, state: State, actions: tuple[Action, ...], before: tuple[Event, ...] = ()) -> Outcome:
    """Actions one after the other, as one outcome."""
    now: State | None = state
    events = list(before)
    opens = False
    for action in actions:
        if now is None:
            break
        outcome = action.apply(universe, now)
        now, opens = outcome.state, opens or outcome.opens
        events.extend(outcome.events)
    return Outcome(now, tuple(events), opens)


class AllocationPoint(Action):
    """might_alloc(): sleeps if the flags allow it, and touches the reclaim maps.

    ``reclaim`` is the acquire and release of fs_reclaim, ``notifier`` that of the mmu-notifier map (or nothing).
    """

    __slots__ = ("flags", "notifier", "reclaim", "what")

    def __init__(self, flags: int, what: str, reclaim: tuple[Action, Action], notifier: tuple[Action, ...]) -> None:
        self.flags, self.what, self.reclaim, self.notifier = flags, what, reclaim, notifier

    def apply(self, universe: Universe, state: State) -> Outcome:
        flags = scoped_gfp(self.flags, state)
        events: tuple[Event, ...] = (Allocated(state, flags, self.what),)
        if not flags & gfp.DIRECT_RECLAIM:
            return Outcome(state, events)
        events += (Slept(state, self.what),)
        if not reclaims(flags, state):
            return Outcome(state, events)
        maps = (self.reclaim[0], *self.notifier, self.reclaim[1]) if flags & gfp.FS else self.notifier
        return in_turn(universe, state, maps, events)


class FreePoint(Action):
    """Memory is given back; what that does is for the called function to say."""

    __slots__ = ("cache", "what")

    def __init__(self, what: str, cache: int) -> None:
        self.what, self.cache = what, cache

    def apply(self, universe: Universe, state: State) -> Outcome:
        return Outcome(state, (Freed(state, self.what, self.cache),))


class ReclaimScope(Action):
    """fs_reclaim_acquire/release: run as memory reclaim started with these flags.

    ``always`` happens whenever the flags reclaim at all (the mmu-notifier map, when it begins), ``reclaim`` with FS.
    """

    __slots__ = ("always", "flags", "reclaim")

    def __init__(self, flags: int, reclaim: Action, always: tuple[Action, ...]) -> None:
        self.flags, self.reclaim, self.always = flags, reclaim, always

    def apply(self, universe: Universe, state: State) -> Outcome:
        flags = scoped_gfp(self.flags, state)
        if not reclaims(flags, state):
            return Outcome(state)
        return in_turn(universe, state, ((self.reclaim,) if flags & gfp.FS else ()) + self.always)


class MaySleep(Action):
    """might_sleep()."""

    __slots__ = ("what",)

    def __init__(self, what: str) -> None:
        self.what = what

    def apply(self, universe: Universe, state: State) -> Outcome:
        return Outcome(state, (Slept(state, self.what),))


class SignalWaiters(Action):
    """complete(), wake_up()."""

    __slots__ = ("lock",)

    def __init__(self, lock: int) -> None:
        self.lock = lock

    def apply(self, universe: Universe, state: State) -> Outcome:
        return Outcome(state, (Signalled(state, self.lock),))


class MustBeFree(Action):
    """Nothing, or not this lock, may be held: return to user space, (re)initialising or freeing a lock."""

    __slots__ = ("lock", "what", "word")

    def __init__(self, what: str, lock: int, word: str = "") -> None:
        self.what, self.lock, self.word = what, lock, word

    def apply(self, universe: Universe, state: State) -> Outcome:
        held = [e.lock for e in state.held.entries() if self.lock < 0 or e.lock == self.lock]
        found = [Asserted(state, lock, False, None, False, False, self.what, self.word) for lock in dict.fromkeys(held)]
        if not found:
            found = [Asserted(state, self.lock, False, None, False, None, self.what, self.word)]
        return Outcome(state, tuple(found))


class Unknown(Action):
    """A step whose operand this call leaves open: nothing is known to happen, and that is said."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why

    def apply(self, universe: Universe, state: State) -> Outcome:
        return Outcome(state, (NotFollowed(state, self.why),))


class Own(Action):
    """What happens to a resource of an object. Nothing to the state: ``resources`` reads it from the compiled code."""

    __slots__ = ("resource", "until", "what")

    def __init__(self, what: str, resource: str, until: str) -> None:
        self.what, self.resource, self.until = what, resource, until

    def apply(self, universe: Universe, state: State) -> Outcome:
        return Outcome(state, ())
