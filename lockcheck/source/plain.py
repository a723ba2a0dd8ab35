"""The plainest YAML, read line by line: three times as fast as libyaml's events taken over into Python.

Is: a shortcut for files that consist of block mappings and lists of words, short flow collections and comments, in
ASCII; of such a file it makes exactly the tree that ``reader`` makes. Is not: a YAML reader, nor the judge of
anything: at the first line that is not plainly one of these, or not plainly right, it gives up, and ``reader`` reads
the whole file. The tests hold the two to each other.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any, Final

from lockcheck.model.places import COLUMN_BITS
from lockcheck.source.limits import Limits
from lockcheck.source.scalars import AT, KEYS, KEYS_DEPTH, STEP_LISTS, is_integer, resolved

_TOKEN: Final = r'[!-"$-9;-~]'  # what is neither a space nor ':' nor '#'
_SCALAR: Final = rf"[A-Za-z0-9_$/.(]{_TOKEN}*+(?:(?::| ++){_TOKEN}++)*+"
_KEY: Final = r"[A-Za-z_][A-Za-z0-9_./-]*+"
_WORD: Final = r"[A-Za-z0-9_$/][A-Za-z0-9_$/.-]*+(?::[A-Za-z0-9_$/.-]++)*+"  # what is safe in a flow collection
_PAIR: Final = rf"{_KEY}: {_WORD}"
_LINE: Final = re.compile(
    rf"( *+)(- )?(?:({_KEY}):(?: (?:({_SCALAR})|\{{({_PAIR}(?:, {_PAIR})*+)\}}|\[({_WORD}(?:, {_WORD})*+)\]"
    rf"|\"([ !#-\[\]-~]*+)\"|'([ -&(-~]*+)'))?|({_SCALAR}))"
    r" *+(?:(?<= )#[ -~]*+)?(?:\n|\Z)"
)
_STEP: Final = re.compile(rf"( *+)- ({_KEY}): ({_WORD})\n")
"""The commonest line by far, when it is one more item of the open list."""
_BLANK: Final = re.compile(r" *+(?:#[ -~]*+)?(?:\n|\Z)")
_INDENT_MOST: Final = 1_000
"""Columns far below the most that a packed position holds."""


class _Declined(Exception):  # noqa: N818 - not an error: somebody else will read it
    """The file is not plain enough."""


class _Lines:
    """Reads one text. ``here`` is the open collection, whose lines begin at column ``indent`` (from 0)."""

    def __init__(self, text: str, limits: Limits, words: dict[str, Any]) -> None:
        self.text, self.limits, self.words = text, limits, words
        self.keys_seen: dict[str, str] = {}
        self.root: list[Any] = []
        self.here: Any = self.root
        self.indent = -1
        self.wrap = False
        self.keys: dict[str, int] | None = None
        self.pending: str | None = None
        self.item: dict[str, Any] | None = None
        self.stack: list[tuple[Any, int, bool, dict[str, int] | None]] = []

    def read(self) -> Any:
        """The document. Raises :class:`_Declined`."""
        text, match, step, blank = self.text, _LINE.match, _STEP.match, _BLANK.match
        keys, words = self.keys_seen, self.words
        position, line, end, column, items = 0, 0, len(self.text), -1, self.root
        while position < end:
            line += 1
            found = step(text, position) if column >= 0 else None
            if found is not None and found.end(1) - position == column:
                key, word = found.group(2, 3)
                known, value = keys.get(key), words.get(word)
                item = {
                    AT: line << COLUMN_BITS | column + 3,
                    self.new_key(key, ()) if known is None else known: self.value(word) if value is None else value,
                }
                items.append(item)
                self.item = item
                position = found.end()
                continue
            found = match(text, position)
            if found is not None:
                if self.item is not None:
                    self.enter(self.item, self.indent + 2, False)
                    self.item = None
                self.line(line, *found.groups())
                items, column = self.here, self.indent if self.here.__class__ is list else -1
            else:
                found = blank(text, position)
                if found is None:
                    raise _Declined
            position = found.end()
        if self.pending is not None:
            self.here[self.pending] = None
        if not self.root:
            raise _Declined
        return self.root[0]

    def line(
        self, line: int, spaces: str, dash: str | None, key: str | None, scalar: str | None, pairs: str | None,
        items: str | None, double: str | None, single: str | None, word: str | None,
    ) -> None:  # fmt: skip
        """One line with content."""
        column = len(spaces)
        if self.pending is not None or column != self.indent or (self.here.__class__ is list) is (dash is None):
            self.place(line, column, dash is not None)
        if dash is not None:
            if key is None:
                self.here.append(self.step(word, line, column + 2) if self.wrap else self.value(word))
                return
            column += 2
            item: dict[str, Any] = {AT: line << COLUMN_BITS | column + 1}
            self.here.append(item)
            if scalar is not None:
                item[self.keys_seen.get(key) or self.new_key(key, item)] = self.value(scalar)
                self.item = item
                return
            self.enter(item, column, False)
        here = self.here
        if key is None:
            raise _Declined
        known = self.keys_seen.get(key)
        if known is None or known in here:
            known = self.new_key(key, here)
        if self.keys is not None:
            self.keys[known] = line << COLUMN_BITS | column + 1
        if scalar is not None:
            value = self.words.get(scalar)
            here[known] = self.value(scalar) if value is None else value
        elif pairs is not None:
            here[known] = self.mapping(pairs, line, column + len(known) + 3)
        elif items is not None:
            if known in STEP_LISTS:
                raise _Declined
            here[known] = [self.value(item) for item in items.split(", ")]
        elif double is not None or single is not None:
            here[known] = single if double is None else double
        else:
            self.pending = known

    def place(self, line: int, column: int, dash: bool) -> None:
        """Open or leave collections until the line at ``column`` belongs to the open one."""
        key, self.pending = self.pending, None
        deeper = column > self.indent or (dash and column == self.indent)
        if key is not None and deeper:
            child: Any = [] if dash else {}
            self.here[key] = child
            self.open(child, line, column, dash and key in STEP_LISTS)
            return
        if key is not None:
            self.here[key] = None
        elif not self.stack and not self.root and not dash and not column:
            self.root.append({})
            self.open(self.root[0], line, 0, False)
            return
        while column < self.indent:
            self.close()
        if self.here.__class__ is list and not dash:
            self.close()  # a list may stand right below its key, in the key's own column
        if column != self.indent or (self.here.__class__ is list) is not dash or self.here is self.root:
            raise _Declined

    def open(self, child: Any, line: int, column: int, wrap: bool) -> None:
        """A new collection that is not an item of a list, already put into its parent."""
        self.enter(child, column, wrap)
        if child.__class__ is dict:
            child[AT] = line << COLUMN_BITS | column + 1
            if len(self.stack) <= KEYS_DEPTH:
                child[KEYS] = self.keys = {}

    def enter(self, child: Any, column: int, wrap: bool) -> None:
        """Make a collection the open one; a list must leave room for an item within the limit of depth."""
        self.stack.append((self.here, self.indent, self.wrap, self.keys))
        if len(self.stack) + (child.__class__ is list) > self.limits.max_depth or column > _INDENT_MOST:
            raise _Declined
        self.here, self.indent, self.wrap, self.keys = child, column, wrap, None

    def close(self) -> None:
        """Back to the parent."""
        if not self.stack:
            raise _Declined
        self.here, self.indent, self.wrap, self.keys = self.stack.pop()

    def new_key(self, key: str, here: Container[str]) -> str:
        """A key seen for the first time; one that stands twice in a mapping is for the other reader to report."""
        if key in here or len(key) > self.limits.max_name:
            raise _Declined
        return self.keys_seen.setdefault(key, key)

    def value(self, text: str | None) -> Any:
        """A plain scalar; equal ones are one object."""
        if text is None:
            raise _Declined
        value = self.words.get(text, self)
        if value is self:
            if is_integer(text) and len(text) > self.limits.max_int_digits:
                raise _Declined
            value = self.words[text] = resolved(text)
        return value

    def step(self, text: str | None, line: int, column: int) -> dict[str, Any]:
        """A word in a list of steps."""
        if text is None or text.__class__ is not self.value(text).__class__:
            raise _Declined
        return {AT: line << COLUMN_BITS | column + 1, text: None}

    def mapping(self, pairs: str, line: int, column: int) -> dict[str, Any]:
        """A flow mapping of words that begins at ``column``."""
        depth = len(self.stack) + 1
        if depth <= KEYS_DEPTH or depth > self.limits.max_depth or column > _INDENT_MOST:
            raise _Declined
        made: dict[str, Any] = {AT: line << COLUMN_BITS | column}
        for pair in pairs.split(", "):
            key, _, word = pair.partition(": ")
            known = self.keys_seen.get(key)
            if known is None or known in made:
                known = self.new_key(key, made)
            made[known] = self.value(word)
        return made


def compose(text: str, limits: Limits, words: dict[str, Any]) -> Any:
    """The document in ``text`` as ``reader`` would read it, or None when it takes a YAML reader to say."""
    if not text.isascii():
        return None
    try:
        return _Lines(text, limits, words).read()
    except _Declined:
        return None
