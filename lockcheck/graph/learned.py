"""The order that dependencies imply: a partial order of lock classes, as few chains as it takes, and why it is no more.

Is: circles taken together as groups, the transitive reduction of the rest (A. Aho, M. Garey, J. Ullman, The transitive
reduction of a directed graph, 1972), the chains that cover it. Bitsets and one heap: a fifth to a third of networkx's
time, without its import (docs/decisions/0010).
Is not: a text, nor a judgement.

Glossary words defined here: learned order, group, unrelated.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import pairwise

from lockcheck.analysis.closure import components
from lockcheck.model.facts import Dependency

Group = tuple[str, ...]
"""Lock classes that no order can tell apart (a circle goes through them), or one class alone."""


@dataclass(frozen=True, slots=True)
class LearnedOrder:
    """What dependencies say about the order of lock classes.

    ``groups``: outermost first, names breaking ties; ``chains``: paths of the transitive reduction that together cover
    it; ``circles``: for each group of several classes one shortest circle, its first class repeated at the end;
    ``unrelated``: neighbours in ``groups`` that nothing relates; ``unrelated_count``: all such pairs;
    ``alone``: classes that are never taken together with another; ``free``: those that no order binds
    (:func:`unordered`).
    """

    groups: tuple[Group, ...]
    chains: tuple[tuple[Group, ...], ...]
    circles: tuple[tuple[str, ...], ...]
    unrelated: tuple[tuple[Group, Group], ...]
    unrelated_count: int
    alone: tuple[str, ...]
    free: tuple[str, ...]

    @property
    def total(self) -> bool:
        """Every two classes are ordered."""
        return not self.circles and not self.unrelated_count


def learn(classes: Iterable[str], dependencies: Sequence[Dependency]) -> LearnedOrder:
    """The order of ``classes`` that dependencies imply."""
    free = unordered(dependencies)
    pairs = sorted({(one.outer, one.inner) for one in dependencies if free.isdisjoint((one.outer, one.inner))})
    names = sorted({name for pair in pairs for name in pair})
    number = {name: index for index, name in enumerate(names)}
    inner: list[list[int]] = [[] for _ in names]
    for outer, taken in pairs:
        inner[number[outer]].append(number[taken])
    parts = sorted(sorted(part) for part in components(len(names), inner))
    part_of = {index: at for at, part in enumerate(parts) for index in part}
    after = [sorted({part_of[to] for index in part for to in inner[index]} - {at}) for at, part in enumerate(parts)]
    order = _sorted(after)
    reduced, reach = _reduced(order, after)
    groups = [tuple(names[index] for index in part) for part in parts]
    neighbours = [(first, second) for first, second in pairwise(order) if not reach[first] >> second & 1]
    every = len(parts) * (len(parts) - 1) // 2
    return LearnedOrder(
        groups=tuple(groups[at] for at in order),
        chains=tuple(tuple(groups[at] for at in chain) for chain in _chains(order, reduced)),
        circles=tuple(_circle(part, inner, names) for part in parts if len(part) > 1),
        unrelated=tuple((groups[first], groups[second]) for first, second in neighbours),
        unrelated_count=every - sum(bits.bit_count() for bits in reach),
        alone=tuple(sorted(set(classes) - set(names) - free)),
        free=tuple(sorted(free)),
    )


def _sorted(after: Sequence[Sequence[int]]) -> list[int]:
    """Topological order, the smallest first among those that may come next (A. Kahn, 1962)."""
    before = [0] * len(after)
    for row in after:
        for to in row:
            before[to] += 1
    ready = [at for at, count in enumerate(before) if not count]
    heapify(ready)
    order = []
    while ready:
        at = heappop(ready)
        order.append(at)
        for to in after[at]:
            before[to] -= 1
            if not before[to]:
                heappush(ready, to)
    return order


def _reduced(order: Sequence[int], after: Sequence[Sequence[int]]) -> tuple[list[list[int]], list[int]]:
    """The transitive reduction, successors in order, and for each node the bits of all that come after it."""
    rank = {at: position for position, at in enumerate(order)}
    reach = [0] * len(after)
    reduced: list[list[int]] = [[] for _ in after]
    for at in reversed(order):
        for to in sorted(after[at], key=rank.__getitem__):
            if not reach[at] >> to & 1:
                reduced[at].append(to)
                reach[at] |= 1 << to | reach[to]
    return reduced, reach


def _chains(order: Sequence[int], reduced: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Paths that go over every link of the reduction once."""
    left = [deque(row) for row in reduced]
    for start in order:
        while left[start]:
            chain = [start]
            while left[chain[-1]]:
                chain.append(left[chain[-1]].popleft())
            yield chain


def _circle(part: Sequence[int], inner: Sequence[Sequence[int]], names: Sequence[str]) -> tuple[str, ...]:
    """A shortest circle through the first class of a group."""
    members = frozenset(part)
    start = part[0]
    came: dict[int, int] = {}
    queue = deque([start])
    while start not in came:
        at = queue.popleft()
        for to in inner[at]:
            if to in members and to not in came:
                came[to] = at
                queue.append(to)
    path = [start, came[start]]
    while path[-1] != start:
        path.append(came[path[-1]])
    return tuple(names[index] for index in reversed(path))


def unordered(dependencies: Sequence[Dependency]) -> frozenset[str]:
    """Classes that are only ever taken as recursive readers: they wait for no reader, so no order binds them.

    What is taken under such a hold has a dependency from the lock around it, too.
    """
    taken: set[str] = set()
    ordered: set[str] = set()
    for one in dependencies:
        taken |= {one.outer, one.inner}
        if any(kind.startswith("E") for kind in one.kinds):
            ordered.add(one.outer)
        if any(kind.endswith("N") for kind in one.kinds):
            ordered.add(one.inner)
    inner = {one.inner for one in dependencies}
    return frozenset(name for name in taken - ordered if name in inner)


def witnesses(chain: Sequence[Group], inner: Mapping[tuple[str, str], str]) -> list[tuple[str, ...]]:
    """For each link of a chain what ``inner`` says of its pairs, sorted, each once."""
    return [
        tuple(sorted({inner[a, b] for a in first for b in second if (a, b) in inner}))
        for first, second in pairwise(chain)
    ]
