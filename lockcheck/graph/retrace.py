"""From a witness back to one concrete run: every position on the way, with all that is held there.

Is: the search for a path through the functions of a call chain, with the fewest acquisitions, from the entry to a
step. Is not: an interleaving (``schedule``) nor a choice of what to replay (``reenact``).

Glossary words defined here: position, thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import islice
from typing import NamedTuple, TypeAlias

from lockcheck.analysis import compile as cfg
from lockcheck.analysis.actions import Outcome
from lockcheck.analysis.compose import Composer
from lockcheck.analysis.conditions import outcomes
from lockcheck.analysis.events import Acquired
from lockcheck.analysis.state import Context, HeldLock, HeldStack, State
from lockcheck.analysis.walk import Node, Walker
from lockcheck.graph.witness import Frame

MOST_STATES = 5_000
"""States of one function that a search for a path visits."""
MOST_POSITIONS = 400
"""Positions of one thread."""

Key: TypeAlias = "tuple[int, State]"
Edge: TypeAlias = "Outcome | Through | None"
"""A step with its outcome, a call, or a branch."""


class UntraceableError(Exception):
    """No concrete path can be given; the argument says why."""


class Through(NamedTuple):
    """A call that returns in state ``end``."""

    callee: Node
    end: State


class Hold(NamedTuple):
    """A lock instance and the mode it is held in: 0 exclusive, 1 shared, 2 recursive."""

    lock: int
    mode: int


class Want(NamedTuple):
    """An acquisition about to be made. ``sync`` waits for holders and takes nothing."""

    lock: int
    mode: int
    trylock: bool
    sync: bool


class Position(NamedTuple):
    """Where a thread stands: what it holds, what it wants next (or None), which interrupts can strike it here.

    ``node`` and ``op`` say where in the model that is.
    """

    holds: tuple[Hold, ...]
    want: Want | None
    hardirqs: bool
    softirqs: bool
    node: Node
    op: int


class Retracer:
    """Finds concrete paths in the nodes of one walk."""

    def __init__(self, walker: Walker, composer: Composer) -> None:
        self._walker = walker
        self._universe = walker.universe
        self._composer = composer
        self._calls: dict[Node, dict[tuple[int, HeldStack, Context], list[Node]]] = {}
        self._inside: set[tuple[Node, State]] = set()
        self._returns: dict[tuple[Node, State], tuple[Position, ...]] = {}

    def thread(self, frames: Sequence[Frame], wanted: Acquired | None) -> tuple[Position, ...]:
        """The positions of a run through ``frames``; the last is before ``wanted``, or behind the last frame's step.

        Raises :class:`UntraceableError`.
        """
        found: list[Position] = []
        base: tuple[Hold, ...] = ()
        for number, frame in enumerate(frames):
            last = frame is frames[-1]
            goal = self._last_goal(frame, wanted) if last else self._call_goal(frame)
            found += islice(self._along(frame.node, base, self._path(frame.node, goal)), MOST_POSITIONS + 1)
            if len(found) > MOST_POSITIONS:
                raise UntraceableError(f"a path of more than {MOST_POSITIONS} positions")
            if last:
                break
            callee = frames[number + 1].node
            if not callee.entry.held.depth:
                base = (*base, *_holds(frame.state.held))
        self._finish(found, frames[-1], base, wanted)
        return tuple(found)

    def _finish(self, found: list[Position], frame: Frame, base: tuple[Hold, ...], wanted: Acquired | None) -> None:
        """The end of a run: the step it gets stuck in, or where it stands behind the last step."""
        if wanted is None:
            context = frame.state.context
            holds = (*base, *_holds(frame.state.held))
            softirqs = context.irqs_on and context.softirqs_on
            found.append(Position(holds, None, context.irqs_on, softirqs, frame.node, frame.op))
        else:
            found.append(self._before(frame.node, frame.op, base, wanted))

    # -- goals -----------------------------------------------------------------------------------------------------

    @staticmethod
    def _call_goal(frame: Frame) -> Callable[[int, State], bool]:
        wanted = _apart_from_words(frame.state)
        return lambda index, state: index == frame.op and _apart_from_words(state) == wanted

    def _last_goal(self, frame: Frame, wanted: Acquired | None) -> Callable[[int, State], bool]:
        """Arrives before the step in which ``wanted`` happens; or where the frame's state is reached."""

        there = _apart_from_words(wanted.state) if wanted is not None else None

        def goal(index: int, state: State) -> bool:
            if wanted is None:
                return _apart_from_words(state) == _apart_from_words(frame.state)
            if index != frame.op:
                return False
            return any(
                type(event) is Acquired and event.entry == wanted.entry and _apart_from_words(event.state) == there
                for event in self._outcome(frame.node, index, state).events
            )

        return goal

    def _outcome(self, node: Node, index: int, state: State) -> Outcome:
        op = node.code.ops[index]
        if op.code != cfg.RUN:
            return Outcome(state)
        known = state.memo.get(op.arg)
        return known or op.arg.apply(self._universe, state)  # type: ignore[attr-defined]

    # -- a path in one function --------------------------------------------------------------------------------------

    def _path(self, node: Node, goal: Callable[[int, State], bool]) -> list[tuple[int, State, Edge]]:
        """(op, state, edge taken there) from the entry to where ``goal`` holds, with the fewest acquisitions."""
        if node.merged:
            raise UntraceableError(f"{node.code.function.name}() was followed in merged states")
        start: Key = (node.code.entry, node.entry)
        came: dict[Key, tuple[Key, Edge] | None] = {start: None}
        best: dict[Key, int] = {start: 0}
        heap: list[tuple[int, int, Key]] = [(0, 0, start)]
        pushed = 0
        while heap:
            cost, _, key = heappop(heap)
            if cost > best[key]:
                continue
            if goal(*key):
                return _unwind(came, key)
            if len(came) > MOST_STATES:
                raise UntraceableError(f"more than {MOST_STATES} states in {node.code.function.name}()")
            for after, edge, price in self._edges(node, *key):
                if after not in best or cost + price < best[after]:
                    came[after], best[after] = (key, edge), cost + price
                    pushed += 1
                    heappush(heap, (cost + price, pushed, after))
        raise UntraceableError(f"no path through {node.code.function.name}() was found again")

    def _edges(self, node: Node, index: int, state: State) -> Iterator[tuple[Key, Edge, int]]:
        op = node.code.ops[index]
        if op.code == cfg.RUN:
            outcome = self._outcome(node, index, state)
            if outcome.state is not None:
                price = sum(type(event) is Acquired for event in outcome.events)
                yield (op.then, outcome.state), outcome, price
        elif op.code == cfg.CALL:
            for callee in self._callees(node).get((index, *_apart_from_words(state)), ()):
                price = bool(self._composer.taken[self._composer.number[callee]])
                for end in callee.exits:
                    same = end is callee.entry and not callee.entry.held.depth
                    after = state if same else self._walker.resumed(state, callee, end)
                    if after is not None:
                        yield (op.then, after), Through(callee, end), int(price)
        elif op.code != cfg.END:
            for way, after in outcomes(op, state, self._universe):
                yield (way, after), None, 0

    def _callees(self, node: Node) -> dict[tuple[int, HeldStack, Context], list[Node]]:
        found = self._calls.get(node)
        if found is None:
            found = self._calls[node] = {}
            for index, state, callee in node.calls:
                found.setdefault((index, *_apart_from_words(state)), []).append(callee)
        return found

    # -- its positions -----------------------------------------------------------------------------------------------

    def _along(
        self, node: Node, base: tuple[Hold, ...], path: Sequence[tuple[int, State, Edge]]
    ) -> Iterator[Position]:
        for index, state, edge in path:
            if isinstance(edge, Outcome):
                yield from self._of_step(node, index, base, state, edge)
            elif edge is not None:
                inner = base if edge.callee.entry.held.depth else (*base, *_holds(state.held))
                for position in self._returning(edge.callee, edge.end):
                    yield position._replace(holds=(*inner, *position.holds))

    def _of_step(
        self, node: Node, index: int, base: tuple[Hold, ...], state: State, outcome: Outcome
    ) -> Iterator[Position]:
        """The acquisitions of a step, and where it leaves the thread if that differs from where it began."""
        for event in outcome.events:
            if type(event) is Acquired and not event.replayed:
                yield self._before(node, index, base, event)
        after = outcome.state
        assert after is not None
        changed = after.held is not state.held
        one, other = state.context, after.context
        if changed or (one.irqs_on, one.softirqs_on) != (other.irqs_on, other.softirqs_on):
            holds = (*base, *_holds(after.held))
            yield Position(holds, None, other.irqs_on, other.irqs_on and other.softirqs_on, node, index)

    @staticmethod
    def _before(node: Node, index: int, base: tuple[Hold, ...], event: Acquired) -> Position:
        entry, context = event.entry, event.state.context
        want = Want(entry.lock, entry.mode, entry.trylock, event.sync)
        holds = (*base, *_holds(event.state.held))
        return Position(holds, want, context.irqs_on, context.irqs_on and context.softirqs_on, node, index)

    def _returning(self, callee: Node, end: State) -> tuple[Position, ...]:
        """The positions inside a call that returns in state ``end``, holds relative to the call."""
        key = (callee, end)
        known = self._returns.get(key)
        if known is not None:
            return known
        if key in self._inside:
            raise UntraceableError(f"{callee.code.function.name}() calls itself")
        unchanged = end is callee.entry and not self._composer.taken[self._composer.number[callee]]
        self._inside.add(key)
        try:
            found = () if unchanged else tuple(self._along(callee, (), self._path(callee, self._end_goal(callee, end))))
        finally:
            self._inside.discard(key)
        self._returns[key] = found
        return found

    @staticmethod
    def _end_goal(callee: Node, end: State) -> Callable[[int, State], bool]:
        ops = callee.code.ops
        wanted = _apart_from_words(end)
        return lambda index, state: ops[index].code == cfg.END and _apart_from_words(state) == wanted


def _apart_from_words(state: State) -> tuple[HeldStack, Context]:
    """What of a state matters here: paths that chose differently on the way stand at the same place."""
    return state.held, state.context._replace(words=()) if state.context.words else state.context


def _holds(held: HeldStack) -> Iterator[Hold]:
    for entry in held.entries():
        yield _hold(entry)


def _hold(entry: HeldLock) -> Hold:
    if entry.maybe:
        raise UntraceableError("a lock is held on some of the merged paths only")
    return Hold(entry.lock, entry.mode)


def _unwind(came: dict[Key, tuple[Key, Edge] | None], key: Key) -> list[tuple[int, State, Edge]]:
    path: list[tuple[int, State, Edge]] = []
    step = came[key]
    while step is not None:
        before, edge = step
        path.append((*before, edge))
        step = came[before]
    return path[::-1]
