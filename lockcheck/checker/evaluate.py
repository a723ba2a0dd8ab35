"""Rules x facts -> findings. The only place that builds a finding.

Is: the engine; it names no rule. Is not: a judge of its own: severity and words come from the rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lockcheck.checker.orders import OrderedSource
from lockcheck.checker.rule import Rule
from lockcheck.checker.sources import FactSource
from lockcheck.findings import Finding, Severity, fingerprint
from lockcheck.model.facts import Fact


def findings_of(rules: Iterable[Rule], source: FactSource) -> tuple[Finding, ...]:
    """All findings, sorted; one per rule and fact identity, at the first place in file order."""
    return tuple(finding for finding, _ in judged(rules, source))


def in_orders(rules: Iterable[Rule], source: FactSource) -> OrderedSource:
    """The source with facts about the orders that these rules declare."""
    return OrderedSource(source, [rule.order for rule in rules if rule.order is not None])


def judged(rules: Iterable[Rule], source: FactSource) -> list[tuple[Finding, Fact]]:
    """:func:`findings_of`, each with the whole fact, of which a finding may show less."""
    best: dict[str, tuple[Finding, Fact]] = {}
    rules = tuple(rules)
    ordered = in_orders(rules, source)
    for rule in rules:
        for matches, advice in rule.judgements:
            for fact, message in matches(ordered):
                finding = _finding(rule, fact, message, advice)
                known = best.get(finding.fingerprint)
                if known is None or finding.sort_key() < known[0].sort_key():
                    best[finding.fingerprint] = finding, fact
    return sorted(best.values(), key=lambda pair: pair[0].sort_key())


def _shown(rule: Rule, fact: Fact) -> Fact:
    """The fact with the legs that this rule's findings show: the main ones, and the reasons it asks for."""
    if rule.witness is None:
        return fact
    return replace(fact, legs=tuple(leg for leg in fact.legs if not leg.about or leg.about in rule.witness))


def _finding(rule: Rule, fact: Fact, message: str, advice: str) -> Finding:
    return Finding(
        rule=rule.id,
        severity=_severity(rule, fact),
        message=message,
        help=advice,
        fact=_shown(rule, fact),
        fingerprint=fingerprint(rule.id, (fact.kind, *fact.identity)),
    )


def _severity(rule: Rule, fact: Fact) -> Severity:
    """The rule's severity, or the one it has for what the fact's replay came to."""
    verdict = fact.replay.verdict if fact.replay is not None else None
    return dict(rule.verdicts).get(verdict or "", rule.severity)
