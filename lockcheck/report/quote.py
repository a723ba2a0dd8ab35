"""The line of the model that a finding or a problem points at, with a caret under what is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lockcheck.findings import Quotable
from lockcheck.model.places import Place
from lockcheck.report.layout import WIDTH, clean
from lockcheck.report.paint import Paint

_TOKEN = re.compile(r"""[^\s:,\[\]{}#]+|"[^"]*"|'[^']*'|.""")
ELLIPSIS = "..."


def marked_line(place: Place, sources: Mapping[str, Quotable]) -> tuple[str, str, str]:
    """The line at a place: before what is meant, that, and after it; empty texts when the line is not known."""
    source = sources.get(place.file)
    raw = source.line(place.line) if source is not None and place.line else ""
    token = _TOKEN.match(raw, place.column - 1) if raw.strip() else None
    mark = token.group(0) if token else ""
    return raw[: place.column - 1].replace("\t", " "), mark, raw[place.column - 1 + len(mark) :].replace("\t", " ")


def quoted(place: Place, sources: Mapping[str, Quotable], paint: Paint) -> list[str]:
    """Two lines, or none when the text is not known. Long lines are cut around the caret."""
    parts = marked_line(place, sources)
    if not "".join(parts).strip():
        return []
    before, marked, after = (clean(part, paint.ascii_only) for part in parts)
    number = f"{place.line:>5} | "
    before, marked, after = _cut(before, marked, after.rstrip(), WIDTH - len(number))
    caret = " " * 5 + " | " + " " * len(before)
    return [number + before + marked + after, caret + paint("^" * max(1, len(marked)), "caret")]


def _cut(before: str, marked: str, after: str, room: int) -> tuple[str, str, str]:
    """The three parts within ``room`` characters: first the end goes, then the beginning."""
    marked = marked[: room - 2 * len(ELLIPSIS)]
    if len(before) + len(marked) > room - len(ELLIPSIS):
        keep = max(0, room - len(marked) - 2 * len(ELLIPSIS) - 10)
        before = ELLIPSIS + (before[-keep:] if keep else "")
    left = room - len(before) - len(marked)
    if len(after) > left:
        after = after[: max(0, left - len(ELLIPSIS))] + ELLIPSIS
    return before, marked, after
