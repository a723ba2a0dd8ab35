"""The lock-order graph: lock classes, dependencies with their kinds, usage.

Is: the networkx graph, and the product of class and arrival kind in which strong paths are plain paths.
Is not: circles or conflicts, which are found in it.

Glossary words defined here: lock-order graph, arrival kind, strong path, product node.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import networkx as nx

from lockcheck.analysis.compose import Composer, Evidence
from lockcheck.analysis.entries import Confinement

KIND_NAMES = {(True, False): "EN", (True, True): "ER", (False, False): "SN", (False, True): "SR"}


class Hop(NamedTuple):
    """One dependency used in one kind: ``exclusive`` (the outer hold) and ``recursive`` (the inner acquisition)."""

    outer: int
    inner: int
    exclusive: bool
    recursive: bool


def product(cls: int, recursive: bool) -> int:
    """The product node of a class arrived at (only) recursively or not."""
    return cls * 2 + recursive


class LockOrder:
    """Dependencies of a composed program as a graph.

    A path is strong if no hop that arrives as a recursive reader is followed by one that leaves as a shared holder.
    In the product with the arrival kind this is local: from ``(class, recursive)`` only exclusive hops leave.
    """

    def __init__(self, composer: Composer, labels: list[Confinement]) -> None:
        self.composer = composer
        self.labels = labels
        self.hops: dict[Hop, dict[int, Evidence]] = {}
        for (outer, inner), kinds in composer.dependencies.items():
            for (exclusive, recursive), evidence in kinds.items():
                usable = {label: where for label, where in evidence.items() if not labels[label].init}
                if usable:
                    self.hops[Hop(outer, inner, exclusive, recursive)] = usable
        self.out: dict[int, list[Hop]] = {}
        for hop in self.hops:
            self.out.setdefault(hop.outer, []).append(hop)

    def without(self, dropped: Iterable[Hop]) -> None:
        """Forget hops that cannot be part of anything."""
        for hop in sorted(dropped):
            del self.hops[hop]
            self.out[hop.outer].remove(hop)

    def add(self, hops: Iterable[tuple[Hop, Evidence]]) -> None:
        """Add hops that no held-lock stack shows (those of waits)."""
        for hop, evidence in hops:
            if hop not in self.hops:
                self.hops[hop] = {}
                self.out.setdefault(hop.outer, []).append(hop)
            self.hops[hop].setdefault(evidence.state.context.confinement, evidence)

    def components(self) -> list[set[int]]:
        """Strongly connected components of the plain graph of classes."""
        plain: nx.DiGraph[int] = nx.DiGraph()
        plain.add_edges_from((hop.outer, hop.inner) for hop in self.hops)
        return list(nx.strongly_connected_components(plain))

    def leaving(self, node: int) -> Iterable[tuple[int, Hop]]:
        """Strong continuations of a product node: (product node, hop)."""
        recursive = node & 1
        for hop in self.out.get(node >> 1, ()):
            if hop.exclusive or not recursive:
                yield product(hop.inner, hop.recursive), hop

    def tangles(self) -> list[list[int]]:
        """Strongly connected sets of product nodes with more than one node: where circles live.

        First the plain graph of classes, which is smaller; the product only inside its components.
        """
        suspects = {cls for part in self.components() if len(part) > 1 for cls in part}
        if not suspects:
            return []
        strong: nx.DiGraph[int] = nx.DiGraph()
        for cls in sorted(suspects):
            for node in (cls * 2, cls * 2 + 1):
                strong.add_edges_from((node, to) for to, hop in self.leaving(node) if hop.inner in suspects)
        return [sorted(part) for part in nx.strongly_connected_components(strong) if len(part) > 1]
