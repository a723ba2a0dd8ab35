"""GitHub's workflow commands: findings as annotations of the lines of a pull request.

Is: ``::error file=...::message`` lines, and the summary below them for the log. Is not: code scanning (``sarif.py``).
What a name contains can't begin another command: line breaks and the signs of the syntax are written as ``%0A`` etc.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from lockcheck.findings import Result, Severity
from lockcheck.report.entries import WAIVED, Entry, closing, entries
from lockcheck.report.layout import clean
from lockcheck.report.legs import heading_of, where
from lockcheck.report.paths import in_checkout
from lockcheck.report.view import View

COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_DATA: Final = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY: Final = (*_DATA, (":", "%3A"), (",", "%2C"))


def render(result: Result, view: View) -> str:
    """One command per finding and per problem, then the summary."""
    lines = [_command(entry, view) for entry in entries(result, view) if entry.what != WAIVED]
    return "".join(f"{line}\n" for line in (*lines, *closing(result, view)))


def _command(entry: Entry, view: View) -> str:
    properties: dict[str, object] = {}
    path = in_checkout(entry.place.file, view)
    if path is not None:
        properties["file"] = clean(path)
        if entry.place.line:
            properties |= {"line": entry.place.line, "col": entry.place.column}
    properties["title"] = clean(f"lockcheck: {entry.rule}")
    named = ",".join(f"{name}={escaped(str(value), _PROPERTY)}" for name, value in properties.items())
    message = "\n".join(clean(line) for line in _message(entry, path is None))
    return f"::{COMMANDS[entry.severity]} {named}::{escaped(message, _DATA)}"


def _message(entry: Entry, with_place: bool) -> Iterator[str]:
    """The finding in few lines: what, who does what where, what to do."""
    place = where(entry.place)
    yield f"{place}: {entry.message}" if with_place and place else entry.message
    if entry.finding is not None:
        fact = entry.finding.fact
        for index, leg in enumerate(fact.legs):
            last = leg.steps[-1] if leg.steps else None
            at = f", {where(last.place)}" if last is not None and last.place.line else ""
            yield f"{heading_of(fact, index, leg)}: {leg.entry}(){at}"
    if entry.help:
        yield f"help: {entry.help}"


def escaped(text: str, signs: Iterable[tuple[str, str]]) -> str:
    """``text`` with ``signs`` replaced, in their order: the percent sign has to be the first."""
    for sign, code in signs:
        text = text.replace(sign, code)
    return text
