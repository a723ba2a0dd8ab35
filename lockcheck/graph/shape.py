"""Open options that decide more than which paths there are.

Is: what must be enumerated because a further path can take a fact away, or because the analysis lost track of what an
option was. Is not: the enumeration.

A fact is there as soon as some paths are, so that leaving options open loses none. Waits are the exception: a wait
hangs only if *all* who could end it are stuck, so that a further signaller takes a circle away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lockcheck.analysis.lifted import OPTION
from lockcheck.model.program import Program
from lockcheck.model.steps import Acquire, Branch, Call, Choice, Cond, Do, Hook, Loop, Signal, Step, Value, Wait


class Mentions:
    """Which functions a program's functions call, and which open options they test themselves."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.options: list[frozenset[str]] = []
        self.calls: list[frozenset[int]] = []
        self._anything = frozenset(range(len(program.functions)))
        for function in program.functions:
            options: set[str] = set()
            calls: set[int] = set()
            for step in walk(function.steps):
                if isinstance(step, Branch):
                    options.update(_options(step.cond))
                elif isinstance(step, Call):
                    calls.update(self._targets(step))
            self.options.append(frozenset(options))
            self.calls.append(frozenset(calls))

    def _targets(self, step: Call) -> Iterator[int]:
        """Where a call may go; through a parameter: anywhere."""
        for target in step.targets:
            if isinstance(target, Value):
                yield target.value
            elif isinstance(target, Hook):
                yield from (
                    hook for cache in self.program.caches for hook in (cache.ctor, cache.dtor) if hook is not None
                )
            else:
                yield from self._anything

    def below(self, starts: Iterable[int]) -> frozenset[str]:
        """Options that these functions test, or what they call."""
        seen = set(starts)
        todo = list(seen)
        while todo:
            fresh = self.calls[todo.pop()] - seen
            seen |= fresh
            todo.extend(fresh)
        return frozenset(name for index in seen for name in self.options[index])

    def above(self, ends: Iterable[int]) -> frozenset[str]:
        """Options that these functions test, or who calls them."""
        seen = set(ends)
        before = -1
        while before != len(seen):
            before = len(seen)
            seen |= {index for index, called in enumerate(self.calls) if called & seen}
        return frozenset(name for index in seen for name in self.options[index])


def walk(steps: Sequence[Step]) -> Iterator[Step]:
    """All steps, nested ones included."""
    todo = list(steps)
    while todo:
        step = todo.pop()
        yield step
        if isinstance(step, Branch):
            todo += [*step.then, *step.orelse]
        elif isinstance(step, Choice):
            todo += [one for block in step.blocks for one in block]
        elif isinstance(step, Loop):
            todo += step.body


def _options(cond: Cond) -> Iterator[str]:
    if cond.op == OPTION:
        yield str(cond.a)
    for part in (cond.a, cond.b):
        if isinstance(part, Cond):
            yield from _options(part)


def shaping_options(program: Program) -> frozenset[str]:
    """Open options that may decide who waits for something and who ends that."""
    if not program.open_options:
        return frozenset()
    waiting: set[int] = set()
    signalling: set[int] = set()
    kinds = [lock.kind.category for lock in program.locks]
    for index, function in enumerate(program.functions):
        for step in walk(function.steps):
            for effect in step.effects if isinstance(step, Do) else ():
                if isinstance(effect, Signal):
                    signalling.add(index)
                elif isinstance(effect, Wait) or (isinstance(effect, Acquire) and _is_wait(effect, kinds)):
                    waiting.add(index)
    if not (waiting and signalling):
        return frozenset()
    return Mentions(program).above(waiting | signalling)


def _is_wait(effect: Acquire, kinds: Sequence[str]) -> bool:
    return not isinstance(effect.lock, Value) or kinds[effect.lock.value] == "wait"


def options_below(program: Program, functions: Iterable[str]) -> frozenset[str]:
    """Open options that functions of these names test, or what they call."""
    names = frozenset(functions)
    if not program.open_options or not names:
        return frozenset()
    return Mentions(program).below(index for index, one in enumerate(program.functions) if one.name in names)
