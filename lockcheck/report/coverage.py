"""What models exercise, as text and as JSON.

Is: the shape of `lockcheck coverage`. Is not: the counting (``bench/coverage.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lockcheck.model.places import Place
from lockcheck.report.layout import clean, listing, wrap
from lockcheck.report.legs import where

SCHEMA_ID = "lockcheck-coverage/1"
MOST_RULES = 3


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is declared. ``state``: one word; ``used``: whether that word is good; ``own``: the user's."""

    name: str
    state: str
    used: bool
    why: str = ""
    place: Place | None = None
    own: bool = True


@dataclass(frozen=True, slots=True)
class Survey:
    """What is declared, by sort: locks, functions, dependencies, rules, branches; each in order."""

    sorts: tuple[tuple[str, tuple[Item, ...]], ...]


def text(survey: Survey, *, verbose: bool = False) -> str:
    """For people: a line per sort, and below it what is not used (with ``verbose`` also what is)."""
    lines = [line for sort, items in survey.sorts for line in _section(sort, items, verbose)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _section(sort: str, items: tuple[Item, ...], verbose: bool) -> Iterator[str]:
    counts: dict[str, int] = {}
    for one in items:
        counts[one.state] = counts.get(one.state, 0) + 1
    said = ", ".join(f"{number} {state}" for state, number in sorted(counts.items(), key=lambda pair: -pair[1]))
    yield f"{sort}: {said or 'none'}"
    shown = [one for one in items if verbose or (one.own and not one.used)]
    for one in shown:
        yield from wrap(clean(_line(one)), 2, 6)
    hidden = [one for one in items if not one.used and one not in shown]
    if hidden:
        names = listing([one.name for one in hidden], MOST_RULES)
        yield from wrap(clean(f"not used, of what comes with them: {names}"), 2, 6)


def _line(one: Item) -> str:
    place = f" ({where(one.place)})" if one.place is not None and one.place.line else ""
    return f"{one.name}: {one.why or one.state}{place}"


def as_json(survey: Survey) -> str:
    """For programs."""
    document: dict[str, Any] = {"schema": SCHEMA_ID}
    for sort, items in survey.sorts:
        document[sort.replace(" ", "_")] = [_object(one) for one in items]
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"


def _object(one: Item) -> dict[str, Any]:
    made: dict[str, Any] = {"name": one.name, "state": one.state, "exercised": one.used, "own": one.own}
    if one.why:
        made["why"] = one.why
    if one.place is not None and one.place.line:
        made |= {"file": one.place.file, "line": one.place.line, "column": one.place.column}
    return made
