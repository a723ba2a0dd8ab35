"""What happens where paths meet: states are kept apart, or, when there are very many, merged.

Is: two strategies for joins. Kept apart is exact. Merged is for functions where more than ``max_states`` states meet
at one point (forty conditional acquisitions that stay held): held locks become *maybe held*, and the work stays linear.
Is not: the walk.

A maybe-held lock is part of every pair it could be part of, so no dependency is lost. A lock taken under a free word
remembers it, so that `if w: lock` ... `if w: unlock` still balances. Functions walked merged are named in the summary.
"""

from __future__ import annotations

from collections.abc import Iterable

from lockcheck.analysis.actions import MAX_DEPTH
from lockcheck.analysis.state import Context, HeldLock, HeldStack, State, Universe
from lockcheck.model.limits import AnalysisLimits


class TooManyStatesError(Exception):
    """More than ``max_states`` states meet at one point."""


class Apart:
    """Exact: each state goes on once."""

    __slots__ = ("dropped", "limits", "met", "waiting")

    def __init__(self, limits: AnalysisLimits) -> None:
        self.limits = limits
        self.met: dict[int, set[State]] = {}
        self.waiting: dict[tuple[int, Context], None] = {}
        self.dropped = False

    def passes(self, index: int, state: State) -> bool:
        """Go on with this state: it was not here before. Raises TooManyStatesError."""
        met = self.met.setdefault(index, set())
        if state in met:
            return False
        met.add(state)
        if len(met) > self.limits.max_states:
            raise TooManyStatesError
        return True

    def next(self) -> tuple[int, State]:
        """Nothing waits here."""
        raise LookupError

    @staticmethod
    def end(state: State) -> State:
        """The state as the caller sees it."""
        return state


class Merged:
    """One state for each context: held-lock stacks are united.

    States wait at a join until all that comes before it in the function has been walked.
    """

    __slots__ = ("contexts", "dropped", "limits", "met", "universe", "waiting")

    def __init__(self, universe: Universe, limits: AnalysisLimits) -> None:
        self.limits = limits
        self.universe = universe
        self.contexts: dict[int, int] = {}
        self.dropped = False
        self.met: dict[tuple[int, Context], State] = {}
        self.waiting: dict[tuple[int, Context], None] = {}

    def passes(self, index: int, state: State) -> bool:
        """Never at once: the state is united with those that were here, and waits if that is news."""
        key = (index, state.context._replace(words=()))
        before = self.met.get(key)
        after = state
        if before is None:
            self.contexts[index] = self.contexts.get(index, 0) + 1
            if self.contexts[index] > self.limits.max_merged_states:
                self.dropped = True
                return False
        else:
            words = tuple(pair for pair in before.context.words if pair in state.context.words)
            held = unite(before.held, state.held, self.universe)
            after = self.universe.state(held, before.context._replace(words=words))
        if after is not before:
            self.met[key] = after
            self.waiting[key] = None
        return False

    def next(self) -> tuple[int, State]:
        """The waiting state that comes first in the function (ops are numbered from its end)."""
        key = max(self.waiting, key=lambda key: (key[0], tuple(map(repr, key[1]))))
        del self.waiting[key]
        return key[0], self.met[key]

    def end(self, state: State) -> State:
        """The state as the caller sees it."""
        plain = (e._replace(guard=(), maybe=e.maybe or bool(e.guard)) for e in state.held.entries())
        held = rebuilt(self.universe, plain)
        return self.universe.state(held, state.context._replace(words=(), merging=False))


def merged_exits(exits: Iterable[State], universe: Universe, most: int) -> tuple[list[State], bool]:
    """One exit for each context, and whether some had to be dropped."""
    found: dict[Context, HeldStack] = {}
    for state in exits:
        held = found.get(state.context)
        found[state.context] = state.held if held is None else unite(held, state.held, universe)
    kept = [universe.state(held, context) for context, held in found.items()]
    return kept[:most], len(kept) > most


def identity(entry: HeldLock) -> HeldLock:
    """What makes two held locks of two paths the same one."""
    return entry._replace(maybe=False, guard=())


def unite(first: HeldStack, second: HeldStack, universe: Universe) -> HeldStack:
    """A stack of all that either holds, in an order that fits ``first`` and, where it can, ``second``."""
    if first is second:
        return first
    entries = first.entries()
    universe.work += 4 * (len(entries) + second.depth)
    keys = [identity(entry) for entry in entries]
    others = {identity(entry): entry for entry in second.entries()}
    merged = [_both(entry, others.get(key)) for entry, key in zip(entries, keys, strict=True)]
    position = 0
    for key, entry in others.items():
        if key in keys:
            position = keys.index(key) + 1
        else:
            if len(keys) >= MAX_DEPTH:
                break
            keys.insert(position, key)
            merged.insert(position, entry._replace(maybe=True))
            position += 1
    return rebuilt(universe, merged)


def _both(entry: HeldLock, other: HeldLock | None) -> HeldLock:
    if other is None:
        return entry._replace(maybe=True)
    guard = entry.guard if entry.guard == other.guard else ()
    lost = bool(entry.guard or other.guard) and not guard
    return entry._replace(maybe=entry.maybe or other.maybe or lost, guard=guard)


def rebuilt(universe: Universe, entries: Iterable[HeldLock]) -> HeldStack:
    """A stack from its entries, outermost first."""
    stack = universe.empty
    for entry in entries:
        stack = stack.push(entry)
    return stack


def without_guard(held: HeldStack, pair: tuple[str, bool]) -> HeldStack:
    """The stack without what is held only where that word is so."""
    entries = held.entries()
    kept = [entry for entry in entries if pair not in entry.guard]
    if len(kept) == len(entries):
        return held
    return _on_bottom(held, kept)


def loosen(held: HeldStack, words: frozenset[str]) -> HeldStack:
    """The stack when these words no longer mean what they did: guards by them become a plain maybe."""
    entries = held.entries()
    loose = [
        entry._replace(guard=(), maybe=True) if any(word in words for word, _ in entry.guard) else entry
        for entry in entries
    ]
    return held if loose == entries else _on_bottom(held, loose)


def _on_bottom(held: HeldStack, entries: Iterable[HeldLock]) -> HeldStack:
    stack = held
    while stack.parent is not None:
        stack = stack.parent
    for entry in entries:
        stack = stack.push(entry)
    return stack
