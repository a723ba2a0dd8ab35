"""A bounded, exhaustive search of interleavings: do these concrete threads come to hang on each other?

Is: explicit states of a few actors that stand at positions; lock semantics are the kernel's: exclusive holders, readers
that queue behind waiting writers and readers that pass them, trylocks that fail, interrupts that strike a task where
it stands with what it holds. Is not: the making of threads (``retrace``) nor of words (``report``).

An actor is hung when whoever it waits for is hung. The search is breadth first, so the schedule is a shortest one.

Glossary words defined here: actor, schedule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from lockcheck.graph.retrace import Hold, Position, Want

MOST_STATES = 20_000
"""States that one search visits."""
FAIR = 1
"""The mode of a reader that waits for queued writers."""

TASK, HARDIRQ, SOFTIRQ, INLINE = "task", "hardirq", "softirq", "inline"


class Actor(NamedTuple):
    """What runs through ``positions``. ``kind``: ``task`` runs on a CPU of its own; ``hardirq`` and ``softirq`` strike
    the actor with index ``host`` at its last position; ``inline`` is run there by ``host`` itself (direct reclaim)."""

    positions: tuple[Position, ...]
    kind: str = TASK
    host: int = -1


class Move(NamedTuple):
    """Actor ``actor`` goes on from position ``position``, or begins to wait there (``waits``)."""

    actor: int
    position: int
    waits: bool = False


State: TypeAlias = "tuple[int, ...]"
"""Twice the position of each actor, plus one while it waits in a queue; -1 before an interrupt strikes."""


class Search:
    """Explores one set of actors. ``free``: lock instances that nobody waits for."""

    def __init__(self, actors: Sequence[Actor], free: frozenset[int]) -> None:
        self._actors = actors
        self._free = free
        self._guests = {actor.host: number for number, actor in enumerate(actors) if actor.host >= 0}
        self.complete = True
        self.states = 0

    def hang(self, must: Sequence[int]) -> tuple[tuple[Move, ...], dict[int, list[int]]] | None:
        """The schedule to a state in which all actors of ``must`` hang at their last positions, with who waits there
        for whom; or None.

        None means that there is none only while ``complete`` is still true.
        """
        start: State = tuple(-1 if actor.host >= 0 else 0 for actor in self._actors)
        came: dict[State, tuple[State, Move] | None] = {start: None}
        level = [start]
        while level:
            following: list[State] = []
            for state in level:
                hung = self._hung(state)
                if hung.keys() >= set(must) and all(self._at_end(state, number) for number in must):
                    return _back(came, state), hung
                for after, move in self._moves(state):
                    if after not in came:
                        came[after] = (state, move)
                        following.append(after)
            self.states = len(came)
            if self.states > MOST_STATES:
                self.complete = False
                return None
            level = following
        return None

    def _at_end(self, state: State, number: int) -> bool:
        return state[number] >> 1 == len(self._actors[number].positions) - 1

    # -- moves -----------------------------------------------------------------------------------------------------

    def _moves(self, state: State) -> Iterator[tuple[State, Move]]:
        for number, actor in enumerate(self._actors):
            at = state[number]
            if at < 0:
                if self._can_strike(state, actor):
                    yield _put(state, number, 0), Move(number, -1)
                continue
            if state[self._guests.get(number, number)] >= 0 and number in self._guests:
                continue  # what struck it runs first, and never ends here
            position = at >> 1
            if position + 1 >= len(actor.positions):
                if not at & 1 and self._blockers(state, number):
                    yield _put(state, number, at | 1), Move(number, position, True)
                continue
            blocked = self._blockers(state, number)
            want = actor.positions[position].want
            if not blocked:
                yield _put(state, number, (position + 1) << 1), Move(number, position)
            elif not at & 1 and want is not None and not want.trylock:
                yield _put(state, number, at | 1), Move(number, position, True)

    def _can_strike(self, state: State, actor: Actor) -> bool:
        at = state[actor.host]
        if at < 0:
            return False
        host = self._actors[actor.host].positions
        if at >> 1 < len(host) - 1:
            return False
        return actor.kind == INLINE or (host[-1].hardirqs if actor.kind == HARDIRQ else host[-1].softirqs)

    # -- waiting ---------------------------------------------------------------------------------------------------

    def _want(self, state: State, number: int) -> Want | None:
        at = state[number]
        want = self._actors[number].positions[at >> 1].want if at >= 0 else None
        return want if want is not None and want.lock not in self._free else None

    def _blockers(self, state: State, number: int) -> list[int]:
        """Actors that ``number`` waits for where it stands."""
        want = self._want(state, number)
        if want is None:
            return []
        found = []
        for other, at in enumerate(state):
            if at < 0:
                continue
            position = self._actors[other].positions[at >> 1]
            ahead = want.mode == FAIR and at & 1 and other != number and _queues(position.want, want.lock)
            if ahead or any(hold.lock == want.lock and _excludes(want, hold) for hold in position.holds):
                found.append(other)
        return found

    def _hung(self, state: State) -> dict[int, list[int]]:
        """Actors that wait only for one another, each with those; who is interrupted waits for what struck it."""
        waits: dict[int, list[int]] = {}
        for number, at in enumerate(state):
            guest = self._guests.get(number)
            if guest is not None and state[guest] >= 0:
                waits[number] = [guest]
            elif at >= 0 and at & 1:
                waits[number] = self._blockers(state, number)
        while True:
            stuck = {number: others for number, others in waits.items() if any(other in waits for other in others)}
            if len(stuck) == len(waits):
                return {number: [other for other in others if other in stuck] for number, others in stuck.items()}
            waits = stuck


def _excludes(want: Want, hold: Hold) -> bool:
    """A grace period waits for every reader; else one of the two must be exclusive."""
    return want.sync or want.mode == 0 or hold.mode == 0


def _queues(want: Want | None, lock: int) -> bool:
    """A waiting writer, behind which fair readers queue."""
    return want is not None and want.lock == lock and want.mode == 0 and not want.trylock and not want.sync


def _put(state: State, number: int, value: int) -> State:
    return (*state[:number], value, *state[number + 1 :])


def _back(came: dict[State, tuple[State, Move] | None], state: State) -> tuple[Move, ...]:
    moves: list[Move] = []
    step = came[state]
    while step is not None:
        before, move = step
        moves.append(move)
        step = came[before]
    return tuple(reversed(moves))
