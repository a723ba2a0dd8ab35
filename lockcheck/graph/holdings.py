"""What callers hold around a function: for each node every set of locks that some chain of calls brings along.

Is: a forward walk over (node, set of held classes), along calls that were followed already, with the call that first
brought each set. Is not: an order (dependencies need no such sets, and so no limit) nor the words about it.

Glossary words defined here: holding.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from lockcheck.analysis.compose import Composer
from lockcheck.analysis.state import State
from lockcheck.analysis.walk import Node
from lockcheck.graph.witness import Frame

Held: TypeAlias = "frozenset[tuple[int, int]]"
"""(class index, mode) of held locks; :data:`NO_PREEMPTION` stands for a preemption counter above zero."""

NO_PREEMPTION = (-1, 0)
TOLD_APART = frozenset(("lock", "reclaim", "rcu", "work", "timer"))
"""Categories of classes that make two sets different."""
MOST_SETS = 200
"""Sets of held locks followed into one node; a function that more callers reach is told of as not complete."""
MOST_HOLDINGS = 50_000
"""Sets followed into all nodes together."""


class Holding(NamedTuple):
    """A node with what its callers hold around it."""

    node: Node
    held: Held


class Holdings:
    """The sets of locks around the nodes that ``wanted`` accepts and all those that lead there.

    ``crowded``: nodes with more than :data:`MOST_SETS` sets, whose other sets are left out.
    """

    def __init__(self, composer: Composer, wanted: Iterable[Node]) -> None:
        self.composer = composer
        self.callers = callers_of(composer.nodes)
        self.useful = leading_to(wanted, self.callers)
        self.crowded: set[Node] = set()
        self.came: dict[Holding, tuple[Holding, int, State] | None] = {}
        self.of: dict[Node, list[Holding]] = {}
        self._spread()

    def _spread(self) -> None:
        queue: deque[Holding] = deque()
        for root in self.composer.roots:
            if root.node in self.useful:
                self._arrive(Holding(root.node, frozenset()), None, queue)
        while queue:
            here = queue.popleft()
            for op, state, callee in here.node.calls:
                if callee in self.useful:
                    held = self.into(here, state, callee)
                    self._arrive(Holding(callee, held), (here, op, state), queue)

    def _arrive(self, there: Holding, call: tuple[Holding, int, State] | None, queue: deque[Holding]) -> None:
        if there in self.came:
            return
        known = self.of.setdefault(there.node, [])
        if len(known) >= MOST_SETS or len(self.came) >= MOST_HOLDINGS:
            self.crowded.add(there.node)
            return
        known.append(there)
        self.came[there] = call
        queue.append(there)

    def at(self, here: Holding, state: State) -> Held:
        """All that is held in a state of a node."""
        return here.held | self.own(state)

    def into(self, here: Holding, state: State, callee: Node) -> Held:
        """What stands around a callee: what its node does not import itself (held locks, or the preemption counter)."""
        held = self.at(here, state)
        if callee.entry.context.preempt:
            held -= {NO_PREEMPTION}
        return held - self.own(callee.entry) if callee.entry.held.depth else held

    def along(self, here: Holding, frames: Sequence[Frame], target: Node) -> Held:
        """All that is held where a chain of calls from a node enters its target."""
        for frame, callee in zip(frames, [*(frame.node for frame in frames[1:]), target], strict=True):
            here = Holding(callee, self.into(here, frame.state, callee))
        return self.at(here, target.entry)

    def own(self, state: State) -> Held:
        """The classes on a state's stack that are told apart, and whether its counters keep preemption off."""
        kinds = self.composer.kinds
        found = {(entry.cls, entry.mode) for entry in state.held.entries() if kinds[entry.cls].category in TOLD_APART}
        if state.context.preempt:
            found.add(NO_PREEMPTION)
        return frozenset(found)

    def chain(self, here: Holding) -> list[Frame]:
        """The calls from an entry that first brought this set."""
        frames: list[Frame] = []
        call = self.came[here]
        while call is not None:
            caller, op, state = call
            frames.append(Frame(caller.node, op, state))
            call = self.came[caller]
        return frames[::-1]


def callers_of(nodes: Iterable[Node]) -> dict[Node, list[tuple[Node, int, State]]]:
    """The calls that lead to each node."""
    found: dict[Node, list[tuple[Node, int, State]]] = {}
    for node in nodes:
        for op, state, callee in node.calls:
            found.setdefault(callee, []).append((node, op, state))
    return found


def leading_to(wanted: Iterable[Node], callers: dict[Node, list[tuple[Node, int, State]]]) -> set[Node]:
    """These nodes and all from which calls lead to them."""
    found: set[Node] = set()
    todo = list(wanted)
    while todo:
        node = todo.pop()
        if node not in found:
            found.add(node)
            todo.extend(caller for caller, _, _ in callers.get(node, ()))
    return found


def may_hold(composer: Composer) -> dict[Node, int]:
    """For each node the classes that some caller may hold around it, as bits by class index."""
    found = dict.fromkeys(composer.nodes, 0)
    todo = deque(composer.nodes)
    while todo:
        node = todo.popleft()
        for _, state, callee in node.calls:
            bits = found[node] | bits_of(state)
            if bits | found[callee] != found[callee]:
                found[callee] |= bits
                todo.append(callee)
    return found


def bits_of(state: State) -> int:
    """The classes on a state's stack."""
    bits = 0
    for entry in state.held.entries():
        bits |= 1 << entry.cls
    return bits
