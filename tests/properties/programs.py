"""Random small programs, built directly: functions that call each other, locks of several kinds, interrupts, branches.

Is: a seeded generator, and the same program with every call replaced by the callee's steps. Is not: an oracle.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from lockcheck.graph.facts_order import OrderFacts
from lockcheck.model.facts import UNDECIDED, Replay
from lockcheck.model.locks import Lock, LockClass, LockKind, Mode, WaitType
from lockcheck.model.program import Entry, Function, Program
from lockcheck.model.steps import (
    Acquire,
    Assert,
    Branch,
    Call,
    Choice,
    Cond,
    Count,
    Do,
    Downgrade,
    Effect,
    Irq,
    Release,
    Step,
    Value,
)

SPIN = LockKind("spinlock", WaitType.CONFIG, WaitType.CONFIG, blocks_sleep=True)
RAW = LockKind("raw_spinlock", WaitType.SPIN, WaitType.SPIN, blocks_sleep=True)
MUTEX = LockKind("mutex", WaitType.SLEEP, WaitType.SLEEP, sleeps=True)
MAP = LockKind("map")
KINDS = (SPIN, RAW, MUTEX, MAP)
MODES = (Mode.EXCLUSIVE, Mode.EXCLUSIVE, Mode.EXCLUSIVE, Mode.SHARED, Mode.RECURSIVE, Mode.QUEUED)
WHERE = 1 << 12 | 1


class Maker:
    """Makes one random program. ``open_share``: how often a function touches locks that it did not take."""

    def __init__(self, seed: int, functions: int = 4, locks: int = 4, open_share: float = 0.1) -> None:
        self.random = random.Random(seed)
        self.open_share = open_share
        self.count = functions
        self.locks = tuple(self.lock(number) for number in range(locks))
        self.fs_reclaim = Lock("fs_reclaim", "fs_reclaim", MAP)

    def lock(self, number: int) -> Lock:
        """An instance; some share a class."""
        kind = self.random.choice(KINDS)
        return Lock(f"L{number}", f"L{number}", kind)

    def program(self) -> Program:
        """Functions call only later ones; the first two are entries."""
        functions = []
        for number in range(self.count):
            steps = self.block(number, depth=2, held=[])
            contexts = self.random.choice((("task",), ("softirq",), ("hardirq",), ("task", "hardirq")))
            entries = tuple(Entry(context) for context in contexts) if number < 2 else ()
            functions.append(Function(f"f{number}", "random", WHERE, steps, entries=entries))
        locks = (*self.locks, self.fs_reclaim)
        classes = {lock.class_name: LockClass(lock.class_name, lock.kind) for lock in locks}
        return Program(tuple(functions), locks, tuple(classes.values()), (), len(locks) - 1, -1)

    def block(self, number: int, depth: int, held: list[int]) -> tuple[Step, ...]:
        """Some steps; what they take they mostly drop."""
        steps: list[Step] = []
        for _ in range(self.random.randint(1, 3)):
            steps += self.piece(number, depth, held)
        return tuple(steps)

    def piece(self, number: int, depth: int, held: list[int]) -> list[Step]:
        """One construct."""
        chance = self.random.random()
        if chance < 0.45:
            return self.section(number, depth, held)
        if chance < 0.65 and number + 1 < self.count:
            target = self.random.randrange(number + 1, self.count)
            return [Call((Value("function", target),), (), WHERE, f"f{target}()")]
        if chance < 0.75 and depth:
            ways = (self.block(number, depth - 1, held), self.block(number, depth - 1, held))
            if self.random.random() < 0.5:
                return [Branch(Cond("word", f"w{number}{self.random.randrange(2)}"), ways[0], ways[1], WHERE)]
            return [Choice((ways[0], ()), WHERE)]
        if chance < 0.85:
            return self.switched(number, depth, held)
        if chance < 0.85 + self.open_share:
            return [self.do(self.foreign())]
        return [self.do(Assert(Value("lock", self.random.randrange(len(self.locks)))))]

    def section(self, number: int, depth: int, held: list[int]) -> list[Step]:
        """Take a lock, do something, drop it (or forget to)."""
        lock = self.random.randrange(len(self.locks))
        value = Value("lock", lock)
        take = Acquire(value, self.random.choice(MODES), trylock=self.random.random() < 0.1)
        inner = self.block(number, depth - 1, [*held, lock]) if depth else ()
        steps: list[Step] = [self.do(take), *inner]
        if self.random.random() < 0.98:
            steps.append(self.do(Release(value)))
        return steps

    def switched(self, number: int, depth: int, held: list[int]) -> list[Step]:
        """Steps with interrupts, softirqs or preemption off; seldom left so."""
        off, on = self.random.choice(
            ((Irq("save"), Irq("restore")), (Count("softirq", 1), Count("softirq", -1)), (Irq("off"), Irq("on")))
        )
        if self.random.random() < 0.03:
            return [self.do(*self.switch())]
        inner = self.block(number, depth - 1, held) if depth else ()
        return [self.do(off), *inner, self.do(on)]

    def switch(self) -> tuple[Effect, ...]:
        """A change of interrupt state."""
        return self.random.choice(
            ((Irq("off"),), (Irq("on"),), (Count("softirq", 1),), (Count("preempt", 1), Count("preempt", -1)))
        )

    def foreign(self) -> Effect:
        """Touch a lock that may be the caller's."""
        value = Value("lock", self.random.randrange(len(self.locks)))
        return self.random.choice((Release(value), Downgrade(value), Acquire(value, nest=self.other(value))))

    def other(self, value: Value) -> Value:
        """Another lock than that."""
        return Value("lock", (value.value + 1) % len(self.locks))

    @staticmethod
    def do(*effects: Effect) -> Do:
        """A plain step."""
        return Do(effects, WHERE, " ".join(type(effect).__name__ for effect in effects))


@contextmanager
def without_replays() -> Iterator[None]:
    """Facts are not replayed in here: that takes longer than everything else, and tells no two facts apart."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(OrderFacts, "reenactor", _Unreplayed())
        yield


class _Unreplayed:
    """Stands for the replaying of facts."""

    def __getattr__(self, name: str) -> Callable[..., Replay]:
        return lambda *_: Replay(UNDECIDED, "not asked for")


def inlined(program: Program) -> Program:
    """The program with every call replaced by the steps of what it calls; words are kept apart by place of call."""
    functions = program.functions
    done = tuple(
        replace(function, steps=_inline(function.steps, functions, f"{function.name}")) for function in functions
    )
    return replace(program, functions=done)


def _inline(steps: Sequence[Step], functions: Sequence[Function], prefix: str) -> tuple[Step, ...]:
    found: list[Step] = []
    for number, step in enumerate(steps):
        here = f"{prefix}.{number}"
        if isinstance(step, Call):
            (target,) = step.targets
            assert isinstance(target, Value)
            body = _rename(functions[target.value].steps, here)
            found += _inline(body, functions, here)
        elif isinstance(step, Branch):
            then, orelse = _inline(step.then, functions, here + "t"), _inline(step.orelse, functions, here + "e")
            found.append(step._replace(then=then, orelse=orelse))
        elif isinstance(step, Choice):
            blocks = tuple(_inline(block, functions, f"{here}b{i}") for i, block in enumerate(step.blocks))
            found.append(step._replace(blocks=blocks))
        else:
            found.append(step)
    return tuple(found)


def _rename(steps: Sequence[Step], activation: str) -> tuple[Step, ...]:
    """A callee's own words: each activation decides them anew."""
    found: list[Step] = []
    for step in steps:
        if isinstance(step, Branch):
            cond = step.cond._replace(a=f"{step.cond.a}@{activation}")
            then, orelse = _rename(step.then, activation), _rename(step.orelse, activation)
            found.append(step._replace(cond=cond, then=then, orelse=orelse))
        elif isinstance(step, Choice):
            blocks = tuple(_rename(block, activation) for block in step.blocks)
            found.append(step._replace(blocks=blocks))
        else:
            found.append(step)
    return tuple(found)
