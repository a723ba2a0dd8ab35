"""Facts inside functions with a role (ctor, dtor, shrinker, work ...): what such a callback really reaches.

Is: acquisitions, allocations, sleeps and calls below role functions. They are many, and rules forbid few of them, so
they are drafts: the witness is made when one is selected. Is not: a contract about them (rules are).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from lockcheck.analysis.compose import ENABLED, HARDIRQ, reachable
from lockcheck.analysis.dependencies import keys_of
from lockcheck.analysis.events import Acquired, Allocated, Event, Signalled, Slept
from lockcheck.analysis.state import State
from lockcheck.analysis.switches import reclaims
from lockcheck.analysis.walk import Node
from lockcheck.graph.drafts import Draft
from lockcheck.graph.facts_order import make
from lockcheck.graph.facts_steps import StepFacts
from lockcheck.graph.witness import MODES, Frame, Goal
from lockcheck.model import gfp
from lockcheck.model.facts import Attribute, Fact, Leg

MANY_STATES = 16
"""Entry states of a role function up to which each is looked at alone."""


REACH = gfp.DIRECT_RECLAIM | gfp.IO | gfp.FS
"""What an allocation may do that its caller may have forbidden."""


class RoleFacts:
    """Makes the facts inside roles."""

    def __init__(self, steps: StepFacts) -> None:
        self.steps, self.base = steps, steps.base
        self.teller, self.composer = steps.teller, steps.composer
        self._inner: dict[int, str | None] = {}
        self.ways_into: Callable[[str], Sequence[Draft]] = lambda _: ()
        self._roles: dict[str, set[str]] = {}
        for function in self.teller.binder.program.functions:
            self._roles.setdefault(function.name, set()).update(function.roles)

    def role_nodes(self) -> dict[str, list[Node]]:
        """Nodes of functions with roles, by function name."""
        found: dict[str, list[Node]] = {}
        for node in self.composer.nodes:
            if node.code.function.roles and node.code.index >= 0:
                found.setdefault(node.code.function.name, []).append(node)
        return dict(sorted(found.items()))

    def inside(self) -> Iterator[tuple[str, Node, Node, int, Event]]:
        """(role function, its node, node below, op index, event) for everything below role functions."""
        for name, start, node in self.below():
            for index, event in node.events():
                yield name, start, node, index, event

    def below(self) -> Iterator[tuple[str, Node, Node]]:
        """(role function, its node, node below): below each of its nodes, or, if these are very many, the nearest."""
        for name, starts in self.role_nodes().items():
            if len(starts) <= MANY_STATES:
                yield from ((name, start, node) for start in starts for node in reachable([start]))
            else:
                yield from ((name, start, node) for node, start in nearest(starts).items())

    def leg(self, start: Node, node: Node, index: int, event: Event, goal: Goal) -> Leg:
        """From an entry through the role function to the step."""
        frames = [*self.teller.light_trail(start), *self.teller.way(start, node), Frame(node, index, event.state)]
        return self.teller.leg(frames, goal, None, start)

    def acquisitions(self) -> Iterator[Draft]:
        """One for each (role function, class, mode)."""
        found: dict[tuple[str, ...], Draft] = {}
        for name, start, node, index, event in self.inside():
            if type(event) is not Acquired or event.replayed:
                continue
            lock, mode = self.teller.class_name(event.entry.cls), MODES[event.entry.mode]
            outermost = self.is_outermost(start, node, event)
            identity = (name, lock, mode, str(event.entry.trylock), "outermost" if outermost else "inside")
            if identity not in found:
                found[identity] = self.acquisition(identity, start, node, index, event)
        yield from found.values()

    def is_outermost(self, start: Node, node: Node, event: Acquired) -> bool:
        """No lock that the role function itself took is held around this acquisition."""
        more = self.teller.way(start, node)
        before = len(start.entry.held.entries())
        states = [event.state, *(frame.state for frame in more)]
        kinds = self.teller.binder.kinds
        own = [entry for state in states for entry in state.held.entries()[before:]]
        return not any(kinds[entry.cls].category == "lock" and entry.checked for entry in own)

    def acquisition(self, identity: tuple[str, ...], start: Node, node: Node, index: int, event: Acquired) -> Draft:
        """One acquisition inside a role."""
        lock = self.teller.class_name(event.entry.cls)
        kind = self.teller.binder.kinds[event.entry.cls]
        inner = self.inner(event.entry.cls)
        known: dict[str, Attribute] = {
            "locks": (lock,),
            "lock": lock,
            "lock_kind": kind.name,
            "category": kind.category,
            "mode": MODES[event.entry.mode],
            "leaf": inner is None,
            "inner": inner,
            "irq_safe": self.irq_safe(event.entry.cls),
            "may_sleep": kind.sleeps and not event.entry.trylock,
            "outermost": identity[-1] == "outermost",
            "wait": kind.inner.name.lower(),
            **self.region(identity[0]),
            "trylock": event.entry.trylock,
        }

        def told() -> Fact:
            leg = self.leg(start, node, index, event, Goal(lock, event.entry.mode))
            below = self.taken_under(start, event.entry.cls)
            attributes = {**known, "irqs": leg.irqs, "context": leg.context, "path_inner": below}
            legs = self.with_reason(leg, event.entry.cls)
            return make("acquisition", identity, attributes, legs, self.base.prefer([leg]))

        return Draft(known, told)

    def taken_under(self, start: Node, cls: int) -> str | None:
        """A class that is taken under ``cls`` by this node or what it calls, the first by name: not a leaf here."""
        found: set[str] = set()
        for node in reachable([start]):
            for _, event in node.events():
                if type(event) is Acquired and not event.replayed and event.state.held.has_class(cls):
                    found.add(self.teller.class_name(event.entry.cls))
            for _, state, callee in node.calls:
                bits = self.composer.taken[self.composer.number[callee]] if state.held.has_class(cls) else 0
                found.update(self.teller.class_name(inner) for inner in keys_of(bits))
        return min(found - {self.teller.class_name(cls)}, default=None)

    def with_reason(self, leg: Leg, cls: int) -> list[Leg]:
        """The leg, and for a class that is no leaf or not irq-safe the legs that show why."""
        legs = [leg]
        under = self.teller.first_inner(cls)
        if under is not None:
            legs.append(replace(under, about="inner"))
        for bit in sorted(self.composer.usage.get(cls, {})):
            if bit.irq == HARDIRQ and bit.direction == ENABLED:
                legs.append(replace(self.base.usage(cls, bit), about="enabled"))
                break
        return legs

    def inner(self, cls: int) -> str | None:
        """The class taken under a class, the first by name."""
        if cls not in self._inner:
            names = (self.teller.class_name(inner) for inner in self.composer.dependencies.inner_classes(cls))
            told = self.teller.first_inner(cls) if self.teller.open else None
            self._inner[cls] = told.wants if told is not None else min(names, default=None)
        return self._inner[cls]

    def irq_safe(self, cls: int) -> bool:
        """Nobody holds the class with hardirqs on."""
        bits = self.composer.usage.get(cls, {})
        return not any(bit.irq == HARDIRQ and bit.direction == ENABLED for bit in bits)

    def allocations(self) -> Iterator[Draft]:
        """One for each (role function, allocating function, flags)."""
        found: dict[tuple[str, ...], Draft] = {}
        for name, start, node, index, event in self.inside():
            if type(event) is not Allocated:
                continue
            identity = (name, node.code.function.name, event.what, gfp_text(event.gfp))
            if identity not in found:
                found[identity] = self.allocation(identity, start, node, index, event)
        yield from found.values()

    def allocation(self, identity: tuple[str, ...], start: Node, node: Node, index: int, event: Allocated) -> Draft:
        """One allocation inside a role."""
        known: dict[str, Attribute] = {
            "locks": (),
            "gfp": gfp_text(event.gfp),
            "what": event.what,
            "may_sleep": bool(event.gfp & gfp.DIRECT_RECLAIM),
            "may_reclaim": reclaims(event.gfp, event.state),
            "fs": bool(event.gfp & gfp.FS),
            "io": bool(event.gfp & gfp.IO),
            **self.region(identity[0]),
        }

        def told() -> Fact:
            leg = self.leg(start, node, index, event, Goal(None, None, "allocate"))
            narrow = self.narrower(identity[0], event.gfp)
            more: dict[str, Attribute] = {
                "context": leg.context,
                "wider": narrow is not None,
                "caller_gfp": None if narrow is None else str(narrow["gfp"]),
            }
            legs = [leg] if narrow is None else [leg, replace(narrow.fact.legs[0], about="caller")]
            return make("allocation", identity, {**known, **more}, legs, self.base.prefer([leg]))

        return Draft(known, told)

    def narrower(self, name: str, flags: int) -> Draft | None:
        """The worst way into a function whose own caller asked for memory with flags that allow less than these."""
        own = flags & REACH if flags & gfp.DIRECT_RECLAIM else 0
        for way in self.ways_into(name):
            bits = way["gfp_bits"]
            if isinstance(bits, int) and own & ~bits:
                return way
        return None

    def sleeps(self) -> Iterator[Draft]:
        """Sleeping steps: those in atomic context, and all inside roles."""
        yield from map(Draft.of, self.steps.sleeps())
        yield from self.own_sleeps()

    def own_sleeps(self) -> Iterator[Draft]:
        """One for each (role function, sleeping function, what sleeps)."""
        found: dict[tuple[str, ...], Draft] = {}
        for name, start, node, index, event in self.inside():
            if type(event) is not Slept:
                continue
            identity = (name, node.code.function.name, event.what, *self.told_apart(event))
            if identity not in found:
                found[identity] = self.sleep(identity, start, node, index, event)
        yield from found.values()

    def told_apart(self, event: Slept) -> tuple[str, ...]:
        """What makes two sleeps of one step two facts, beside the role function that they are in: nothing."""
        return ()

    def sleep(self, identity: tuple[str, ...], start: Node, node: Node, index: int, event: Slept) -> Draft:
        """One sleep inside a role, whether this entry allows sleeping or not."""
        known: dict[str, Attribute] = {
            "what": self.teller.text(node, index) or event.what,
            "cause": self.steps.cause(node, index),
            "atomic": self.steps.is_atomic(event.state),
            **self.region(identity[0]),
        }

        def told() -> Fact:
            leg = self.leg(start, node, index, event, Goal(None, None, "sleep"))
            attributes = {
                **known,
                "locks": tuple(dict.fromkeys(hold.lock for hold in leg.held)),
                "because": self.steps.because(leg, event.state.context) if known["atomic"] else (),
                "context": leg.context,
            }
            return make("sleep", identity, attributes, [leg], self.base.prefer([leg]))

        return Draft(known, told)

    def region(self, name: str) -> dict[str, Attribute]:
        """What facts say of the role function that they are inside of."""
        return {"inside": self.roles_of(name), "role_function": name}

    def waits(self) -> Iterator[Draft]:
        """One for each (role function, waiting function, what it waits for)."""
        found: dict[tuple[str, ...], Draft] = {}
        for name, start, node, index, event in self.inside():
            if type(event) is Acquired and event.sync:
                identity = (name, node.code.function.name, self.teller.class_name(event.entry.cls))
                if identity not in found:
                    found[identity] = self.wait(identity, start, node, index, event)
        yield from found.values()

    def wait(self, identity: tuple[str, ...], start: Node, node: Node, index: int, event: Acquired) -> Draft:
        """One wait for somebody: what has to be taken, or to end, before it is over."""
        cls = event.entry.cls
        needs = sorted(map(self.teller.class_name, self.composer.dependencies.inner_classes(cls)))
        known: dict[str, Attribute] = {
            "locks": (identity[2],),
            "lock": identity[2],
            "lock_kind": self.teller.binder.kinds[cls].name,
            "category": self.teller.binder.kinds[cls].category,
            "what": self.teller.text(node, index),
            "needs": tuple(needs),
            "context": event.state.context.name,
            **self.region(identity[0]),
        }

        def told() -> Fact:
            leg = self.leg(start, node, index, event, Goal(identity[2], None, "wait"))
            return make("wait", identity, known, [leg], self.base.prefer([leg]))

        return Draft(known, told)

    def signals(self) -> Iterator[Draft]:
        """One for each (role function, signalling function, what it signals)."""
        found: dict[tuple[str, ...], Draft] = {}
        for name, start, node, index, event in self.inside():
            if type(event) is Signalled:
                lock = self.teller.class_name(self.teller.binder.class_index(event.lock, 0))
                identity = (name, node.code.function.name, lock)
                if identity not in found:
                    found[identity] = self.signal(identity, start, node, index, event)
        yield from found.values()

    def signal(self, identity: tuple[str, ...], start: Node, node: Node, index: int, event: Signalled) -> Draft:
        """One end of somebody's wait."""
        known: dict[str, Attribute] = {
            "locks": (identity[2],),
            "lock": identity[2],
            "what": self.teller.text(node, index),
            "context": event.state.context.name,
            **self.region(identity[0]),
        }

        def told() -> Fact:
            leg = self.leg(start, node, index, event, Goal(identity[2], None, "signal"))
            return make("signal", identity, known, [leg], self.base.prefer([leg]))

        return Draft(known, told)

    def roles_of(self, name: str) -> tuple[str, ...]:
        """The roles of a role function; others on the way to it have facts of their own."""
        return tuple(sorted(self._roles[name]))

    def calls(self) -> Iterator[Draft]:
        """One for each (role function, function that it reaches)."""
        found: dict[tuple[str, ...], Draft] = {}
        for name, start, node, index, state, callee in self.calls_inside():
            identity = (name, callee.code.function.name)
            if identity not in found:
                found[identity] = self.call(identity, start, Frame(node, index, state))
        yield from found.values()

    def call(self, identity: tuple[str, ...], start: Node, last: Frame) -> Draft:
        """One call inside a role."""
        known: dict[str, Attribute] = {
            "locks": (),
            "callee": identity[1],
            "recursive": identity[1] == identity[0],
            **self.region(identity[0]),
        }

        def told() -> Fact:
            leg = self.call_leg(start, last)
            return make("call", identity, known, [leg], self.base.prefer([leg]))

        return Draft(known, told)

    def calls_inside(self) -> Iterator[tuple[str, Node, Node, int, State, Node]]:
        """(role function, its node, calling node, op, state, callee) for every call below role functions."""
        for name, start, node in self.below():
            for index, state, callee in node.calls:
                yield name, start, node, index, state, callee

    def call_leg(self, start: Node, last: Frame) -> Leg:
        """From an entry through the role function to a call."""
        frames = [*self.teller.trail(start), *self.teller.way(start, last.node), last]
        return self.teller.leg(frames, Goal(None, None, "call"), None, start)


def nearest(starts: list[Node]) -> dict[Node, Node]:
    """Every node that calls reach, with the start that is nearest to it."""
    found = {start: start for start in starts}
    queue = deque(starts)
    while queue:
        node = queue.popleft()
        for _, _, callee in node.calls:
            if callee not in found:
                found[callee] = found[node]
                queue.append(callee)
    return found


def gfp_text(flags: int) -> str:
    """gfp bits as ``__GFP_`` names, in bit order."""
    names = [f"__GFP_{name}" for name, bit in gfp.BITS.items() if flags & bit]
    return "|".join(names) if names else "0"
