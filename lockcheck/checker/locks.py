"""Lock selectors: which lock classes a declared shape means.

Is: a name, several names, or conditions about the class, compiled once and resolved against a program's classes.
Is not: a judgement.

    pcpu_lock                             # the class of that name, and its nesting levels (pcpu_lock/1 ...)
    [page_table_lock, ptl]                # any of these
    {group: vmstat, kind: spinlock}       # conditions, as for any attribute that names a lock class
    {glob: "pcpu_*"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lockcheck.checker.select import Path, Report, Test, compile_lock_condition
from lockcheck.checker.sources import LockTable, SeenFact
from lockcheck.source.problems import quote

LEVELS = range(1, 8)
"""Nesting levels that have a class of their own (lockdep's subclasses)."""


Condition = tuple[frozenset[str] | None, Test]
"""A test of a class by name, and the only names that can pass it (None: any)."""


@dataclass(frozen=True, slots=True)
class LockSelector:
    """Some lock classes. ``text``: as people read it; ``names``: those named outright; ``conditions``: the others."""

    text: str
    names: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = field(default=(), compare=False)

    def classes(self, table: LockTable, named: frozenset[str] = frozenset()) -> frozenset[str]:
        """The classes of a program that it selects.

        A name stands for its nesting levels too, but for those in ``named``: a document that names ``X/1`` gives it a
        place of its own.
        """
        found = {one for name in self.names for one in (name, *_levels(name, named)) if one in table.names}
        seen = SeenFact({}, table)
        for only, test in self.conditions:
            found |= {name for name in (table.names if only is None else only & table.names) if test(name, seen)}
        return frozenset(found)

    def candidates(self, table: LockTable) -> frozenset[str]:
        """Classes of a program that it may select: known without asking a condition."""
        found = {one for name in self.names for one in (name, *_levels(name, frozenset())) if one in table.names}
        for only, _ in self.conditions:
            found |= table.names if only is None else only & table.names
        return frozenset(found)


def _levels(name: str, named: frozenset[str]) -> Iterator[str]:
    return (one for one in (f"{name}/{level}" for level in LEVELS) if one not in named)


Names = Mapping[str, LockSelector]
"""Short names of a rule file (its ``names:``) and what they stand for."""


def compile_selector(value: object, names: Names, path: Path, report: Report) -> LockSelector:
    """The selector of a name, a list of selectors, or conditions; what is wrong goes to ``report``."""
    if isinstance(value, str) and value:
        return names.get(value) or LockSelector(value, (value,))
    if isinstance(value, list) and value:
        parts = [compile_selector(one, names, (*path, index), report) for index, one in enumerate(value)]
        return LockSelector(
            " | ".join(part.text for part in parts),
            tuple(dict.fromkeys(name for part in parts for name in part.names)),
            tuple(condition for part in parts for condition in part.conditions),
        )
    if isinstance(value, Mapping) and value:
        words = ", ".join(f"{key}: {_word(one)}" for key, one in value.items())
        only = value.get("name")
        named = frozenset((only,)) if isinstance(only, str) else None
        return LockSelector(f"{{{words}}}", (), ((named, compile_lock_condition(value, path, report)),))
    report(path, f"expected a lock's name, a list of them or conditions, not {quote(value)}", None)
    return LockSelector("nothing")


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def compile_names(value: Mapping[str, object] | None, report: Report) -> dict[str, LockSelector]:
    """The ``names:`` of a rule file. They stand for class names and conditions, not for each other."""
    found = {}
    for name, meaning in (value or {}).items():
        one = compile_selector(meaning, {}, ("names", name), report)
        found[name] = LockSelector(name, one.names, one.conditions)
    return found
