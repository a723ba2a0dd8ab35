"""JSON for programs: schema ``lockcheck-report/1``, described by :func:`json_schema` and docs/reference/json.md.

Is: everything a result holds, in stable names and a stable order. Is not: for people.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lockcheck.compare.difference import Difference
from lockcheck.compare.repairs import Repair, Repairs
from lockcheck.findings import (
    EXIT_CLEAN,
    EXIT_FINDINGS,
    Baseline,
    Finding,
    Known,
    Mismatch,
    Result,
    Severity,
    Waived,
)
from lockcheck.model.configs import Condition, Configs, text_of
from lockcheck.model.facts import Fact, Hold, Leg, Replay, ReplayStep, WitnessStep
from lockcheck.model.places import Place
from lockcheck.report.encode import json_text
from lockcheck.report.view import View
from lockcheck.source.problems import Problem

SCHEMA_ID = "lockcheck-report/1"


def render(result: Result, view: View) -> str:
    """The report as a view wants it."""
    how = {"compare": view.compare, "strict": view.strict, "exit_zero": view.exit_zero}
    return as_json(result, view.fail_on, **how, repairs=view.repairs, since=view.since)


def as_json(
    result: Result,
    fail_on: Severity = Severity.WARNING,
    *,
    compare: bool = False,
    strict: bool = False,
    exit_zero: bool = False,
    repairs: Iterable[Repairs] = (),
    since: tuple[str, Difference] | None = None,
) -> str:
    """The report as one JSON document, indented, ending in a newline. All text is ASCII."""
    whole = document(result, fail_on, compare=compare, strict=strict, exit_zero=exit_zero, repairs=repairs, since=since)
    return json_text(whole)


def document(
    result: Result,
    fail_on: Severity = Severity.WARNING,
    *,
    compare: bool = False,
    strict: bool = False,
    exit_zero: bool = False,
    repairs: Iterable[Repairs] = (),
    since: tuple[str, Difference] | None = None,
) -> dict[str, Any]:
    """The report as plain values, in the order of the schema.

    ``compare``, ``strict``, ``exit_zero``: the exit code is that of ``--expect``, ``--strict-coverage`` and
    ``--exit-zero``. ``repairs``: what was tried with ``--fix-hints``.
    """
    from lockcheck import __version__

    code = result.exit_code_for(fail_on, compare=compare, strict=strict)
    has = result.coverage
    return {
        "schema": SCHEMA_ID,
        "tool": {"name": "lockcheck", "version": __version__},
        "exit_code": EXIT_CLEAN if exit_zero and code == EXIT_FINDINGS else code,
        "fail_on": fail_on.word,
        "files": list(result.files),
        "named_files": list(result.named_files),
        **configs_value(result.configs),
        "coverage": {
            "functions": has.functions,
            "entries": has.entries,
            "lock_classes": has.classes,
            "dependencies": has.dependencies,
            "contexts": has.contexts,
            "steps": has.steps,
            "never_entered": list(has.never_entered),
            "not_followed": [{"why": why, "place": place_value(place)} for why, place in has.not_followed],
            "merged": list(has.merged),
            "cut": [{"why": why, "place": place_value(place)} for why, place in has.cut],
            "unexercised": [
                {"what": one.what, "name": one.name, "why": one.why, "place": place_value(one.place)}
                for one in result.unexercised
            ],
        },
        "findings": [finding_value(one) for one in result.findings],
        "repairs": [repairs_value(one) for one in repairs],
        "waived": [_waived(one) for one in result.waived],
        "known": [finding_value(one) for one in result.known],
        "baseline": _baseline(result.baseline) if result.baseline is not None else None,
        "since": _since(*since) if since is not None else None,
        "expectations": {
            "compared": result.expecting,
            "mismatches": [_mismatch(one) for one in result.expectation_mismatches()],
        },
        "problems": [problem_value(one) for one in result.problems],
    }


def repairs_value(found: Repairs) -> dict[str, Any]:
    """What trying came to for one finding."""
    return {
        "fingerprint": found.fingerprint,
        "tried": found.tried,
        "work": found.work,
        "left": found.left,
        "best": [_repair(one) for one in found.best],
    }


def _repair(repair: Repair) -> dict[str, Any]:
    effect = repair.effect
    return {
        "sort": repair.sort,
        "sites": [{"words": one.words, "place": place_value(one.place), "at": one.at} for one in repair.sites],
        "diff": "".join(f"{line}\n" for line in repair.diff),
        "included": repair.included,
        "new_findings": [one.fingerprint for one in repair.new_findings],
        "also_gone": [one.fingerprint for one in effect.findings.gone],
        "new_dependencies": [[one.outer, one.inner] for one in effect.dependencies.new],
        "gone_dependencies": [[one.outer, one.inner] for one in effect.dependencies.gone],
        "turns": [{"lock": one.lock, "status": one.status, "lost": one.lost} for one in effect.turns],
        "usage": [
            {"lock": one.after.name, "before": list(one.before.bits), "after": list(one.after.bits)}
            for one in effect.usage
        ],
    }


def place_value(place: Place) -> dict[str, Any] | None:
    """A position, or None when there is none."""
    return {"file": place.file, "line": place.line, "column": place.column} if place.line else None


def configs_value(configs: Configs) -> dict[str, Any]:
    """Which kernel configs a run checked."""
    return {
        "configs": [" ".join(map(text_of, configs.fixed))],
        "configs_skipped": configs.skipped,
        "config_space": {"count": configs.count, "varied": list(configs.varied), "fixed": dict(configs.fixed)},
    }


def condition_value(condition: Condition) -> dict[str, Any]:
    """In which of them something is so."""
    return {"always": condition.always, "any_of": [dict(one) for one in condition.any_of]}


def finding_value(finding: Finding) -> dict[str, Any]:
    """A finding, with its fact and witness."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.word,
        "message": finding.message,
        "help": finding.help,
        "fingerprint": finding.fingerprint,
        "place": place_value(finding.place),
        "at": finding.at,
        "configs": [" ".join(map(text_of, one)) for one in finding.condition.any_of if one],
        "condition": condition_value(finding.condition),
        "fact": fact_value(finding.fact),
    }


def fact_value(fact: Fact) -> dict[str, Any]:
    """A fact with its witness."""
    return {
        "kind": fact.kind,
        "attributes": {name: list(v) if isinstance(v, tuple) else v for name, v in fact.attributes},
        "legs": [leg_value(leg) for leg in fact.legs],
        "replay": _replay(fact.replay) if fact.replay is not None else None,
    }


def leg_value(leg: Leg) -> dict[str, Any]:
    """One leg, step by step."""
    return {
        "title": leg.title,
        "entry": leg.entry,
        "context": leg.context,
        "irqs": leg.irqs,
        "bh": leg.bh,
        "holds": leg.holds,
        "holds_mode": leg.holds_mode,
        "wants": leg.wants,
        "wants_mode": leg.wants_mode,
        "wants_trylock": leg.wants_trylock,
        "held": [_hold(hold) for hold in leg.held],
        "steps": [_step(step) for step in leg.steps],
    }


def _replay(replay: Replay) -> dict[str, Any]:
    return {
        "verdict": replay.verdict,
        "reason": replay.reason or None,
        "actors": list(replay.actors),
        "steps": [_replay_step(step) for step in replay.steps],
    }


def _replay_step(step: ReplayStep) -> dict[str, Any]:
    return {
        "actor": step.actor,
        "action": step.action,
        "host": step.host,
        "lock": step.lock,
        "mode": step.mode,
        "waits_for": list(step.waits_for),
        "function": step.function,
        "place": place_value(step.place),
        "at": step.at,
    }


def _hold(hold: Hold) -> dict[str, Any]:
    return {
        "lock": hold.lock,
        "instance": hold.instance,
        "mode": hold.mode,
        "trylock": hold.trylock,
        "place": place_value(hold.place),
        "at": hold.at,
    }


def _step(step: WitnessStep) -> dict[str, Any]:
    return {
        "depth": step.depth,
        "function": step.function,
        "action": step.action,
        "text": step.text,
        "lock": step.lock,
        "mode": step.mode,
        "place": place_value(step.place),
        "at": step.at,
    }


def _since(name: str, found: Difference) -> dict[str, Any]:
    from lockcheck.report.since import since_value

    return since_value(name, found)


def _baseline(baseline: Baseline) -> dict[str, Any]:
    return {
        "sources": list(baseline.sources),
        "worse": sorted(baseline.worse),
        "gone": [_known(one) for one in baseline.gone],
        "unchecked": [_known(one) for one in baseline.unchecked],
    }


def _known(known: Known) -> dict[str, Any]:
    return {
        "fingerprint": known.fingerprint,
        "rule": known.rule,
        "severity": known.severity.word,
        "locks": list(known.locks),
        "functions": list(known.functions),
        "model": known.model,
    }


def _waived(waived: Waived) -> dict[str, Any]:
    return {"finding": finding_value(waived.finding), "reason": waived.reason, "place": place_value(waived.place)}


def _mismatch(mismatch: Mismatch) -> dict[str, Any]:
    return {
        "what": mismatch.what,
        "text": mismatch.text,
        "place": place_value(mismatch.place),
        "fingerprint": mismatch.finding.fingerprint if mismatch.finding else None,
    }


def problem_value(problem: Problem) -> dict[str, Any]:
    """Why something could not be analysed."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
    }
