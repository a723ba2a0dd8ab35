"""Lines that fit: escaping, wrapping and columns, for every format that people read.

Is: pure text layout. Is not: aware of findings. Nothing here lets a control character through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

WIDTH = 80
GAP = 2
MOST_DEPTH = 20
_MARK = re.compile(r"#(?=#\w*\[)")
NARROWEST = 30
"""The least room for the text of a step; with less, its places go on a line of their own."""


class Row(NamedTuple):
    """A line in columns: text at an indent, then cells that are aligned with those of the other rows."""

    indent: int
    text: str
    cells: tuple[str, ...] = ()


def clean(text: str, ascii_only: bool = True) -> str:
    """``text`` without control, format or surrogate characters: they are written out as ``\\x1b`` or ``\\u202e``.

    So is what a CI runner would take for a command in the middle of a line (``##[...]``, ``##vso[...]``).
    """
    if "##" in text:
        text = _MARK.sub(r"\\x23", text)
    if ascii_only:
        if text.isascii() and text.isprintable():
            return text
        return "".join(one if " " <= one <= "~" else _escaped(one) for one in text)
    return text if text.isprintable() else "".join(one if one.isprintable() else _escaped(one) for one in text)


def harmless(line: str) -> str:
    """``line``, in which a CI runner sees no command: one that began with ``::`` begins with ``\\x3a:``."""
    rest = line.lstrip()
    return f"{line[: len(line) - len(rest)]}\\x3a{rest[1:]}" if rest.startswith("::") else line


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
    return [harmless(one.rstrip()) for one in lines]


def tree(rows: Sequence[Row], base: int, width: int = WIDTH) -> list[str]:
    """Rows whose ``indent`` is a depth, as aligned lines: two columns per level, or one where that doesn't fit."""
    lines: list[str] = []
    for step in (2, 1):
        placed = [row._replace(indent=base + step * min(row.indent, MOST_DEPTH)) for row in rows]
        lines = table(placed, width)
        if len(lines) == len(rows):
            break
    return lines


def table(rows: Sequence[Row], width: int = WIDTH) -> list[str]:
    """Rows as aligned lines. Where the cells leave too little room for the text, they stand below it."""
    tails = _tails(rows)
    fitting = [len(tail) for tail in tails if tail and width - GAP - len(tail) >= NARROWEST]
    room = width - GAP - max(fitting, default=0)
    ends = [row.indent + len(row.text) for row in rows]
    start = max((end for end in ends if end <= room), default=room) + GAP
    placed = (line for row, tail in zip(rows, tails, strict=True) for line in _placed(row, tail, start, width))
    return [harmless(line) for line in placed]


def _tails(rows: Sequence[Row]) -> list[str]:
    """The cells of each row as one text; a column is as wide as its widest cell that others follow."""
    widths: dict[int, int] = {}
    for row in rows:
        for index, cell in enumerate(row.cells[:-1]):
            widths[index] = max(widths.get(index, 0), len(cell))
    return [
        (" " * GAP).join(
            cell.ljust(widths.get(index, 0)) if index < len(row.cells) - 1 else cell
            for index, cell in enumerate(row.cells)
        )
        for row in rows
    ]


def _placed(row: Row, tail: str, start: int, width: int) -> Iterable[str]:
    """One row: on one line if it fits, else the tail below the text."""
    if row.indent + len(row.text) + GAP <= start and start + len(tail) <= width:
        yield ((" " * row.indent + row.text).ljust(start) + tail).rstrip()
        return
    yield from wrap(row.text, row.indent, row.indent + 4, width)
    if start + len(tail) <= width and tail:
        yield " " * start + tail
    elif tail:
        yield from wrap(tail, row.indent + 4, row.indent + 4, width)


def listing(words: Sequence[str], most: int = 5) -> str:
    """``a, b, c and 4 more``."""
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most} more"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """``1 lock``, ``2 locks``."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"
