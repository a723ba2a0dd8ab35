"""Usage conflicts: a lock class taken in interrupts, and one held with those interrupts enabled, connected or the same.

Is: lockdep's irq checks (its three forms are one question for a tool without event order: is there a strong path
from a class used in an irq to a class held with that irq on?). Is not: a verdict or a witness.

Glossary words defined here: irq-safe, irq-unsafe, usage conflict.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from lockcheck.analysis.compose import ENABLED, HARDIRQ, NMI, SOFTIRQ, USED_IN, Composer, UsageBit
from lockcheck.analysis.dependencies import Evidence, Hop
from lockcheck.graph.order import LockOrder, Region, product
from lockcheck.model.locks import LockKind

_BITS = {
    (irq, direction): [UsageBit(irq, direction, mode) for mode in range(3)]
    for irq in (HARDIRQ, SOFTIRQ, NMI)
    for direction in (USED_IN, ENABLED)
}


class Conflict(NamedTuple):
    """``safe_bit`` of the first class excludes ``unsafe_bit`` of the last.

    ``hops`` is the strong path between them (empty: one class), ``evidence`` that of each hop.
    ``by_writer``: the reader in the interrupt is blocked by a writer that queues behind a reader. lockdep sees this
    only when the interrupt's usage is the last thing it learns; the machine can hang in any order.
    ``implied``: the unsafe class is used in that interrupt too, so that it conflicts with itself already.
    """

    irq: str
    safe: int
    unsafe: int
    safe_bit: UsageBit
    unsafe_bit: UsageBit
    hops: tuple[Hop, ...]
    by_writer: bool = False
    implied: bool = False
    evidence: tuple[Evidence, ...] = ()


class ConflictFinder:
    """Finds the conflicts of one composed program."""

    def __init__(
        self, composer: Composer, order: LockOrder, kinds: list[LockKind], name: Callable[[int], str]
    ) -> None:
        self.usage = composer.usage
        self.order, self.kinds, self.name = order, kinds, name
        self._sorted: list[int] | None = None

    def conflicts(self) -> list[Conflict]:
        """All conflicts: within one class, then along shortest paths, sorted by names.

        What conflicts for hardirqs and for softirqs over the same classes is told once, for hardirqs: the repair of
        that one (irqsave) is the repair of both.
        """
        found = [conflict for irq in (HARDIRQ, SOFTIRQ, NMI) for conflict in self.one_class(irq)]
        for irq in (HARDIRQ, SOFTIRQ):
            found.extend(self.along_paths(irq))
        alone = {(one.irq, one.safe) for one in found if not one.hops and not one.by_writer}
        found = [one._replace(implied=bool(one.hops) and (one.irq, one.unsafe) in alone) for one in found]
        told: dict[object, Conflict] = {}
        for conflict in found:
            classes = (conflict.safe, *(hop.inner for hop in conflict.hops))
            told.setdefault((conflict.irq == NMI, conflict.by_writer, classes), conflict)
        return list(told.values())

    def classes(self) -> list[int]:
        """Classes with usage, by name."""
        if self._sorted is None:
            self._sorted = sorted(self.usage, key=self.name)
        return self._sorted

    def bit(self, cls: int, irq: str, direction: int, write_only: bool = False) -> UsageBit | None:
        """The strongest usage bit of a class: writers before readers."""
        bits = self.usage.get(cls, {})
        for wanted in _BITS[irq, direction][: 1 if write_only else 3]:
            if wanted in bits:
                return wanted
        return None

    def one_class(self, irq: str) -> list[Conflict]:
        """Used in an irq and held with it on, not both only for reading."""
        found = []
        for cls in self.classes():
            safe, unsafe = self.bit(cls, irq, USED_IN), self.bit(cls, irq, ENABLED)
            if safe is None or unsafe is None:
                continue
            if not (safe.mode and unsafe.mode):
                found.append(Conflict(irq, cls, cls, safe, unsafe, ()))
            queued = self.queued_readers(cls, irq)
            if queued is not None:
                found.append(Conflict(irq, cls, cls, *queued, (), True))
        return found

    def queued_readers(self, cls: int, irq: str) -> tuple[UsageBit, UsageBit] | None:
        """A fair reader in the irq and any reader that it interrupts: a writer queued between them blocks both."""
        bits = self.usage.get(cls, {})
        safe = UsageBit(irq, USED_IN, 1)
        if safe not in bits or irq == NMI or self.skipped(cls):
            return None
        found = [UsageBit(irq, ENABLED, mode) for mode in (1, 2) if UsageBit(irq, ENABLED, mode) in bits]
        return (safe, found[0]) if found else None

    def skipped(self, cls: int) -> bool:
        """local_lock and wait overrides carry no irq dependency."""
        kind = self.kinds[cls]
        return kind.per_cpu or kind.override

    def along_paths(self, irq: str) -> list[Conflict]:
        """Strong paths from a safe to an unsafe class, with no other such class in between."""
        found: list[Conflict] = []
        sources = [cls for cls in self.classes() if self.source_bit(cls, irq) is not None]
        targets = [cls for cls in self.classes() if self.bit(cls, irq, ENABLED) is not None]
        if not sources or not targets:
            return found
        self.region = Region(self.order, self.order.between(sources, targets))
        for cls in sources:
            safe = self.source_bit(cls, irq)
            assert safe is not None
            plain = self.from_source(cls, safe, bool(safe.mode))
            found.extend(plain)
            if safe.mode == 1:
                told = {conflict.unsafe for conflict in plain}
                more = self.from_source(cls, safe, False)
                found.extend(one._replace(by_writer=True) for one in more if one.unsafe not in told)
        return found

    def source_bit(self, cls: int, irq: str) -> UsageBit | None:
        """The bit that makes a class a start of paths."""
        return None if self.skipped(cls) else self.bit(cls, irq, USED_IN)

    def from_source(self, cls: int, safe: UsageBit, through_exclusive: bool) -> list[Conflict]:
        """Breadth-first from one safe class; stops at unsafe classes and at classes that are starts themselves.

        A recursive reader in the interrupt waits only for exclusive holders, so with ``through_exclusive`` the path
        leaves its class only where that is held exclusively (the product's recursive flag says just this).
        """
        start = product(cls, through_exclusive)
        came: dict[int, tuple[int, Hop] | None] = {start: None}
        queue = deque([start])
        found: dict[int, Conflict] = {}
        while queue:
            node = queue.popleft()
            for to, hop in sorted(self.region.leaving(node), key=lambda pair: (self.name(pair[1].inner), pair[0])):
                if to in came or hop.inner == cls or self.skipped(hop.inner):
                    continue
                came[to] = (node, hop)
                unsafe = self.bit(hop.inner, safe.irq, ENABLED, write_only=bool(to & 1))
                if unsafe is not None:
                    hops = _trace(came, to)
                    evidence = tuple(self.region.evidence(one) for one in hops)
                    conflict = Conflict(safe.irq, cls, hop.inner, safe, unsafe, hops, evidence=evidence)
                    found.setdefault(hop.inner, conflict)
                elif not self.covers(to, safe.irq):
                    queue.append(to)
        return list(found.values())

    def covers(self, node: int, irq: str) -> bool:
        """A class on the way starts all paths that continue here: its own conflicts are the shorter ones."""
        bit = self.source_bit(node >> 1, irq)
        return bit is not None and (not bit.mode or bool(node & 1))


def _trace(came: dict[int, tuple[int, Hop] | None], node: int) -> tuple[Hop, ...]:
    hops = []
    step = came[node]
    while step is not None:
        hops.append(step[1])
        step = came[step[0]]
    return tuple(reversed(hops))
