"""Sets that flow from callees to callers, as int bitsets over the strongly connected call graph.

Is: Tarjan's algorithm (iterative; R. Tarjan, Depth-first search and linear graph algorithms, 1972) and one pass of
unions. Is not: any lock semantics.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def components(count: int, successors: Sequence[Sequence[int]]) -> list[list[int]]:
    """Strongly connected components of nodes 0..count-1, callees before callers."""
    order = [0] * count
    low = [0] * count
    on_stack = bytearray(count)
    stack: list[int] = []
    found: list[list[int]] = []
    clock = 0
    for start in range(count):
        if order[start]:
            continue
        work = [(start, iter(successors[start]))]
        clock += 1
        order[start] = low[start] = clock
        stack.append(start)
        on_stack[start] = 1
        while work:
            node, rest = work[-1]
            for successor in rest:
                if not order[successor]:
                    clock += 1
                    order[successor] = low[successor] = clock
                    stack.append(successor)
                    on_stack[successor] = 1
                    work.append((successor, iter(successors[successor])))
                    break
                if on_stack[successor] and order[successor] < low[node]:
                    low[node] = order[successor]
            else:
                work.pop()
                if work and low[node] < low[work[-1][0]]:
                    low[work[-1][0]] = low[node]
                if low[node] == order[node]:
                    found.append(_pop_component(stack, on_stack, node))
    return found


def parts_of(edges: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Strongly connected components of the graph that has these edges, whatever its nodes are numbered."""
    index: dict[int, int] = {}
    successors: list[list[int]] = []
    for source, target in edges:
        for node in (source, target):
            if node not in index:
                index[node] = len(successors)
                successors.append([])
        successors[index[source]].append(index[target])
    names = list(index)
    return [[names[node] for node in part] for part in components(len(names), successors)]


def _pop_component(stack: list[int], on_stack: bytearray, root: int) -> list[int]:
    component = []
    while True:
        node = stack.pop()
        on_stack[node] = 0
        component.append(node)
        if node == root:
            return component


def closure(parts: list[list[int]], own: Sequence[int], successors: Sequence[Sequence[int]]) -> list[int]:
    """For each node its own bits and those of all it reaches over ``successors``.

    ``parts`` must list the components of a graph that contains ``successors``, callees first.
    """
    bits = list(own)
    for part in parts:
        changed = True
        while changed:
            changed = False
            for node in part:
                total = bits[node]
                for successor in successors[node]:
                    total |= bits[successor]
                if total != bits[node]:
                    bits[node] = total
                    changed = len(part) > 1
    return bits
