"""What stands somewhere in a block of steps: the free words of its conditions, and its labels.

Is: two walks over nested steps. Is not: the compilation of them (``compile``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lockcheck.model.steps import Branch, Call, Choice, Cond, Do, Jump, Label, Loop, Step

_LEAVES: Final = frozenset({Do, Call, Jump})


def _conditions(steps: Iterable[Step]) -> Iterable[Cond]:
    for step in steps:
        if type(step) in _LEAVES:
            continue
        if isinstance(step, Branch):
            yield step.cond
            yield from _conditions(step.then)
            yield from _conditions(step.orelse)
        elif isinstance(step, Choice):
            for block in step.blocks:
                yield from _conditions(block)
        elif isinstance(step, Loop):
            yield from _conditions(step.body)


def words_of(cond: Cond) -> Iterable[str]:
    """The free words of a condition, once for each time."""
    if cond.op == "word":
        yield str(cond.a)
    for part in (cond.a, cond.b):
        if isinstance(part, Cond):
            yield from words_of(part)


def words_in(steps: Iterable[Step]) -> list[str]:
    """The free words that conditions ask for, once for each time."""
    return [word for cond in _conditions(steps) for word in words_of(cond)]


def labels(steps: Iterable[Step]) -> Iterable[str]:
    """The names of all labels."""
    for step in steps:
        if type(step) in _LEAVES:
            continue
        if isinstance(step, Label):
            yield step.name
        elif isinstance(step, Branch):
            yield from labels(step.then)
            yield from labels(step.orelse)
        elif isinstance(step, Choice):
            for block in step.blocks:
                yield from labels(block)
        elif isinstance(step, Loop):
            yield from labels(step.body)
