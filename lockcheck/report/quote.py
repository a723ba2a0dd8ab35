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


def quoted(place: Place, sources: Mapping[str, Quotable], paint: Paint) -> list[str]:
    """Two lines, or none when the text is not known. Long lines are cut around the caret."""
    source = sources.get(place.file)
    raw = source.line(place.line) if source is not None and place.line else ""
    if not raw.strip():
        return []
    before = clean(raw[: place.column - 1].replace("\t", " "), paint.ascii_only)
    token = _TOKEN.match(raw, place.column - 1)
    marked = clean(token.group(0) if token else "", paint.ascii_only)
    after = clean(raw[place.column - 1 + len(token.group(0) if token else "") :].replace("\t", " "), paint.ascii_only)
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
