"""Programs that wait for completions: can some actor come to wait for ever?

Is: the whole state graph with one actor for each path, and for each actor the states from which it can still go on
(backward reachability). Is not: the search for lock-only programs, which needs no graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from tests.oracle.paths import Programme
from tests.oracle.search import STATES, Actor, Answer, Search, TooLargeError

State: TypeAlias = "tuple[tuple[Actor, ...], tuple[str, ...]]"
"""An actor, or () for one that is not running, for each path; and the completions that are done."""


class WaitSearch(Search):
    """As :class:`Search`, for programs in which some path waits."""

    def __init__(self, program: Programme, states: int = STATES) -> None:
        super().__init__(program, len(program.paths), states)

    def run(self) -> Answer:
        """Explores all states, then asks for each actor whether it can go on from each. No trace is kept."""
        graph = self._graph()
        for slot in range(len(self._starts)):
            if len(self._can_go_on(graph, slot)) < len(graph):
                return Answer(True, (), len(graph))
        return Answer(False, (), len(graph))

    def _graph(self) -> dict[State, list[tuple[int, State]]]:
        first: State = (tuple(() for _ in self._starts), ())
        graph: dict[State, list[tuple[int, State]]] = {}
        todo = [first]
        while todo:
            state = todo.pop()
            if state in graph:
                continue
            graph[state] = list(self._successors(state))
            todo += [after for _, after in graph[state]]
            if len(graph) > self._most:
                raise TooLargeError(f"more than {self._most} states")
        return graph

    def _successors(self, state: State) -> Iterator[tuple[int, State]]:
        """(slot that moves, state after) for every move."""
        actors, done = state
        for slot, actor in enumerate(actors):
            if not actor:
                yield slot, (_put(actors, slot, ((self._starts[slot].first, 0),)), done)
                continue
            here = self._positions[actor[-1][0]]
            after = (*actor[:-1], (here.next, 0)) if here.next >= 0 else actor[:-1]
            if here.kind == "wait":
                if here.lock in done:
                    yield slot, (_put(actors, slot, after), tuple(one for one in done if one != here.lock))
            elif here.kind == "complete":
                yield slot, (_put(actors, slot, after), tuple(sorted({*done, here.lock})))
            else:
                for changed in self._steps(actors, slot, actor):
                    yield slot, (_put(actors, slot, changed), done)

    @staticmethod
    def _can_go_on(graph: dict[State, list[tuple[int, State]]], slot: int) -> set[State]:
        """States from which some continuation lets that actor move."""
        before: dict[State, list[State]] = {}
        good: list[State] = []
        for state, moves in graph.items():
            if any(mover == slot for mover, _ in moves):
                good.append(state)
            for _, after in moves:
                before.setdefault(after, []).append(state)
        found = set(good)
        while good:
            for state in before.get(good.pop(), ()):
                if state not in found:
                    found.add(state)
                    good.append(state)
        return found


def _put(actors: tuple[Actor, ...], slot: int, actor: Actor) -> tuple[Actor, ...]:
    return (*actors[:slot], actor, *actors[slot + 1 :])
