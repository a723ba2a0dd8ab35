"""Repairs: changes to the models after which a deadlock is gone, known from having been tried.

Is: the values that ``repair/`` makes and reports show. Is not: the trying.

Glossary words defined here: repair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lockcheck.compare.difference import Difference
from lockcheck.findings import Finding
from lockcheck.model.places import Place


class Site(NamedTuple):
    """One step that a repair edits, in words; ``at``: the kernel place that it models."""

    words: str
    place: Place
    at: str | None


@dataclass(frozen=True, slots=True)
class Repair:
    """One change that works. ``sort``: which kind of change; ``sites``: the steps that it edits.

    ``diff``: the edited lines of the models, as a unified diff; ``texts``: the whole edited files, by name.
    ``effect``: what else the change changes.
    ``included``: some of it is in a file that was included, not named, and perhaps not yours to change.
    """

    sort: str
    sites: tuple[Site, ...]
    diff: tuple[str, ...]
    texts: Mapping[str, str] = field(repr=False)
    effect: Difference = field(repr=False)
    included: bool = False

    @property
    def new_findings(self) -> tuple[Finding, ...]:
        """What is found with the change, and was not before."""
        return self.effect.findings.new

    @property
    def also_gone(self) -> int:
        """How many other findings are gone with it."""
        return len(self.effect.findings.gone) - 1


@dataclass(frozen=True, slots=True)
class Repairs:
    """What trying came to for one finding: the best changes that work, smallest first; how many were tried, how many
    of them work, and how many more there were and were left out for a limit."""

    fingerprint: str
    best: tuple[Repair, ...]
    tried: int
    work: int
    left: int = 0
