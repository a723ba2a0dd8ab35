"""Shapes as pydantic sees them: the judge of what the quick reader does not take, and the source of JSON Schemas.

Is: the only module that imports pydantic; nothing imports it before something is wrong or a schema is asked for.
Is not: a second definition: every shape is taken over from its dataclass.
"""

from __future__ import annotations

from dataclasses import MISSING, field, fields, is_dataclass, make_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pydantic

from lockcheck.source import typed


def validated(shape: type, raw: Any) -> Any:
    """``raw`` as ``shape``. Raises :class:`~lockcheck.source.typed.ShapeError`."""
    try:
        return _back(_adapter(shape).validate_python(raw))
    except pydantic.ValidationError as error:
        raise typed.ShapeError(error.errors(include_url=False)) from None


def json_schema(shape: type, **options: Any) -> dict[str, Any]:
    """The JSON Schema of ``shape``."""
    return _adapter(shape).json_schema(**options)


@cache
def _adapter(shape: type) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(_twin(shape))


@cache
def _twin(shape: Any) -> type:
    """The same dataclass with pydantic's own words in its annotations."""
    hints = get_type_hints(shape, include_extras=True)
    made = []
    for one in fields(shape):
        default: Any = field()
        if one.default is not MISSING:
            default = field(default=one.default)
        elif one.default_factory is not MISSING:
            default = field(default_factory=one.default_factory)
        made.append((one.name, _said(hints[one.name]), default))
    config = {"__pydantic_config__": pydantic.ConfigDict(extra="forbid"), "__doc__": shape.__doc__, "made_for": shape}
    return make_dataclass(shape.__name__, made, kw_only=True, slots=True, namespace=config)


def _said(hint: Any) -> Any:
    """A type in pydantic's words."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return Annotated[(_said(parts[0]), *map(_meant, parts[1:]))]
    if origin in (Union, UnionType):
        return Union[tuple(part if part is NoneType else _said(part) for part in parts)]  # noqa: UP007
    if origin in (list, dict):
        return origin[tuple(map(_said, parts))]
    return _twin(hint) if isinstance(hint, type) and is_dataclass(hint) else hint


def _meant(said: Any) -> Any:
    """What is said beside a type, in pydantic's words."""
    if isinstance(said, typed.Strict):
        return pydantic.Strict()
    if isinstance(said, typed.BeforeValidator):
        if said.json_schema_input_type is None:
            return pydantic.BeforeValidator(said.function)
        return pydantic.BeforeValidator(said.function, json_schema_input_type=_said(said.json_schema_input_type))
    given = {one.name: getattr(said, one.name) for one in fields(said)}
    return pydantic.Field(**{name: value for name, value in given.items() if value is not None})


def _back(value: Any) -> Any:
    """The shapes that were asked for, in place of their twins."""
    if isinstance(value, list):
        return [_back(one) for one in value]
    made_for = getattr(type(value), "made_for", None)
    if made_for is None:
        return value
    return made_for(**{one.name: _back(getattr(value, one.name)) for one in fields(value)})
