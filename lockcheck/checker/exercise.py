"""Branches of rules: alternatives in a rule's conditions, and which of them some fact meets.

Is: for each alternative (an item of `any`, a value of a list) the rule's conditions with only that one left, asked of
the facts. Is not: a judgement; a branch that nothing meets is good news in a model, and a gap in a rule's own cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lockcheck.checker.kinds import FACT_KINDS
from lockcheck.checker.rule import Rule
from lockcheck.checker.select import compile_where
from lockcheck.checker.sources import FactSource, selected

MAX_BRANCHES = 200
MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Branch:
    """One alternative. ``path``: where it stands and what it says, as ``any[1]: irq softirq``."""

    rule: str
    path: str
    met: bool


def branches(rule: Rule, source: FactSource) -> tuple[Branch, ...]:
    """The alternatives in a rule's conditions, in the order of the file; none for a rule without any."""
    kind = FACT_KINDS.get(str(rule.document.get("forbid")))
    where = rule.document.get("where")
    if kind is None or not isinstance(where, dict):
        return ()
    found: list[Branch] = []
    for path, one in _variants(where, 0):
        if len(found) == MAX_BRANCHES:
            break
        selects = compile_where(one, kind, (), lambda *_: None)
        met = next(iter(selected(source, kind.name, selects)), None) is not None
        found.append(Branch(rule.id, path, met))
    return tuple(found)


def _variants(where: Mapping[str, Any], depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The conditions once for each alternative, with all others at its place left out."""
    for key, value in where.items():
        if depth > MAX_DEPTH or key == "not":
            continue
        if key in ("any", "all") and isinstance(value, list):
            yield from _joined(key, value, where, depth)
        elif isinstance(value, list) and len(value) > 1:
            yield from ((f"{key} {_value(one)}", {**where, key: one}) for one in value)
        elif isinstance(value, dict) and isinstance(value.get("has"), list) and len(value["has"]) > 1:
            yield from ((f"{key} has {_value(one)}", {**where, key: {**value, "has": one}}) for one in value["has"])


def _joined(key: str, parts: list[Any], where: Mapping[str, Any], depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, part in enumerate(parts):
        if not isinstance(part, dict):
            continue
        others = [] if key == "any" else [*parts[:index], *parts[index + 1 :]]
        if key == "any":
            yield f"any[{index}]: {_said(part)}", {**where, key: [part]}
        for path, one in _variants(part, depth + 1):
            yield f"{key}[{index}].{path}", {**where, key: [*others, one]}


def _said(part: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {_value(value)}" for key, value in part.items())


def _value(value: Any) -> str:
    """A condition in words: ``has dtor``, ``hardirq``, ``true``."""
    if isinstance(value, dict):
        return " ".join(f"{key} {_value(one)}" for key, one in value.items())
    if isinstance(value, list):
        return " or ".join(map(_value, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
