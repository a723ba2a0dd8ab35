"""A certificate: the lowered program, a summary for each function and state, and what follows from them.

Is: a plain document of lists, numbers and names. Is not: checked here (``verifier`` does that), nor written to a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from lockcheck.analysis.compose import USED_IN, Composer
from lockcheck.analysis.dependencies import Outer, keys_of
from lockcheck.analysis.events import Acquired, Asserted
from lockcheck.analysis.state import State
from lockcheck.analysis.walk import Node
from lockcheck.graph.analysis import Analysis
from lockcheck.proof.lowering import Lowered, stated

FORMAT = 1


class UnprovableError(Exception):
    """A clean run that no certificate can be written for, and why."""


def document(analysis: Analysis) -> dict[str, Any]:
    """What proves an analysis clean, as the verifier reads it. Raises :class:`UnprovableError`."""
    if analysis.coverage.merged:
        names = ", ".join(analysis.coverage.merged[:3])
        raise UnprovableError(f"the states of {names} had to be merged (raise max_states to keep them apart)")
    if analysis.program.open_options:
        raise UnprovableError("it is about one kernel config at a time; leave out --all-configs and --configs")
    return _Writer(analysis).document()


class _Key(NamedTuple):
    function: int
    entry: int
    whole: bool


class _Writer:
    def __init__(self, analysis: Analysis) -> None:
        self.composer: Composer = analysis.composer
        self.names = analysis.class_names
        self.lowered = Lowered(analysis.program)
        known = {name: number for number, name in enumerate(self.lowered.class_names)}
        self.numbers = [known.get(name, -1) for name in self.names]  # -1: of what no path does
        self.states: dict[str, int] = {}
        self.table: list[Any] = []
        self.preludes = {root.node.code: index for index, root in enumerate(self.composer.roots)}

    def document(self) -> dict[str, Any]:
        summaries = self.summaries()
        dependencies, waits = self.dependencies()
        return {
            "certificate": FORMAT,
            "program": self.lowered.document,
            "states": self.table,
            "summaries": summaries,
            "dependencies": dependencies,
            "waits": waits,
            "order": ranking([*dependencies, *waits], set(self.lowered.document["init"])),
            "usage": self.usage(),
        }

    def state(self, state: State) -> int:
        """The number of a state in the table."""
        made = stated(state, self.numbers.__getitem__)
        key = repr(made)
        if key not in self.states:
            self.states[key] = len(self.table)
            self.table.append(made)
        return self.states[key]

    def summaries(self) -> list[dict[str, Any]]:
        """One for each node, callers first."""
        takes = self.closed({node: self.own_takes(node) for node in self.composer.nodes})
        asserts = self.open_assertions()
        return [self.summary(node, takes[node], asserts[node]) for node in self.composer.nodes]

    def summary(self, node: Node, takes: Iterable[Any], asserts: Iterable[Any]) -> dict[str, Any]:
        """What is stated of one node."""
        number = self.composer.number[node]
        exposed = keys_of(self.composer.dependencies.exposed[number])
        enables = self.composer.enabled[number]
        return {
            "function": self.lowered.number(node.code, self.preludes.get(node.code)),
            "entry": self.state(node.entry),
            "whole": node.complete,
            "exits": sorted(self.state(end) for end in node.exits),
            "exposed": sorted([self.numbers[key >> 1], key & 1] for key in exposed),
            "takes": sorted(map(list, takes)),
            "asserts": sorted(map(list, asserts), key=repr),
            "enables": [irq for bit, irq in ((1, "hardirq"), (2, "softirq")) if enables & bit],
        }

    def own_takes(self, node: Node) -> frozenset[Any]:
        """Blocking acquisitions of a node itself: class, instance, mode."""
        return frozenset(
            (self.numbers[event.entry.cls], event.entry.lock, event.entry.mode)
            for _, event in node.events()
            if type(event) is Acquired and not event.entry.trylock and event.entry.checked
        )

    def closed(self, own: Mapping[Node, frozenset[Any]]) -> dict[Node, frozenset[Any]]:
        """The own ones of each node and those of all it reaches."""
        found = dict(own)
        changed = True
        while changed:
            changed = False
            for node in reversed(self.composer.nodes):
                total = found[node].union(*(found[callee] for _, _, callee in node.calls))
                if total != found[node]:
                    found[node], changed = total, True
        return found

    def open_assertions(self) -> dict[Node, frozenset[Any]]:
        """What each node leaves to its callers to hold, or not to hold."""
        found = {node: self.own_assertions(node) for node in self.composer.nodes}
        changed = True
        while changed:
            changed = False
            for node in reversed(self.composer.nodes):
                total = found[node] | self.passed_assertions(node, found)
                if total != found[node]:
                    found[node], changed = total, True
        return found

    def own_assertions(self, node: Node) -> frozenset[Any]:
        """Those of a node's own steps."""
        return frozenset(
            (event.what, event.lock, event.mode, event.held)
            for _, event in node.events()
            if type(event) is Asserted and event.ok is None and not node.complete
        )

    @staticmethod
    def passed_assertions(node: Node, found: Mapping[Node, frozenset[Any]]) -> frozenset[Any]:
        """Those of callees that the node does not decide."""
        return frozenset(
            one
            for _, state, callee in (() if node.complete else node.calls)
            for one in found[callee]
            if not any(one[1] in (e.lock, -1) and (one[2] is None or (e.mode == 0) == (one[2] == 0))
                       for e in state.held.entries())
        )  # fmt: skip

    def dependencies(self) -> tuple[list[Any], list[Any]]:
        """All dependencies that held-lock stacks show, and those of waits, by name."""
        table = self.composer.dependencies
        found: list[Any] = []
        waits: list[Any] = []
        for outers in table.outers().values():
            for outer in outers:
                held, waited = table.split(outer)
                found += [self.dependency(outer, key) for key in held]
                waits += [self.dependency(outer, key) for key in waited]
        return sorted(found), sorted(waits)

    def dependency(self, outer: Outer, key: int) -> list[Any]:
        """One dependency in one kind."""
        kinds = ("exclusive" if outer.exclusive else "shared", "recursive" if key & 1 else "other")
        return [self.names[outer.cls], kinds[0], self.names[key >> 1], kinds[1], outer.confinement]

    def usage(self) -> list[Any]:
        """All usage bits, by name."""
        return sorted(
            [self.names[cls], bit.irq, "in" if bit.direction == USED_IN else "on", bit.mode]
            for cls, bits in self.composer.usage.items()
            for bit in bits
        )


def ranking(dependencies: Iterable[list[Any]], init: set[int]) -> dict[str, list[int]]:
    """For each class how many others stand before it at least, arrived at otherwise and as a recursive reader.

    Raises :class:`UnprovableError` when there is a strong circle.
    """
    edges: dict[tuple[str, int], set[tuple[str, int]]] = {}
    waiting: dict[tuple[str, int], int] = {}
    for outer, held, inner, taken, label in dependencies:
        nodes = [(name, kind) for name in (outer, inner) for kind in (0, 1)]
        waiting.update({node: waiting.get(node, 0) for node in nodes})
        for kind in (0, 1) if held == "exclusive" else (0,):
            target = (inner, int(taken == "recursive"))
            if label not in init and target not in edges.setdefault((outer, kind), set()):
                edges[outer, kind].add(target)
                waiting[target] += 1
    levels: dict[tuple[str, int], int] = dict.fromkeys(waiting, 0)
    ready = [node for node, count in waiting.items() if not count]
    for node in ready:  # grows
        for target in edges.get(node, ()):
            levels[target] = max(levels[target], levels[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    if len(ready) < len(waiting):
        stuck = sorted({name for name, _ in waiting.keys() - set(ready)})
        raise UnprovableError("no order ranks " + ", ".join(stuck[:4]) + ": they are taken in circles")
    return {name: [levels[name, 0], levels[name, 1]] for name in sorted({name for name, _ in levels})}
