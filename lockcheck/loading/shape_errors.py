"""From pydantic's errors to problems that a person can act on: position, what was found, what was expected.

Is: the one place that knows pydantic's error types. Is not: a validator.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from lockcheck.source.locate import locate
from lockcheck.source.problems import Problem, did_you_mean, nearest, quote
from lockcheck.source.reader import AT
from lockcheck.source.text import SourceText
from lockcheck.source.typed import ShapeError, keys

_EXPECTED: Final = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "list_type": "a list",
    "dict_type": "a mapping",
    "dataclass_type": "a mapping",
    "string_pattern_mismatch": "a date like 2027-01-31",
}
_UNKNOWN: Final = ("unexpected_keyword_argument", "extra_forbidden")
_YAML_11: Final = {"yes": "true", "y": "true", "on": "true", "no": "false", "n": "false", "off": "false"}


def keys_of(shape: type) -> list[str]:
    """The keys that ``shape`` accepts, as written in a file."""
    return [key for key in keys(shape).values() if not key.startswith("\0")]


def problems_of(error: ShapeError, shape: type, source: SourceText, raw: Any, what: str) -> Iterable[Problem]:
    """The problems in ``error``, which validating the mapping ``raw`` as ``shape`` raised. ``what`` names it."""
    names = keys(shape)
    for one in error.errors:
        path: list[str | int] = [
            names.get(str(part), part) if not index else part for index, part in enumerate(one["loc"])
        ]
        path = [part for part in path if _is_in_file(part)]
        kind = one["type"]
        line, column = place_of(source, raw, path, of_key=kind in _UNKNOWN)
        message, hint, code = _words(one, path, shape, what)
        yield Problem(source.file, line, column, message, hint, code)


def place_of(source: SourceText, raw: Any, path: Sequence[str | int], *, of_key: bool = False) -> tuple[int, int]:
    """Line and column of the value (or key) at ``path`` in the mapping ``raw``, from the nearest mapping above it."""
    value, start, done = raw, raw[AT], 0
    for index, part in enumerate(path):
        if isinstance(value, dict) and AT in value:
            start, done = value[AT], index
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            break
    return locate(source, start, path[done:], of_key=of_key)


def _is_in_file(part: Any) -> bool:
    """Whether a part of pydantic's path is a key or index of the file, not the tag of a union's member."""
    return isinstance(part, int) or not ("[" in part or part in ("str", "int", "function-before"))


def _words(one: Any, path: list[Any], shape: type, what: str) -> tuple[str, str | None, str]:
    """Message, hint and code of one error."""
    kind, found = one["type"], one["input"]
    name = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
    if kind in _UNKNOWN:
        known = keys_of(shape)
        return f"unknown key '{name}' in {what}", did_you_mean(name, known) or _one_of(known), "unknown-key"
    if kind == "missing":
        return f"{what} needs the key '{name}'", f"add `{name}:`", "missing-key"
    if kind == "literal_error":
        return _not_among(one, name, found)
    if kind in ("greater_than_equal", "less_than_equal"):
        limit = "at least" if kind.startswith("greater") else "at most"
        bound = one["ctx"].get("ge", one["ctx"].get("le"))
        return f"'{name}' must be {limit} {bound}, found {quote(found)}", None, "out-of-range"
    expected = _EXPECTED.get(kind, "something else")
    subject = f"'{name}' of {what}" if name else what
    return f"{subject}: expected {expected}, found {quote(found)}", _advice(kind, found), "wrong-type"


def _not_among(one: Any, name: str, found: Any) -> tuple[str, str | None, str]:
    expected = str(one["ctx"]["expected"])
    choices = [word.strip("' ") for word in expected.replace(" or ", ", ").split(",")]
    hint = did_you_mean(found, choices) if isinstance(found, str) else _advice("literal", found)
    return f"'{name}': expected {expected}, found {quote(found)}", hint, "unknown-word"


def _one_of(names: list[str]) -> str:
    return "known keys: " + ", ".join(names)


def _advice(kind: str, found: Any) -> str | None:
    """What to write instead of ``found``."""
    if kind == "bool_type" and isinstance(found, str) and found.lower() in _YAML_11:
        return f"'{found}' is a word in YAML 1.2; write {_YAML_11[found.lower()]}"
    if kind in ("string_type", "literal") and isinstance(found, (int, float)) and not isinstance(found, bool):
        return "put it in quotes"
    if kind == "bool_type" and isinstance(found, str):
        close = nearest(found, ("true", "false"))
        return f"write {close}" if close else None
    return None
