"""Waits as dependencies: what must be taken before somebody can signal.

Is: hops from a completion or wait queue to every class that its signaller acquires first. lockdep has none of these.
Is not: work items and timers, whose maps are locks like any other.

A wait is over when any signaller gets through, so it can only hang if all of them are stuck: hops of a wait are kept
only while each of its signallers (each entry that signals) wants something inside the same component.

Glossary words defined here: signaller.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lockcheck.analysis.compile import Code
from lockcheck.analysis.compose import reachable
from lockcheck.analysis.dependencies import Evidence, Hop
from lockcheck.analysis.events import Acquired, Signalled
from lockcheck.analysis.state import RECURSIVE
from lockcheck.analysis.walk import Node
from lockcheck.graph.order import LockOrder
from lockcheck.graph.witness import Teller


class Need(NamedTuple):
    """A signaller (an entry's node) acquires the inner class of ``hop`` before it signals."""

    signaller: Node
    hop: Hop
    evidence: Evidence


class _Waits:
    """Collects the needs of every wait in one program."""

    def __init__(self, order: LockOrder, teller: Teller) -> None:
        self.order, self.teller, self.composer = order, teller, order.composer
        self.callers: dict[Node, list[tuple[Node, int]]] = {}
        self.own_waits: dict[int, dict[Node, Evidence]] = {}
        self._waiters: dict[int, set[int]] | None = None
        self._own: dict[Node, dict[tuple[int, bool], int]] = {}
        self._seen: dict[int, set[tuple[Node, int]]] = {}
        self._told: dict[tuple[Hop, int], set[Node]] = {}
        self._before: dict[tuple[Code, int], frozenset[int]] = {}
        self._above: dict[Node, set[Node]] = {}
        self._below: dict[Node, dict[tuple[int, bool], tuple[Node, int]]] = {}

    def waited_for(self) -> set[int]:
        """Wait classes that somebody waits for."""
        kinds = self.teller.binder.kinds
        return {cls for cls in self.composer.acquired if kinds[cls].category == "wait"}

    def needs(self, waits: set[int]) -> tuple[dict[int, set[Node]], list[Need]]:
        """(signallers of each wait, all needs)."""
        for node in self.composer.nodes:
            for index, _, callee in node.calls:
                self.callers.setdefault(callee, []).append((node, index))
        signallers: dict[int, set[Node]] = {cls: set() for cls in waits}
        found: list[Need] = []
        for node, index, event in self.composer.special:
            if type(event) is Signalled:
                cls = self.teller.binder.class_index(event.lock, 0)
                if cls in waits:
                    found.extend(self.before(cls, node, index, signallers[cls]))
        return signallers, found

    def before(self, wait: int, node: Node, index: int, signallers: set[Node]) -> Iterator[Need]:
        """What is acquired on the way to a signal, in its function and in all callers up to the entries."""
        seen = self._seen.setdefault(wait, set())  # other signals of this wait have been here
        queue = deque([(node, index)] if (node, index) not in seen else ())
        seen.update(queue)
        while queue:
            at, until = queue.popleft()
            entries = {entry for entry in self.entries_above(at) if self.can_end(wait, entry)}
            signallers.update(entries)
            for evidence, cls, recursive in self.acquisitions(at, self.ops_before(at, until)):
                if cls == wait:
                    self.own_waits.setdefault(wait, {}).update(dict.fromkeys(entries, evidence))
                elif not self.is_map(at, cls):
                    hop = Hop(wait, cls, True, recursive)
                    told = self._told.setdefault((hop, evidence.state.context.confinement), set())
                    yield from (Need(entry, hop, evidence) for entry in entries - told)
                    told |= entries
            for caller in self.callers.get(at, ()):
                if caller not in seen:
                    seen.add(caller)
                    queue.append(caller)

    def ops_before(self, node: Node, until: int) -> frozenset[int]:
        """:func:`ops_before`, remembered."""
        key = (node.code, until)
        if key not in self._before:
            self._before[key] = ops_before(node, until)
        return self._before[key]

    def can_end(self, wait: int, signaller: Node) -> bool:
        """An entry that may run while somebody waits: not in the waiters' own single thread, nor before all else."""
        own = self.order.labels[signaller.entry.context.confinement]
        return not own.init and any(self.order.labels[label].allows(own) for label in self.waiters(wait))

    def waiters(self, wait: int) -> set[int]:
        """The confinement labels of those who wait."""
        if self._waiters is None:
            self._waiters = {}
            for node in self.composer.nodes:
                for _, event in node.events():
                    if type(event) is Acquired and event.sync:
                        self._waiters.setdefault(event.entry.cls, set()).add(event.state.context.confinement)
        return self._waiters.get(wait, set())

    def is_map(self, node: Node, cls: int) -> bool:
        """A map that an entry's prelude takes: nothing waits there, but for the next item of an ordered workqueue."""
        root = self.teller.root_of.get(node)
        if node.code.index >= 0 or root is None or not root.entry.under:
            return False
        queue = self.teller.binder.class_index(root.entry.under[0], 0)
        return not (root.entry.serial and cls == queue)

    def entries_above(self, node: Node) -> set[Node]:
        """The entries that reach a node."""
        if node in self._above:
            return self._above[node]
        found: set[Node] = set()
        self._above[node] = found
        seen = {node}
        todo = [node]
        while todo:
            now = todo.pop()
            if now in self.teller.root_of:
                found.add(now)
            for caller, _ in self.callers.get(now, ()):
                if caller not in seen:
                    seen.add(caller)
                    todo.append(caller)
        return found

    def acquisitions(self, node: Node, ops: frozenset[int]) -> Iterator[tuple[Evidence, int, bool]]:
        """Blocking acquisitions at these ops, those of callees included."""
        for index, event in node.events():
            if index in ops and type(event) is Acquired:
                yield from _blocking(Evidence(node, index, event.state), event)
        for index, state, callee in node.calls:
            if index not in ops:
                continue
            for (cls, recursive), (inner, at) in self.below(callee).items():
                yield Evidence(node, index, state, None, inner, at), cls, recursive

    def below(self, callee: Node) -> dict[tuple[int, bool], tuple[Node, int]]:
        """Where a callee, or what it reaches, first takes each class in each arrival kind."""
        found = self._below.get(callee)
        if found is None:
            found = self._below[callee] = {}
            for inner in reachable([callee]):
                for key, at in self.own(inner).items():
                    found.setdefault(key, (inner, at))
        return found

    def own(self, node: Node) -> dict[tuple[int, bool], int]:
        """Where a node itself first takes each class in each arrival kind."""
        found = self._own.get(node)
        if found is None:
            found = self._own[node] = {}
            for at, event in node.events():
                if type(event) is Acquired:
                    for _, cls, recursive in _blocking(Evidence(node, at, event.state), event):
                        found.setdefault((cls, recursive), at)
        return found


def _blocking(where: Evidence, event: Acquired) -> Iterator[tuple[Evidence, int, bool]]:
    if not event.entry.trylock and event.entry.checked and not event.excused:
        yield where, event.entry.cls, event.entry.mode == RECURSIVE


def ops_before(node: Node, until: int) -> frozenset[int]:
    """Ops of a node from which ``until`` can be reached."""
    into: dict[int, list[int]] = {}
    for index, op in enumerate(node.code.ops):
        for successor in (op.then, *op.other):
            into.setdefault(successor, []).append(index)
    found: set[int] = set()
    todo = list(into.get(until, ()))
    while todo:
        index = todo.pop()
        if index not in found:
            found.add(index)
            todo.extend(into.get(index, ()))
    return frozenset(found)


def add_waits(order: LockOrder, teller: Teller) -> None:
    """Add the hops of all waits that can hang to a lock order."""
    waits = _Waits(order, teller)
    wanted = waits.waited_for()
    if not wanted:
        return
    signallers, needs = waits.needs(wanted)
    dependencies = order.composer.dependencies
    for wait, entries in signallers.items():
        own = waits.own_waits.get(wait, {})
        if entries and entries <= own.keys():
            order.self_waits.append((wait, next(iter(own.values()))))
    while needs:
        for need in needs:
            dependencies.add(need.hop, need.evidence)
        hopeful = _hopeful(order, signallers, needs)
        if not hopeful:
            return
        dependencies.drop_waits(wanted)
        needs = [need for need in needs if need.hop.outer not in hopeful]


def _hopeful(order: LockOrder, signallers: dict[int, set[Node]], needs: Iterable[Need]) -> set[int]:
    """Waits that some signaller ends without needing anything from the wait's own component."""
    component = {cls: number for number, part in enumerate(order.tangled()) for cls in part}
    stuck: dict[int, set[Node]] = {}
    for need in needs:
        own = component.get(need.hop.outer)
        if own is not None and own == component.get(need.hop.inner):
            stuck.setdefault(need.hop.outer, set()).add(need.signaller)
    outers = {need.hop.outer for need in needs}
    return {cls for cls in outers if stuck.get(cls, set()) != signallers.get(cls, set())}
