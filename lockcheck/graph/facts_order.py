"""Facts about the lock order: circles, recursions, usage conflicts, declared leaves.

Is: what was found in the graph, dressed with names, attributes and legs. Is not: the search itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from lockcheck.analysis.compose import ENABLED, Recursion, UsageBit
from lockcheck.analysis.dependencies import Evidence, Hop
from lockcheck.graph.circles import CircleFinder
from lockcheck.graph.conflicts import Conflict, ConflictFinder
from lockcheck.graph.openings import Others, canonical
from lockcheck.graph.order import LockOrder, Region
from lockcheck.graph.witness import MODES, Goal, Teller
from lockcheck.model.facts import UNDECIDED, Attribute, Fact, Leg, Replay, WitnessStep
from lockcheck.model.places import NOWHERE, Place

if TYPE_CHECKING:
    from lockcheck.analysis.walk import Walker
    from lockcheck.graph.reenact import Reenactor


def make(
    kind: str,
    identity: Sequence[str],
    attributes: dict[str, Attribute],
    legs: Sequence[Leg],
    place: Place | None = None,
    replay: Replay | None = None,
) -> Fact:
    """A fact with the attributes that every kind has, at the place where its last leg ends (or ``place``)."""
    if replay is not None:
        attributes = {**attributes, "verdict": replay.verdict, "reason": replay.reason or None}
    functions = dict.fromkeys(step.function for leg in legs for step in leg.steps)
    common: dict[str, Attribute] = {"functions": tuple(functions), "locks": ()}
    last = legs[-1].steps[-1]
    return Fact(
        kind, tuple(identity), tuple(sorted({**common, **attributes}.items())), place or last.place, tuple(legs),
        last.at if place is None else next((s.at for leg in legs for s in leg.steps if s.place == place), None),
        replay,
    )  # fmt: skip


class OrderFacts:
    """Makes the facts of one lock order. ``named``: files the user asked about; findings prefer to point into them."""

    def __init__(self, order: LockOrder, teller: Teller, named: frozenset[str], walker: Walker) -> None:
        self.order, self.teller, self.named, self._walker = order, teller, named, walker
        self.composer = order.composer
        self.kinds = teller.binder.kinds

    @cached_property
    def reenactor(self) -> Reenactor:
        """Replays what was found; made when something is."""
        from lockcheck.graph.reenact import Reenactor

        return Reenactor(self._walker, self.order, self.teller)

    def prefer(self, legs: Sequence[Leg]) -> Place:
        """Where to point: the innermost step in a file the user named, else the end of the first leg."""
        for leg in legs:
            for step in reversed(leg.steps):
                if step.place.file in self.named and step.action != "enter":
                    return step.place
        return legs[0].steps[-1].place

    def circles(self) -> Iterator[Fact]:
        """One fact for each told circle."""
        tangles = []
        for part in self.order.tangled():
            region = Region(self.order, part)
            finder = CircleFinder(region, self.teller.class_name)
            tangles.append((part, region, finder, finder.circles()))
        self.reenactor.prepare([hop.outer for hop in circle] for *_, told in tangles for circle in told)
        for part, region, finder, told in tangles:
            shared = Counter((hop.outer, hop.inner) for circle in told for hop in circle)
            classes = frozenset(canonical([hop.outer for hop in circle]) for circle in told)
            others = Others(tuple(part), classes)
            for circle in told:
                labels = finder.choice(circle)
                assert labels is not None
                chosen = [region.evidence(hop, label) for hop, label in zip(circle, labels, strict=True)]
                legs = [self.dependency(where, hop) for where, hop in zip(chosen, circle, strict=True)]
                yield self.circle(circle, legs, shared, self.reenactor.circle(circle, chosen, others))

        for wait, evidence in self.order.self_waits:
            yield self.self_wait(wait, evidence)

    def folds(self) -> bool:
        """Some component is so large that not every dependency in it has its circle told."""
        finders = (CircleFinder(Region(self.order, part), self.teller.class_name) for part in self.order.tangled())
        return any(finder.folds() for finder in finders)

    def self_wait(self, wait: int, evidence: Evidence) -> Fact:
        """The fact of a wait that everybody who would end it begins with."""
        name, kind = self.teller.class_name(wait), self.kinds[wait]
        leg = replace(self.teller.signaller_leg(evidence, wait, False), holds=name, holds_mode="exclusive")
        attributes: dict[str, Attribute] = {
            "locks": (name,),
            "chain": f"{name} -> {name}",
            "length": 1,
            "readers": False,
            "lock_kinds": (kind.name,),
            "categories": (kind.category,),
            "guards": (),
            "shared": None,
            "shared_by": 0,
        }
        replay = Replay(UNDECIDED, "a wait that its own signallers begin with is not replayed")
        return make("circle", (name,), attributes, [leg], self.prefer([leg]), replay)

    def dependency(self, evidence: Evidence, hop: Hop) -> Leg:
        """The leg behind one hop; the leg of a signaller *stands for* the wait, which it holds up."""
        leg = self.teller.dependency_leg(evidence, hop.inner, hop.recursive)
        if leg.holds:
            return leg
        name = self.teller.class_name(hop.outer)
        start = leg.steps[0]
        note = WitnessStep(1, start.function, f"signals {name} only after this:", "note", NOWHERE, lock=name)
        steps = (start, note, *leg.steps[1:])
        return replace(leg, steps=steps, holds=name, holds_mode="exclusive")

    def circle(
        self, circle: Sequence[Hop], legs: Sequence[Leg], shared: Counter[tuple[int, int]], replay: Replay
    ) -> Fact:
        """The fact of one circle. ``shared``: how many told circles go through each dependency."""
        names = [self.teller.class_name(hop.outer) for hop in circle]
        most = max(circle, key=lambda hop: shared[hop.outer, hop.inner])
        others = shared[most.outer, most.inner] - 1
        pair = f"{self.teller.class_name(most.outer)} -> {self.teller.class_name(most.inner)}"
        kinds = [self.kinds[hop.outer] for hop in circle]
        modes = {leg.holds_mode for leg in legs} | {leg.wants_mode for leg in legs}
        attributes: dict[str, Attribute] = {
            "locks": tuple(names),
            "chain": " -> ".join([*names, names[0]]),
            "length": len(circle),
            "readers": bool(modes & {"shared", "recursive"}),
            "lock_kinds": tuple(dict.fromkeys(kind.name for kind in kinds)),
            "categories": tuple(sorted({kind.category for kind in kinds})),
            "guards": self.guards(legs, names),
            "shared": pair if others else None,
            "shared_by": others,
        }
        return make("circle", names, attributes, legs, self.prefer(legs), replay)

    @staticmethod
    def guards(legs: Sequence[Leg], names: Sequence[str]) -> tuple[str, ...]:
        """Classes that every leg holds exclusively around its part of the circle."""
        common: set[str] | None = None
        for leg in legs:
            below = {hold.lock for hold in leg.held if hold.mode == "exclusive" and hold.lock not in names}
            common = below if common is None else common & below
        return tuple(sorted(common or ()))

    def recursions(self) -> Iterator[Fact]:
        """One fact for each (class, modes, functions) of a same-class acquisition."""
        found: dict[tuple[str, ...], Fact] = {}
        for recursion in self.composer.recursions:
            identity = self.recursion_identity(recursion)
            if identity not in found:
                found[identity] = self.recursion(recursion, identity)
        yield from found.values()

    def recursion_identity(self, recursion: Recursion) -> tuple[str, ...]:
        """Class, modes, who holds and who takes."""
        level, entry = recursion.evidence.level, recursion.event.entry
        assert level is not None and level.entry is not None
        holder, taker = recursion.evidence.node.code.function.name, recursion.node.code.function.name
        return (self.teller.class_name(entry.cls), MODES[level.entry.mode], MODES[entry.mode], holder, taker)

    def recursion(self, recursion: Recursion, identity: tuple[str, ...]) -> Fact:
        """The fact of one recursion."""
        evidence, event = recursion.evidence, recursion.event
        assert evidence.level is not None and evidence.level.entry is not None
        name = self.teller.class_name(event.entry.cls)
        goal = Goal(name, event.entry.mode)
        if evidence.callee is None:
            leg = self.teller.event_leg(recursion.node, recursion.op, event.state, goal, evidence.level)
        else:
            leg = self.teller.call_leg(evidence, recursion.node, recursion.op, event.state, goal)
        held = evidence.level.entry
        attributes: dict[str, Attribute] = {
            "locks": (name,),
            "lock": name,
            "held_instance": self.teller.lock_name(held.lock),
            "wanted_instance": self.teller.lock_name(event.entry.lock),
            "mode": MODES[event.entry.mode],
            "held_mode": MODES[held.mode],
            "lock_kind": self.kinds[held.cls].name,
            "category": self.kinds[held.cls].category,
        }
        replay = self.reenactor.recursion(evidence, event, recursion.node, recursion.op)
        return make("recursion", identity, attributes, [leg], self.prefer([leg]), replay)

    def conflicts(self) -> Iterator[Fact]:
        """One fact for each usage conflict."""
        finder = ConflictFinder(self.composer, self.order, self.kinds, self.teller.class_name)
        for conflict in finder.conflicts():
            pairs = zip(conflict.evidence, conflict.hops, strict=True)
            middle = [self.dependency(evidence, hop) for evidence, hop in pairs]
            yield self.conflict(conflict, middle)

    def conflict(self, conflict: Conflict, middle: Sequence[Leg]) -> Fact:
        """The fact of one usage conflict: the irq leg, the dependencies between, the leg that can be interrupted."""
        safe, unsafe = self.teller.class_name(conflict.safe), self.teller.class_name(conflict.unsafe)
        legs = [self.usage(conflict.safe, conflict.safe_bit), *middle, self.usage(conflict.unsafe, conflict.unsafe_bit)]
        names = [self.teller.class_name(hop.outer) for hop in conflict.hops] + [unsafe]
        attributes: dict[str, Attribute] = {
            "locks": tuple(dict.fromkeys(names)),
            "form": "chain" if conflict.hops else "one-class",
            "irq": conflict.irq,
            "safe": safe,
            "unsafe": unsafe,
            "chain": " -> ".join(names),
            "safe_read": conflict.safe_bit.mode != 0,
            "unsafe_read": conflict.unsafe_bit.mode != 0,
            "by_writer": conflict.by_writer,
            "implied": conflict.implied,
        }
        identity = (conflict.irq, "writer" if conflict.by_writer else "direct", *names)
        places = [legs[-1], *legs[:-1]]
        first = self.composer.usage[conflict.safe][conflict.safe_bit]
        last = self.composer.usage[conflict.unsafe][conflict.unsafe_bit]
        replay = self.reenactor.conflict(conflict, first, last)
        return make("usage-conflict", identity, attributes, legs, self.prefer(places), replay)

    def usage(self, cls: int, bit: UsageBit) -> Leg:
        """The leg that gives a class one usage bit."""
        evidence = self.composer.usage[cls][bit]
        name = self.teller.class_name(cls)
        if bit.direction == ENABLED and evidence.level is not None:
            return self.teller.enabled_leg(evidence, int(bit.irq == "softirq"), Goal(name, bit.mode, "irq"))
        return self.teller.event_leg(evidence.node, evidence.op, evidence.state, Goal(name, bit.mode))

    def leaves(self, declared: Iterable[str]) -> Iterator[Fact]:
        """One fact for each class taken under a lock that is declared a leaf."""
        wanted = frozenset(declared)
        for cls in self.composer.dependencies.outers():
            name = self.teller.class_name(cls)
            for inner in self.composer.dependencies.inner_classes(cls) if name in wanted else ():
                under = self.teller.class_name(inner)
                leg = self.teller.pair_leg(cls, inner)
                attributes: dict[str, Attribute] = {"locks": (name, under), "lock": name, "inner": under}
                yield make("leaf", (name, under), attributes, [leg], self.prefer([leg]))
