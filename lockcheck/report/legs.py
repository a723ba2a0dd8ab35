"""A witness for people: one block per leg, each step with its place in the model and in the kernel source.

Is: the words around steps. Is not: the table (``scenario.py``) nor the first line (``text.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lockcheck.findings import Finding
from lockcheck.model.facts import Fact, Hold, Leg, WitnessStep
from lockcheck.model.places import Place
from lockcheck.report.layout import Row, clean, tree, wrap
from lockcheck.report.paint import Paint

INDENT = 4
STEP = 2
READING = ("shared", "recursive")
PASSED_ON = re.compile(r"\(\$[\w$, ]*\)$")
"""Arguments of a call that are parameters of the caller: they say nothing about which lock or cache it is."""


def witness(finding: Finding, paint: Paint) -> Iterator[str]:
    """The lines of all legs of a finding, their headings, and what is held where no heading says it."""
    fact = finding.fact
    for index, leg in enumerate(fact.legs):
        heading = wrap(clean(heading_of(fact, index, leg), paint.ascii_only), 2, 6)
        yield from (paint(line, "bold") for line in heading)
        yield from leg_lines(leg, paint)


def leg_lines(leg: Leg, paint: Paint) -> Iterator[str]:
    """The lines of one leg without its heading: each step with its places, and what else is held."""
    yield from tree(rows_of(leg, paint), INDENT)
    yield from _held(leg, paint)


def rows_of(leg: Leg, paint: Paint) -> list[Row]:
    """The steps of a leg as rows, each with its place in the model and in the kernel source."""
    steps = [*told(leg)]
    return [_row(step, after, paint) for step, after in zip(steps, [*steps[1:], None], strict=True)]


def told(leg: Leg) -> Iterator[WitnessStep]:
    """The steps worth a line: a work item's or timer's own map says nothing after the line that begins it."""
    previous = None
    for step in leg.steps:
        if previous is None or (step.text, step.place) != (previous.text, previous.place):
            yield step
        previous = step


def heading_of(fact: Fact, index: int, leg: Leg) -> str:
    """What this leg does to the others: ``A -> B``, or who takes what in which state."""
    if fact.kind == "usage-conflict" and index in (0, len(fact.legs) - 1):
        return _usage_heading(fact, index, leg)
    who = "" if leg.title == "task" else f"  ({leg.title})"
    if leg.about:
        return _reason(leg) + who
    if leg.holds and leg.wants:
        return f"{_named(leg.holds, leg.holds_mode)} -> {_named(leg.wants, leg.wants_mode)}{who}"
    return leg.title


def _reason(leg: Leg) -> str:
    """Why a lock that is taken somewhere is not as harmless as it looks: what others do with it."""
    if leg.about == "inner":
        return f"elsewhere: {_named(leg.holds, leg.holds_mode)} -> {_named(leg.wants, leg.wants_mode)}"
    if leg.about == "interrupt":
        return f"elsewhere: {_named(leg.wants, leg.wants_mode)} is taken in {leg.context}"
    return f"elsewhere: {_named(leg.wants, leg.wants_mode)} is taken with hardirqs enabled"


def _usage_heading(fact: Fact, index: int, leg: Leg) -> str:
    irq = fact.get("irq")
    if index == 0:
        who = "" if leg.title == irq else f"  ({leg.title})"
        return f"{_named(fact.get('safe'), _mode(fact, 'safe_read'))} is taken in {irq}{who}"
    state = "elsewhere" if irq == "nmi" else f"with {irq}s enabled"
    who = "" if leg.title == "task" else f"  ({leg.title})"
    return f"{_named(fact.get('unsafe'), _mode(fact, 'unsafe_read'))} is taken {state}{who}"


def _mode(fact: Fact, flag: str) -> str | None:
    return "shared" if fact.get(flag) else None


def _named(lock: object, mode: str | None) -> str:
    return f"{lock} (read)" if mode in READING else str(lock)


def _row(step: WitnessStep, after: WitnessStep | None, paint: Paint) -> Row:
    place = clean(where(step.place), paint.ascii_only)
    kernel = clean(step.at or "", paint.ascii_only)
    cells = (place, kernel) if kernel else (place,)
    return Row(step.depth, clean(step_text(step, after), paint.ascii_only), cells if place else ())


def step_text(step: WitnessStep, after: WitnessStep | None) -> str:
    """What one step says; ``after``: the step that follows it."""
    return _call(step.text, after) if step.action == "call" else step.text


def _call(text: str, after: WitnessStep | None) -> str:
    """A call as written; one through a parameter or a list of callbacks by the function that is called."""
    name, _, arguments = text.partition("(")
    if after is not None and after.function != name and (name.startswith("$") or arguments == ")"):
        return f"{after.function}()"
    return PASSED_ON.sub("()", text)


def where(place: Place) -> str:
    """``file:line``, or nothing when the place is unknown."""
    return f"{place.file}:{place.line}" if place.line else place.file


def _held(leg: Leg, paint: Paint) -> Iterator[str]:
    """What else the leg holds: all of it, or what stands around the dependency that its heading names."""
    text = held_text(leg)
    if text:
        yield from wrap(clean(text, paint.ascii_only), INDENT, INDENT + STEP)


def held_text(leg: Leg) -> str:
    """What the leg holds beside what its heading names; nothing when that is all."""
    others = [hold for hold in leg.held if hold.lock != leg.holds]
    word = "also held" if leg.holds else "held"
    return f"{word} at this point: " + ", ".join(_hold(hold) for hold in others) if others else ""


def _hold(hold: Hold) -> str:
    place = where(hold.place)
    return _named(hold.lock, hold.mode) + (f" ({place})" if place else "")
