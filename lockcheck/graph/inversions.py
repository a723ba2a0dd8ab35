"""Few edges of a graph without which it has no circle: the ones against the order that the others make.

Is: a heuristic for the minimum feedback arc set. An edge that many shortest circles share is taken out first, again
and again; a dependency against a long order is on every circle that it closes, so it is found before any part of that
order.
Is not: exact (that is NP-hard) nor about locks.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from lockcheck.analysis.closure import parts_of

Edge: TypeAlias = tuple[int, int]
SAMPLE = 24
"""Circles looked at to choose the next edge."""
ROUNDS = 64
"""Edges chosen so; what is left after that is cut by a faster, coarser heuristic."""


def inversions(edges: Sequence[Edge]) -> list[int]:
    """Indexes into ``edges`` (no two alike), ascending: a set whose removal leaves no circle, with no edge to spare."""
    left = dict(zip(edges, range(len(edges)), strict=True))
    cut: list[Edge] = []
    for _ in range(ROUNDS):
        parts = _components(left)
        if not parts:
            break
        for part in parts:
            worst = _most_shared(part)
            cut.append(worst)
            del left[worst]
    for part in _components(left):
        for edge in _backward(part):
            cut.append(edge)
            del left[edge]
    return sorted(dict(zip(edges, range(len(edges)), strict=True))[edge] for edge in _needed(left, cut))


def _components(edges: Iterable[Edge]) -> list[list[Edge]]:
    """The edges inside each strongly connected component that has any, in the order given."""
    part_of = {node: number for number, part in enumerate(parts_of(edges)) for node in part}
    found: dict[int, list[Edge]] = {}
    for edge in edges:
        if part_of[edge[0]] == part_of[edge[1]]:
            found.setdefault(part_of[edge[0]], []).append(edge)
    return sorted(found.values())


def _most_shared(edges: list[Edge]) -> Edge:
    """The edge that most of a sample of shortest circles share; the first of equals."""
    out: dict[int, list[int]] = {}
    for source, target in edges:
        out.setdefault(source, []).append(target)
    step = max(1, len(edges) // SAMPLE)
    shared: Counter[Edge] = Counter()
    for source, target in edges[::step]:
        shared.update(_circle(out, source, target))
    return max(edges, key=lambda edge: shared[edge])


def _circle(out: dict[int, list[int]], source: int, target: int) -> list[Edge]:
    """The edges of a shortest circle through an edge (breadth first)."""
    came = {target: source}
    queue = deque([target])
    while queue and source not in came:
        node = queue.popleft()
        for successor in out[node]:
            if successor not in came:
                came[successor] = node
                queue.append(successor)
    circle = [(source, target)]
    node = source
    while node != target:
        circle.append((came[node], node))
        node = came[node]
    return circle


def _backward(edges: list[Edge]) -> list[Edge]:
    """Edges against a depth-first order: coarse, linear."""
    out: dict[int, list[int]] = {}
    for source, target in edges:
        out.setdefault(source, []).append(target)
    done: dict[int, int] = {}
    seen: set[int] = set()
    for start in sorted(out):
        stack = [(start, iter(out[start]))] if start not in seen else []
        seen.add(start)
        while stack:
            node, successors = stack[-1]
            fresh = next((successor for successor in successors if successor not in seen), None)
            if fresh is None:
                done[node] = len(done)
                stack.pop()
            else:
                seen.add(fresh)
                stack.append((fresh, iter(out.get(fresh, ()))))
    return [edge for edge in edges if done[edge[0]] <= done[edge[1]]]


def _needed(kept: Iterable[Edge], cut: list[Edge]) -> list[Edge]:
    """The cut edges that would close a circle again; the others are put back."""
    out: dict[int, set[int]] = {}
    for source, target in kept:
        out.setdefault(source, set()).add(target)
    needed = []
    for source, target in reversed(cut):
        if _reaches(out, target, source):
            needed.append((source, target))
        else:
            out.setdefault(source, set()).add(target)
    return needed


def _reaches(graph: dict[int, set[int]], start: int, goal: int) -> bool:
    seen = {start}
    todo = [start]
    while todo:
        node = todo.pop()
        if node == goal:
            return True
        for successor in graph.get(node, ()):
            if successor not in seen:
                seen.add(successor)
                todo.append(successor)
    return False
