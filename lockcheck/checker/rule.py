"""A rule after reading: a judgement over facts, with its words.

Is: frozen values; ``matches`` is the compiled judgement. Is not: the file's shape (``schema.py``).

Glossary words defined here: rule, shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from lockcheck.findings import Severity
from lockcheck.model.facts import Attribute, Fact
from lockcheck.model.places import NOWHERE, Place


class FactSource(Protocol):
    """Whatever has facts by kind: an analysis, or a test's hand-made ones."""

    def facts(self, kind: str) -> tuple[Fact, ...]:
        """All facts of that kind, sorted."""


@runtime_checkable
class SelectingSource(FactSource, Protocol):
    """A source that makes only the facts that are selected: a rule forbids few of thousands, and each has a witness."""

    def selected(self, kind: str, selects: Callable[[Mapping[str, Attribute]], bool]) -> tuple[Fact, ...]:
        """Those of ``facts(kind)`` whose attributes ``selects`` takes, sorted."""


def selected(source: FactSource, kind: str, selects: Callable[[Mapping[str, Attribute]], bool]) -> Iterable[Fact]:
    """The facts of a kind whose attributes ``selects`` takes, sorted."""
    if isinstance(source, SelectingSource):
        return source.selected(kind, selects)
    return (fact for fact in source.facts(kind) if selects(dict(fact.attributes)))


Match: TypeAlias = tuple[Fact, str]
"""A fact that breaks the rule, and the message about it."""

Matcher: TypeAlias = Callable[[FactSource], Iterable[Match]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``category`` is the folder above its own; ``folder`` is where its cases are.

    ``kinds``: the fact kinds it looks at. ``witness``: which legs
    beside the main one its findings show (None: all). ``kernel_title``: what lockdep calls it, or None.
    """

    id: str
    category: str
    summary: str
    severity: Severity
    why: str
    help: str
    kinds: tuple[str, ...]
    matches: Matcher = field(compare=False, repr=False)
    since: str = ""
    kernel_title: str | None = None
    limits: str | None = None
    exceptions: str | None = None
    see: tuple[str, ...] = ()
    witness: tuple[str, ...] | None = None
    place: Place = field(default=NOWHERE, compare=False)
    folder: Path | None = field(default=None, compare=False)
