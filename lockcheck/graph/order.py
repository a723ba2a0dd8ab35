"""The lock-order graph: lock classes, dependencies with their kinds.

Is: regions of the graph with their hops, and the product of class and arrival kind in which strong paths are plain
paths. Is not: circles or conflicts, which are found in a region.

Glossary words defined here: lock-order graph, arrival kind, strong path, product node, region.
"""

from __future__ import annotations

from collections.abc import Iterable

from lockcheck.analysis.closure import parts_of
from lockcheck.analysis.compose import Composer
from lockcheck.analysis.dependencies import Evidence, Hop, Outer
from lockcheck.analysis.entries import Confinement

KIND_NAMES = {(True, False): "EN", (True, True): "ER", (False, False): "SN", (False, True): "SR"}


def product(cls: int, recursive: bool) -> int:
    """The product node of a class arrived at (only) recursively or not."""
    return cls * 2 + recursive


class Region:
    """The hops between some lock classes.

    A path is strong if no hop that arrives as a recursive reader is followed by one that leaves as a shared holder.
    In the product with the arrival kind this is local: from ``(class, recursive)`` only exclusive hops leave.
    """

    def __init__(self, order: LockOrder, classes: Iterable[int]) -> None:
        self.order = order
        self.labels = order.labels
        self.out: dict[int, list[Hop]] = {}
        self._outers: dict[Hop, list[Outer]] = {}
        mask = sum(3 << cls * 2 for cls in classes)
        for cls in classes:
            hops = order.composer.dependencies.hops(cls, mask)
            usable = {hop: [o for o in outers if o.confinement not in order.init] for hop, outers in hops.items()}
            self.out[cls] = [hop for hop, outers in usable.items() if outers]
            self._outers.update(usable)

    def leaving(self, node: int) -> Iterable[tuple[int, Hop]]:
        """Strong continuations of a product node: (product node, hop)."""
        recursive = node & 1
        for hop in self.out.get(node >> 1, ()):
            if hop.exclusive or not recursive:
                yield product(hop.inner, hop.recursive), hop

    def confinements(self, hop: Hop) -> list[int]:
        """The confinement labels under which a hop happens, ascending (0 is unconfined)."""
        return sorted(outer.confinement for outer in self._outers[hop])

    def evidence(self, hop: Hop, label: int | None = None) -> Evidence:
        """Where a hop was first seen, under a confinement label or under the least confined."""
        outers = sorted(self._outers[hop], key=lambda outer: outer.confinement)
        outer = next(o for o in outers if label is None or o.confinement == label)
        return self.order.composer.dependencies.evidence(outer, hop)

    def tangles(self) -> list[list[int]]:
        """Strongly connected sets of product nodes with more than one node: where strong circles live."""
        nodes = (node for cls in sorted(self.out) for node in (cls * 2, cls * 2 + 1))
        edges = [(node, to) for node in nodes for to, _ in self.leaving(node)]
        return [sorted(part) for part in parts_of(edges) if len(part) > 1]


class LockOrder:
    """The order of a composed program. ``init``: labels of code that runs before all else and so beside nothing.

    ``self_waits``: waits that only those end who wait for them first.
    """

    def __init__(self, composer: Composer, labels: list[Confinement], classes: int) -> None:
        self.composer = composer
        self.labels = labels
        self.classes = classes
        self.init = composer.init
        self.self_waits: list[tuple[int, Evidence]] = []

    def tangled(self) -> list[list[int]]:
        """Sets of classes that reach each other, if only weakly."""
        return self.composer.dependencies.tangled(self.classes, self.init)

    def between(self, sources: Iterable[int], targets: Iterable[int]) -> list[int]:
        """Classes on some path from a source to a target, ends included, ascending."""
        graph = self.composer.dependencies.skeleton(self.classes, self.init)
        back: list[list[int]] = [[] for _ in graph]
        for node, successors in enumerate(graph):
            for successor in successors:
                back[successor].append(node)
        both = _reach(graph, sources) & _reach(back, targets)
        return sorted(node for node in both if node < self.classes)


def _reach(graph: list[list[int]], starts: Iterable[int]) -> set[int]:
    found = set(starts)
    todo = list(found)
    while todo:
        for successor in graph[todo.pop()]:
            if successor not in found:
                found.add(successor)
                todo.append(successor)
    return found
