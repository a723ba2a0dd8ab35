"""Facts about what comes round again, and about what was promised: call cycles, and contracts met or broken.

Is: circles of calls with the shortest round as witness; assertions and declared leaves with whether they hold.
Is not: circles of locks (``circles``), nor a judgement: most recursion is bounded by something that no model says.

Glossary words defined here: call cycle, promise.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from lockcheck.analysis.closure import components
from lockcheck.analysis.events import Asserted
from lockcheck.analysis.walk import Node
from lockcheck.graph.facts_order import make
from lockcheck.graph.facts_steps import StepFacts
from lockcheck.graph.witness import Frame, Goal
from lockcheck.model.facts import Attribute, Fact

MOST_STARTS = 200
"""Nodes from which a shortest round is looked for in one call cycle."""
HELD, NOT_HELD, LEAF = "held", "not held", "leaf"


class PromiseFacts:
    """Makes the facts of call cycles and contracts."""

    def __init__(self, steps: StepFacts) -> None:
        self.steps, self.base = steps, steps.base
        self.teller, self.composer = steps.teller, steps.composer

    # -- call cycles -----------------------------------------------------------------------------------------------

    def cycles(self) -> Iterator[Fact]:
        """One fact for each set of functions that call each other round."""
        named: dict[str, list[Node]] = {}
        calls: dict[str, set[str]] = {}
        for node in self.composer.nodes:
            if node.code.index >= 0:
                named.setdefault(node.code.function.name, []).append(node)
                row = calls.setdefault(node.code.function.name, set())
                row.update(callee.code.function.name for _, _, callee in node.calls)
        names = sorted(named)
        number = {name: index for index, name in enumerate(names)}
        graph = [sorted(number[to] for to in calls[name] if to in number) for name in names]
        for part in components(len(names), graph):
            members = tuple(sorted(names[index] for index in part))
            if len(members) > 1 or part[0] in graph[part[0]]:
                yield self.cycle(members, [node for name in members for node in named[name]])

    def cycle(self, members: tuple[str, ...], nodes: list[Node]) -> Fact:
        """The fact of one call cycle, with a shortest round."""
        inside = frozenset(nodes)
        rounds = (round_from(node, inside) for node in nodes[:MOST_STARTS])
        frames = min((one for one in rounds if one), key=len)
        leg = self.teller.leg([*self.teller.trail(frames[0].node), *frames], Goal(None, None, "call"), None, nodes[0])
        path = tuple(frame.node.code.function.name for frame in frames)
        caches = self.teller.binder.program.caches
        bound = {value.value for node in nodes for _, value in node.code.binding if value.kind == "cache"}
        held = {entry.cls for frame in frames for entry in frame.state.held.entries()}
        attributes: dict[str, Attribute] = {
            "locks": tuple(sorted(map(self.teller.class_name, held))),
            "chain": " -> ".join((*path, path[0])),
            "length": len(path),
            "members": members,
            "roles": tuple(sorted({role for node in nodes for role in node.code.function.roles})),
            "caches": tuple(sorted(caches[one].name for one in bound)),
            "bounded": not comes_back(nodes, inside),
        }
        return make("call-cycle", members, attributes, [leg], self.base.prefer([leg]))

    # -- contracts -------------------------------------------------------------------------------------------------

    def contracts(self, leaves: list[str]) -> Iterator[Fact]:
        """One fact for each promise: an assertion or a function's contract, or a declared leaf; broken ones first."""
        told: set[tuple[str, str, str]] = set()
        for fact in self.steps.assertions("assertion"):
            promise, lock, function = HELD if fact.get("held") else NOT_HELD, fact.identity[1], fact.identity[2]
            if (promise, lock, function) not in told:
                told.add((promise, lock, function))
                yield self.contract(promise, lock, function, fact)
        for fact in self.base.leaves(leaves):
            if (LEAF, fact.identity[0], "") not in told:
                told.add((LEAF, fact.identity[0], ""))
                yield self.contract(LEAF, fact.identity[0], None, fact)
        yield from self.kept(leaves, told)

    def kept(self, leaves: list[str], told: set[tuple[str, str, str]]) -> Iterator[Fact]:
        """The promises that hold on every path."""
        for node, index, event in self.composer.special:
            if type(event) is Asserted and event.what == "assertion" and event.lock >= 0:
                lock, function = self.teller.lock_name(event.lock), node.code.function.name
                promise = HELD if event.held else NOT_HELD
                if (promise, lock, function) not in told:
                    told.add((promise, lock, function))
                    leg = self.teller.event_leg(node, index, event.state, Goal(lock, event.mode, "note"))
                    fact = make("contract", (), {}, [leg], self.base.prefer([leg]))
                    yield self.contract(promise, lock, function, fact, broken=False)
        names = {self.teller.class_name(cls): cls for cls in self.composer.acquired}
        for name in sorted(set(leaves) & names.keys()):
            if (LEAF, name, "") not in told:
                where = self.composer.acquired[names[name]]
                leg = self.teller.event_leg(where.node, where.op, where.state, Goal(name, None))
                fact = make("contract", (), {}, [leg], self.base.prefer([leg]))
                yield self.contract(LEAF, name, None, fact, broken=False)

    @staticmethod
    def contract(promise: str, lock: str, function: str | None, shown: Fact, *, broken: bool = True) -> Fact:
        """The fact of one promise, with the witness of ``shown``."""
        attributes: dict[str, Attribute] = {
            "locks": (lock,),
            "lock": lock,
            "promise": promise,
            "function": function,
            "broken": broken,
        }
        return make("contract", (promise, lock, function or ""), attributes, shown.legs, shown.place)


def round_from(start: Node, inside: frozenset[Node]) -> list[Frame]:
    """A shortest chain of calls from a node back to its function, within some nodes; empty when there is none."""
    came: dict[Node, Frame | None] = {start: None}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for index, state, callee in node.calls:
            if callee not in inside:
                continue
            if callee.code.function.name == start.code.function.name:
                return _unwound(came, Frame(node, index, state))
            if callee not in came:
                came[callee] = Frame(node, index, state)
                queue.append(callee)
    return []


def _unwound(came: dict[Node, Frame | None], last: Frame) -> list[Frame]:
    frames = [last]
    above = came[last.node]
    while above is not None:
        frames.append(above)
        above = came[above.node]
    return frames[::-1]


def comes_back(nodes: list[Node], inside: frozenset[Node]) -> bool:
    """Some node is entered again in the state that it is in: nothing that the model says ends the round."""
    number = {node: index for index, node in enumerate(nodes)}
    graph = [sorted({number[callee] for _, _, callee in node.calls if callee in inside}) for node in nodes]
    return any(len(part) > 1 or part[0] in graph[part[0]] for part in components(len(nodes), graph))
