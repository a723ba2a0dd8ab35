"""``forbid: <fact kind>`` with ``where:`` and ``message:``: facts of a kind that must not be."""

from __future__ import annotations

from collections.abc import Iterator

from lockcheck.checker.kinds import FACT_KINDS
from lockcheck.checker.rule import Match
from lockcheck.checker.select import compile_where, needed
from lockcheck.checker.shapes.base import Judged, Reading, nothing
from lockcheck.checker.sources import FactSource, SeenFact, selected
from lockcheck.checker.words import either
from lockcheck.source.problems import did_you_mean


def build(reading: Reading) -> Judged:
    """Compile the judgement of one rule file."""
    name = reading.file.forbid or ""
    kind = FACT_KINDS.get(name)
    if kind is None:
        hint = did_you_mean(name, FACT_KINDS) or either(FACT_KINDS)
        reading.report(("forbid",), f"unknown fact kind '{name}'", hint)
        return Judged((), nothing)
    selects = compile_where(reading.file.where or {}, kind, ("where",), reading.report)
    needs = needed(reading.file.where or {})
    template = reading.template(kind, "")

    def matches(source: FactSource) -> Iterator[Match]:
        table = source.table
        for fact in selected(source, name, selects, needs):
            yield fact, template.fill(SeenFact.of(fact, table))

    return Judged((name,), matches)
