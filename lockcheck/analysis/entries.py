"""How the world starts functions: entries -> contexts, preludes and confinement labels.

Is: the roots of the walk. Is not: the walk.

Glossary words defined here: entry, confinement.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lockcheck.analysis.compile import Binding, Code, Compiler
from lockcheck.analysis.state import NO_LIMIT, Context
from lockcheck.analysis.walk import Node, Walker
from lockcheck.model.locks import WaitType
from lockcheck.model.program import Entry, Function
from lockcheck.model.steps import Acquire, Branch, Call, Do, Release, Step, Value


class Confinement(NamedTuple):
    """Why code cannot run beside other code. ``thread``: only there; ``init``: before all else; ``function`` with
    ``excluded``: never at the same time as those functions."""

    thread: str | None
    init: bool
    function: int
    excluded: frozenset[int]

    def allows(self, other: Confinement) -> bool:
        """Both can be running at one moment, in two different threads."""
        if self.init or other.init:
            return False
        if self.thread is not None and self.thread == other.thread:
            return False
        return other.function not in self.excluded and self.function not in other.excluded


FREE = Confinement(None, False, -1, frozenset())


class Root(NamedTuple):
    """An entry and the node it starts."""

    function: int
    entry: Entry
    node: Node


class Start(NamedTuple):
    """An entry, and the code and context that it starts with."""

    function: int
    entry: Entry
    code: Code
    context: Context


class Starter:
    """Starts every entry of a program."""

    def __init__(self, walker: Walker) -> None:
        self.walker = walker
        self.compiler: Compiler = walker.compiler
        self.labels: list[Confinement] = [FREE]
        self._indexes: dict[Confinement, int] = {FREE: 0}

    def start(self) -> list[Root]:
        """All entries in order of function name; each is walked to the end."""
        starts = self.starts()
        return [Root(index, entry, self.walker.enter(code, context)) for index, entry, code, context in starts]

    def starts(self) -> Iterator[Start]:
        """All entries in order of function name, and how each begins. Walks nothing."""
        functions = self.compiler.program.functions
        excluded: dict[int, set[int]] = {}
        for index, function in enumerate(functions):
            for other in function.not_beside:
                excluded.setdefault(index, set()).add(other)
                excluded.setdefault(other, set()).add(index)
        for index, function in enumerate(functions):
            for entry in function.entries:
                label = self.label(index, function, frozenset(excluded.get(index, ())))
                yield Start(index, entry, self.code(index, function, entry), self.context(entry, label))

    def label(self, index: int, function: Function, excluded: frozenset[int]) -> int:
        """The index of a function's confinement."""
        if function.thread is None and not function.init and not excluded:
            return 0
        own = Confinement(function.thread, function.init, index if excluded else -1, excluded)
        if own not in self._indexes:
            self._indexes[own] = len(self.labels)
            self.labels.append(own)
        return self._indexes[own]

    def code(self, index: int, function: Function, entry: Entry) -> Code:
        """What an entry runs: the function, with what is taken around it."""
        given = dict(entry.args)
        binding: Binding = tuple((name, given[name]) for name in function.params if name in given)
        code = self.compiler.code(index, binding)
        return self.compiler.synthetic(prelude(index, function, entry)) if entry.under else code

    def context(self, entry: Entry, label: int) -> Context:
        """The state an entry starts in.

        PREEMPT_RT runs softirqs and threaded handlers in tasks with bottom halves off, where spinlocks may sleep.
        """
        config_rank = int(self.compiler.binder.table.config_rank)
        threaded = entry.context == "softirq" or (entry.context == "hardirq" and entry.threaded)
        if threaded and self.compiler.program.preempt_rt:
            preempt, irqs_on = int(entry.preempt_off), not entry.irqs_off
            return Context(preempt=preempt, irqs_on=irqs_on, limit=config_rank, confinement=label)
        hardirq = 0
        limit = NO_LIMIT
        if entry.context == "hardirq":
            hardirq = 1 if entry.threaded else 2
            limit = config_rank if entry.threaded else int(WaitType.SPIN)
        elif entry.context == "softirq":
            limit = config_rank
        elif entry.context == "nmi":
            limit = int(WaitType.SPIN)
        context = Context(
            softirq=entry.context == "softirq",
            hardirq=hardirq,
            nmi=entry.context == "nmi",
            irqs_on=not entry.irqs_off and entry.context not in ("hardirq", "nmi"),
            bh=int(entry.bh_off),
            preempt=int(entry.preempt_off),
            limit=limit,
            confinement=label,
        )
        return context._replace(base=context.irq_context)


def prelude(index: int, function: Function, entry: Entry) -> Function:
    """What runs a work item or timer function: its maps are taken around it."""
    where = function.where
    locks = [Value("lock", lock) for lock in entry.under]
    take = Do(tuple(Acquire(lock) for lock in locks), where, entry.word, function.at)
    drop = Do(tuple(Release(lock) for lock in reversed(locks)), where, entry.word, function.at)
    call = Call((Value("function", index),), tuple(entry.args), where, f"{function.name}()", function.at)
    steps: tuple[Step, ...] = (take, call, drop)
    if entry.given is not None:
        steps = (Branch(entry.given, steps, (), where),)
    return Function(entry.word, function.file, where, steps, at=function.at)
