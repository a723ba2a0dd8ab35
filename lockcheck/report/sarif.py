"""SARIF 2.1.0: findings for editors, viewers and other services, with the legs as thread flows.

Is: one run, one result per finding, rules with what they mean and what to do, fingerprints that survive moved lines,
waived findings as suppressed results. Is not: more than GitHub takes: results and steps are bounded (the numbers are
from its page on limits of SARIF uploads), and what was left out is said in a notification.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from lockcheck.findings import Described, Result, Severity
from lockcheck.report.difference_markdown import escaped
from lockcheck.report.encode import json_text
from lockcheck.report.entries import MISSED, PROBLEM, UNUSED, WAIVED, Entry, entries
from lockcheck.report.sarif_flows import code_flows
from lockcheck.report.sarif_places import bases, location, message
from lockcheck.report.text import holding
from lockcheck.report.view import View

VERSION: Final = "2.1.0"
SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS: Final = 25_000
MOST_WITH_FLOWS: Final = 5_000
"""GitHub shows no more results; without code flows the rest keeps a file under its 10 MB (compressed)."""

FINGERPRINT: Final = "lockcheckFinding/v1"
OWN_RULES: Final = {
    MISSED: "a finding that a model expects was not found",
    UNUSED: "something is declared that the run had no use for",
}


def render(result: Result, view: View) -> str:
    """The log file as indented JSON, in ASCII."""
    return json_text(log(result, view))


def log(result: Result, view: View, *, leave_out: str = "") -> dict[str, Any]:
    """The log file as plain values. ``leave_out``: a sort of entries that its reader has no place for."""
    told = [entry for entry in entries(result, view) if entry.what != leave_out]
    problems = [entry for entry in told if entry.what == PROBLEM]
    others = [entry for entry in told if entry.what != PROBLEM]
    rules = _rules(result.rules, others)
    numbers = {rule["id"]: index for index, rule in enumerate(rules)}
    kept = others[:MOST_RESULTS]
    results = [_result(entry, result, view, numbers, index) for index, entry in enumerate(kept)]
    run = {
        "tool": {"driver": _driver(rules)},
        "invocations": [_invocation(result, view, problems, len(others) - len(kept))],
        "originalUriBaseIds": bases(),
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": SCHEMA, "version": VERSION, "runs": [run]}


def _driver(rules: Sequence[dict[str, Any]]) -> dict[str, Any]:
    from lockcheck import __version__

    return {"name": "lockcheck", "version": __version__, "rules": list(rules)}


def _rules(rules: Iterable[Described], told: Iterable[Entry]) -> list[dict[str, Any]]:
    """All rules that judged, and what else has results, by id."""
    described = {rule.id: _rule(rule) for rule in rules}
    for entry in told:
        if entry.rule not in described:
            summary = OWN_RULES.get(entry.rule, entry.rule)
            described[entry.rule] = {"id": entry.rule, "shortDescription": message(summary)}
    return [described[name] for name in sorted(described)]


def _rule(rule: Described) -> dict[str, Any]:
    level = rule.severity.word
    kernel = f"\n\nlockdep says: {rule.kernel_title}" if rule.kernel_title else ""
    marked = f"{escaped(rule.why)}\n\n**What to do:** {escaped(rule.help)}"
    marked += f"\n\nlockdep says: {escaped(rule.kernel_title)}" if rule.kernel_title else ""
    return {
        "id": rule.id,
        "shortDescription": message(rule.summary),
        "fullDescription": message(rule.why),
        "help": {**message(f"{rule.why}\n\nWhat to do: {rule.help}{kernel}"), "markdown": marked},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["locking", rule.category], "problem.severity": _problem_severity(rule.severity)},
    }


def _problem_severity(severity: Severity) -> str:
    return "recommendation" if severity == Severity.NOTE else severity.word


def _result(entry: Entry, result: Result, view: View, rules: dict[str, int], index: int) -> dict[str, Any]:
    finding = entry.finding
    value: dict[str, Any] = {
        "ruleId": entry.rule,
        "ruleIndex": rules[entry.rule],
        "level": entry.severity.word,
        "message": message(f"{entry.message}\n{entry.help}" if entry.help else entry.message),
        "locations": [location(entry.place, view, function=_function(entry))],
        "partialFingerprints": {FINGERPRINT: entry.fingerprint},
    }
    if finding is not None:
        if index < MOST_WITH_FLOWS:
            value["codeFlows"] = code_flows(finding.fact, view)
        value["properties"] = _properties(entry, result)
    if entry.what == WAIVED and not entry.known:
        value["suppressions"] = [_suppression(entry, view)]
    elif result.baseline is not None and finding is not None:
        worse = entry.fingerprint in result.baseline.worse
        value["baselineState"] = "unchanged" if entry.known else "updated" if worse else "new"
    return value


def _function(entry: Entry) -> str:
    """The function that an entry points into: the one of the step at its place."""
    if entry.finding is None:
        return ""
    steps = [step for leg in entry.finding.fact.legs for step in leg.steps]
    return next((step.function for step in steps if step.place == entry.place), "")


def _properties(entry: Entry, result: Result) -> dict[str, Any]:
    """What SARIF has no word for: fact kind, lock classes, what the replay came to, and in which configs."""
    if entry.finding is None:
        return {}
    fact = entry.finding.fact
    found: dict[str, Any] = {"kind": fact.kind, "locks": list(entry.finding.locks)}
    if fact.replay is not None:
        found["verdict"] = fact.replay.verdict
    if result.configs.varied:
        found["condition"] = holding(entry.finding.condition)
    return found


def _suppression(entry: Entry, view: View) -> dict[str, Any]:
    """Why a finding is allowed: said in the model itself, or in a file of waivers."""
    kind = "inSource" if entry.waiver.file == entry.place.file else "external"
    value: dict[str, Any] = {"kind": kind, "status": "accepted", "justification": entry.reason}
    return {**value, "location": location(entry.waiver, view)} if entry.waiver.file else value


def _invocation(result: Result, view: View, problems: Sequence[Entry], left: int) -> dict[str, Any]:
    """Whether all could be analysed, and what could not."""
    told = [_notification(entry, view) for entry in problems]
    if left:
        words = f"{left} more results are left out: a file may hold {MOST_RESULTS}"
        told.append({"level": "warning", "message": message(words)})
    code = view.exit_code(result)
    return {"executionSuccessful": not problems, "exitCode": code, "toolExecutionNotifications": told}


def _notification(entry: Entry, view: View) -> dict[str, Any]:
    value: dict[str, Any] = {
        "level": "error",
        "descriptor": {"id": entry.rule},
        "message": message(f"{entry.message}; {entry.help}" if entry.help else entry.message),
    }
    return {**value, "locations": [location(entry.place, view)]} if entry.place.file else value
