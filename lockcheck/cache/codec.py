"""Frozen values as JSON and back, by the types of their fields.

Is: a format that can say nothing but values: reading it runs nothing, and a value of any other type than its field's
refuses the whole. Is not: a format to keep: it has no names, and goes with the version that wrote it.
"""

from __future__ import annotations

import dataclasses
import json
import re
import types
from collections.abc import Callable
from enum import IntEnum
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Value = TypeVar("Value")
Reader = Callable[[Any], Any]

MAX_DIGITS = 18
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no report prints: an entry with it is not ours, or not worth keeping."""


class BadEntryError(Exception):
    """Bytes that do not stand for a value of the type that was asked for."""


_READERS: dict[Any, Reader] = {}


def encode(value: object) -> bytes:
    """A value (dataclasses, named tuples, tuples, words, numbers) as bytes; the same value gives the same bytes."""
    return json.dumps(_plain(value), ensure_ascii=True, separators=(",", ":")).encode("ascii")


def decode(kind: type[Value], data: bytes) -> Value:
    """The value of that type. Raises :class:`BadEntryError` for anything else, whatever it is."""
    try:
        return cast(
            Value, reader(kind)(json.loads(data, parse_int=_number, parse_float=_refuse, parse_constant=_refuse))
        )
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise BadEntryError(str(error)) from error


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [_plain(getattr(value, field.name)) for field in dataclasses.fields(value)]
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, (str, int)):
        return int(value) if isinstance(value, IntEnum) else value
    raise TypeError(f"{type(value).__name__} is not kept")


def _number(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError("a number with too many digits")
    return int(text)


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is no value of ours")


def reader(kind: Any) -> Reader:
    """What turns plain values into those of a type; it raises ValueError or TypeError for what does not fit."""
    known = _READERS.get(kind)
    if known is None:
        known = _READERS[kind] = _made(kind)
    return known


def _made(kind: Any) -> Reader:
    origin, given = get_origin(kind), get_args(kind)
    if origin is tuple:
        return _every(reader(given[0])) if given[1:] == (...,) else _fields(tuple, [reader(one) for one in given])
    if origin in (types.UnionType, Union):
        return _either([reader(one) for one in given])
    if kind is str:
        return _text
    if kind in (int, bool, type(None)):
        return _exactly(kind)
    if issubclass(kind, IntEnum):
        return lambda value: kind(_exactly(int)(value))
    if dataclasses.is_dataclass(kind) or issubclass(kind, tuple):
        names = [one.name for one in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else kind._fields
        hints, make = get_type_hints(kind), cast(Callable[..., Any], kind)
        return _fields(lambda values: make(*values), [reader(hints[name]) for name in names])
    raise TypeError(f"{kind} is not kept")


def _text(value: Any) -> Any:
    if value.__class__ is not str or not (value.isprintable() or _CONTROL.search(value) is None):
        raise ValueError("expected text")
    return value


def _exactly(kind: type) -> Reader:
    def read(value: Any) -> Any:
        if value.__class__ is not kind:
            raise ValueError(f"expected {kind.__name__}")
        return value

    return read


def _every(one: Reader) -> Reader:
    def read(value: Any) -> Any:
        if value.__class__ is not list:
            raise ValueError("expected a list")
        return tuple(map(one, value))

    return read


def _fields(make: Callable[[Any], Any], readers: list[Reader]) -> Reader:
    def read(value: Any) -> Any:
        if value.__class__ is not list or len(value) != len(readers):
            raise ValueError("expected as many values as there are fields")
        return make([one(item) for one, item in zip(readers, value, strict=True)])

    return read


def _either(readers: list[Reader]) -> Reader:
    def read(value: Any) -> Any:
        for one in readers:
            try:
                return one(value)
            except (ValueError, TypeError):
                continue
        raise ValueError("none of the types fits")

    return read
