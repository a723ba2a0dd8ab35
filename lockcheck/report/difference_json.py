"""A difference as JSON: schema ``lockcheck-diff/1``, described by :func:`json_schema` and docs/reference/json.md.

Is: all that a difference holds, in stable names and a stable order. Is not: for people.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from lockcheck.compare.difference import IRQ_SAFE, LEAF, Change, Difference, Turn, UsageChange
from lockcheck.findings import SEVERITIES, Result, Severity
from lockcheck.model.facts import Dependency, UsageSummary
from lockcheck.report.as_json import configs_value, fact_value, finding_value, leg_value, problem_value
from lockcheck.report.json_schema import DEFS, FLAG, NUMBER, REPORTED, TEXT, TEXTS, many, ref, values

SCHEMA_ID = "lockcheck-diff/1"
T = TypeVar("T")


def as_json(found: Difference, names: tuple[str, str], fail_on: Severity = Severity.WARNING) -> str:
    """The difference as one JSON document, indented, ending in a newline. All text is ASCII."""
    return json.dumps(document(found, names, fail_on), indent=1, ensure_ascii=True) + "\n"


def document(found: Difference, names: tuple[str, str], fail_on: Severity = Severity.WARNING) -> dict[str, Any]:
    """The difference as plain values, in the order of the schema. ``names``: what base and change are called."""
    from lockcheck import __version__

    said = not found.failed
    return {
        "schema": SCHEMA_ID,
        "tool": {"name": "lockcheck", "version": __version__},
        "exit_code": found.exit_code_for(fail_on),
        "fail_on": fail_on.word,
        "base": _side(names[0], found.base),
        "change": _side(names[1], found.change),
        "findings": _change(found.findings, finding_value, said),
        "altered": [
            {"before": finding_value(one.before), "after": finding_value(one.after)} for one in found.altered if said
        ],
        "turns": [_turn(one) for one in found.turns if said],
        "dependencies": _change(found.dependencies, _dependency, said),
        "usage": [_usage(one) for one in found.usage if said],
        "contexts": _change(found.contexts, fact_value, said),
        "locks": _change(found.locks, _lock, said),
        "functions": _change(found.functions, str, said),
        "claims": [
            {
                "id": one.after.claim.id,
                "text": one.after.claim.text,
                "before": one.before.words,
                "after": one.after.words,
            }
            for one in found.claims
            if said
        ],
    }


def _side(name: str, side: Result) -> dict[str, Any]:
    return {
        "name": name,
        "files": list(side.files),
        "named_files": list(side.named_files),
        **configs_value(side.configs),
        "findings": len(side.findings),
        "problems": [problem_value(one) for one in side.problems],
    }


def _change(change: Change[T], value: Callable[[T], Any], said: bool) -> dict[str, list[Any]]:
    """Both lists; empty when a side failed, for then all of the other side would look new or gone."""
    sides: tuple[Iterable[T], Iterable[T]] = (change.new, change.gone) if said else ((), ())
    return {"new": [value(one) for one in sides[0]], "gone": [value(one) for one in sides[1]]}


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "lock": turn.lock,
        "status": turn.status,
        "lost": turn.lost,
        "by": list(turn.by),
        "leg": leg_value(turn.leg) if turn.leg is not None else None,
    }


def _dependency(one: Dependency) -> dict[str, Any]:
    return {"outer": one.outer, "inner": one.inner, "kinds": list(one.kinds), "leg": leg_value(one.leg)}


def _usage(one: UsageChange) -> dict[str, Any]:
    return {"lock": one.after.name, "before": list(one.before.bits), "after": list(one.after.bits)}


def _lock(one: UsageSummary) -> dict[str, Any]:
    return {
        "lock": one.name,
        "kind": one.kind,
        "usage": list(one.bits),
        "leaf": one.leaf,
        "irq_safe": one.irq_safe,
    }


def _both(name: str) -> dict[str, Any]:
    return values("What only the change has, and what only the base has.", {"new": many(name), "gone": many(name)})


OWN_DEFS: dict[str, Any] = {
    "side": values("One side of the comparison.", {
        "name": TEXT, "files": TEXTS, "named_files": TEXTS, "configs": TEXTS, "configs_skipped": NUMBER,
        "config_space": ref("config space"),
        "findings": {**NUMBER, "description": "how many it has"}, "problems": many("problem"),
    }),
    "altered": values("A finding of both sides that differs in severity or kernel configs.",
                      {"before": ref("finding"), "after": ref("finding")}),
    "turn": values("A lock class of both sides that lost or won a status.", {
        "lock": TEXT, "status": {"enum": [LEAF, IRQ_SAFE]}, "lost": FLAG,
        "by": {**TEXTS, "description": "what is taken under it, on the side where it is no leaf"},
        "leg": {"anyOf": [ref("leg"), {"type": "null"}]},
    }),
    "dependency": values("A lock class taken while another is held.",
                         {"outer": TEXT, "inner": TEXT, "kinds": TEXTS, "leg": ref("leg")}),
    "usage": values("A lock class of both sides that is used in other states.",
                    {"lock": TEXT, "before": TEXTS, "after": TEXTS}),
    "claim": values("A claim whose answer changed; the answers in words.",
                    {"id": TEXT, "text": TEXT, "before": TEXT, "after": TEXT}),
    "lock": values("A lock class that some path takes.",
                   {"lock": TEXT, "kind": TEXT, "usage": TEXTS, "leaf": FLAG, "irq_safe": FLAG}),
}  # fmt: skip


def json_schema() -> dict[str, Any]:
    """The schema as a JSON Schema document (2020-12)."""
    defs = {name: DEFS[name] for name in REPORTED} | OWN_DEFS
    names = values("What only the change has, and what only the base has.", {"new": TEXTS, "gone": TEXTS})
    top = values("How a change differs from its base. All lists are empty when a side could not be analysed.", {
        "schema": {"const": SCHEMA_ID},
        "tool": values("Who wrote this.", {"name": {"const": "lockcheck"}, "version": TEXT}),
        "exit_code": {"enum": [0, 1, 2], "description": "0 no new findings, 1 new findings, 2 could not analyse"},
        "fail_on": {"enum": list(SEVERITIES)},
        "base": ref("side"),
        "change": ref("side"),
        "findings": _both("finding"),
        "altered": many("altered"),
        "turns": many("turn"),
        "dependencies": _both("dependency"),
        "usage": many("usage"),
        "contexts": _both("fact"),
        "locks": _both("lock"),
        "functions": names,
        "claims": many("claim"),
    })  # fmt: skip
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, "title": "a lockcheck diff"}
    return {**head, **top, "$defs": defs}
