"""Which lock classes are taken under which, without one record for each pair.

Is: for each outer hold, what is taken right under it and which callees are called under it; with the callees' exposed
acquisitions as bitsets, every dependency can be asked for. A model of thirty thousand functions may have millions of
pairs; circles are found in the *skeleton* of classes and callees, which is as small as the program.
Is not: circles (``graph``).

Glossary words defined here: dependency, evidence, skeleton.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lockcheck.analysis.closure import components
from lockcheck.analysis.events import Acquired
from lockcheck.analysis.state import RECURSIVE, HeldStack, State
from lockcheck.analysis.walk import Node


class Evidence(NamedTuple):
    """Where something happens: op number ``op`` of ``node``, in ``state``. ``level``: the held lock it is about.

    ``key``: what a ``callee`` of that call step acquires (an acquisition key), when it does not happen in ``node``.
    """

    node: Node
    op: int
    state: State
    level: HeldStack | None = None
    callee: Node | None = None
    key: int = -1


class Outer(NamedTuple):
    """A hold that others are taken under: class, exclusive or shared, and the confinement of the code that does it."""

    cls: int
    exclusive: bool
    confinement: int


class Hop(NamedTuple):
    """One dependency in one kind: ``exclusive`` (the outer hold) and ``recursive`` (the inner acquisition)."""

    outer: int
    inner: int
    exclusive: bool
    recursive: bool


def acquisition_key(event: Acquired) -> int:
    """Class and arrival kind of an acquisition as one bit index: odd for recursive readers."""
    return event.entry.cls * 2 + (event.entry.mode == RECURSIVE)


def keys_of(bits: int) -> Iterator[int]:
    """The indexes of the set bits, ascending."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


class Dependencies:
    """All dependencies of a composed program."""

    def __init__(self) -> None:
        self._takes: dict[Outer, dict[int, Evidence]] = {}
        self._calls: dict[Outer, dict[int, Evidence]] = {}
        self._extra: dict[Outer, dict[int, Evidence]] = {}
        self._bits: dict[Outer, int] = {}
        self._of_class: dict[int, list[Outer]] | None = None
        self.own: Sequence[int] = ()
        self.through: Sequence[Sequence[int]] = ()
        self.exposed: Sequence[int] = ()

    # -- building --------------------------------------------------------------------------------------------------

    def connect(self, own: Sequence[int], through: Sequence[Sequence[int]], exposed: Sequence[int]) -> None:
        """The exposed acquisitions of each callee: its own, whose it passes on, and both closed over calls."""
        self.own, self.through, self.exposed = own, through, exposed

    def take(self, level: HeldStack, key: int, where: Evidence) -> None:
        """Something is acquired under a held lock, in one function."""
        _put(self._takes, level, key, where)

    def call(self, level: HeldStack, target: int, where: Evidence) -> None:
        """A callee is called under a held lock."""
        _put(self._calls, level, target, where)

    def add(self, hop: Hop, where: Evidence) -> None:
        """A dependency that no held-lock stack shows (a wait's)."""
        outer = Outer(hop.outer, hop.exclusive, where.state.context.confinement)
        self._extra.setdefault(outer, {}).setdefault(hop.inner * 2 + hop.recursive, where)
        self._bits.pop(outer, None)
        self._of_class = None

    def drop_waits(self, classes: set[int]) -> None:
        """Forget what was added for these classes."""
        for outer in [outer for outer in self._extra if outer.cls in classes]:
            del self._extra[outer]
            self._bits.pop(outer, None)
        self._of_class = None

    # -- asking ----------------------------------------------------------------------------------------------------

    def outers(self) -> dict[int, list[Outer]]:
        """The holds of each class, shared before exclusive, unconfined first."""
        if self._of_class is None:
            self._of_class = {}
            for outer in sorted({**self._takes, **self._calls, **self._extra}):
                self._of_class.setdefault(outer.cls, []).append(outer)
        return self._of_class

    def bits(self, outer: Outer) -> int:
        """Acquisition keys taken under a hold; not its own class, whose nesting is a recursion."""
        known = self._bits.get(outer)
        if known is None:
            known = 0
            for key in (*self._takes.get(outer, ()), *self._extra.get(outer, ())):
                known |= 1 << key
            for target in self._calls.get(outer, ()):
                known |= self.exposed[target]
            known &= ~(3 << outer.cls * 2)
            self._bits[outer] = known
        return known

    def split(self, outer: Outer) -> tuple[list[int], list[int]]:
        """The keys of a hold that held-lock stacks show, and those that only waits add; ascending."""
        added = sum(1 << key for key in self._extra.get(outer, ())) & ~(3 << outer.cls * 2)
        shown = 0
        for key in self._takes.get(outer, ()):
            shown |= 1 << key
        for target in self._calls.get(outer, ()):
            shown |= self.exposed[target]
        shown &= ~(3 << outer.cls * 2)
        return list(keys_of(shown)), list(keys_of(added & ~shown))

    def inner_classes(self, cls: int) -> list[int]:
        """Classes taken under a class, ascending."""
        bits = 0
        for outer in self.outers().get(cls, ()):
            bits |= self.bits(outer)
        return list(dict.fromkeys(key >> 1 for key in keys_of(bits)))

    def count(self, classes: int) -> int:
        """The number of (outer, inner) pairs of classes."""
        return sum(self.counts(classes).values())

    def counts(self, classes: int) -> dict[int, int]:
        """The number of inner classes of each outer one."""
        even = int("01" * max(classes, 1), 2)
        found = {}
        for cls, outers in self.outers().items():
            bits = 0
            for outer in outers:
                bits |= self.bits(outer)
            found[cls] = ((bits | bits >> 1) & even).bit_count()
        return found

    def hops(self, cls: int, mask: int = -1) -> dict[Hop, list[Outer]]:
        """The hops from a class whose acquisition keys are in ``mask``, each with the holds that have it."""
        found: dict[Hop, list[Outer]] = {}
        for outer in self.outers().get(cls, ()):
            for key in keys_of(self.bits(outer) & mask):
                found.setdefault(Hop(cls, key >> 1, outer.exclusive, bool(key & 1)), []).append(outer)
        return found

    def evidence(self, outer: Outer, hop: Hop) -> Evidence:
        """Where a hop of a hold was first seen. Raises LookupError when it has none."""
        key = hop.inner * 2 + hop.recursive
        for table in (self._takes, self._extra):
            where = table.get(outer, {}).get(key)
            if where is not None:
                return where
        for target, where in self._calls.get(outer, {}).items():
            if self.exposed[target] >> key & 1:
                return where._replace(key=key)
        raise LookupError(hop)

    # -- the skeleton ------------------------------------------------------------------------------------------------

    def skeleton(self, classes: int, without: frozenset[int]) -> list[list[int]]:
        """Successors of classes (0 ..) and callees (``classes`` ..): paths in it are paths of dependencies.

        ``without``: confinement labels to leave out.
        """
        graph: list[list[int]] = [[] for _ in range(classes)]
        for cls, outers in self.outers().items():
            seen: dict[int, None] = {}
            for outer in outers:
                if outer.confinement not in without:
                    seen.update(dict.fromkeys(key >> 1 for key in self._takes.get(outer, ())))
                    seen.update(dict.fromkeys(key >> 1 for key in self._extra.get(outer, ())))
                    seen.update(dict.fromkeys(classes + target for target in self._calls.get(outer, ())))
            seen.pop(cls, None)
            graph[cls] = list(seen)
        for own, passed in zip(self.own, self.through, strict=True):
            inner = [key >> 1 for key in keys_of(own)] if own else []
            graph.append(inner + [classes + target for target in passed])
        return graph

    def tangled(self, classes: int, without: frozenset[int]) -> list[list[int]]:
        """Sets of two or more classes that reach each other."""
        parts = components(len(self.own) + classes, self.skeleton(classes, without))
        tangles = (sorted(node for node in part if node < classes) for part in parts if len(part) > 1)
        return [part for part in tangles if len(part) > 1]


def _put(table: dict[Outer, dict[int, Evidence]], level: HeldStack, key: int, where: Evidence) -> None:
    """Keep the first evidence for a hold and a key."""
    entry = level.entry
    assert entry is not None
    outer = Outer(entry.cls, entry.mode == 0, where.state.context.confinement)
    known = table.get(outer)
    if known is None:
        known = table[outer] = {}
    if key not in known:
        known[key] = Evidence(where.node, where.op, where.state, level, where.callee, where.key)
