"""Severities that a project gives to rules, instead of those that the rule files say.

Is: rules with other severities, or without those that are off. Is not: a change of what a rule forbids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lockcheck.checker.reading import RuleSet
from lockcheck.checker.rule import Rule
from lockcheck.checker.schema import VERDICTS
from lockcheck.findings import SEVERITIES, Severity
from lockcheck.source.problems import Problem, did_you_mean

OFF = "off"
"""Instead of a severity: the rule is not judged."""
PLACE = "severities"
"""What problems call the severities, which are not from a file of the run."""


def adjusted(ruleset: RuleSet, severities: Mapping[str, str], verdicts: Mapping[str, str]) -> RuleSet:
    """The same rules as a project wants them.

    ``severities``: by rule id; ``off`` takes the rule out. ``verdicts``: of findings whose replay comes to that, for
    every rule. A finding of a rule that ``severities`` names is at most what it says. What is unknown is a problem.
    """
    if not severities and not verdicts:
        return ruleset
    problems = _problems(ruleset, severities, verdicts)
    if problems:
        return replace(ruleset, problems=tuple(sorted((*ruleset.problems, *problems))))
    off = tuple(sorted(name for name, word in severities.items() if word == OFF))
    by_verdict = {name: SEVERITIES[word] for name, word in verdicts.items()}
    rules = {
        name: _adjusted(rule, severities.get(name), by_verdict)
        for name, rule in ruleset.rules.items()
        if name not in off
    }
    return replace(ruleset, rules=rules, off=off)


def _adjusted(rule: Rule, word: str | None, verdicts: Mapping[str, Severity]) -> Rule:
    own = {**dict(rule.verdicts), **verdicts}
    if word is None:
        return replace(rule, verdicts=tuple(sorted(own.items())))
    most = SEVERITIES[word]
    return replace(rule, severity=most, verdicts=tuple(sorted((name, min(one, most)) for name, one in own.items())))


def _problems(ruleset: RuleSet, severities: Mapping[str, str], verdicts: Mapping[str, str]) -> list[Problem]:
    found = []
    for name, word in severities.items():
        if name not in ruleset.rules and not ruleset.problems:
            hint = did_you_mean(name, ruleset.rules) or "lockcheck rules list names them all"
            found.append(Problem(PLACE, 0, 0, f"unknown rule '{name}'", hint, "unknown-rule"))
        if word not in SEVERITIES and word != OFF:
            known = ", ".join((*SEVERITIES, OFF))
            found.append(Problem(PLACE, 0, 0, f"unknown severity '{word}'", f"it is one of {known}", "wrong-type"))
    for name, word in verdicts.items():
        if name not in VERDICTS:
            found.append(Problem(PLACE, 0, 0, f"unknown verdict '{name}'", did_you_mean(name, VERDICTS), "wrong-type"))
        if word not in SEVERITIES:
            known = ", ".join(SEVERITIES)
            found.append(Problem(PLACE, 0, 0, f"unknown severity '{word}'", f"it is one of {known}", "wrong-type"))
    return found
