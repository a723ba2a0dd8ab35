"""The types of what files hold: written once, in pydantic's words, for a quick reader and for pydantic.

Is: the words for annotations of a *shape* (a dataclass with a field for each key of a mapping), and the reading of a
mapping as a shape. The quick reader takes what is plainly right. Whatever it does not take is for pydantic to judge,
and to explain: pydantic is imported only then, and to make JSON Schemas. The tests hold the two to each other.
Is not: aware of what any shape means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

Accept: TypeAlias = Callable[[Any], Any]
"""Gives the value as it is kept. Raises :class:`_UnusualError` for one that pydantic has to look at."""


@dataclass(frozen=True, slots=True)
class Strict:
    """No other type is turned into this one."""


@dataclass(frozen=True, slots=True)
class Field:
    """What is said of a value beside its type: bounds, a pattern, its key in the file, words for people."""

    description: str | None = None
    alias: str | None = None
    ge: int | None = None
    le: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class BeforeValidator:
    """A function that a value goes through first. ``json_schema_input_type``: the type of what may be written."""

    function: Accept
    json_schema_input_type: Any = None


StrictStr: TypeAlias = Annotated[str, Strict()]
StrictBool: TypeAlias = Annotated[bool, Strict()]
StrictInt: TypeAlias = Annotated[int, Strict()]
_PLAIN: Final = (str, bool, int)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ShapeError(ValueError):
    """A mapping does not fit its shape. ``errors``: pydantic's, each with ``type``, ``loc``, ``input`` and ``msg``."""

    def __init__(self, errors: Iterable[Mapping[str, Any]]) -> None:
        super().__init__("does not fit")
        self.errors = tuple(errors)


class _UnusualError(Exception):
    """Not plainly right; nothing more is known."""


class Adapter:
    """Reads mappings as one shape."""

    __slots__ = ("_quick", "shape")

    def __init__(self, shape: type) -> None:
        self.shape = shape
        self._quick = _mapping(shape)

    def validate_python(self, raw: Any) -> Any:
        """The shape with the values of ``raw``. Raises :class:`ShapeError`."""
        try:
            return self._quick(raw)
        except _UnusualError:
            from lockcheck.source import by_pydantic

            return by_pydantic.validated(self.shape, raw)

    def json_schema(self, **options: Any) -> dict[str, Any]:
        """The JSON Schema of the shape, as pydantic makes it."""
        from lockcheck.source import by_pydantic

        return by_pydantic.json_schema(self.shape, **options)


@cache
def adapter(shape: type) -> Adapter:
    """The reader of ``shape``, built once and only when it is needed."""
    return Adapter(shape)


@cache
def keys(shape: type) -> dict[str, str]:
    """For each field of ``shape``, in order, its key in a file."""
    hints = get_type_hints(shape, include_extras=True)
    return {one.name: _alias(hints[one.name]) or one.name for one in fields(shape)}


def _alias(hint: Any) -> str | None:
    found = (one.alias for one in getattr(hint, "__metadata__", ()) if isinstance(one, Field) and one.alias)
    return next(found, None)


# ---------------------------------------------------------------------------------------- the quick reader


def _mapping(shape: Any) -> Accept:
    """Takes a mapping of known keys, each with a value of its type."""
    hints = get_type_hints(shape, include_extras=True)
    slots = {key: (name, _accept(hints[name])) for name, key in keys(shape).items()}
    needed = {one.name for one in fields(shape) if one.default is MISSING and one.default_factory is MISSING}

    def read(raw: Any) -> Any:
        if raw.__class__ is not dict:
            raise _UnusualError
        values: dict[str, Any] = {}
        for key, value in raw.items():
            slot = slots.get(key)
            if slot is None:
                raise _UnusualError
            values[slot[0]] = slot[1](value)
        if not needed <= values.keys():
            raise _UnusualError
        return shape(**values)

    return read


def _accept(hint: Any) -> Accept:
    """Takes a value of one type."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value: value
    if origin is Annotated:
        return _annotated(parts[0], parts[1:])
    if origin in (Union, UnionType):
        return _one_of([_accept(part) for part in parts if part is not NoneType], NoneType in parts)
    if origin is Literal:
        return _words(parts)
    if origin is list:
        return _list(parts[0])
    if origin is dict:
        return _dict(parts)
    return _mapping(hint) if is_dataclass(hint) else _plain(hint)


def _plain(kind: type) -> Accept:
    if kind not in _PLAIN:
        raise TypeError(f"no quick reader for {kind!r}")

    def accept(value: Any) -> Any:
        if value.__class__ is not kind:
            raise _UnusualError
        return value

    return accept


def _annotated(kind: Any, said: tuple[Any, ...]) -> Accept:
    """A type with bounds, or with a function before it; the function nearest to the type runs last."""
    accept = _accept(kind)
    for one in said:
        if isinstance(one, BeforeValidator):
            accept = _after(one.function, accept)
        elif isinstance(one, Field):
            accept = _within(one, accept) if _bounds(one) else accept
        elif not isinstance(one, Strict):
            raise TypeError(f"{one!r} is not one of the words of this module")
    return accept


def _after(first: Accept, accept: Accept) -> Accept:
    return lambda value: accept(first(value))


def _bounds(said: Field) -> bool:
    return any(one is not None for one in (said.ge, said.le, said.min_length, said.max_length, said.pattern))


def _within(said: Field, accept: Accept) -> Accept:
    """A value within its bounds. Of patterns only dates are known here; another goes to pydantic."""
    low = said.min_length if said.ge is None else said.ge
    high = said.max_length if said.le is None else said.le

    def within(value: Any) -> Any:
        value = accept(value)
        if value is None:
            return None
        size = value if value.__class__ is int else len(value)
        if (low is not None and size < low) or (high is not None and size > high):
            raise _UnusualError
        if said.pattern is not None and (said.pattern != DATE or not _DATE.fullmatch(value)):
            raise _UnusualError
        return value

    return within


DATE: Final = r"^\d{4}-\d{2}-\d{2}$"


def _one_of(accepts: list[Accept], optional: bool) -> Accept:
    """The first type that takes the value."""
    if optional and len(accepts) == 1:
        return _optional(accepts[0])

    def either(value: Any) -> Any:
        if value is None and optional:
            return None
        for accept in accepts:
            try:
                return accept(value)
            except _UnusualError:
                continue
        raise _UnusualError

    return either


def _optional(accept: Accept) -> Accept:
    return lambda value: None if value is None else accept(value)


def _words(words: tuple[Any, ...]) -> Accept:
    """One of some words; ``True`` is not 1."""
    known = {(one.__class__, one) for one in words}

    def accept(value: Any) -> Any:
        if value.__class__ not in _PLAIN or (value.__class__, value) not in known:
            raise _UnusualError
        return value

    return accept


def _list(item: Any) -> Accept:
    accept = None if item is Any else _accept(item)

    def read(value: Any) -> Any:
        if value.__class__ is not list:
            raise _UnusualError
        return value if accept is None else [accept(one) for one in value]

    return read


def _dict(parts: tuple[Any, ...]) -> Accept:
    """A mapping of words to anything, or to one type."""
    if parts[0] not in (str, StrictStr):
        raise TypeError(f"no quick reader for a mapping of {parts}")
    accept = None if parts[1] is Any else _accept(parts[1])

    def read(value: Any) -> Any:
        if value.__class__ is not dict or any(key.__class__ is not str for key in value):
            raise _UnusualError
        return dict(value) if accept is None else {key: accept(one) for key, one in value.items()}

    return read
