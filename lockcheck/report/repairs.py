"""Repairs that were tried, for people: what to change, the edited lines, what else changes.

Is: the lines below a finding in text and Markdown. Is not: the trying (``repair/``).
"""

from __future__ import annotations

from collections.abc import Iterator

from lockcheck.compare.difference import LEAF
from lockcheck.compare.repairs import Repair, Repairs, Site
from lockcheck.report.layout import Row, clean, count, listing, table, wrap
from lockcheck.report.legs import where
from lockcheck.report.paint import Paint

INDENT = 7
MOST_LINES = 24
"""Of one repair's edited lines; the rest is counted."""


def repair_lines(found: Repairs, paint: Paint) -> Iterator[str]:
    """The repairs of one finding, the smallest first; one line when there is none."""
    yield ""
    yield from wrap(headline(found), 2, 4)
    for number, repair in enumerate(found.best, 1):
        yield ""
        rows = [_row(f"{number}. " if not index else "and ", site, paint) for index, site in enumerate(repair.sites)]
        yield from table(rows)
        yield from (f"       {clean(line, paint.ascii_only)}" for line in shown_diff(repair))
        for effect in effects(repair):
            yield from wrap(clean(effect, paint.ascii_only), 7, 9)


def _row(label: str, site: Site, paint: Paint) -> Row:
    cells = [where(site.place), *([site.at] if site.at else [])]
    indent = INDENT - len(label) if label[0].isdigit() else INDENT
    text, *shown = (clean(one, paint.ascii_only) for one in (label + site.words, *cells))
    return Row(indent, text, tuple(shown))


def headline(found: Repairs) -> str:
    """How many changes were tried, and how many work."""
    left = f", {found.left} more left untried" if found.left else ""
    if not found.tried:
        return f"repair: no step of the witness suggests a change to try{left}"
    if not found.work:
        return f"repair: none of the {count(found.tried, 'change')} tried works{left}"
    shown = f"; {len(found.best)} of them" if len(found.best) < found.work else ""
    works = "works" if found.work == 1 else "work"
    return f"repair: {found.work} of {count(found.tried, 'change')} tried {works}{left}{shown}:"


def shown_diff(repair: Repair) -> list[str]:
    """The edited lines without the file's name, which the places say."""
    lines = [line for line in repair.diff if not line.startswith(("---", "+++"))]
    more = len(lines) - MOST_LINES
    return lines if more <= 0 else [*lines[:MOST_LINES], f"... {count(more, 'line')} more"]


def effects(repair: Repair) -> Iterator[str]:
    """What else the change changes, each in a line; nothing when nothing does."""
    effect = repair.effect
    if repair.included:
        yield "in an included model, perhaps not yours to change"
    for one in repair.new_findings:
        yield f"new: {one.severity.word}: {one.message} [{one.rule}]"
    if repair.also_gone:
        yield f"also gone: {count(repair.also_gone, 'other finding')}"
    for turn in effect.turns:
        status = "a leaf" if turn.status == LEAF else "irq-safe"
        yield f"{turn.lock} is {status}{' no longer' if turn.lost else ' now'}"
    for word, some in (("new", effect.dependencies.new), ("gone", effect.dependencies.gone)):
        if some:
            named = listing([f"{one.outer} -> {one.inner}" for one in some])
            yield f"{word}: {named}"
    for usage in effect.usage:
        yield f"{usage.after.name}: usage {usage.before.characters} is {usage.after.characters}"
