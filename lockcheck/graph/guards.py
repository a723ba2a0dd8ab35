"""What keeps two legs of a circle from running at the same time, on every path there is.

Is: all evidence of a dependency (not only the first), and the locks that are held at every one of them, over all
callers: a forward data-flow problem whose meet is intersection. Is not: a search; it never says that something hangs.

Glossary words defined here: alternative, guard.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from lockcheck.analysis.binder import Binder
from lockcheck.analysis.compose import Composer
from lockcheck.analysis.events import Acquired
from lockcheck.analysis.state import HeldLock, HeldStack, State
from lockcheck.analysis.walk import Node

Held: TypeAlias = "dict[int, int]"
"""Mode by lock instance: 0 exclusive, else shared."""
Pair: TypeAlias = "tuple[int, int]"


class Alternative(NamedTuple):
    """One way to hold one class and want another: ``level`` is held in ``state`` of ``node`` at op ``op``; there, or
    behind a call of ``callee``, the inner class is acquired."""

    node: Node
    op: int
    state: State
    level: HeldStack
    event: Acquired | None = None
    callee: Node | None = None


class Guards:
    """Answers for one composed program; what it needs is computed when it is first asked for."""

    def __init__(self, composer: Composer, binder: Binder) -> None:
        self._composer, self._binder = composer, binder
        self._must: dict[Node, Held] | None = None
        self._found: dict[Pair, list[Alternative]] = {}
        self._common: dict[Pair, Held] = {}
        self._written: set[int] | None = None
        self._classes: dict[int, set[int]] | None = None

    def look_for(self, pairs: Iterable[Pair]) -> None:
        """Find all alternatives of these (outer, inner) pairs, in one pass over the program.

        Not only direct dependencies: who holds A and B and wants C waits for C with A in his hands, too.
        """
        wanted = {pair for pair in pairs if pair not in self._found}
        if not wanted:
            return
        self._found.update((pair, []) for pair in sorted(wanted))
        inners: dict[int, list[int]] = {}
        for outer, inner in sorted(wanted):
            inners.setdefault(outer, []).append(inner)
        inner_bits = sum(1 << inner for inner in {inner for _, inner in wanted})
        own, taken = self._composer.acquired_own, self._composer.taken
        for number, node in enumerate(self._composer.nodes):
            if own[number] & inner_bits:
                self._keep(self._own(node, inners, wanted))
            if taken[number] & inner_bits:
                self._keep(self._called(node, inners))

    def _keep(self, found: Iterable[tuple[Pair, Alternative]]) -> None:
        for pair, alternative in found:
            self._found[pair].append(alternative)

    def alternatives(self, pair: Pair) -> list[Alternative]:
        """All ways to hold the one and want the other, in the order of the walk."""
        self.look_for((pair,))
        return self._found[pair]

    def _own(
        self, node: Node, inners: Mapping[int, list[int]], wanted: set[Pair]
    ) -> Iterator[tuple[Pair, Alternative]]:
        for index, event in node.events():
            if type(event) is Acquired and waits(event):
                for level in _levels(event.state, inners):
                    pair = (level.entry.cls, event.entry.cls)  # type: ignore[union-attr]
                    if pair in wanted:
                        yield pair, Alternative(node, index, event.state, level, event)

    def _called(self, node: Node, inners: Mapping[int, list[int]]) -> Iterator[tuple[Pair, Alternative]]:
        for index, state, callee in node.calls:
            if not state.held.depth or callee.entry.held.depth:
                continue
            taken = self._composer.taken[self._composer.number[callee]]
            for level in _levels(state, inners) if taken else ():
                outer = level.entry.cls  # type: ignore[union-attr]
                for inner in inners[outer]:
                    if taken >> inner & 1:
                        yield (outer, inner), Alternative(node, index, state, level, None, callee)

    # -- what is held for sure ---------------------------------------------------------------------------------------

    def around(self, alternative: Alternative) -> Held:
        """What is held at that step whoever called."""
        return {**self._must_held()[alternative.node], **held_here(alternative.state)}

    def held_in_all(self, pair: Pair) -> Held:
        """What is held at every alternative."""
        known = self._common.get(pair)
        if known is None:
            known = self._common[pair] = _meet([self.around(one) for one in self.alternatives(pair)])
        return known

    def _must_held(self) -> dict[Node, Held]:
        """What the callers of each node hold whenever it runs."""
        if self._must is None:
            must: dict[Node, Held] = {root.node: {} for root in self._composer.roots}
            queue = deque(must)
            while queue:
                node = queue.popleft()
                for _, state, callee in node.calls:
                    brought = must[node] if callee.entry.held.depth else {**must[node], **held_here(state)}
                    known = must.get(callee)
                    met = brought if known is None else _meet([known, brought])
                    if met != known:
                        must[callee] = met
                        queue.append(callee)
            self._must = must
        return self._must

    def guard(self, pairs: Sequence[Pair]) -> int | None:
        """A lock that two of these legs both hold whenever they are where they get stuck, not both for reading."""
        for at, first in enumerate(pairs):
            for second in pairs[:at]:
                lock = self.between(first, second)
                if lock is not None:
                    return lock
        return None

    def between(self, first: Pair, second: Pair) -> int | None:
        """The guard between two legs: they never stand there at the same time."""
        one, two = self.held_in_all(first), self.held_in_all(second)
        common = (lock for lock in sorted(set(one) & set(two)) if not (one[lock] and two[lock]))
        return next((lock for lock in common if self._can_guard(lock)), None)

    def _can_guard(self, lock: int) -> bool:
        """One object for the whole machine, that excludes.

        A lock that is taken with several subclasses stands for several objects: who says ``nested`` says that.
        """
        own = self._binder.program.locks[lock]
        one = not own.kind.per_cpu and not own.many and own.kind.category == "lock"
        return one and len(self._classes_of(lock)) < 2

    def _classes_of(self, lock: int) -> set[int]:
        """The classes, one for each subclass, that paths take a lock as."""
        if self._classes is None:
            self._classes = {}
            for entry in self._entries():
                self._classes.setdefault(entry.lock, set()).add(entry.cls)
        return self._classes.get(lock, set())

    def _entries(self) -> Iterator[HeldLock]:
        """All acquisitions of all paths."""
        events = (event for node in self._composer.nodes for _, event in node.events())
        return (event.entry for event in events if type(event) is Acquired)

    def never_written(self, cls: int) -> bool:
        """No path takes this class exclusively, so no waiting writer ever stops its readers."""
        if self._written is None:
            self._written = {entry.cls for entry in self._entries() if entry.mode == 0}
        return cls not in self._written


def waits(event: Acquired) -> bool:
    """Somebody really waits there: not a try, and not a hold that is only taken over a lock dropped below it."""
    return not event.entry.trylock and event.entry.checked and not event.replayed


def _levels(state: State, outers: Container[int]) -> Iterator[HeldStack]:
    """The held locks of these classes that were taken in the same interrupt context."""
    for level in state.held.levels():
        entry = level.entry
        if entry is not None and entry.cls in outers and entry.irq_context == state.context.irq_context:
            yield level


def held_here(state: State) -> Held:
    """The locks that are held in a state for sure, strongest mode first."""
    found: Held = {}
    for entry in state.held.entries():
        if not entry.maybe:
            found[entry.lock] = min(entry.mode, found.get(entry.lock, entry.mode))
    return found


def _meet(parts: list[Held]) -> Held:
    """What is held in all, in the weakest mode."""
    if not parts:
        return {}
    common = set(parts[0]).intersection(*parts[1:])
    return {lock: max(part[lock] for part in parts) for lock in sorted(common)}
