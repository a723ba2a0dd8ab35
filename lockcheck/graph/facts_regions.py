"""What is done in a region: below some functions, under a lock, or where a lock is not held.

Is: the same acquisitions, allocations, sleeps, waits, signals and calls as those inside roles, over other sets of
nodes; drafts, made when a rule asks for such a region. Is not: a judgement.

Glossary words defined here: region of code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from lockcheck.analysis.compose import reachable
from lockcheck.analysis.events import Acquired, Event, Slept
from lockcheck.analysis.state import HeldStack, State
from lockcheck.analysis.walk import Node
from lockcheck.graph.drafts import Draft
from lockcheck.graph.facts_frees import frees
from lockcheck.graph.facts_roles import RoleFacts, nearest
from lockcheck.graph.facts_steps import StepFacts
from lockcheck.graph.witness import Frame, Goal
from lockcheck.model.facts import Attribute, Leg

DRAFTERS: Mapping[str, Callable[[RoleFacts], Iterator[Draft]]] = {
    "acquisition": RoleFacts.acquisitions,
    "allocation": RoleFacts.allocations,
    "call": RoleFacts.calls,
    "free": frees,
    "signal": RoleFacts.signals,
    "sleep": RoleFacts.own_sleeps,
    "wait": RoleFacts.waits,
}
"""What can be done in a region, by fact kind."""


class RegionFacts(RoleFacts):
    """What regions have in common: a step that sleeps where it may, and elsewhere where it may not, is two facts."""

    def told_apart(self, event: Slept) -> tuple[str, ...]:
        """Whether sleeping is allowed there."""
        return ("atomic",) if self.steps.is_atomic(event.state) else ()


class BelowFacts(RegionFacts):
    """What is done below functions, given by name, with or without a role."""

    def __init__(self, steps: StepFacts, names: frozenset[str]) -> None:
        super().__init__(steps)
        self.names = names

    def role_nodes(self) -> dict[str, list[Node]]:
        """Nodes of these functions."""
        found: dict[str, list[Node]] = {}
        for node in self.composer.nodes:
            if node.code.index >= 0 and node.code.function.name in self.names:
                found.setdefault(node.code.function.name, []).append(node)
        return dict(sorted(found.items()))


class UnderFacts(RegionFacts):
    """What is done while one lock class is held, over calls too, in the same interrupt context."""

    def __init__(self, steps: StepFacts, cls: int) -> None:
        super().__init__(steps)
        self.cls, self.name = cls, self.teller.class_name(cls)
        self.sites: dict[Node, tuple[Frame, HeldStack]] = {}
        for node in self.composer.nodes:
            for index, state, callee in node.calls:
                level = self.level(state)
                if level is not None and not callee.entry.held.depth:  # else it imports the lock and knows itself
                    self.sites.setdefault(callee, (Frame(node, index, state), level))

    def level(self, state: State) -> HeldStack | None:
        """Where the class stands on a state's own stack, in the interrupt context of that state."""
        for level in state.held.levels():
            entry = level.entry
            if entry is not None and entry.cls == self.cls and entry.irq_context == state.context.irq_context:
                return level
        return None

    def below(self) -> Iterator[tuple[str, Node, Node]]:
        """(the class, callee under it, node below that)."""
        return ((self.name, start, node) for node, start in nearest(list(self.sites)).items())

    def inside(self) -> Iterator[tuple[str, Node, Node, int, Event]]:
        """What the holders do themselves, then what they call."""
        for node in self.composer.nodes:
            for index, event in node.events():
                if self.level(event.state) is not None:
                    yield self.name, node, node, index, event
        for name, start, node in self.below():
            context = self.sites[start][0].state.context.irq_context
            for index, event in node.events():
                if event.state.context.irq_context == context:
                    yield name, start, node, index, event

    def calls_inside(self) -> Iterator[tuple[str, Node, Node, int, State, Node]]:
        """Calls by the holders themselves, then those below."""
        for node in self.composer.nodes:
            for index, state, callee in node.calls:
                if self.level(state) is not None:
                    yield self.name, node, node, index, state, callee
        yield from super().calls_inside()

    def leg(self, start: Node, node: Node, index: int, event: Event, goal: Goal) -> Leg:
        """From an entry to where the lock is held, and on to the step."""
        return self.held_leg(start, Frame(node, index, event.state), goal)

    def call_leg(self, start: Node, last: Frame) -> Leg:
        """From an entry to where the lock is held, and on to the call."""
        return self.held_leg(start, last, Goal(None, None, "call"))

    def held_leg(self, start: Node, last: Frame, goal: Goal) -> Leg:
        """From an entry to the holder, through its call, to the last step."""
        own = self.level(last.state)
        if own is not None:
            return self.teller.leg([*self.teller.trail(last.node), last], goal, own, last.node)
        frame, level = self.sites[start]
        frames = [*self.teller.trail(frame.node), frame, *self.teller.way(start, last.node), last]
        return self.teller.leg(frames, goal, level, frame.node)

    def region(self, name: str) -> dict[str, Attribute]:
        """No role."""
        return {"inside": (), "role_function": None}


class WithoutFacts(RegionFacts):
    """What is done on some path where none of these lock classes is held; with no classes, all that is done.

    ``skipped``: nodes to leave out.
    """

    def __init__(self, steps: StepFacts, classes: frozenset[int], skipped: Iterable[Node] = ()) -> None:
        super().__init__(steps)
        self.classes = classes
        self.skipped = frozenset(skipped)
        self.came: dict[Node, Frame | None] = {}
        queue = [root.node for root in self.composer.roots if not self.holds(root.node.entry)]
        self.came.update(dict.fromkeys(queue))
        for node in queue:  # grows: breadth first
            for index, state, callee in node.calls:
                if callee not in self.came and not self.holds(state):
                    self.came[callee] = Frame(node, index, state)
                    queue.append(callee)

    def holds(self, state: State) -> bool:
        """Some of the classes is on the stack."""
        return bool(self.classes) and any(entry.cls in self.classes for entry in state.held.entries())

    def below(self) -> Iterator[tuple[str, Node, Node]]:
        """(function, node, the same node) for each that is entered without the lock."""
        return ((node.code.function.name, node, node) for node in self.came if node not in self.skipped)

    def inside(self) -> Iterator[tuple[str, Node, Node, int, Event]]:
        """What is done there, as long as the function itself has not taken the lock."""
        for name, start, node in self.below():
            for index, event in node.events():
                if not self.holds(event.state):
                    yield name, start, node, index, event

    def calls_inside(self) -> Iterator[tuple[str, Node, Node, int, State, Node]]:
        """The calls that are made there."""
        return (one for one in super().calls_inside() if not self.holds(one[4]) and one[5].code.index >= 0)

    def is_outermost(self, start: Node, node: Node, event: Acquired) -> bool:
        """No lock that the function itself took is held around this acquisition."""
        kinds = self.teller.binder.kinds
        entries = event.state.held.entries()
        return not any(kinds[entry.cls].category == "lock" and entry.checked for entry in entries)

    def leg(self, start: Node, node: Node, index: int, event: Event, goal: Goal) -> Leg:
        """From an entry down, along calls without the lock."""
        return self.free_leg(Frame(node, index, event.state), goal)

    def call_leg(self, start: Node, last: Frame) -> Leg:
        """From an entry down to a call."""
        return self.free_leg(last, Goal(None, None, "call"))

    def free_leg(self, last: Frame, goal: Goal) -> Leg:
        """The chain by which the node was first reached without the lock."""
        frames = [last]
        above = self.came[last.node]
        while above is not None:
            frames.append(above)
            above = self.came[above.node]
        return self.teller.leg(frames[::-1], goal, None, last.node)

    def region(self, name: str) -> dict[str, Attribute]:
        """No role."""
        return {"inside": (), "role_function": None}


class Regions:
    """The regions that rules asked for, each made once."""

    def __init__(self, roles: RoleFacts) -> None:
        self.roles, self.steps = roles, roles.steps
        self._under: dict[int, UnderFacts] = {}
        self._outside: WithoutFacts | None = None

    def below(self, kind: str, functions: frozenset[str]) -> Iterator[Draft]:
        """What is done below functions. Raises KeyError for a kind that nobody does."""
        return DRAFTERS[kind](BelowFacts(self.steps, functions))

    def under(self, kind: str, cls: int) -> Iterator[Draft]:
        """What is done while a class is held."""
        if cls not in self._under:
            self._under[cls] = UnderFacts(self.steps, cls)
        return DRAFTERS[kind](self._under[cls])

    def without(self, kind: str, classes: frozenset[int]) -> Iterator[Draft]:
        """What is done where none of these classes is held."""
        return DRAFTERS[kind](WithoutFacts(self.steps, classes))

    def outside_roles(self, kind: str) -> Iterator[Draft]:
        """What is done by nodes that no function with a role reaches."""
        if self._outside is None:
            starts = [node for nodes in self.roles.role_nodes().values() for node in nodes]
            self._outside = WithoutFacts(self.steps, frozenset(), reachable(starts))
        return DRAFTERS[kind](self._outside)
