"""What the steps of a function do to a state, and what follows from it: the rules of locking, written a second time.

Is: one method for each effect of a lowered program (``do_take`` ...), those of docs/explanation/semantics.md. What
they find is collected: acquisitions and assertions for the summary at hand, dependencies and usage for the whole.
Is not: control flow, calls, or anything that judges what was collected (``check``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

MOST_DEPTH, MOST_NESTING, NO_LIMIT = 48, 64, 9
SPIN, EXCLUSIVE, SHARED, RECURSIVE = 2, 0, 1, 2
RECLAIM, IO, FS, NOLOCKDEP = 1, 4, 8, 64
BITS = {"bh": 1, "preempt": 2, "nofs": 4, "noio": 8, "memalloc": 16}
BELOW = ("softirq", "hardirq", "nmi", "irqs_on", "saved")


class RefusedError(Exception):
    """The certificate does not prove what it says, and why."""


class Held(NamedTuple):
    """One entry of a held-lock stack."""

    cls: int
    lock: int
    mode: int
    trylock: bool
    checked: bool
    nest: int
    irqs_off: bool
    context: int
    refs: int = 0
    pins: int = 0


class State(NamedTuple):
    """What a path has done so far: the held-lock stack, outermost first, and the context."""

    held: tuple[Held, ...]
    softirq: bool
    hardirq: int
    nmi: bool
    irqs_on: bool
    bh: int
    preempt: int
    nofs: int
    noio: int
    memalloc: int
    limit: int
    base: int
    saved: tuple[bool, ...]
    interrupted: tuple[Any, ...]
    words: tuple[Any, ...]
    label: int
    inherited: int

    @property
    def context(self) -> int:
        """Dependencies never cross a change of these two bits."""
        return (1 if self.softirq else 0) | (2 if self.hardirq or self.nmi else 0)

    @property
    def softirqs_on(self) -> bool:
        """Softirqs are served as soon as hardirqs are on."""
        return not (self.bh or self.softirq or self.inherited & BITS["bh"])

    @property
    def atomic(self) -> bool:
        """The context alone forbids sleeping."""
        counted = self.preempt or self.bh or self.inherited & (BITS["preempt"] | BITS["bh"])
        return bool(counted or self.context or not self.irqs_on)


def frozen(value: Any) -> Any:
    """Lists as tuples, all the way down."""
    return tuple(map(frozen, value)) if isinstance(value, list) else value


def state_of(stated: list[Any]) -> State:
    """A state as a certificate writes it: the held locks, then the context."""
    held, *context = frozen(stated)
    return State(tuple(Held(*one) for one in held), *context)


class Summary:
    """What is stated of a function in one entry state, and (``seen``) what its steps really do."""

    def __init__(self, stated: dict[str, Any], states: list[State]) -> None:
        self.function: int = stated["function"]
        self.entry, self.whole = states[stated["entry"]], bool(stated["whole"])
        self.stated: dict[str, set[Any]] = {"exits": {states[index] for index in stated["exits"]}}
        for part in ("exposed", "takes", "asserts", "enables"):
            self.stated[part] = set(frozen(stated[part]))
        self.seen: dict[str, set[Any]] = {part: set() for part in self.stated}


class Locking:
    """Carries out effects for the summary ``now``. ``dependencies``, ``usage`` and ``odd`` are of the whole program."""

    def __init__(self, program: dict[str, Any]) -> None:
        self.classes, self.locks, self.functions = program["classes"], program["locks"], program["functions"]
        self.init, self.config_rank = set(program["init"]), program["config_rank"]
        self.now: Summary
        self.dependencies: set[tuple[Any, ...]] = set()
        self.usage: dict[int, set[tuple[str, str, int]]] = {}
        self.odd: set[tuple[str, ...]] = set()

    def note(self, *what: Any) -> None:
        """Something that a clean run has none of."""
        self.odd.add(tuple(map(str, what)))

    def here(self) -> str:
        """The function that is being carried out."""
        return str(self.functions[self.now.function]["name"])

    def opens(self) -> None:
        """This step needs the holds of the callers, so that a summary without them says nothing."""
        if not self.now.whole:
            raise RefusedError(f"{self.here()} touches what its callers hold; its summary leaves them out")

    def effects(self, state: State, effects: list[list[Any]]) -> State | None:
        """Effects in order; None where the path ends."""
        now: State | None = state
        for name, *operands in effects:
            if now is None:
                break
            effect = getattr(self, f"do_{name}", None)
            if effect is None:
                raise RefusedError(f"no effect is called '{name}'")
            now = effect(now, *operands)
        return now

    def do_take(self, state: State, cls: int, lock: int, mode: int, trylock: bool, sync: bool, nest: int,
                checked: bool) -> State | None:  # fmt: skip
        if mode not in (EXCLUSIVE, SHARED, RECURSIVE):  # a queued rwlock: the context decides
            mode = SHARED if state.softirqs_on and not state.context else RECURSIVE
        return self.acquire(state, Held(cls, lock, mode, trylock, checked, nest, not state.irqs_on, 0), sync)

    def acquire(self, state: State, one: Held, sync: bool = False) -> State | None:
        """An acquisition, with all that follows from it."""
        one = one._replace(context=state.context)
        held, cls = state.held, self.classes[one.cls]
        if held and not sync and one.nest >= 0 and held[-1].cls == one.cls:
            merged = held[-1]._replace(refs=max(held[-1].refs, 1) + max(one.refs, 1))
            return state._replace(held=(*held[:-1], merged))
        if len(held) >= MOST_DEPTH:
            self.note("depth", self.here())
            return None
        if one.nest >= 0 and not any(other.lock == one.nest for other in held):
            self.opens()
            self.note("nest-lock", cls["name"])
        blocking = one.checked and not one.trylock
        excused = blocking and self.nested(held, one)
        if not one.trylock and cls["inner"] and (cls["outer"] or cls["inner"]) > self.limit(state):
            self.note("wait-context", cls["name"])
        self.use(state, one, sync)
        if blocking:
            self.now.seen["takes"].add((one.cls, one.lock, one.mode))
        if blocking and not excused:
            levels, bottom = self.blockers(state)
            for other in levels:
                self.depend(other, one.cls, int(one.mode == RECURSIVE), state.label)
            if bottom and state.context == state.base:
                self.now.seen["exposed"].add((one.cls, int(one.mode == RECURSIVE)))
        return state if sync else state._replace(held=(*held, one))

    def nested(self, held: tuple[Held, ...], one: Held) -> bool:
        """Whether a nest lock excuses holding the class already."""
        below = False
        for other in held:
            below = below or (one.nest >= 0 and other.lock == one.nest)
            if self.collides(other, one.cls, one.lock, one.mode):
                if not below:
                    self.note("recursion", self.classes[one.cls]["name"])
                return below
        return False

    def collides(self, held: Held, cls: int, lock: int, mode: int) -> bool:
        """A held lock and a blocking acquisition of the same class."""
        first, second = self.locks[held.lock]["rank"], self.locks[lock]["rank"]
        ordered = first is not None and second is not None and first < second
        return held.cls == cls and not (mode == RECURSIVE and held.mode) and not ordered

    def blockers(self, state: State) -> tuple[list[Held], bool]:
        """The held locks that a blocking acquisition depends on, and whether those of the callers do, too."""
        found: list[Held] = []
        for one in reversed(state.held):
            if one.context != state.context:
                return found, False
            if one.checked:
                found.append(one)
                if not one.trylock and one.mode != RECURSIVE:
                    return found, False
        return found, True

    def limit(self, state: State) -> int:
        """The longest wait that is allowed here."""
        limit = NO_LIMIT
        if state.context == state.base:
            limit = state.limit
        elif state.nmi or state.hardirq == 2:
            limit = SPIN
        elif state.hardirq or state.softirq:
            limit = self.config_rank
        depth = len(state.held)
        while depth and state.held[depth - 1].context == state.context:
            depth -= 1
        for one in state.held[depth:]:
            cls = self.classes[one.cls]
            if cls["inner"]:
                limit = cls["inner"] if cls["override"] else min(limit, cls["inner"])
        return limit

    def depend(self, held: Held, cls: int, recursive: int, label: int) -> None:
        """A dependency; a class under itself is a recursion instead."""
        if held.cls != cls:
            outer, inner = self.classes[held.cls]["name"], self.classes[cls]["name"]
            kinds = ("shared" if held.mode else "exclusive", "recursive" if recursive else "other")
            self.dependencies.add((outer, kinds[0], inner, kinds[1], label))

    def use(self, state: State, one: Held, sync: bool) -> None:
        """Usage bits of an acquisition."""
        if not one.checked or state.label in self.init:
            return
        bits = self.usage.setdefault(one.cls, set())
        for irq in ("softirq", "hardirq", "nmi"):
            if getattr(state, irq) and not one.trylock:
                bits.add((irq, "in", one.mode))
        if not state.nmi:
            bits.add(("nmi", "on", one.mode))
        if not sync and not one.irqs_off:
            bits |= {(irq, "on", one.mode) for irq in ("hardirq", "softirq") if irq == "hardirq" or state.softirqs_on}

    def enabled(self, state: State, irqs: set[str]) -> State:
        """Interrupts went from off to on."""
        self.now.seen["enables"] |= irqs
        self.mark(state, irqs)
        return state

    def mark(self, state: State, irqs: Iterable[str]) -> None:
        """What is held can be interrupted from here on."""
        for one in state.held if state.label not in self.init else ():
            if one.checked:
                self.usage.setdefault(one.cls, set()).update((irq, "on", one.mode) for irq in irqs)

    def position(self, state: State, lock: int, cls: int) -> int:
        """Where a lock stands on the stack, from the top and not across an interrupt; -1 when it does not."""
        for index in range(len(state.held) - 1, -1, -1):
            one = state.held[index]
            if index + 1 < len(state.held) and one.context != state.held[index + 1].context:
                return -1
            if one.lock == lock or (one.refs and one.cls == cls):
                return index
        return -1

    def do_drop(self, state: State, cls: int, lock: int) -> State | None:
        index = self.position(state, lock, cls)
        if index < 0:
            return self.missing(state, "release", lock)
        one = state.held[index]
        if one.pins:
            self.note("pin", self.locks[lock]["name"])
        if one.refs > 1:
            counted = one._replace(refs=one.refs - 1)
            return state._replace(held=(*state.held[:index], counted, *state.held[index + 1 :]))
        return self.again(state, index, [])

    def again(self, state: State, index: int, first: list[Held]) -> State | None:
        """What lies above is taken again, over ``first``."""
        now: State | None = state._replace(held=state.held[:index])
        for one in [*first, *state.held[index + 1 :]]:
            now = self.acquire(now, one) if now is not None else None
        return now

    def missing(self, state: State, what: str, lock: int) -> State:
        """A step about a lock that is not held here."""
        self.opens()
        self.note(what, self.locks[lock]["name"], self.here())
        return state

    def do_change(self, state: State, own: int, lock: int, cls: int, downgrade: bool) -> State | None:
        index = self.position(state, lock, own)
        if index < 0:
            return self.missing(state, "release", lock)
        one = state.held[index]
        return self.again(state, index, [one._replace(mode=SHARED) if downgrade else one._replace(cls=cls)])

    def do_pin(self, state: State, lock: int, delta: int) -> State:
        found = [index for index, one in enumerate(state.held) if one.lock == lock]
        if not found:
            return self.missing(state, "pin", lock)
        index, one = found[-1], state.held[found[-1]]
        if one.pins + delta < 0:
            self.note("pin", self.locks[lock]["name"])
            return state
        held = (*state.held[:index], one._replace(pins=one.pins + delta), *state.held[index + 1 :])
        return state._replace(held=held)

    def do_assert(self, state: State, what: str, lock: int, mode: int | None, held: bool) -> State:
        self.asserted(state, what, lock, mode, held)
        return state

    def asserted(self, state: State, what: str, lock: int, mode: int | None, held: bool) -> None:
        """A lock must (not) be held; what this function does not hold, its callers decide."""
        found = [one for one in state.held if lock in (one.lock, -1) and (mode is None or bool(one.mode) == bool(mode))]
        if found and not held:
            self.note(what, self.locks[found[-1].lock]["name"], self.here())
        elif not found and held and self.now.whole:
            self.note(what, self.locks[lock]["name"], self.here())
        elif not found and not self.now.whole:
            self.now.seen["asserts"].add((what, lock, mode, held))

    def do_irq(self, state: State, what: str) -> State | None:
        if what == "save" and len(state.saved) >= MOST_NESTING:
            return self.unbalanced(None, what)
        if what == "restore" and not state.saved:
            self.opens()
            return self.unbalanced(state, what)
        on = what == "on"
        if what == "save":
            state = state._replace(saved=(*state.saved, state.irqs_on))
        elif what == "restore":
            on, state = state.saved[-1], state._replace(saved=state.saved[:-1])
        if on == state.irqs_on:
            return state
        state = state._replace(irqs_on=on)
        if on and state.hardirq:
            self.note("irq-enable", self.here())
        return self.enabled(state, {"hardirq", "softirq"} if state.softirqs_on else {"hardirq"}) if on else state

    def unbalanced(self, after: State | None, what: str) -> State | None:
        """Interrupt or preemption state that does not nest; the path goes on in ``after``."""
        self.note("irq-state", what, self.here())
        return after

    def do_count(self, state: State, counter: str, delta: int) -> State | None:
        count = getattr(state, counter) + delta
        if count < 0:
            self.opens()
        if not 0 <= count <= MOST_NESTING:
            return self.unbalanced(state if count < 0 else None, counter)
        after = state._replace(**{counter: count})
        on = counter == "bh" and after.softirqs_on and not state.softirqs_on and state.irqs_on
        return self.enabled(after, {"softirq"}) if on else after

    def do_enter(self, state: State, context: str, threaded: bool) -> State | None:
        if len(state.interrupted) >= MOST_NESTING:
            return self.unbalanced(None, "interrupt")
        below = tuple(getattr(state, name) for name in BELOW)
        state = state._replace(interrupted=(*state.interrupted, below), saved=())
        if context == "softirq":
            return state._replace(softirq=True)
        return state._replace(
            irqs_on=False, **({"nmi": True} if context == "nmi" else {"hardirq": 1 if threaded else 2})
        )

    def do_leave(self, state: State) -> State | None:
        if not state.interrupted:
            return self.unbalanced(state, "interrupt")
        below = dict(zip(BELOW, state.interrupted[-1], strict=True))
        return state._replace(interrupted=state.interrupted[:-1], **below)

    def scoped(self, state: State, flags: int) -> int:
        """Allocation flags after the scopes of the task."""
        if state.noio or state.inherited & BITS["noio"]:
            return flags & ~(IO | FS)
        return flags & ~FS if state.nofs or state.inherited & BITS["nofs"] else flags

    def do_alloc(self, state: State, flags: int, what: str, reclaim: list[Any], notifier: list[Any]) -> State | None:
        if self.scoped(state, flags) & RECLAIM:
            self.do_sleep(state, what)
        return self.do_reclaim(state, flags, [reclaim[0], *notifier, reclaim[1]], notifier)

    def do_reclaim(self, state: State, flags: int, full: list[Any], always: list[Any]) -> State | None:
        flags = self.scoped(state, flags)
        if not flags & RECLAIM or flags & NOLOCKDEP or state.memalloc or state.inherited & BITS["memalloc"]:
            return state
        return self.effects(state, full if flags & FS else always)

    def do_sleep(self, state: State, what: str) -> State:
        if state.atomic or any(self.classes[one.cls]["sleepless"] for one in state.held):
            self.note("sleep", what, self.here())
        return state

    def do_unknown(self, state: State, why: str) -> State:
        self.note("not-followed", why, self.here())
        return state
