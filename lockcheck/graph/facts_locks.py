"""Lock classes by name: what is known of one, what is taken under it, where its dependencies lead.

Is: a table that rules ask; nothing is made before it is asked for. Is not: a maker of facts of its own
(``facts_classes``), nor a declared order (that is ``checker/orders.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from lockcheck.analysis.closure import closure, components
from lockcheck.analysis.dependencies import keys_of
from lockcheck.graph.drafts import Draft
from lockcheck.graph.facts_classes import ClassFacts
from lockcheck.graph.facts_regions import Regions
from lockcheck.model.facts import Attribute, Fact


class LockFacts:
    """The lock classes of one analysed program, by name."""

    def __init__(self, classes: ClassFacts, regions: Regions) -> None:
        self.regions = regions
        self.classes, self.teller, self.composer = classes, classes.teller, classes.composer
        self._inner: dict[str, tuple[str, ...]] = {}
        self._hops: dict[str, tuple[tuple[str, bool, bool], ...]] = {}
        self._attributes: dict[str, dict[str, Attribute]] = {}
        self._facts: dict[tuple[str, str], Fact] = {}

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The index of each class that some path takes or waits for."""
        used = {*self.composer.acquired, *self.composer.dependencies.outers()}
        return {self.teller.class_name(cls): cls for cls in sorted(used)}

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of the classes that some path takes or waits for."""
        return frozenset(self.numbers)

    @cached_property
    def configs(self) -> tuple[str, ...]:
        """The kernel options that are on."""
        return tuple(name for name, on in self.teller.binder.program.config if on)

    @cached_property
    def functions(self) -> frozenset[str]:
        """Names of the functions that entries reach."""
        return frozenset(node.code.function.name for node in self.composer.nodes if node.code.index >= 0)

    def below(self, kind: str, functions: frozenset[str]) -> Iterator[Draft]:
        """What is done below functions, as facts of ``kind`` that are not made yet."""
        return self.regions.below(kind, functions)

    def under(self, kind: str, name: str) -> Iterator[Draft]:
        """What is done while a class is held, over calls too. Raises KeyError for one that nothing takes."""
        return self.regions.under(kind, self.numbers[name])

    def without(self, kind: str, names: frozenset[str]) -> Iterator[Draft]:
        """What is done on some path where none of these classes is held; with no names, all that is done."""
        return self.regions.without(kind, frozenset(self.numbers[name] for name in names))

    def inner(self, name: str) -> tuple[str, ...]:
        """Names of the classes that are taken under a class, sorted."""
        found = self._inner.get(name)
        if found is None:
            cls = self.numbers.get(name)
            inner = self.composer.dependencies.inner_classes(cls) if cls is not None else []
            found = self._inner[name] = tuple(sorted(map(self.teller.class_name, inner)))
        return found

    def hops(self, name: str) -> tuple[tuple[str, bool, bool], ...]:
        """(inner class, held exclusively, taken as recursive reader) for all that is taken under a class, sorted."""
        found = self._hops.get(name)
        if found is None:
            cls = self.numbers.get(name)
            hops = self.composer.dependencies.hops(cls) if cls is not None else {}
            named = {(self.teller.class_name(hop.inner), hop.exclusive, hop.recursive) for hop in hops}
            found = self._hops[name] = tuple(sorted(named))
        return found

    def reached(self, name: str) -> frozenset[str]:
        """Names of the classes that dependencies lead to from a class, in one step or more."""
        cls = self.numbers.get(name)
        if cls is None:
            return frozenset()
        return frozenset(self.teller.class_name(index) for index in keys_of(self._closed[cls]))

    @cached_property
    def _closed(self) -> list[int]:
        """For each class the bits of those it leads to, through the skeleton (callees lie between)."""
        classes = self.classes.base.order.classes
        graph = self.composer.dependencies.skeleton(classes, frozenset())
        own = [sum(1 << node for node in set(row) if node < classes) for row in graph]
        return closure(components(len(graph), graph), own, graph)

    def attributes(self, name: str) -> dict[str, Attribute]:
        """The attributes of the ``lock-class`` fact of a class. Raises KeyError for one that nothing takes."""
        found = self._attributes.get(name)
        if found is None:
            found = self._attributes[name] = self.classes.attributes(self.numbers[name])
        return found

    def lock(self, name: str) -> Fact:
        """The ``lock-class`` fact of a class. Raises KeyError for one that nothing takes."""
        return self.classes.lock_class(self.numbers[name]).fact

    def dependency(self, outer: str, inner: str) -> Fact:
        """The fact that ``inner`` is taken under ``outer``. Raises LookupError when it is not."""
        known = self._facts.get((outer, inner))
        if known is None:
            drafted = self.classes.dependency(self.numbers[outer], self.numbers[inner])
            known = self._facts[outer, inner] = drafted.fact
        return known
