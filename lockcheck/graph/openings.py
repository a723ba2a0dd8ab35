"""Circles that lockdep's order need not tell but that may hang all the same: shortcuts, and others in the same tangle.

Is: enumeration, bounded, of simple circles in the relation "holds one, wants the other", pruned by guards. Is not: a
verdict.

The lock-order graph records a dependency only from the nearest lock below (the others follow by transitivity), which is
enough to find that there is a circle. Which legs hang is another question: who holds A and B and waits for C may close
a circle over A and C alone.

Glossary words defined here: shortcut, open circle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

from lockcheck.graph.guards import Guards, Pair

MOST_CLASSES = 40
"""Lock classes of a tangle in which other circles are looked for."""
MOST_STEPS = 4_000
"""Partial circles looked at."""
MOST_SHORTCUTS = 8
"""Length of a circle whose shortcuts are all tried."""


class Others(NamedTuple):
    """What surrounds a told circle: all classes of its tangle, and the circles in it that are told (canonical)."""

    tangle: tuple[int, ...]
    told: frozenset[tuple[int, ...]]


def canonical(circle: Sequence[int]) -> tuple[int, ...]:
    """The circle turned to begin at its smallest class index."""
    start = min(range(len(circle)), key=lambda at: circle[at])
    return (*circle[start:], *circle[:start])


def legs(circle: Sequence[int]) -> list[Pair]:
    """(holds, wants) for each leg."""
    return list(zip(circle, (*circle[1:], circle[0]), strict=True))


def shortcuts(circle: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """The circle itself, then those that leave out some of its classes, longest first."""
    yield tuple(circle)
    if len(circle) <= MOST_SHORTCUTS:
        for size in range(len(circle) - 1, 1, -1):
            yield from combinations(circle, size)


def chains(chain: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """A chain and those that leave out some of its inner classes, longest first."""
    inner = chain[1:-1]
    if len(chain) < 2 or len(inner) > MOST_SHORTCUTS:
        yield tuple(chain)
        return
    for size in range(len(inner), -1, -1):
        yield from ((chain[0], *kept, chain[-1]) for kept in combinations(inner, size))


class OpenCircles:
    """Looks for circles whose legs exclude each other nowhere. ``complete`` turns false when the bounds are hit.

    ``blocks``: whether anybody ever waits for a class.
    """

    def __init__(self, guards: Guards, others: Others, blocks: Callable[[int], bool]) -> None:
        self._guards, self._others, self._blocks = guards, others, blocks
        self.complete = len(others.tangle) <= MOST_CLASSES
        self._steps = 0

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        if not self.complete:
            return
        tangle = sorted(self._others.tangle)
        self._guards.look_for((one, two) for one in tangle for two in tangle if one != two)
        inner = {
            one: [two for two in tangle if one != two and self._blocks(two) and self._guards.alternatives((one, two))]
            for one in tangle
        }
        for start in tangle:
            yield from self._from(start, (start,), inner)

    def _from(self, start: int, path: tuple[int, ...], inner: dict[int, list[int]]) -> Iterator[tuple[int, ...]]:
        """Open circles that begin with ``path``, through classes above ``start`` only."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            self.complete = False
            return
        pairs = list(pairwise(path))
        for following in inner[path[-1]]:
            added = (path[-1], following)
            if any(self._guards.between(added, pair) is not None for pair in pairs):
                continue
            if following == start:
                if len(path) > 1 and canonical(path) not in self._others.told:
                    yield path
            elif following > start and following not in path:
                yield from self._from(start, (*path, following), inner)
