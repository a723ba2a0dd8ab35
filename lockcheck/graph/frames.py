"""What legs are made of, and which depend on few open options: the fewer they take, the fewer runs all configs need.

Is: calls on the way to a goal, and choices among calls and legs. Is not: the making of legs.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from lockcheck.analysis.lifted import Literals, literals_of
from lockcheck.analysis.state import State
from lockcheck.analysis.walk import Node
from lockcheck.model.facts import Leg


class Frame(NamedTuple):
    """A call on the way: op number ``op`` of ``node`` in ``state``."""

    node: Node
    op: int
    state: State


class Goal(NamedTuple):
    """What the last step of a leg is about: class name and mode (or None), and how to call it."""

    lock: str | None = None
    mode: int | None = None
    action: str = "acquire"


def lightest(legs: Iterable[Leg]) -> Leg | None:
    """The first leg that takes no open option one way, else the first of those with the fewest; None for none."""
    best: Leg | None = None
    for leg in legs:
        if best is None or len(leg.options) < len(best.options):
            best = leg
        if not best.options:
            break
    return best


def light_calls(roots: Iterable[Node], options: frozenset[str]) -> dict[Node, Frame | None]:
    """For every node the call that reaches it with the fewest options, then in the fewest calls.

    Dijkstra's search by the number of options on the way; the way kept for a node is one of the best, or nearly so:
    two ways with as many options may share more or fewer of them with what follows.
    """
    number = count()
    came: dict[Node, Frame | None] = {}
    heap: list[tuple[int, int, int, Node, Frame | None, Literals]] = [
        (0, 0, next(number), root, None, frozenset()) for root in roots
    ]
    while heap:
        _, depth, _, node, call, taken = heappop(heap)
        if node in came:
            continue
        came[node] = call
        for at, state, callee in node.calls:
            if callee not in came:
                now = taken | literals_of(state.context, options)
                heappush(heap, (len(now), depth + 1, next(number), callee, Frame(node, at, state), now))
    return came
