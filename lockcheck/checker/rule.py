"""A rule after reading: a judgement over facts, with its words.

Is: frozen values; ``matches`` is the compiled judgement. Is not: the file's shape (``schema.py``).

Glossary words defined here: rule, shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from lockcheck.checker.sources import FactSource
from lockcheck.findings import Severity
from lockcheck.model.facts import Fact
from lockcheck.model.places import NOWHERE, Place

if TYPE_CHECKING:
    from lockcheck.checker.orders import OrderDocument


Match: TypeAlias = tuple[Fact, str]
"""A fact that breaks the rule, and the message about it."""

Matcher: TypeAlias = Callable[[FactSource], Iterable[Match]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``category`` is the folder above its own; ``folder`` is where its cases are.

    ``document``: the file as it is written. ``kinds``: the fact kinds it looks at. ``witness``: which legs
    beside the main one its findings show (None: all). ``kernel_title``: what lockdep calls it, or None.
    ``verdicts``: severities of findings whose replay comes to these verdicts.
    ``parts``: its judgements, where it has several that each say what to do.
    ``order``: the order that it declares, which is judged together with those of all other rules.
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
    verdicts: tuple[tuple[str, Severity], ...] = ()
    witness: tuple[str, ...] | None = None
    document: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    place: Place = field(default=NOWHERE, compare=False)
    folder: Path | None = field(default=None, compare=False)
    parts: tuple[tuple[Matcher, str], ...] = field(default=(), compare=False, repr=False)
    order: OrderDocument | None = field(default=None, compare=False, repr=False)

    @property
    def judgements(self) -> tuple[tuple[Matcher, str], ...]:
        """Its matchers, each with what to do about a finding of it."""
        return self.parts or ((self.matches, self.help),)
