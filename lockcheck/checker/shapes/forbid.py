"""``forbid: <fact kind>`` with ``where:`` and ``message:``: facts of a kind that must not be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lockcheck.checker.kinds import FACT_KINDS
from lockcheck.checker.message import compile_message
from lockcheck.checker.rule import FactSource, Match, Matcher, selected
from lockcheck.checker.select import Report, compile_where
from lockcheck.checker.words import either
from lockcheck.source.problems import did_you_mean

if TYPE_CHECKING:
    from lockcheck.checker.schema import RuleFile


def build(file: RuleFile, report: Report) -> tuple[tuple[str, ...], Matcher]:
    """Compile the judgement of one rule file."""
    name = file.forbid or ""
    kind = FACT_KINDS.get(name)
    if kind is None:
        report(("forbid",), f"unknown fact kind '{name}'", did_you_mean(name, FACT_KINDS) or either(FACT_KINDS))
        return (), _nothing
    selects = compile_where(file.where or {}, kind, ("where",), report)
    template, wrong = compile_message(file.message, kind)
    for text, hint in wrong:
        report(("message",), text, hint)

    def matches(source: FactSource) -> Iterable[Match]:
        return ((fact, template.fill(fact)) for fact in selected(source, name, selects))

    return (name,), matches


def _nothing(_: FactSource) -> tuple[Match, ...]:
    return ()
