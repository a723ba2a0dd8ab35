"""The search: every interleaving of a few actors, until some of them can never go on.

Is: exact for up to ``actors`` actors at a time. An actor is a task, or an interrupt on an idle CPU, with the interrupts
(and reclaim) that struck on top of it. Is not: for large programs; they raise
:class:`TooLargeError`.

Actors are hung when each waits for one of them. Nothing else can free them, so finding one such state is proof; and a
state in which actors wait for ever contains such a set, since whoever does not wait can always go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from tests.oracle.paths import EXCLUSIVE, FAIR, Position, Programme

Frame: TypeAlias = "tuple[int, int]"
"""(position, 1 when its blocked writer is queued)."""
Actor: TypeAlias = "tuple[Frame, ...]"
"""A stack of frames, what struck last on top."""
State: TypeAlias = "tuple[Actor, ...]"

ACTORS = 3
STATES = 60_000


class TooLargeError(Exception):
    """More states than the search may visit."""


class Answer(NamedTuple):
    """``hangs``: some reachable state hangs; ``trace``: the states on the way; ``states``: how many there were."""

    hangs: bool
    trace: tuple[State, ...]
    states: int


class Search:
    """Explores one program. Raises :class:`TooLargeError` beyond ``states`` states."""

    def __init__(self, program: Programme, actors: int = ACTORS, states: int = STATES) -> None:
        self._program = program
        self._positions = program.positions
        self._actors = actors
        self._most = states
        self._starts = [path for path in program.paths if path.first >= 0]
        self._interrupts = [(path.context, path.first) for path in self._starts if path.context != "task"]
        self._thread_of = self._threads()

    def _threads(self) -> dict[int, str]:
        """The thread that a position belongs to, by position."""
        found: dict[int, str] = {}
        for path in self._starts:
            at = path.first
            while at >= 0 and path.thread is not None:
                found[at] = path.thread
                at = self._positions[at].next
        return found

    def run(self) -> Answer:
        """Breadth first, so that the trace is a shortest one."""
        parents: dict[State, State | None] = {(): None}
        level: list[State] = [()]
        while level:
            following: list[State] = []
            for state in level:
                for after in self._moves(state):
                    if after in parents:
                        continue
                    parents[after] = state
                    if self._hung(after):
                        return Answer(True, _back(parents, after), len(parents))
                    if len(parents) > self._most:
                        raise TooLargeError(f"more than {self._most} states")
                    following.append(after)
            level = following
        return Answer(False, (), len(parents))

    # ------------------------------------------------------------ moves

    def _moves(self, state: State) -> Iterator[State]:
        if len(state) < self._actors:
            yield from self._started(state)
        seen: set[Actor] = set()
        for at, actor in enumerate(state):
            if actor in seen:
                continue
            seen.add(actor)
            others = state[:at] + state[at + 1 :]
            for changed in self._steps(state, at, actor):
                yield tuple(sorted((*others, changed))) if changed else others

    def _started(self, state: State) -> Iterator[State]:
        busy = {self._thread_of.get(frame[0]) for actor in state for frame in actor[:1]}
        for path in self._starts:
            if path.thread is None or path.thread not in busy:
                yield tuple(sorted((*state, ((path.first, 0),))))

    def _steps(self, state: State, at: int, actor: Actor) -> Iterator[Actor]:
        index, queued = actor[-1]
        here = self._positions[index]
        if not here.lock or not self._blockers(state, at, here):
            below = actor[:-1]
            yield (*below, (here.next, 0)) if here.next >= 0 else below
        elif here.queues and not queued:
            yield (*actor[:-1], (index, 1))
        for context, first in self._interrupts:
            if (here.hardirqs if context == "hardirq" else here.softirqs) and self._lets_in(actor, context):
                yield (*actor, (first, 0))
        if here.runs and len(actor) < 4:
            for run in here.runs:
                first = self._program.paths[run].first
                if first >= 0:
                    yield (*actor, (first, 0))

    def _lets_in(self, actor: Actor, context: str) -> bool:
        """No frame below keeps that interrupt out (an interrupt frame's own flags tell already)."""
        return all(
            (self._positions[index].hardirqs if context == "hardirq" else self._positions[index].softirqs)
            for index, _ in actor
        )

    # ------------------------------------------------------------ waiting

    def _blockers(self, state: State, at: int, here: Position) -> list[int]:
        """Actors that the actor ``at`` would wait for."""
        found = []
        me = (at, len(state[at]) - 1)
        for other, actor in enumerate(state):
            for depth, (index, queued) in enumerate(actor):
                position = self._positions[index]
                ahead = queued and position.lock == here.lock and here.mode == FAIR and (other, depth) != me
                if ahead or any(lock == here.lock and _excludes(here, mode) for lock, mode in position.holds):
                    found.append(other)
        return found

    def _hung(self, state: State) -> bool:
        """Some actors wait only for one another."""
        waits: dict[int, list[int]] = {}
        for at, actor in enumerate(state):
            here = self._positions[actor[-1][0]]
            if here.kind in ("acquire", "sync"):
                blockers = self._blockers(state, at, here)
                if blockers:
                    waits[at] = blockers
        changed = bool(waits)
        while changed:
            stuck = {at: blockers for at, blockers in waits.items() if any(one in waits for one in blockers)}
            changed = len(stuck) < len(waits)
            waits = stuck
        return bool(waits)


def _excludes(here: Position, held: str) -> bool:
    """Whether a hold in mode ``held`` keeps ``here`` waiting; a grace period waits for readers only."""
    if here.kind == "sync":
        return True
    return here.mode == EXCLUSIVE or held == EXCLUSIVE


def _back(parents: dict[State, State | None], state: State) -> tuple[State, ...]:
    trace = [state]
    while (before := parents[trace[-1]]) is not None:
        trace.append(before)
    return tuple(reversed(trace))
