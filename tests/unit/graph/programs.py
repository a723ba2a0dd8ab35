"""Programs made of single dependencies: each is a function that holds one lock and takes another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lockcheck.model.locks import Lock, LockClass, LockKind, Mode
from lockcheck.model.program import Entry, Function, Program
from lockcheck.model.steps import Acquire, Do, Release, Value

MAP = LockKind("map")
WHERE = 1 << 12 | 1


class Edge(NamedTuple):
    """``inner`` taken in one mode while ``outer`` is held in another."""

    outer: int
    inner: int
    held: Mode = Mode.EXCLUSIVE
    taken: Mode = Mode.EXCLUSIVE

    @property
    def exclusive(self) -> bool:
        """The hold blocks everybody."""
        return self.held == Mode.EXCLUSIVE

    @property
    def recursive(self) -> bool:
        """The acquisition waits for exclusive holders only."""
        return self.taken == Mode.RECURSIVE


def function(number: int, edge: Edge, thread: str | None = None) -> Function:
    """The function of one dependency."""
    outer, inner = Value("lock", edge.outer), Value("lock", edge.inner)
    effects = (Acquire(outer, edge.held), Acquire(inner, edge.taken), Release(inner), Release(outer))
    steps = tuple(Do((effect,), WHERE, type(effect).__name__) for effect in effects)
    return Function(f"f{number:04}", "edges", WHERE, steps, entries=(Entry(),), thread=thread)


def program(locks: int, edges: Iterable[Edge], threads: Iterable[str | None] = ()) -> Program:
    """A program with one function for each dependency."""
    confined = list(threads)
    functions = tuple(
        function(number, edge, confined[number] if confined else None) for number, edge in enumerate(edges)
    )
    instances = tuple(Lock(f"L{number:04}", f"L{number:04}", MAP) for number in range(locks))
    classes = tuple(LockClass(lock.class_name, MAP) for lock in instances)
    return Program(functions, (*instances, Lock("zz", "zz", MAP)), classes, (), locks, -1)
