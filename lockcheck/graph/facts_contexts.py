"""Facts about how a function is entered: by which route, with what held, in which interrupt and preemption state.

Is: for each function with a role (or one that was asked for) every way in, the worst first. Is not: a judgement about
what it may do there, nor what it does (``facts_roles``).

Glossary words defined here: way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from lockcheck.analysis.compose import Composer
from lockcheck.analysis.events import Acquired
from lockcheck.analysis.switches import scoped_gfp
from lockcheck.analysis.walk import Node
from lockcheck.graph.drafts import Draft
from lockcheck.graph.facts_order import make
from lockcheck.graph.facts_roles import RoleFacts, gfp_text
from lockcheck.graph.holdings import NO_PREEMPTION, Held, Holding, Holdings, bits_of, may_hold
from lockcheck.graph.routes import Route, Router
from lockcheck.graph.witness import MODES, Goal
from lockcheck.model.facts import Attribute, Fact, Leg, WitnessStep
from lockcheck.model.places import unpack

WAITED_FOR = frozenset(("reclaim", "work", "timer"))
CONTEXTS = ("nmi", "hardirq", "softirq", "task")
"""The worst first."""


class Way(NamedTuple):
    """One way in: a route in one state with one set of locks around it, and the first chain that brings it."""

    target: Node
    route: Route
    held: Held
    top: Holding | None

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two ways the same, whoever the caller is."""
        return (self.route.cache, self.route.sites, state_of(self), self.held, gfp_of(self))


class ContextFacts:
    """Makes the facts about ways in."""

    def __init__(self, roles: RoleFacts) -> None:
        self.roles = roles
        self.base, self.teller = roles.base, roles.teller
        self.composer: Composer = roles.composer
        self._around: Holdings | None = None
        self._known: dict[str, tuple[Draft, ...]] = {}

    def contexts(self) -> Iterator[Draft]:
        """All ways into all functions with a role."""
        nodes = self.roles.role_nodes()
        self._around = Holdings(self.composer, [node for targets in nodes.values() for node in targets])
        for name, targets in nodes.items():
            yield from self.into(name, targets)

    def worst_first(self, name: str) -> tuple[Draft, ...]:
        """:meth:`of`, remembered."""
        if name not in self._known:
            self._known[name] = tuple(self.of(name))
        return self._known[name]

    def of(self, name: str) -> Iterator[Draft]:
        """All ways into the function of that name, with or without a role; none if no entry leads there."""
        targets = [node for node in self.composer.nodes if node.code.function.name == name and node.code.index >= 0]
        self._around = Holdings(self.composer, targets)
        yield from self.into(name, targets)

    def into(self, name: str, targets: list[Node]) -> Iterator[Draft]:
        """The facts of one function, the worst first."""
        found: dict[tuple[object, ...], Way] = {}
        callers: dict[tuple[object, ...], dict[str, None]] = {}
        router = self.router()
        for way in self.ways(targets, router):
            found.setdefault(way.key, way)
            callers.setdefault(way.key, {})[caller_of(way)] = None
        ordered = sorted(found, key=lambda key: self.badness(found[key]))
        complete = name not in router.cut and not self.around.crowded.intersection(targets)
        ordinals = self.ordinals(found.values())
        for rank, key in enumerate(ordered, 1):
            way = found[key]
            yield self.draft(way, sorted(callers[key]), rank, ordinals[way.route.cache, way.route.sites], complete)

    def router(self) -> Router:
        """A search for routes over all calls."""
        roots = frozenset(root.node for root in self.composer.roots)
        return Router(self.around.callers, roots, self.teller.binder.program.caches)

    @property
    def around(self) -> Holdings:
        """What stands around the nodes that were asked for."""
        assert self._around is not None
        return self._around

    def ways(self, targets: Iterable[Node], router: Router) -> Iterator[Way]:
        """Every route to every target with every set of locks that callers bring along."""
        holdings = self.around
        for target in targets:
            for route in router.routes(target):
                top = route.top
                if top is None:
                    yield Way(target, route, frozenset(), None)
                    continue
                frames = (*((route.above,) if route.above else ()), *route.frames)
                for above in holdings.of.get(top.node, ()):
                    yield Way(target, route, holdings.along(above, frames, target), above)

    def badness(self, way: Way) -> tuple[object, ...]:
        """A sort key: what allows the least comes first, then what holds the most."""
        context = way.target.entry.context
        names = self.names(way.held, "lock")
        return (
            CONTEXTS.index(context.name), context.irqs_on, not context.atomic, context.softirqs_on,
            not self.names(way.held, "reclaim"), -len(names), names, way.route.cache or "", way.route.sites,
            gfp_of(way) or 0,
        )  # fmt: skip

    def names(self, held: Held, category: str) -> tuple[str, ...]:
        """Class names of a category among what is held, sorted."""
        kinds = self.teller.binder.kinds
        names = {self.teller.class_name(cls) for cls, _ in held if cls >= 0 and kinds[cls].category == category}
        return tuple(sorted(names))

    def ordinals(self, ways: Iterable[Way]) -> dict[tuple[str | None, object], int]:
        """Numbers for the routes of one cache that go through the same functions by different steps."""
        found: dict[tuple[str | None, object], int] = {}
        seen: dict[object, int] = {}
        routes = {(way.route.cache, way.route.sites) for way in ways}
        for cache, sites in sorted(routes, key=lambda route: (route[0] or "", route[1])):
            names = (cache, tuple(name for name, _ in sites))
            seen[names] = found[cache, sites] = seen.get(names, 0) + 1
        return found

    def draft(self, way: Way, callers: list[str], rank: int, ordinal: int, complete: bool) -> Draft:
        """One way: the chain of calls is put together when somebody asks for it."""
        name, flags = way.target.code.function.name, gfp_of(way)
        route = tuple(frame.node.code.function.name for frame in way.route.frames)
        context, irqs, bh, preempt = state_of(way)
        known: dict[str, Attribute] = {
            "locks": self.names(way.held, "lock"),
            "role_function": name,
            "inside": self.roles.roles_of(name),
            "cache": way.route.cache,
            "route": route,
            "ordinal": ordinal,
            "callers": tuple(callers),
            "own_locks": self.names(self.own(way.route), "lock"),
            "context": context,
            "irqs": irqs,
            "bh": bh,
            "preempt": preempt,
            "may_sleep": not way.target.entry.context.atomic,
            "reclaim": bool(self.names(way.held, "reclaim")),
            "rcu": bool(self.names(way.held, "rcu")),
            "gfp": None if flags is None else gfp_text(flags),
            "waited_under": self.waited_under(way),
            "rank": rank,
            "complete": complete,
        }
        around = sorted(f"{self.teller.class_name(cls)} {MODES[mode]}" for cls, mode in way.held if cls >= 0)
        state = (context, irqs, bh, preempt, "" if flags is None else gfp_text(flags))
        identity = (name, way.route.cache or "", *route, str(ordinal), *state, *around)

        holdings = self.around  # those of these ways: by the time it is told, another function may have been asked for

        def told() -> Fact:
            leg = self.leg(way, holdings)
            return make("context", identity, {**known, "started_as": leg.title}, [leg], self.base.prefer([leg]))

        return Draft({**known, "gfp_bits": flags}, told)

    def own(self, route: Route) -> Held:
        """What the functions of a route took themselves."""
        found: Held = frozenset()
        for frame in route.frames:
            found |= self.around.own(frame.state) - self.around.own(frame.node.entry)
        return found

    def leg(self, way: Way, holdings: Holdings) -> Leg:
        """The chain from an entry to the call."""
        above = holdings.chain(way.top) if way.top is not None else []
        frames = [*above, *((way.route.above,) if way.route.above else ()), *way.route.frames]
        if frames:
            leg = self.teller.leg(frames, Goal(None, None, "call"), None, frames[0].node)
            return replace(leg, steps=(*leg.steps[:-1], into(leg.steps[-1], way.target.code.function.name)))
        function, (context, irqs, bh, _) = way.target.code.function, state_of(way)
        place = unpack(function.file, function.where)
        step = WitnessStep(0, function.name, function.name, "enter", place, function.at)
        return Leg(context, function.name, (step,), context=context, irqs=irqs, bh=bh)

    def waited_under(self, way: Way) -> tuple[str, ...]:
        """Locks that others may hold while they wait for this to end: over reclaim, or over flushing its work item."""
        kinds = self.teller.binder.kinds
        bits = 0
        for cls in self.waited_for(way):
            bits |= self.held_over.get(cls, 0)
        classes = [cls for cls in range(bits.bit_length()) if bits >> cls & 1 and kinds[cls].category == "lock"]
        return tuple(sorted(self.teller.class_name(cls) for cls in classes))

    def waited_for(self, way: Way) -> set[int]:
        """Classes around a way that are no locks but things to wait for: reclaim, a work item, its queue, a timer."""
        kinds = self.teller.binder.kinds
        return {cls for cls, _ in way.held if cls >= 0 and kinds[cls].category in WAITED_FOR}

    @cached_property
    def held_over(self) -> dict[int, int]:
        """For each thing to wait for, the classes that some wait for it may have around it, as bits."""
        kinds = self.teller.binder.kinds
        around = may_hold(self.composer)
        found: dict[int, int] = {}
        for node, bits in around.items():
            for _, event in node.events():
                if type(event) is Acquired and kinds[event.entry.cls].category in WAITED_FOR:
                    cls = event.entry.cls
                    found[cls] = found.get(cls, 0) | bits | bits_of(event.state)
        return found


def state_of(way: Way) -> tuple[str, str, str, str]:
    """Context, and whether hardirqs, softirqs and preemption are on or off where the function is entered."""
    context = way.target.entry.context
    off = NO_PREEMPTION in way.held or context.preempt or not context.irqs_on or context.name != "task"
    on_off = ("off", "on")
    return context.name, on_off[context.irqs_on], on_off[context.softirqs_on], on_off[not off]


def gfp_of(way: Way) -> int | None:
    """The allocation flags that the nearest function around it was given, after the task's scopes; None if none was."""
    calls = [(frame.node, frame.state) for frame in way.route.frames]
    for node, state in reversed([*calls, (way.target, way.target.entry)]):
        for _, value in node.code.binding:
            if value.kind == "gfp":
                return scoped_gfp(value.value, state)
    return None


def into(call: WitnessStep, name: str) -> WitnessStep:
    """The line of a call with the function that it leads to, if it does not name it."""
    return call if call.text.split("(")[0] == name else replace(call, text=f"{call.text} -> {name}()")


def caller_of(way: Way) -> str:
    """Who asked: the function above the route, or the entry itself."""
    frame = way.route.above
    if frame is not None:
        return frame.node.code.function.name
    return way.route.frames[0].node.code.function.name if way.route.frames else way.target.code.function.name
