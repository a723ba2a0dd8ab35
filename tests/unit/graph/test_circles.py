"""Strong circles against a naive enumeration, and the fold of very large components."""

from __future__ import annotations

import random
from itertools import permutations

import pytest

from lockcheck.graph import analyse, circles
from lockcheck.model.facts import Fact
from lockcheck.model.locks import Mode
from tests.unit.graph.programs import Edge, program

MODES = (Mode.EXCLUSIVE, Mode.SHARED, Mode.RECURSIVE)


def told(edges: list[Edge], locks: int) -> list[tuple[int, ...]]:
    """The circles that lockcheck tells, as lock numbers."""
    return [numbers(fact) for fact in analyse(program(locks, edges)).facts("circle")]


def numbers(fact: Fact) -> tuple[int, ...]:
    """The classes of a circle as numbers."""
    return tuple(int(name[1:]) for name in dict(fact.attributes)["locks"])  # type: ignore[union-attr]


def is_strong(circle: tuple[int, ...], edges: list[Edge]) -> bool:
    """Some choice of kinds closes the circle with no recursive arrival before a shared departure."""
    hops = [
        {(edge.exclusive, edge.recursive) for edge in edges if (edge.outer, edge.inner) == pair}
        for pair in zip(circle, circle[1:] + circle[:1], strict=True)
    ]
    for first in hops[0]:
        reached = {first}
        for kinds in hops[1:]:
            reached = {kind for kind in kinds for before in reached if not before[1] or kind[0]}
        if any(not last[1] or first[0] for last in reached) and len(hops) > 1:
            return True
    return False


def naive(edges: list[Edge], locks: int) -> set[tuple[int, ...]]:
    """All strong circles without repeated classes, each from its smallest class."""
    found = set()
    for length in range(2, locks + 1):
        for circle in permutations(range(locks), length):
            if circle[0] == min(circle) and is_strong(circle, edges):
                found.add(circle)
    return found


@pytest.mark.parametrize("seed", range(150))
def test_circles_are_the_strong_ones(seed: int) -> None:
    """Every told circle is strong, and every dependency on a strong circle is on a told one."""
    chance = random.Random(seed)
    edges = [
        Edge(*chance.sample(range(5), 2), chance.choice(MODES), chance.choice(MODES))
        for _ in range(chance.randint(3, 10))
    ]

    found = told(edges, 5)

    expected = naive(edges, 5)
    assert set(found) <= expected
    assert len(found) == len(set(found))
    assert pairs(found) == pairs(expected)


def pairs(some: set[tuple[int, ...]] | list[tuple[int, ...]]) -> set[tuple[int, int]]:
    """The dependencies that circles go through."""
    return {pair for circle in some for pair in zip(circle, circle[1:] + circle[:1], strict=True)}


def test_two_circles_that_share_a_dependency_are_both_told() -> None:
    """A -> B -> A does not hide A -> B -> C -> A."""
    edges = [Edge(0, 1), Edge(1, 0), Edge(1, 2), Edge(2, 0)]

    assert sorted(told(edges, 3)) == [(0, 1), (0, 1, 2)]


@pytest.mark.parametrize("seed", range(4))
def test_a_large_component_is_folded_to_its_inversions(seed: int) -> None:
    """Five dependencies against a long order are five circles, however many detours the order has."""
    chance = random.Random(seed)
    forward = {(n, n + chance.randrange(1, 40)) for n in range(360) for _ in range(9)}
    forward |= {(n, n + 1) for n in range(399)}
    ends = [sorted(chance.sample(range(400), 2)) for _ in range(5)]
    planted = {(high, low) for low, high in ends}
    edges = [Edge(*pair) for pair in sorted(forward | planted)]

    found = told(edges, 400)

    assert len(forward) > circles.FOLD_ABOVE
    assert len(found) == len(planted)
    assert all(sum(pair in pairs([circle]) for circle in found) == 1 for pair in planted)


def test_legs_of_one_thread_close_no_circle() -> None:
    """Two orders that only one thread ever takes can't wait for each other; a third way round still can."""
    edges = [Edge(0, 1), Edge(1, 0), Edge(1, 2), Edge(2, 0)]
    analysis = analyse(program(3, edges, ["worker", "worker", None, None]))

    assert [numbers(fact) for fact in analysis.facts("circle")] == [(0, 1, 2)]
