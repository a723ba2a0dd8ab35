"""Logs of single functions -> facts about the whole program, composed over calls.

Is: dependencies, usage and requirements with their evidence. A caller's held locks meet what its callees acquire
through bitsets, never by following a path again. Is not: circles or conflicts (``graph``), nor words.

Glossary words defined here: exposed acquisition, usage.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from lockcheck.analysis.actions import Outcome, Table, ordered
from lockcheck.analysis.binder import Binder
from lockcheck.analysis.closure import closure, components
from lockcheck.analysis.dependencies import Dependencies, Evidence, acquisition_key
from lockcheck.analysis.entries import Root
from lockcheck.analysis.events import Acquired, Allocated, Asserted, Enabled, Event, Freed, Misstep, Slept
from lockcheck.analysis.state import RECURSIVE, HeldStack, State
from lockcheck.analysis.walk import Node


class Recursion(NamedTuple):
    """A class taken while it is held: where it is held (``level`` in ``evidence``), and the acquisition."""

    evidence: Evidence
    event: Acquired
    node: Node
    op: int


USED_IN, ENABLED = 0, 1
HARDIRQ, SOFTIRQ, NMI = "hardirq", "softirq", "nmi"


class UsageBit(NamedTuple):
    """``direction`` USED_IN or ENABLED, of an irq kind, in a mode (0 write, 1 reader, 2 recursive reader)."""

    irq: str
    direction: int
    mode: int


_ENABLED_BITS = {irq: [UsageBit(irq, ENABLED, mode) for mode in range(3)] for irq in (NMI, HARDIRQ, SOFTIRQ)}


class Digest:
    """What an outcome adds to the summary of a node that has it; the same for every such node."""

    __slots__ = ("enabled", "exposed", "outcome", "special", "taken")

    def __init__(self, exposed: int, taken: int, enabled: int, special: tuple[Event, ...], outcome: Outcome) -> None:
        self.exposed, self.taken, self.enabled, self.special, self.outcome = exposed, taken, enabled, special, outcome


class Composer:
    """Composes the logs of all nodes that entries reach.

    ``dependencies``: which classes are taken under which, over calls. ``special``: events that are more than order,
    with node and op. ``usage``: class -> {UsageBit: evidence}. ``init``: confinement labels of code that runs before
    all else; it says nothing about usage, since no interrupt uses these locks yet.
    """

    def __init__(self, roots: list[Root], binder: Binder, init: frozenset[int]) -> None:
        self.table = binder.table
        self.kinds = binder.kinds
        self.init = init
        self.roots = roots
        self.parents = first_callers(root.node for root in roots)
        self.nodes = list(self.parents)
        self.number = {node: index for index, node in enumerate(self.nodes)}
        self.dependencies = Dependencies()
        self.usage: dict[int, dict[UsageBit, Evidence]] = {}
        self.acquired: dict[int, Evidence] = {}
        self.recursions: list[Recursion] = []
        self.special: list[tuple[Node, int, Event]] = []
        self._collisions: set[object] = set()
        self._met: set[object] = set()
        self._acquisitions: dict[Node, list[tuple[int, Acquired]]] = {}
        self._takers_of: dict[tuple[Node, int], list[Node]] = {}
        self._noted: dict[tuple[Node, int, object], int] = {}
        self._digested: dict[int, Digest] = {}
        self._bits: dict[int, int] = {}
        self._digest_logs()
        self._close()
        self._compose_calls()

    # -- one function at a time ------------------------------------------------------------------------------------

    def _digest_logs(self) -> None:
        self.exposed_own: list[int] = []
        self.acquired_own: list[int] = []
        self.enabled_own: list[int] = []
        digested = self._digested
        for node in self.nodes:
            exposed = taken = enabled = 0
            for index, outcome in node.log:
                known = digested.get(id(outcome))
                if known is None:
                    known = self._digest(node, index, outcome)
                if known.exposed:
                    exposed |= known.exposed
                if known.taken:
                    taken |= known.taken
                if known.enabled:
                    enabled |= known.enabled
                if known.special:
                    for event in known.special:
                        self._note(node, index, event)
            self.exposed_own.append(exposed)
            self.acquired_own.append(taken)
            self.enabled_own.append(enabled)

    def _digest(self, node: Node, index: int, outcome: Outcome) -> Digest:
        exposed = taken = enabled = 0
        special = []
        for event in outcome.events:
            if type(event) is Acquired:
                own, cls = self._acquisition(node, index, event)
                exposed |= own
                taken |= cls
            elif type(event) is Enabled:
                self._enabled(Evidence(node, index, event.state), event.hardirq, event.softirq)
                enabled |= event.hardirq | event.softirq << 1
            if self._is_special(event):
                special.append(event)
        known = self._digested[id(outcome)] = Digest(exposed, taken, enabled, tuple(special), outcome)
        return known

    def _bit(self, index: int) -> int:
        """``1 << index``, one object for all: with ten thousand classes such a number has a kilobyte."""
        found = self._bits.get(index)
        if found is None:
            found = self._bits[index] = 1 << index
        return found

    def _is_special(self, event: Event) -> bool:
        """Most events say something about order only; these are looked at one by one, in every node."""
        if type(event) is Acquired:
            return event.recursion is not None or event.outer > event.limit
        if type(event) is Slept:
            return event.state.context.atomic or self.blocks_sleep(event.state)
        return type(event) not in (Enabled, Allocated, Freed)

    def _note(self, node: Node, index: int, event: Event) -> None:
        """Keep a special event, once for each node, op and way in which it is special: the one with the least held,
        so that it is the same one whatever order the paths were walked in."""
        key = (node, index, variant(event))
        known = self._noted.get(key)
        if known is not None:
            if held_order(event.state) < held_order(self.special[known][2].state):
                self.special[known] = (node, index, event)
            return
        self._noted[key] = len(self.special)
        self.special.append((node, index, event))
        if type(event) is Acquired and event.recursion is not None:
            where = Evidence(node, index, event.state, event.recursion)
            self._recursion(where, event, node, index)

    def blocks_sleep(self, state: State) -> bool:
        """Some lock held in this function forbids sleeping."""
        return state.held.sleepless(self.kinds)

    def _acquisition(self, node: Node, index: int, event: Acquired) -> tuple[int, int]:
        entry, state = event.entry, event.state
        where = Evidence(node, index, state)
        self.acquired.setdefault(entry.cls, where)
        self._mark(event, where)
        if entry.trylock or not entry.checked:
            return 0, 0
        taken = self._bit(entry.cls)
        if event.excused:
            return 0, taken
        irq_context, key = state.context.irq_context, acquisition_key(event)
        levels, bottom = state.held.blockers(irq_context)
        for level in levels:
            self.dependencies.take(level, key, where)
        return (self._bit(key) if bottom and irq_context == state.context.base else 0), taken

    def _mark(self, event: Acquired, where: Evidence) -> None:
        """mark_usage(): what an acquisition says about its class."""
        entry, context = event.entry, event.state.context
        if not entry.checked or context.confinement in self.init:
            return
        mode = entry.mode
        bits = self.usage.setdefault(entry.cls, {})
        if not entry.trylock and (context.softirq or context.hardirq or context.nmi):
            for irq in (NMI, HARDIRQ, SOFTIRQ):
                if getattr(context, irq):
                    bits.setdefault(UsageBit(irq, USED_IN, mode), where)
        if not context.nmi:
            bits.setdefault(_ENABLED_BITS[NMI][mode], where)
        if not event.sync and not entry.irqs_off:
            bits.setdefault(_ENABLED_BITS[HARDIRQ][mode], where)
            if context.softirqs_on:
                bits.setdefault(_ENABLED_BITS[SOFTIRQ][mode], where)

    def _enabled(self, where: Evidence, hardirq: bool, softirq: bool) -> None:
        """mark_held_locks(): every held lock can be interrupted from here on."""
        if where.state.context.confinement in self.init:
            return
        irqs = [irq for irq, on in ((HARDIRQ, hardirq), (SOFTIRQ, softirq)) if on]
        for level in where.state.held.levels():
            entry = level.entry
            assert entry is not None
            if not entry.checked:
                continue
            bits = self.usage.setdefault(entry.cls, {})
            for irq in irqs:
                bit = _ENABLED_BITS[irq][entry.mode]
                if bit not in bits:
                    bits[bit] = where._replace(level=level)

    # -- over calls ------------------------------------------------------------------------------------------------

    def _close(self) -> None:
        number = self.number
        every: list[list[int]] = []
        through: list[list[int]] = []
        for node in self.nodes:
            every.append(list({number[callee]: None for _, _, callee in node.calls}))
            through.append(list({number[callee]: None for _, state, callee in node.calls if passes(state, callee)}))
        parts = components(len(self.nodes), every)
        self.dependencies.connect(self.exposed_own, through, closure(parts, self.exposed_own, through))
        self.taken = closure(parts, self.acquired_own, every)
        self.enabled = closure(parts, self.enabled_own, every)

    def _compose_calls(self) -> None:
        done: set[tuple[State, int]] = set()
        for node in self.nodes:
            for index, state, callee in node.calls:
                if not state.held.depth or callee.entry.held.depth:
                    continue
                target = self.number[callee]
                if (state, target) not in done:
                    done.add((state, target))
                    self._compose_call(Evidence(node, index, state, None, callee), target)

    def _compose_call(self, where: Evidence, target: int) -> None:
        """A caller's held locks meet what its callee reaches."""
        state = where.state
        if self.dependencies.exposed[target]:
            for level in state.held.blockers(state.context.irq_context)[0]:
                self.dependencies.call(level, target, where)
        hit = self._held_and_taken(state.held, self.taken[target])
        if hit:
            self._recursions(where, hit)
        enabled = self.enabled[target]
        if enabled:
            self._enabled(where, bool(enabled & 1), bool(enabled & 2))

    def _held_and_taken(self, held: HeldStack, taken: int) -> int:
        """The classes of held locks among these."""
        hit = 0
        for level in held.levels():
            assert level.entry is not None
            if taken >> level.entry.cls & 1:
                hit |= self._bit(level.entry.cls)
        return hit

    def _recursions(self, where: Evidence, hit: int) -> None:
        """Same-class acquisitions below a call: each held lock against each acquisition of its class."""
        assert where.callee is not None
        held = where.state.held
        levels = [level for level in held.levels() if level.entry is not None and hit >> level.entry.cls & 1]
        shown = tuple((e.cls, e.mode, e.lock) for level in levels if (e := level.entry) is not None)
        key = (where.node.code, where.op, where.callee, shown)
        if key in self._met:
            return
        self._met.add(key)
        for node in self._takers(where.callee, hit):
            for index, event in self._acquisitions_of(node):
                if hit >> event.entry.cls & 1:
                    for level in levels:
                        if collides(level, event, self.table):
                            self._recursion(where._replace(level=level), event, node, index)

    def _acquisitions_of(self, node: Node) -> list[tuple[int, Acquired]]:
        """What a node itself acquires at its ops, the same thing once."""
        found = self._acquisitions.get(node)
        if found is None:
            first: dict[object, tuple[int, Acquired]] = {}
            for index, event in node.events():
                if type(event) is Acquired:
                    entry = event.entry
                    key = (index, entry.cls, entry.lock, entry.mode, entry.trylock, entry.checked)
                    first.setdefault(key, (index, event))
            found = self._acquisitions[node] = list(first.values())
        return found

    def _takers(self, callee: Node, hit: int) -> list[Node]:
        """Nodes below a call that take one of these classes themselves."""
        key = (callee, hit)
        found = self._takers_of.get(key)
        if found is None:
            nodes = reachable([callee])
            found = self._takers_of[key] = [node for node in nodes if self.acquired_own[self.number[node]] & hit]
        return found

    def _recursion(self, where: Evidence, event: Acquired, node: Node, index: int) -> None:
        """Keep a recursion, once for each pair of holding and taking steps."""
        held = where.level.entry if where.level is not None else None
        assert held is not None
        key = (where.node.code, where.op, held.cls, held.mode, node.code, index, event.entry.mode)
        if key not in self._collisions:
            self._collisions.add(key)
            self.recursions.append(Recursion(where, event, node, index))


def held_order(state: State) -> tuple[int, list[tuple[int, int, bool, bool, int]]]:
    """A key by what is held: few locks first."""
    held = state.held
    return held.depth, [(one.lock, one.mode, one.trylock, one.irqs_off, one.refs) for one in held.entries()]


def variant(event: Event) -> object:
    """What tells special events of one step apart, whatever else is held."""
    context = event.state.context
    if type(event) is Acquired:
        held = event.recursion.entry if event.recursion is not None else None
        other = (held.cls, held.mode, held.lock) if held is not None else None
        return event.entry.cls, event.entry.mode, event.outer > event.limit, event.limit, other
    if type(event) is Slept:
        return context.name, context.irqs_on, context.softirqs_on, bool(context.preempt), event.what
    if type(event) is Asserted:
        return event.what, event.lock, event.held, event.ok
    if type(event) is Misstep:
        return event.what, event.lock, event.detail
    return event._replace(state=None)  # type: ignore[arg-type]


def collides(level: HeldStack, event: Acquired, table: Table) -> bool:
    """A held lock of a caller and a blocking acquisition of its class that nothing excuses."""
    held, entry = level.entry, event.entry
    assert held is not None
    if held.cls != entry.cls or entry.trylock or not entry.checked:
        return False
    if entry.mode == RECURSIVE and held.mode:
        return False
    return not ordered(table, held.lock, entry.lock)


def passes(state: State, callee: Node) -> bool:
    """A callee's exposed acquisitions are exposed in its caller too: only transparent holds lie in between."""
    if callee.entry.held.depth:
        return True
    context = state.context
    return context.irq_context == context.base and state.held.blockers(context.irq_context)[1]


def first_callers(starts: Iterable[Node]) -> dict[Node, tuple[Node, int, State] | None]:
    """Every node that entries reach, breadth first, with the call that a shortest chain reaches it through."""
    found: dict[Node, tuple[Node, int, State] | None] = dict.fromkeys(starts)
    queue = deque(found)
    while queue:
        node = queue.popleft()
        for index, state, callee in node.calls:
            if callee not in found:
                found[callee] = (node, index, state)
                queue.append(callee)
    return found


def reachable(starts: Iterable[Node]) -> list[Node]:
    """Nodes that calls reach, in order of discovery."""
    found: dict[Node, None] = {}
    todo = list(dict.fromkeys(starts))[::-1]
    while todo:
        node = todo.pop()
        if node in found:
            continue
        found[node] = None
        todo.extend(callee for _, _, callee in reversed(node.calls) if callee not in found)
    return list(found)
