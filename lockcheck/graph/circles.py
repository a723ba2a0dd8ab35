"""Strong circles: closed strong paths of dependencies, each a possible deadlock.

Is: the choice which circles are told. For every dependency that lies on a circle, the shortest circle through it;
equal ones once. In a very large component (over FOLD_ABOVE hops) one shortest circle for each hop of a minimal set of
hops whose removal leaves no circle: the inversions. docs/decisions/0004 argues both. Never an enumeration of all
circles, whose number is exponential. Is not: a verdict or a witness.

Glossary words defined here: circle.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from lockcheck.analysis.dependencies import Hop
from lockcheck.graph.inversions import inversions
from lockcheck.graph.order import Region

FOLD_ABOVE = 32
"""Hops in one component above which circles are folded to one for each inversion."""
SEARCH_STEPS = 50_000
"""Bound on the search for a circle whose legs can all run at once, when confinement forbids the shortest."""


class CircleFinder:
    """Finds the circles of one region. ``name`` orders classes in the output."""

    def __init__(self, region: Region, name: Callable[[int], str]) -> None:
        self.region = region
        self.name = name

    def circles(self) -> list[tuple[Hop, ...]]:
        """All told circles, each from its smallest class name, sorted by length and names."""
        found: dict[tuple[int, ...], tuple[Hop, ...]] = {}
        for tangle in self.region.tangles():
            for circle in self.in_tangle(frozenset(tangle)):
                turned = self.canonical(circle)
                found.setdefault(tuple(hop.outer for hop in turned), turned)
        return sorted(found.values(), key=lambda circle: (len(circle), [self.name(hop.outer) for hop in circle]))

    def folds(self) -> bool:
        """Some component has too many hops for a circle of each."""
        return any(len(self.edges(frozenset(tangle))) > FOLD_ABOVE for tangle in self.region.tangles())

    def canonical(self, circle: Sequence[Hop]) -> tuple[Hop, ...]:
        """The circle turned to begin at its smallest class name."""
        start = min(range(len(circle)), key=lambda index: self.name(circle[index].outer))
        return tuple(circle[start:]) + tuple(circle[:start])

    def in_tangle(self, tangle: frozenset[int]) -> Iterable[list[Hop]]:
        """Shortest circles through the hops of one component."""
        edges = self.edges(tangle)
        if len(edges) > FOLD_ABOVE:
            edges = self.inversions(edges)
        for source, hop, target in edges:
            circle = self.through(source, hop, target, tangle)
            if circle is not None:
                yield circle

    def edges(self, tangle: frozenset[int]) -> list[tuple[int, Hop, int]]:
        """Product edges inside a component, in order of class names."""
        found: list[tuple[int, Hop, int]] = []
        for node in sorted(tangle, key=lambda node: (self.name(node >> 1), node & 1)):
            inside = [(to, hop) for to, hop in self.region.leaving(node) if to in tangle]
            inside.sort(key=lambda pair: (self.name(pair[1].inner), pair[1].recursive, not pair[1].exclusive))
            found.extend((node, hop, to) for to, hop in inside)
        return found

    def through(self, source: int, first: Hop, target: int, tangle: frozenset[int]) -> list[Hop] | None:
        """The shortest circle that begins with ``first`` and whose legs can all run at once, or None."""
        path = self.path(target, source, tangle)
        if path is None:
            return None
        circle = [first, *path]
        if len({hop.outer for hop in circle}) != len(circle):
            return None
        if self.compatible(circle):
            return circle
        return self.search(source, first, target, tangle)

    def path(self, start: int, goal: int, tangle: frozenset[int]) -> list[Hop] | None:
        """A shortest path of hops between two product nodes (breadth first, ties by name)."""
        came: dict[int, tuple[int, Hop]] = {}
        queue = deque([start])
        while queue and goal not in came:
            node = queue.popleft()
            fresh = ((to, hop) for to, hop in self.region.leaving(node) if to in tangle and to not in came)
            steps = [(to, hop) for to, hop in fresh if to != start]
            if node == start == goal:
                return []
            for to, hop in sorted(steps, key=lambda pair: (self.name(pair[1].inner), pair[0])):
                if to not in came:
                    came[to] = (node, hop)
                    queue.append(to)
        if goal == start:
            return []
        if goal not in came:
            return None
        hops: list[Hop] = []
        node = goal
        while node != start:
            node, hop = came[node]
            hops.append(hop)
        return hops[::-1]

    def compatible(self, circle: Sequence[Hop]) -> bool:
        """Some choice of evidence lets all legs run at the same time."""
        return self.choice(circle) is not None

    def choice(self, circle: Sequence[Hop]) -> list[int] | None:
        """A confinement label for each hop, any two of which allow each other; None if there is none."""
        options = [self.region.confinements(hop) for hop in circle]
        if all(option[0] == 0 for option in options):
            return [0] * len(circle)
        return self._choose(options, [])

    def _choose(self, options: list[list[int]], chosen: list[int]) -> list[int] | None:
        if len(chosen) == len(options):
            return chosen
        labels = self.region.labels
        for label in options[len(chosen)]:
            if all(labels[label].allows(labels[other]) for other in chosen):
                found = self._choose(options, [*chosen, label])
                if found is not None:
                    return found
        return None

    def search(self, source: int, first: Hop, target: int, tangle: frozenset[int]) -> list[Hop] | None:
        """Breadth-first over simple paths, dropping those whose legs exclude each other; bounded."""
        queue: deque[tuple[int, tuple[Hop, ...]]] = deque([(target, (first,))])
        for _ in range(SEARCH_STEPS):
            if not queue:
                return None
            node, hops = queue.popleft()
            if node == source:
                return list(hops)
            used = {hop.outer for hop in hops}
            for to, hop in self.region.leaving(node):
                longer = (*hops, hop)
                closes = to == source
                fits = to in tangle and hop.outer not in used and (closes or hop.inner not in used)
                if fits and self.compatible(longer):
                    queue.append((to, longer))
        return None

    def inversions(self, edges: list[tuple[int, Hop, int]]) -> list[tuple[int, Hop, int]]:
        """A small set of edges without which the component has no circle: see ``graph/inversions.py``."""
        return [edges[number] for number in inversions([(source, target) for source, _, target in edges])]
