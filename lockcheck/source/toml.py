"""Where the keys of a TOML text stand.

Is: positions of what ``tomllib`` has read, which tells none: the text is cut into statements, and each of them is read
again alone. Is not: a reader of its own: what it can't place has no position.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final

KeyPath = tuple[str, ...]
Position = tuple[int, int]

_TOKEN: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'" r"|#[^\n]*|[\[\]{}\n]", re.DOTALL
)
_AT: Final = re.compile(r"^(?P<said>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


def positions(text: str) -> dict[KeyPath, Position]:
    """Line and column (from 1) of the statement that first names each key, by the keys that lead to it.

    ``text``: what ``tomllib.loads`` accepts. Takes time linear in its length.
    """
    found: dict[KeyPath, Position] = {}
    table: KeyPath = ()
    for line, column, statement in _statements(text):
        try:
            tree = tomllib.loads(statement)
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
        is_header = statement.startswith("[")
        if is_header:
            table = next(iter(_paths(tree)), ())
        for path in [table] if is_header else [(*table, *one) for one in _paths(tree)]:
            for end in range(1, len(path) + 1):
                found.setdefault(path[:end], (line, column))
    return found


def _statements(text: str) -> Iterator[tuple[int, int, str]]:
    """Each header and each assignment, with its line and column."""
    depth = begin = 0
    line = 1
    for token in _TOKEN.finditer(text):
        word = token.group()
        if word in "[{":
            depth += 1
        elif word in "]}":
            depth -= 1
        elif word == "\n" and depth <= 0:
            yield from _statement(text[begin : token.start()], line)
            line += text.count("\n", begin, token.end())
            begin, depth = token.end(), 0
    yield from _statement(text[begin:], line)


def _statement(raw: str, line: int) -> Iterator[tuple[int, int, str]]:
    bare = raw.lstrip(" \t\r")
    if bare and not bare.startswith("#"):
        yield line, len(raw) - len(bare) + 1, bare


def _paths(tree: Any) -> Iterator[KeyPath]:
    """The keys that lead to each leaf; of an array of tables, those of its first."""
    if isinstance(tree, list) and tree and isinstance(tree[0], dict):
        tree = tree[0]
    if not isinstance(tree, dict) or not tree:
        yield ()
        return
    for key, value in tree.items():
        for rest in _paths(value):
            yield (key, *rest)


def explained(error: tomllib.TOMLDecodeError) -> tuple[Position, str]:
    """Where a text is no TOML, and why: line 0 when it ends too early."""
    found = _AT.match(str(error).partition("\n")[0])
    if found is None:
        return (0, 0), str(error)
    at = (int(found["line"]), int(found["column"])) if found["line"] else (0, 0)
    said = found["said"][:1].lower() + found["said"][1:]
    return at, said if found["line"] else f"{said} at the end of the file"
