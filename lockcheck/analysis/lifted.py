"""Paths of many kernel configs at once: options left open are decided along a path, and forgotten where it is the same.

Is: a strategy for joins (beside those of ``merge``) and the composition of what two paths took options to be. A state
says under which options (its *literals*, kept beside the free words) it is reached; states that differ in nothing
else meet, and where both ways of an option lead to the same state the option is forgotten, which loses nothing: that
state is reached in every config that the literals left allow. Is not: the walk, nor a choice of configs (``matrix``).

Glossary words defined here: open option, literal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from lockcheck.analysis.merge import TooManyStatesError
from lockcheck.analysis.state import Context, State, Universe
from lockcheck.model.limits import AnalysisLimits

Literals: TypeAlias = "frozenset[tuple[str, bool]]"
"""Options with what they were taken to be."""

OPTION = "option"
"""The ``Cond.op`` of a test of an open option."""


def literals_of(context: Context, options: frozenset[str]) -> Literals:
    """What a context took these options to be."""
    return frozenset(pair for pair in context.words if pair[0] in options)


def simplified(sets: Iterable[Literals]) -> list[Literals]:
    """The fewest conjunctions that resolution and absorption make of these; they mean the same, as one disjunction.

    From ``X and Y`` and ``X and not Y`` follows ``X``, which absorbs both.
    """
    kept: list[Literals] = []
    todo = sorted(sets, key=_order, reverse=True)
    while todo:
        one = todo.pop()
        if any(known <= one for known in kept):
            continue
        kept = [known for known in kept if not one <= known]
        todo.extend(both for known in kept if (both := _resolved(one, known)) is not None)
        kept.append(one)
    return sorted(kept, key=_order)


def _order(literals: Literals) -> tuple[int, list[tuple[str, bool]]]:
    return len(literals), sorted(literals)


def _resolved(one: Literals, other: Literals) -> Literals | None:
    """What follows from two conjunctions that differ in the sign of one option, if it absorbs either of them."""
    clashing = [pair for pair in one if (pair[0], not pair[1]) in other]
    if len(clashing) != 1:
        return None
    name, value = clashing[0]
    both = (one - {(name, value)}) | (other - {(name, not value)})
    return both if both <= one or both <= other else None


class Lifted:
    """Exact for open options: what arrives at a join waits until all that comes before it has been walked."""

    __slots__ = ("dropped", "gone", "limits", "options", "universe", "waiting")

    def __init__(self, universe: Universe, limits: AnalysisLimits, options: frozenset[str]) -> None:
        self.universe, self.limits, self.options = universe, limits, options
        self.gone: dict[int, dict[State, list[Literals]]] = {}
        self.waiting: dict[int, dict[State, list[Literals]]] = {}
        self.dropped = False

    def passes(self, index: int, state: State) -> bool:
        """Never at once: the state waits for others like it. Raises TooManyStatesError."""
        literals = literals_of(state.context, self.options)
        base = plain(self.universe, state, self.options) if literals else state
        gone = self.gone.setdefault(index, {}).setdefault(base, [])
        if not any(known <= literals for known in gone):
            self.waiting.setdefault(index, {}).setdefault(base, []).append(literals)
            if len(self.gone[index]) > self.limits.max_states:
                raise TooManyStatesError
        return False

    def next(self) -> tuple[int, State]:
        """A waiting state that comes first in the function (ops are numbered from its end)."""
        index = max(self.waiting)
        states = self.waiting[index]
        base, sets = next(iter(states.items()))
        gone = self.gone[index][base]
        fresh = [one for one in simplified([*gone, *sets]) if not any(known <= one for known in gone)]
        first = fresh[0]
        gone.append(first)
        states[base] = [one for one in fresh[1:] if not first <= one]
        if len(gone) > self.limits.max_states:
            raise TooManyStatesError
        if not states[base]:
            del states[base]
        if not states:
            del self.waiting[index]
        return index, under(self.universe, base, first)

    @staticmethod
    def end(state: State) -> State:
        """The state as the caller sees it."""
        return state


def plain(universe: Universe, state: State, options: frozenset[str]) -> State:
    """The state without its literals."""
    words = tuple(pair for pair in state.context.words if pair[0] not in options)
    if len(words) == len(state.context.words):
        return state
    return universe.state(state.held, state.context._replace(words=words))


def under(universe: Universe, state: State, literals: Literals) -> State:
    """The state with more literals."""
    if not literals:
        return state
    words = tuple(sorted({*state.context.words, *literals}))
    return universe.state(state.held, state.context._replace(words=words))


def met_exits(exits: Iterable[State], universe: Universe, options: frozenset[str]) -> dict[State, None]:
    """The exits of a function with what options decide nothing about forgotten."""
    found: dict[State, list[Literals]] = {}
    for state in exits:
        found.setdefault(plain(universe, state, options), []).append(literals_of(state.context, options))
    return {under(universe, base, one): None for base, sets in found.items() for one in simplified(sets)}


def joined_words(caller: Context, callee: Context, options: frozenset[str]) -> tuple[tuple[str, bool], ...] | None:
    """The caller's words, and what its callee took options to be; None when the two contradict each other."""
    literals = literals_of(callee, options)
    if not literals:
        return caller.words
    words = dict(caller.words)
    for name, value in literals:
        if words.setdefault(name, value) != value:
            return None
    return tuple(sorted(words.items()))
