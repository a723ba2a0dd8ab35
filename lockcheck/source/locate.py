"""Exact positions of keys and values, found by scanning a part of the file again, only when a problem needs one.

Is: a walk over events from a position that is known (a mapping or a key). Is not: kept in memory: a file of a
million steps would need more room for positions than for its values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import yaml

from lockcheck.model.places import COLUMN_BITS
from lockcheck.source.reader import Parser
from lockcheck.source.text import SourceText

_CHUNK: Final = 1 << 14
_MOST: Final = 1 << 17
_COLUMN_MOST: Final = (1 << COLUMN_BITS) - 1
_STARTS: Final = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_ENDS: Final = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def locate(source: SourceText, start: int, path: Sequence[str | int], *, of_key: bool = False) -> tuple[int, int]:
    """Line and column of the value at ``path`` (or of its key) below the mapping at packed position ``start``.

    Falls back to the position of ``start`` when there is no such value within 128 KiB.
    """
    line, column = start >> COLUMN_BITS, start & _COLUMN_MOST
    if column == _COLUMN_MOST:  # the column did not fit: there is no place to scan from
        return line, column
    begin = source.offset(line, column)
    size = _CHUNK
    while path:
        text = source.text[begin : begin + size]
        found = _walk(" " * (column - 1) + text, list(path), of_key)
        if found is not None:
            return line + found[0], found[1] + 1
        if begin + size >= len(source.text) or size >= _MOST:
            break
        size *= 8
    return line, column


def _walk(text: str, path: list[str | int], of_key: bool) -> tuple[int, int] | None:
    """0-based position of what ``path`` leads to, or None when the text ends or breaks before."""
    try:
        parser = Parser(text)
        event = _next(parser)
        for depth, step in enumerate(path):
            last = depth == len(path) - 1
            found = _enter(parser, event, step, last and of_key)
            if found is None:
                return None
            event = found
        return event.start_mark.line, event.start_mark.column
    except yaml.YAMLError:
        return None


def _next(parser: Any) -> Any:
    """The next event that is content."""
    event = parser.get_event()
    while isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent)):
        event = parser.get_event()
    return event


def _enter(parser: Any, event: Any, step: str | int, want_key: bool) -> Any:
    """The event that starts item ``step`` of the collection that ``event`` starts; its key when ``want_key``."""
    if isinstance(event, yaml.MappingStartEvent) and isinstance(step, str):
        while not isinstance(key := parser.get_event(), _ENDS):
            if getattr(key, "value", None) == step:
                return key if want_key else parser.get_event()
            _skip(parser, key)
            _skip(parser, parser.get_event())
    elif isinstance(event, yaml.SequenceStartEvent) and isinstance(step, int):
        index = 0
        while not isinstance(item := parser.get_event(), _ENDS):
            if index == step:
                return item
            _skip(parser, item)
            index += 1
    return None


def _skip(parser: Any, event: Any) -> None:
    """Read past the value that ``event`` starts."""
    depth = int(isinstance(event, _STARTS))
    while depth:
        event = parser.get_event()
        depth += isinstance(event, _STARTS) - isinstance(event, _ENDS)
