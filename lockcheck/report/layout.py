"""Lines that fit: escaping, wrapping and columns, for every format that people read.

Is: pure text layout. Is not: aware of findings. Nothing here lets a control character through.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

WIDTH = 80
GAP = 2
NARROWEST = 30
"""The least room for the text of a step; with less, its places go on a line of their own."""


class Row(NamedTuple):
    """A line in columns: text at an indent, then cells that are aligned with those of the other rows."""

    indent: int
    text: str
    cells: tuple[str, ...] = ()


def clean(text: str, ascii_only: bool = True) -> str:
    """``text`` without control, format or surrogate characters: they are written out as ``\\x1b`` or ``\\u202e``."""
    if ascii_only:
        if text.isascii() and text.isprintable():
            return text
        return "".join(one if " " <= one <= "~" else _escaped(one) for one in text)
    return text if text.isprintable() else "".join(one if one.isprintable() else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def wrap(text: str, indent: int = 0, hang: int | None = None, width: int = WIDTH) -> list[str]:
    """``text`` in lines of at most ``width``, the first indented by ``indent``, the others by ``hang``.

    Only spaces break; a word that is too long for a line stands on its own and is never cut.
    """
    hang = indent if hang is None else hang
    lines: list[str] = []
    line = ""
    for word in text.split():
        room = width - (hang if lines else indent)
        if line and len(line) + 1 + len(word) > room:
            lines.append(" " * (hang if lines else indent) + line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    if line or not lines:
        lines.append(" " * (hang if lines else indent) + line)
    return [one.rstrip() for one in lines]


def table(rows: Sequence[Row], width: int = WIDTH) -> list[str]:
    """Rows as aligned lines. When the cells leave too little room for the text, they stand below it."""
    widths = _cell_widths(rows)
    cells = sum(GAP + one for one in widths)
    room = width - cells
    if room < NARROWEST:
        return [line for row in rows for line in _stacked(row, width)]
    fitting = [row.indent + len(row.text) for row in rows if row.indent + len(row.text) <= room]
    start = max(fitting, default=room)
    return [line for row in rows for line in _aligned(row, start, widths, width)]


def _cell_widths(rows: Sequence[Row]) -> list[int]:
    count = max((len(row.cells) for row in rows), default=0)
    return [max((len(row.cells[i]) for row in rows if i < len(row.cells)), default=0) for i in range(count)]


def _aligned(row: Row, start: int, widths: Sequence[int], width: int) -> Iterable[str]:
    tail = "".join(" " * GAP + cell.ljust(widths[index]) for index, cell in enumerate(row.cells)).rstrip()
    if row.indent + len(row.text) <= start:
        yield ((" " * row.indent + row.text).ljust(start) + tail).rstrip()
        return
    yield from wrap(row.text, row.indent, row.indent + 4, width)
    if tail:
        yield " " * start + tail


def _stacked(row: Row, width: int) -> Iterable[str]:
    yield from wrap(row.text, row.indent, row.indent + 4, width)
    cells = [cell for cell in row.cells if cell]
    if cells:
        yield from wrap(" ".join(cells), row.indent + 4, row.indent + 4, width)


def listing(words: Sequence[str], most: int = 5) -> str:
    """``a, b, c and 4 more``."""
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most} more"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """``1 lock``, ``2 locks``."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"
