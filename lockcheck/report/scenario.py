"""The CPU0/CPU1 table that every kernel developer knows.

Is: who takes what in which order, as columns; lockdep's own tables and one for longer circles.
Is not: the whole report (``text.py``, ``lockdep.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lockcheck.model.facts import Fact, Leg

COLUMN = 29
"""Where the second CPU's column starts, after the first one's, in lockdep's tables."""

FIRST = 2
MOST_CPUS = 3
NARROW = 26
"""The width of each of three columns."""

SYNC = "synchronize_"
"""How steps begin that wait for holders without holding: lockdep's table calls that a sync."""

DEADLOCK = " *** DEADLOCK ***"


class Move(NamedTuple):
    """One line of the table: which CPU, what it does, how far it is indented in its column."""

    cpu: int
    text: str
    indent: int = 0


def lock(name: str | None, mode: str | None = None) -> str:
    """``lock(A);`` or, for readers, ``rlock(A);``."""
    return f"{'rlock' if mode in ('shared', 'recursive') else 'lock'}({name});"


def wants(leg: Leg) -> str:
    """What the leg gets stuck in."""
    last = leg.steps[-1] if leg.steps else None
    if last is not None and last.action == "wait":
        return f"wait({leg.wants});"
    if last is not None and last.text.startswith(SYNC):
        return f"sync({leg.wants});"
    return lock(leg.wants, leg.wants_mode)


def holds(leg: Leg) -> str:
    """How the leg got what it holds. Who is to end a wait holds nothing, but stands for it."""
    if all(hold.lock != leg.holds for hold in leg.held):
        return f"(will signal {leg.holds})"
    return lock(leg.holds, leg.holds_mode)


def moves_of(fact: Fact) -> tuple[Move, ...]:
    """The table's lines for one fact; nothing when the fact kind has no such table."""
    if fact.kind == "circle":
        return _circle(fact.legs)
    if fact.kind == "recursion":
        leg = fact.legs[0]
        return Move(0, holds(leg)), Move(0, wants(leg))
    if fact.kind == "usage-conflict":
        return _conflict(fact)
    return ()


def _circle(legs: Sequence[Leg]) -> tuple[Move, ...]:
    """Each CPU gets its first lock, then all get stuck, the last one first (as lockdep prints two of them)."""
    if len(legs) > MOST_CPUS:
        return ()
    taken = [Move(cpu, holds(leg)) for cpu, leg in enumerate(legs)]
    stuck = [Move(cpu, wants(leg)) for cpu, leg in enumerate(legs)]
    longest = max(len(move.text) for move in (*taken, *stuck))
    if len(legs) == MOST_CPUS and longest >= NARROW:
        return ()  # the columns would run into each other; a sentence per CPU is clearer
    return (*taken, *reversed(stuck))


def _conflict(fact: Fact) -> tuple[Move, ...]:
    safe, unsafe = str(fact.get("safe")), str(fact.get("unsafe"))
    struck = "<NMI>" if fact.get("irq") == "nmi" else "<Interrupt>"
    first = lock(safe, "shared" if fact.get("safe_read") else None)
    last = lock(unsafe, "shared" if fact.get("unsafe_read") else None)
    if fact.get("form") == "one-class":
        return Move(0, last), Move(0, struck), Move(0, first, 2)
    return irq_moves(first, last, wants(fact.legs[1]), struck)


def irq_moves(safe: str, unsafe: str, middle: str, struck: str = "<Interrupt>") -> tuple[Move, ...]:
    """lockdep's table of an irq inversion; ``middle`` is what the second CPU waits for."""
    return (
        Move(0, unsafe),
        Move(1, "local_irq_disable();"),
        Move(1, safe),
        Move(1, middle),
        Move(0, struck),
        Move(0, safe, 2),
    )


def drawn(moves: Sequence[Move], width: int = 80) -> list[str]:
    """The table as lines: CPU titles, rules, moves."""
    cpus = 1 + max(move.cpu for move in moves)
    starts = _starts(moves, cpus, width)
    titles = [start + (0 if cpu else 5) for cpu, start in enumerate(starts)]  # lockdep indents the first one only
    lines = [_placed([(start, f"CPU{cpu}") for cpu, start in enumerate(titles)])]
    lines.append(_placed([(start, "----") for start in titles]))
    lines += [_placed([(starts[move.cpu] + move.indent, move.text)]) for move in moves]
    return lines


def _starts(moves: Sequence[Move], cpus: int, width: int) -> list[int]:
    """Where each column starts: lockdep's places, moved left when names are too long to fit."""
    step = COLUMN if cpus < MOST_CPUS else NARROW
    for move in moves:
        if move.cpu:
            room = (width - FIRST - move.indent - len(move.text)) // move.cpu
            step = max(8, min(step, room))
    return [FIRST + cpu * step for cpu in range(cpus)]


def _placed(cells: Sequence[tuple[int, str]]) -> str:
    line = ""
    for start, text in cells:
        line = line.ljust(start) + text
    return line
