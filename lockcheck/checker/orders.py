"""Declared orders: chains of locks from several rules, put together, against the dependencies of a program.

Is: the composition (all documents together, closed transitively), what breaks it, and where documents contradict each
other. Is not: a judgement: rules judge the ``order``, ``order-conflict`` and ``unplaced`` facts that come out of it.

Glossary words defined here: declared order, order document, place (of a lock in an order).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from lockcheck.analysis.closure import closure, components
from lockcheck.checker.locks import LockSelector
from lockcheck.checker.sources import FactSource, LockTable, SelectingSource
from lockcheck.graph.drafts import Draft
from lockcheck.graph.facts_order import make
from lockcheck.model.facts import Attribute, Fact, Leg, WitnessStep
from lockcheck.model.places import NOWHERE, Place

ORDER, CONFLICT, UNPLACED = "order", "order-conflict", "unplaced"
"""The fact kinds that are made here."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Locks outermost first. ``source``: where it is documented."""

    elements: tuple[LockSelector, ...]
    source: str
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class OrderDocument:
    """What one rule declares. ``named``: every class that it names outright."""

    rule: str
    chains: tuple[Chain, ...]

    @property
    def named(self) -> frozenset[str]:
        """Every class name that stands in it."""
        return frozenset(name for chain in self.chains for one in chain.elements for name in one.names)


@dataclass(frozen=True, slots=True)
class Link:
    """One lock declared to be taken before another, by one chain of one rule."""

    before: str
    after: str
    rule: str
    chain: Chain


class Composed:
    """All declared orders over the classes of one program.

    Classes that the program does not have stay in it as names, so that orders compose through them.
    """

    def __init__(self, documents: Iterable[OrderDocument], table: LockTable) -> None:
        self.table = table
        self.placed: set[str] = set()
        self.links: dict[str, dict[str, list[Link]]] = {}
        for document in sorted(documents, key=lambda one: one.rule):
            named = document.named
            for chain in document.chains:
                self._add(chain, document.rule, named)

    def _add(self, chain: Chain, rule: str, named: frozenset[str]) -> None:
        parts = [sorted({*one.classes(self.table, named), *one.names}) for one in chain.elements]
        self.placed.update(name for part in parts for name in part if name in self.table.names)
        for first, second in pairwise(part for part in parts if part):
            for before in first:
                for after in second:
                    if before != after:
                        link = Link(before, after, rule, chain)
                        self.links.setdefault(before, {}).setdefault(after, []).append(link)

    @cached_property
    def _closed(self) -> tuple[dict[str, int], list[str], list[int]]:
        """Number of each name, the names, and for each the bits of those declared to come after it."""
        names = sorted({*self.links, *(after for row in self.links.values() for after in row)})
        number = {name: index for index, name in enumerate(names)}
        graph = [sorted(number[after] for after in self.links.get(name, ())) for name in names]
        own = [sum(1 << after for after in row) for row in graph]
        return number, names, closure(components(len(names), graph), own, graph)

    def is_before(self, first: str, second: str) -> bool:
        """``first`` is declared to be taken before ``second``, and not also the other way round."""
        return self._declared(first, second) and not self._declared(second, first)

    def _declared(self, first: str, second: str) -> bool:
        number, _, bits = self._closed
        return first in number and second in number and bool(bits[number[first]] >> number[second] & 1)

    @cached_property
    def before(self) -> dict[str, frozenset[str]]:
        """For each class of the program the classes of the program that are declared to be taken before it."""
        _, names, _ = self._closed
        ours = [name for name in names if name in self.table.names]
        return {name: frozenset(other for other in ours if self.is_before(other, name)) for name in ours}

    # -- against the order -----------------------------------------------------------------------------------------

    def broken(self) -> Iterator[Fact]:
        """One fact for each dependency, or chain of dependencies through locks without a place, against the order."""
        for inner, before in sorted(self.before.items()):
            if before and not before.isdisjoint(self.table.reached(inner)):
                for path in self._paths(inner, before):
                    if not any(path[-1] in self.before.get(between, ()) for between in path[1:-1]):
                        yield self._broken(path)

    def _paths(self, start: str, targets: frozenset[str]) -> Iterator[list[str]]:
        """The shortest strong path of dependencies to each target, not through another one.

        A hop that arrives as a recursive reader and one that leaves a shared hold say nothing together, as in circles.
        """
        came: dict[tuple[str, bool], tuple[str, bool] | None] = {(start, False): None}
        queue = deque(came)
        found: set[str] = set()
        while queue:
            at = queue.popleft()
            for inner, exclusive, recursive in self.table.hops(at[0]):
                to = (inner, recursive)
                if to in came or inner == start or (at[1] and not exclusive):
                    continue
                came[to] = at
                if inner not in targets:
                    queue.append(to)
                elif inner not in found:
                    found.add(inner)
                    yield _unwound(came, to)

    def _broken(self, path: Sequence[str]) -> Fact:
        """The fact of one chain of dependencies from a lock to one that is declared to come before it."""
        inner, outer = path[0], path[-1]
        declared = self._way(outer, inner)
        facts = [self.table.dependency(first, second) for first, second in pairwise(path)]
        rules = tuple(dict.fromkeys(link.rule for link in declared))
        attributes: dict[str, Attribute] = {
            "locks": tuple(path),
            "outer": outer,
            "inner": inner,
            "chain": " -> ".join(path),
            "declared": " -> ".join((outer, *(link.after for link in declared))),
            "direct": len(path) == 2,
            "rules": rules,
            "rule": rules[0],
            "source": ", ".join(dict.fromkeys(self._sources(declared))),
        }
        legs = [fact.legs[0] for fact in facts]
        return make(ORDER, path, attributes, legs, facts[0].place)

    def _way(self, first: str, last: str) -> list[Link]:
        """The shortest declared way from a lock to another, within one rule if there is such."""
        rules = sorted({link.rule for links in self.links[first].values() for link in links})
        for rule in (*rules, None):
            found = self._search(first, last, lambda link, rule=rule: rule is None or link.rule == rule)  # type: ignore[misc]
            if found:
                return found
        raise LookupError(f"{first} is not declared before {last}")

    def _sources(self, declared: Sequence[Link]) -> Iterator[str]:
        """Where the links of a way are declared; of a single one, every place that declares it."""
        links = self.links[declared[0].before][declared[0].after] if len(declared) == 1 else declared
        return (link.chain.source for link in links)

    def _search(self, first: str, last: str, usable: Callable[[Link], bool]) -> list[Link]:
        """A shortest way over usable links; classes of the program before others, then by name."""
        came: dict[str, Link | None] = {}
        queue = deque([first])
        while queue:
            name = queue.popleft()
            row = self.links.get(name, {})
            for after in sorted(row, key=lambda one: (one not in self.table.names, one)):
                link = next(filter(usable, row[after]), None)
                if link is None or after in came:
                    continue
                came[after] = link
                if after == last:
                    return _linked(came, first, last)
                queue.append(after)
        return []

    # -- documents against each other --------------------------------------------------------------------------------

    def conflicts(self) -> Iterator[Fact]:
        """One fact for each declared circle that goes through at least two classes of the program."""
        told: set[frozenset[str]] = set()
        number, names, bits = self._closed
        for name in names:
            if name in self.table.names and bits[number[name]] >> number[name] & 1:
                circle = self._search(name, name, lambda link: True)
                members = frozenset(link.before for link in circle)
                if members not in told and len(members & self.table.names) > 1:
                    told.add(members)
                    yield self._conflict(circle)

    @staticmethod
    def _conflict(circle: Sequence[Link]) -> Fact:
        """The fact of one declared circle; its legs are the documents."""
        names = tuple(link.before for link in circle)
        attributes: dict[str, Attribute] = {
            "locks": names,
            "functions": (),
            "chain": " -> ".join((*names, names[0])),
            "rules": tuple(sorted({link.rule for link in circle})),
            "source": ", ".join(dict.fromkeys(link.chain.source for link in circle)),
        }
        legs = [_declaration(link) for link in circle]
        return make(CONFLICT, names, attributes, legs, circle[0].chain.place)

    # -- exhaustive orders -------------------------------------------------------------------------------------------

    def unplaced(self) -> Iterator[Fact]:
        """One fact for each lock class (waits and the like are none) that no order gives a place."""
        for name in sorted(self.table.names - self.placed):
            if self.table.attributes(name)["category"] != "lock":
                continue
            fact = self.table.lock(name)
            yield Fact(UNPLACED, fact.identity, fact.attributes, fact.place, fact.legs[:1], fact.at)


def _unwound(came: dict[tuple[str, bool], tuple[str, bool] | None], last: tuple[str, bool]) -> list[str]:
    path = []
    at: tuple[str, bool] | None = last
    while at is not None:
        path.append(at[0])
        at = came[at]
    return path[::-1]


def _linked(came: dict[str, Link | None], first: str, last: str) -> list[Link]:
    links: list[Link] = []
    name = last
    while not links or name != first:
        link = came[name]
        assert link is not None
        links.append(link)
        name = link.before
    return links[::-1]


def _declaration(link: Link) -> Leg:
    """Where a rule declares one link, as a leg."""
    text = f"{link.before} before {link.after}"
    step = WitnessStep(0, link.rule, text, "note", link.chain.place, link.chain.source)
    return Leg(title="declared", entry=link.rule, steps=(step,))


class OrderedSource:
    """A source with the facts about declared orders beside its own."""

    def __init__(self, source: FactSource, documents: Sequence[OrderDocument]) -> None:
        self._source, self._documents = source, documents
        self._made: dict[str, tuple[Fact, ...]] = {}

    @property
    def table(self) -> LockTable:
        """The lock classes by name."""
        return self._source.table

    @cached_property
    def _concerned(self) -> bool:
        """At least two classes with a place in declared orders are locks of this program; else nothing can be said."""
        met: set[str] = set()
        for element in {one for document in self._documents for chain in document.chains for one in chain.elements}:
            met |= element.candidates(self.table)
            if len(met) > 1:
                return True
        return False

    @cached_property
    def _composed(self) -> Composed:
        return Composed(self._documents, self.table)

    def selected(
        self, kind: str, selects: Callable[[Mapping[str, Attribute]], bool], needs: frozenset[str] = frozenset()
    ) -> tuple[Fact, ...]:
        """Those of ``facts(kind)`` whose attributes ``selects`` takes, sorted."""
        if kind in (ORDER, CONFLICT, UNPLACED):
            return tuple(fact for fact in self.facts(kind) if selects(Draft.of(fact)))
        if isinstance(self._source, SelectingSource):
            return self._source.selected(kind, selects, needs)
        return tuple(fact for fact in self._source.facts(kind) if selects(Draft.of(fact)))

    def facts(self, kind: str) -> tuple[Fact, ...]:
        """All facts of that kind, sorted; those about orders are made when they are asked for."""
        if kind not in (ORDER, CONFLICT, UNPLACED):
            return self._source.facts(kind)
        if kind not in self._made:
            if kind != UNPLACED and not self._concerned:
                return ()
            composed = self._composed
            makers = {ORDER: composed.broken, CONFLICT: composed.conflicts, UNPLACED: composed.unplaced}
            self._made[kind] = tuple(sorted(makers[kind](), key=lambda fact: (fact.place, fact.identity)))
        return self._made[kind]
