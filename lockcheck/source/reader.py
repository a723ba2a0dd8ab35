"""Strict YAML 1.2 (core schema) with positions, from the event stream: nothing is ever constructed or executed.

Is: a non-recursive composer over libyaml's events that refuses what a model has no use for (tags, merge keys,
several documents, keys that are not words) and bounds what aliases and nesting can cost.
Is not: a schema; any tree of words, numbers, lists and mappings passes.

Every mapping carries its packed position under :data:`AT`; mappings at depth 1 and 2 also carry that of each of their
keys under :data:`KEYS`. Words in a list below one of :data:`STEP_LISTS` become ``{word: None}``, to have a position.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn, TypeAlias

import yaml

from lockcheck.model.places import COLUMN_BITS
from lockcheck.source import plain
from lockcheck.source.limits import Limits
from lockcheck.source.problems import Collector, Problem, did_you_mean, quote
from lockcheck.source.scalars import AT, KEYS, KEYS_DEPTH, STEP_LISTS, is_integer, resolved
from lockcheck.source.text import SourceText

__all__ = ["AT", "KEYS", "STEP_LISTS", "Parser", "Reader", "read"]

Parser: Any
try:
    from yaml import cyaml

    Parser = cyaml.CParser  # type: ignore[attr-defined]
except (ImportError, AttributeError):  # PyYAML built without libyaml: the same events, about ten times slower
    Parser = yaml.SafeLoader

_MISS: Final = object()
_COLUMN_MOST: Final = (1 << COLUMN_BITS) - 1
_SCALAR, _ALIAS = yaml.ScalarEvent, yaml.AliasEvent
_MAPPING, _SEQUENCE = yaml.MappingStartEvent, yaml.SequenceStartEvent
_END_MAPPING, _END_SEQUENCE = yaml.MappingEndEvent, yaml.SequenceEndEvent
_Frame: TypeAlias = "tuple[Any, bool, bool, dict[str, int] | None, str | None]"
_PLAINER: Final = (
    ("'\\t' that cannot start any token", "a tab cannot be used for indentation", "use spaces"),
    ("found a tab character", "a tab cannot be used for indentation", "use spaces"),
    ("mapping values are not allowed", "a ':' that starts a value does not fit here",
     "quote a text that contains ': '; end a word that has keys below it with ':'"),
    ("did not find expected '-' indicator", "expected another '- ' item of the list or the end of it",
     "check the indentation"),
    ("did not find expected key", "expected another key of the mapping or the end of it", "check the indentation"),
    ("could not find expected ':'", "expected ':' after this key", "a key is followed by ': ' and its value"),
    ("cannot start any token", "this character cannot start a value", "quote it"),
    ("found unexpected end of stream", "the file ends inside a quoted text", "close the quote"),
    ("did not find expected ',' or ']'", "expected ',' or ']' in this list", "close the bracket"),
    ("did not find expected ',' or '}'", "expected ',' or '}' in this mapping", "close the brace"),
)  # fmt: skip


class _StopError(Exception):
    """The file cannot be read further."""


class Reader:
    """Reads one file. Words and keys are interned across the files read with the same ``words``."""

    def __init__(self, source: SourceText, limits: Limits, problems: Collector, words: dict[str, Any]) -> None:
        self._file = source.file
        self._source = source
        self._limits = limits
        self._problems = problems
        self._words = words
        self._good_keys: dict[str, str] = {}
        self._anchors: dict[str, Any] = {}
        self._alias_nodes = 0
        self._junk: list[tuple[dict[str, Any], str]] = []
        self._parser = Parser(source.text)

    def read(self) -> Any:
        """The document, or None when it is empty or broken (then there is a problem)."""
        try:
            document = self._compose()
            for here, key in self._junk:
                here.pop(key, None)
            return document
        except _StopError:
            return None
        except yaml.MarkedYAMLError as error:
            self._syntax(error)
            return None

    def _compose(self) -> Any:
        """The hot loop, one turn per event. ``here`` is the open collection, ``key`` the pending key of a mapping."""
        get, words, good = self._parser.get_event, self._words, self._good_keys
        root: list[Any] = []
        here, is_map, wrap, keys, anchor = _outside(root)
        key: str | None = None
        stack: list[_Frame] = []
        while True:
            kind = (event := get()).__class__
            if kind is _SCALAR:
                text = event.value
                if is_map and key is None:
                    key = good.get(text)
                    if key is None or key in here or event.tag is not None:
                        key = self._new_key(event, here)
                    if keys is not None:
                        keys.setdefault(key, _packed(event.start_mark))
                    continue
                value = words.get(text, _MISS)
                if wrap or value is _MISS or not event.implicit[0] or event.anchor is not None or event.tag is not None:
                    value = self._leaf(event, wrap)
            elif kind is _END_MAPPING or kind is _END_SEQUENCE:
                if anchor is not None:
                    self._anchors[anchor] = here
                here, is_map, wrap, keys, anchor = stack.pop()
                continue
            elif kind is _MAPPING or kind is _SEQUENCE:
                stack.append((here, is_map, wrap, keys, anchor))
                here, is_map, wrap, keys, anchor = self._open(event, len(stack), stack[-1], key)
                key = None
                continue
            elif kind is _ALIAS:
                value = self._alias(event, is_map and key is None)
            elif self._document(event, root):
                return root[0] if root else None
            else:
                continue
            if is_map:
                here[key] = value
                key = None
            else:
                here.append(value)

    def _open(self, event: Any, depth: int, parent: _Frame, key: str | None) -> _Frame:
        """A new collection, put into its parent. Returns its frame."""
        outer, in_map, in_wrap, _, _ = parent
        is_map = event.__class__ is _MAPPING
        if event.tag is not None:
            self._tag(event)
        if depth > self._limits.max_depth:
            self._stop(event.start_mark, f"nested deeper than {self._limits.max_depth} levels", "too-deep")
        if event.anchor is not None:
            self._anchors[event.anchor] = _MISS
        new: Any = {AT: _packed(event.start_mark)} if is_map else []
        if in_map:
            if key is None:
                self._stop(event.start_mark, "a key must be a word, not a list or a mapping", "bad-key")
            outer[key] = new
        else:
            outer.append(new)
        keys: dict[str, int] | None = None
        if is_map and depth <= KEYS_DEPTH:
            new[KEYS] = keys = {}
        wrap = not is_map and (key in STEP_LISTS if in_map else in_wrap)
        return new, is_map, wrap, keys, event.anchor

    def _leaf(self, event: Any, wrap: bool) -> Any:
        """The value of a scalar that is new, quoted, decorated or a step."""
        text: str = event.value
        if event.tag is not None:
            self._tag(event)
        value: Any = self._resolve(event) if event.implicit[0] else text
        if wrap:
            value = {AT: _packed(event.start_mark), text: None}
            if not text or not text.isprintable():
                self._problem(event.start_mark, f"a step must be a word or a mapping, found {quote(text)}", "bad-key")
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        return value

    def _resolve(self, event: Any) -> Any:
        """A plain scalar by YAML 1.2's core schema; remembered for the next time."""
        text: str = event.value
        if is_integer(text) and len(text) > self._limits.max_int_digits:
            digits = f"an integer of {len(text)} digits; at most {self._limits.max_int_digits} are read"
            self._problem(event.start_mark, digits, "huge-number")
            return 0
        value = self._words[text] = resolved(text)
        return value

    def _new_key(self, event: Any, here: dict[str, Any]) -> str:
        """A key seen for the first time in this file, or twice in this mapping."""
        text: str = event.value
        mark = event.start_mark
        if event.tag is not None:
            self._tag(event)
        if text in here:
            self._duplicate(text, mark, here)
            return self._throw_away(here, mark)
        if event.implicit[0] and text == "<<":
            self._problem(mark, "merge keys (<<) are not part of YAML 1.2", "merge-key", "write the keys out")
            return self._throw_away(here, mark)
        if not text:
            self._problem(mark, "an empty key", "bad-key")
        elif not text.isprintable():
            self._problem(mark, f"key {quote(text)} has a control character", "bad-key")
            return self._throw_away(here, mark)
        elif len(text) > self._limits.max_name:
            long = f"a key of {len(text)} characters; at most {self._limits.max_name} are read"
            self._problem(mark, long, "long-name")
        self._good_keys[text] = text
        return text

    def _throw_away(self, here: dict[str, Any], mark: Any) -> str:
        """A key to hold a value that nobody shall see."""
        key = f"\0{mark.index}"
        self._junk.append((here, key))
        return key

    def _duplicate(self, text: str, mark: Any, here: dict[str, Any]) -> None:
        first = here.get(KEYS, {}).get(text)
        earlier = f", first at line {first >> COLUMN_BITS}" if first else ""
        self._problem(mark, f"duplicate key {quote(text)}{earlier}", "duplicate-key", "keep one of them")

    def _alias(self, event: Any, as_key: bool) -> Any:
        """The value that an alias stands for; what it would add when written out is counted."""
        name, mark = event.anchor, event.start_mark
        if as_key:
            self._stop(mark, "an alias cannot be a key", "bad-key")
        if name not in self._anchors:
            none = f"alias *{name} has no anchor &{name} before it"
            self._stop(mark, none, "undefined-alias", did_you_mean(name, self._anchors))
        if self._anchors[name] is _MISS:
            self._stop(mark, f"alias *{name} stands inside what &{name} marks", "self-alias", "write the value out")
        left = self._limits.max_alias_nodes - self._alias_nodes
        self._alias_nodes += _count(self._anchors[name], left)
        if self._alias_nodes > self._limits.max_alias_nodes:
            bomb = f"aliases stand for more than {self._limits.max_alias_nodes} values"
            self._stop(mark, bomb, "alias-bomb", "write the values out, or use fewer aliases")
        return self._anchors[name]

    def _document(self, event: Any, root: list[Any]) -> bool:
        """Start and end of the stream and of its one document; True at the very end."""
        if event.__class__ is not yaml.DocumentStartEvent:
            return event.__class__ is yaml.StreamEndEvent
        if root:
            self._stop(event.start_mark, "a second document starts here; a file holds one", "many-documents")
        if event.version and event.version[0] != 1:
            self._problem(event.start_mark, "YAML versions other than 1.x are not read", "yaml-version")
        return False

    def _tag(self, event: Any) -> None:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        self._problem(event.start_mark, f"tag {quote(tag)} is not allowed", "tag", "write the plain value")

    def _stop(self, mark: Any, message: str, code: str, hint: str | None = None) -> NoReturn:
        self._problem(mark, message, code, hint)
        raise _StopError

    def _problem(self, mark: Any, message: str, code: str, hint: str | None = None) -> None:
        self._problems.add(Problem(self._file, mark.line + 1, mark.column + 1, message, hint, code))

    def _syntax(self, error: yaml.MarkedYAMLError) -> None:
        """libyaml's complaint, in the words of this project where they are clearer."""
        text = str(error.problem or error.context or "not YAML")
        hint = error.context
        for part, words, advice in _PLAINER:
            if part in text:
                text, hint = words, advice
                break
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if self._source.line(line)[column - 1 : column] == "\t":
            text, hint = "a tab cannot be used for indentation", "use spaces"
        self._problems.add(Problem(self._file, line, column, text, hint, "syntax"))


def _outside(root: list[Any]) -> _Frame:
    """The frame around the document."""
    return root, False, False, None, None


def _packed(mark: Any) -> int:
    """As :func:`~lockcheck.model.places.pack`, written out: it runs for every mapping."""
    column: int = mark.column + 1
    line: int = mark.line + 1
    return line << COLUMN_BITS | (column if column < _COLUMN_MOST else _COLUMN_MOST)


def _count(value: Any, most: int) -> int:
    """Number of values in a tree, aliases written out; stops counting beyond ``most``."""
    total = 0
    todo = [value]
    while todo and total <= most:
        item = todo.pop()
        total += 1
        if isinstance(item, dict):
            todo.extend(child for key, child in item.items() if key is not KEYS)
        elif isinstance(item, list):
            todo.extend(item)
    return total


def read(source: SourceText, limits: Limits, problems: Collector, words: dict[str, Any] | None = None) -> Any:
    """The document in ``source`` as plain values, or None (empty or broken, with a problem recorded).

    ``words`` may be shared between files to hold equal words once. Never raises for bad input, except
    :class:`~lockcheck.source.problems.TooManyProblems`.
    """
    words = {} if words is None else words
    document = plain.compose(source.text, limits, words)
    return Reader(source, limits, problems, words).read() if document is None else document
