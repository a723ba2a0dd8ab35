"""Where a context comes from: the call that carries it down to the step where it is wrong.

Is: for a step that breaks a rule of its context (sleeping in atomic context, a lock too high for the wait limit), all
callers that bring that context in, each with the shortest chain down. One node may be entered so from many places, and
every one is a bug of its own; many steps below one such place are one bug. Is not: facts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from lockcheck.analysis.compose import held_order
from lockcheck.analysis.walk import Node
from lockcheck.graph.witness import Frame


def in_order(frame: Frame) -> tuple[object, ...]:
    """A key that puts frames in the order of the model's functions and steps, then by state: of several ways to tell
    the same bug the first is told, whatever order the walk met them in."""
    entry, state = frame.node.entry, frame.state
    context = state.context._replace(words=())
    where = frame.node.code.function.name, -frame.op
    return *where, entry.context, held_order(entry), context, held_order(state)


def origins(
    targets: Iterable[Frame], carries: Callable[[Node], bool], callers: Callable[[Node], list[Frame]]
) -> Iterator[list[Frame]]:
    """Chains from where a context begins down to the nearest target, target included.

    ``carries(node)``: the node is entered with the context already. A target in a node that does not carry it is its
    own origin. Otherwise chains start at each call from a node that does not carry it into one that does, and at
    entries that carry it.
    """
    below: dict[Node, Frame] = {}
    chain: dict[Node, Node | None] = {}
    queue: deque[Node] = deque()
    for target in sorted(targets, key=in_order):
        if not carries(target.node):
            yield [target]
        elif target.node not in chain:
            chain[target.node], below[target.node] = None, target
            queue.append(target.node)
    while queue:
        node = queue.popleft()
        above = sorted(callers(node), key=in_order)
        if not above:
            yield _down(node, below, chain)
        for frame in above:
            if not carries(frame.node):
                yield [frame, *_down(node, below, chain)]
            elif frame.node not in chain:
                chain[frame.node], below[frame.node] = node, frame
                queue.append(frame.node)


def _down(node: Node, below: dict[Node, Frame], chain: dict[Node, Node | None]) -> list[Frame]:
    frames = []
    now: Node | None = node
    while now is not None:
        frames.append(below[now])
        now = chain[now]
    return frames
