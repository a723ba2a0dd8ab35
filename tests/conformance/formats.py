"""The formats that the command reads, told apart by what a case has: a corpus case, or a recorded scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.conformance import corpus, scenarios, to_model
from tests.conformance.corpus import Row

ACCEPTED_FILE = Path(__file__).with_name("accepted.yaml")


class Accepted(NamedTuple):
    """A scenario where a static tool rightly says more than the one run showed."""

    says: tuple[str, ...]
    reason: str
    path: str


def rows(case: Mapping[str, Any]) -> Iterator[Row]:
    """All verdicts of a case."""
    return iter([scenarios.row_of(case)]) if scenarios.is_scenario(case) else corpus.rows(case)


def text_of(row: Row) -> str:
    """The model of a row. Raises NotExpressibleError."""
    return scenarios.model_of(row.case) if scenarios.is_scenario(row.case) else to_model.model_of(row.case)


def accepted() -> dict[str, Accepted]:
    """The list beside this module: scenario -> the kinds it may report beyond the recorded ones."""
    found = yaml.safe_load(ACCEPTED_FILE.read_text(encoding="utf-8")) or {}
    return {name: Accepted(tuple(sorted(one["says"])), one["reason"], one["path"]) for name, one in found.items()}
