"""Facts about single lock classes and single dependencies: what is taken under what, and how a class is used.

Is: one fact for each class that some path takes, and one for each pair of a class and a class taken under it. They
are drafts: a large program has ten thousands, and rules forbid few of them.
Is not: circles or conflicts, which need several of them (``facts_order``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property

from lockcheck.analysis.compose import ENABLED, HARDIRQ, SOFTIRQ, USED_IN, UsageBit
from lockcheck.graph.drafts import Draft
from lockcheck.graph.facts_order import OrderFacts, make
from lockcheck.graph.order import KIND_NAMES
from lockcheck.graph.witness import Goal
from lockcheck.model.facts import Attribute, Fact, Leg
from lockcheck.model.locks import Lock, LockClass

IRQS = (HARDIRQ, SOFTIRQ)


class ClassFacts:
    """Makes the facts of classes and of dependencies."""

    def __init__(self, base: OrderFacts) -> None:
        self.base, self.teller, self.composer = base, base.teller, base.composer
        self._inner: dict[int, list[int]] | None = None
        self._outer: dict[int, set[int]] = {}

    def dependencies(self) -> Iterator[Draft]:
        """One for each pair of classes of which one is taken under the other."""
        for outer, inners in sorted(self.inner().items()):
            for inner in inners:
                yield self.dependency(outer, inner)

    def dependency(self, outer: int, inner: int) -> Draft:
        """One dependency, with the witness of its first kind."""
        name = self.teller.class_name
        table = self.composer.dependencies
        hops = table.hops(outer, 3 << inner * 2)
        first = min(hops, key=lambda hop: (hop.recursive, not hop.exclusive))
        kinds = self.base.kinds
        known: dict[str, Attribute] = {
            "locks": (name(outer), name(inner)),
            "outer": name(outer),
            "inner": name(inner),
            "kinds": tuple(sorted(KIND_NAMES[hop.exclusive, hop.recursive] for hop in hops)),
            "outer_kind": kinds[outer].name,
            "inner_kind": kinds[inner].name,
            "outer_category": kinds[outer].category,
            "inner_category": kinds[inner].category,
        }

        def told() -> Fact:
            leg = self.base.dependency(table.evidence(hops[first][0], first), first)
            attributes = {**known, "context": leg.context}
            return make("dependency", (name(outer), name(inner)), attributes, [leg], self.base.prefer([leg]))

        return Draft(known, told)

    def classes(self) -> Iterator[Draft]:
        """One for each class that some path takes."""
        for cls in sorted(self.composer.acquired):
            yield self.lock_class(cls)

    def lock_class(self, cls: int) -> Draft:
        """One class: what is taken under it, and whether interrupts may strike while it is held."""
        name, known = self.teller.class_name(cls), self.attributes(cls)

        def told() -> Fact:
            legs = self.legs(cls, self.composer.usage.get(cls, {}))
            return make("lock-class", (name,), known, legs, self.base.prefer(legs))

        return Draft(known, told)

    def attributes(self, cls: int) -> dict[str, Attribute]:
        """What is known of one class without a witness."""
        name = self.teller.class_name
        bits = self.composer.usage.get(cls, {})
        kind = self.base.kinds[cls]
        inner = tuple(sorted(name(one) for one in self.inner().get(cls, ())))
        base, _, level = name(cls).rpartition("/")
        own = self.declared.get(name(cls)) or self.declared.get(base)
        return {
            "locks": (name(cls),),
            "lock": name(cls),
            "lock_kind": kind.name,
            "category": kind.category,
            "group": own.group if own else None,
            "attributes": tuple(f"{key}={value}" for key, value in own.attributes) if own else (),
            "leaf": not inner,
            "declared_leaf": bool(own and own.leaf),
            "inner": inner,
            "outer": tuple(sorted(name(one) for one in self._outer.get(cls, ()))),
            "irq_safe": not any(bit.irq == HARDIRQ and bit.direction == ENABLED for bit in bits),
            "softirq_safe": not any(bit.irq == SOFTIRQ and bit.direction == ENABLED for bit in bits),
            "in_irqs": tuple(irq for irq in IRQS if any(b.irq == irq and b.direction == USED_IN for b in bits)),
            "may_sleep": kind.sleeps,
            "wait": kind.inner.name.lower(),
            "level": int(level) if base and level.isdecimal() and len(level) == 1 else 0,
            "file": own.place.file if own and own.place.file else None,
            "source": own.at if own else None,
        }

    @cached_property
    def declared(self) -> dict[str, Lock | LockClass]:
        """What the model declares of each class by name; of a class made by its instances, the first that says more."""
        program = self.teller.binder.program
        found: dict[str, Lock | LockClass] = {cls.name: cls for cls in program.classes}
        for lock in program.locks:
            known = found.get(lock.class_name)
            if known is None or (known.group is None and not known.attributes and (lock.group or lock.attributes)):
                found[lock.class_name] = lock
        return found

    def legs(self, cls: int, bits: Iterable[UsageBit]) -> list[Leg]:
        """Where it is taken; what is taken under it; where it is held with interrupts on, or taken in one."""
        where = self.composer.acquired[cls]
        legs = [self.teller.event_leg(where.node, where.op, where.state, Goal(self.teller.class_name(cls), None))]
        under = self.teller.first_inner(cls)
        if under is not None:
            legs.append(replace(under, about="inner"))
        for about, direction in (("enabled", ENABLED), ("interrupt", USED_IN)):
            first = min((bit for bit in bits if bit.irq in IRQS and bit.direction == direction), default=None)
            if first is not None:
                legs.append(replace(self.base.usage(cls, first), about=about))
        return legs

    def inner(self) -> dict[int, list[int]]:
        """For each class those taken under it, ascending; made once."""
        if self._inner is None:
            table = self.composer.dependencies
            self._inner = {outer: table.inner_classes(outer) for outer in table.outers()}
            for outer, inners in self._inner.items():
                for one in inners:
                    self._outer.setdefault(one, set()).add(outer)
        return self._inner
