"""The one finding that the kernel makes only in some orders of events, and what it can know of a case by then.

A fair reader in an interrupt can wait for a writer that queues behind a reader which the interrupt struck. lockcheck,
which knows no order of events, reports it always. lockdep asks for it once per class and interrupt: when the class is
read in that interrupt for the first time, and that reader is a fair one (``mark_lock`` searches forwards from a usage
bit that is new; a new edge or a new "enabled" bit does not count a reader's bit at the start of the path). What it
sees then are the sequences that came before, in whatever order they ran, and the one that is running, up to there.

Is: that part of a case, so that lockcheck can be asked about just that. Is not: a second lockdep; what is found in
that part is still lockcheck's own verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tests.conformance.corpus import class_name, sequences_of, switches_of

FAIR = frozenset({"read_lock", "downgrade"})
READS = FAIR | {"read_lock_recursive", "read_lock_queued"}
"""Ops that leave a reader's usage bit. A tried lock leaves none; a queued reader in an interrupt is recursive."""


class Read(NamedTuple):
    """The first read of a class in one kind of interrupt, within one sequence. ``op``: its index there."""

    irq: str
    class_name: str
    sequence: int
    op: int
    fair: bool


class Moment(NamedTuple):
    """A first read that is fair, and the case as far as the kernel can know it then."""

    irq: str
    class_name: str
    case: Mapping[str, Any]


def _interrupts(context: str, ops: Sequence[Sequence[Any]]) -> Iterator[frozenset[str]]:
    """The interrupts that each op runs in."""
    inside = [context] if context != "task" else []
    for op in ops:
        if op[0] in ("hardirq_enter", "softirq_enter"):
            inside.append(op[0].removesuffix("_enter"))
        elif op[0] in ("hardirq_exit", "softirq_exit") and inside:
            inside.pop()
        yield frozenset(inside)


def _first_reads(locks: Mapping[str, Any], at: int, sequence: Mapping[str, Any]) -> Iterator[Read]:
    """First reads in a sequence, in order."""
    seen = set()
    held: dict[str, str] = {}
    ops = sequence["ops"]
    for number, (op, inside) in enumerate(zip(ops, _interrupts(sequence["context"], ops), strict=True)):
        if len(op) < 2 or op[1] not in locks:
            continue
        if op[0] != "downgrade":
            subclass = op[2].get("subclass") if len(op) > 2 else None
            held[op[1]] = class_name(locks, op[1]) + (f"/{subclass}" if subclass else "")
        for irq in sorted(inside) if op[0] in READS and op[1] in held else ():
            if (irq, held[op[1]]) not in seen:
                seen.add((irq, held[op[1]]))
                yield Read(irq, held[op[1]], at, number, op[0] in FAIR)


def moments(case: Mapping[str, Any]) -> Iterator[Moment]:
    """Each moment at which the kernel may ask for a fair reader that waits for a queued writer."""
    sequences = sequences_of(case, switches_of(case).preempt_rt)
    reads = [read for at, one in enumerate(sequences) for read in _first_reads(case["locks"], at, one)]
    for read in reads:
        if not read.fair:
            continue
        readers = {other.sequence for other in reads if other[:2] == read[:2]}
        before = [one for at, one in enumerate(sequences) if at not in readers]
        running = sequences[read.sequence]
        known = [*before, {**running, "ops": running["ops"][: read.op + 1]}]
        yield Moment(read.irq, read.class_name, {**case, "sequences": known})
