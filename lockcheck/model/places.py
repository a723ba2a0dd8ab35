"""Where something was written: a file of the model, a line and a column.

Is: the value that every lock, function, step and finding carries. Is not: a reader of files.
"""

from __future__ import annotations

from typing import NamedTuple

COLUMN_BITS = 12
"""A packed position is ``line << COLUMN_BITS | column``; longer lines clamp the column."""


class Place(NamedTuple):
    """A position in a model file, 1-based. ``line`` 0 means that there is none."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Place("", 0, 0)


def pack(line: int, column: int) -> int:
    """Line and column (1-based) as one int, to keep a million steps small."""
    return line << COLUMN_BITS | min(column, (1 << COLUMN_BITS) - 1)


def unpack(file: str, packed: int) -> Place:
    """The inverse of :func:`pack`."""
    return Place(file, packed >> COLUMN_BITS, packed & ((1 << COLUMN_BITS) - 1))
