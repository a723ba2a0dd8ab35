"""The quick reader of shapes against pydantic: what it takes, pydantic takes too, and reads as the same values."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockcheck.checker.schema import RuleFile
from lockcheck.loading import claim_shapes, shapes
from lockcheck.source import by_pydantic, typed
from lockcheck.source.scalars import AT

SHAPES: list[type] = [
    RuleFile,
    *(
        one
        for module in (shapes, claim_shapes)
        for _, one in sorted(vars(module).items())
        if isinstance(one, type) and is_dataclass(one) and one.__module__ == module.__name__
    ),
]
WORDS = ("on", "off", "y", "n", "task", "softirq", "exclusive", "2026-01-31", "2026-1-31", "", "x" * 81, "x" * 201)
SCALARS: tuple[Any, ...] = (*WORDS, 0, 1, 7, 8, -1, 10**6, 10**6 + 1, 2**70, 1.5, True, False, None)
ANYTHING = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=2),
    max_leaves=4,
)


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type, as a file would give them, and some that only look like it."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return values(parts[0])
    if origin in (Union, UnionType):
        return st.one_of(*map(values, parts))
    if origin is Literal:
        return st.sampled_from(parts)
    if origin is list:
        return st.lists(values(parts[0]), max_size=2) | st.sampled_from(WORDS)
    if origin is dict:
        return st.dictionaries(st.sampled_from((*WORDS, AT)), ANYTHING, max_size=2)
    if is_dataclass(hint):
        return mappings(hint)
    known = {str: st.sampled_from(WORDS[:7] * 4 + WORDS), bool: st.booleans(), int: st.sampled_from((0, 1, 7, 10**6))}
    return known.get(hint, st.none() if hint is NoneType else ANYTHING)


def mappings(shape: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings with the keys of a shape, each with a value that mostly fits, and perhaps something else."""
    hints = get_type_hints(shape, include_extras=True)
    known = {key: st.one_of(*[values(hints[name])] * 30, ANYTHING) for name, key in typed.keys(shape).items()}
    known |= {AT: values(int)} if AT in known else {}  # the reader gives it, no file can
    needed = {key: known.pop(key) for key in needed_keys(shape)}
    return st.one_of(
        *[st.fixed_dictionaries(needed, optional=known)] * 8,
        st.fixed_dictionaries({}, optional={**needed, **known}),
        st.fixed_dictionaries(needed, optional={**known, "unknown": ANYTHING}),
    )


def needed_keys(shape: Any) -> set[str]:
    """The keys without which there is no such shape."""
    names = typed.keys(shape)
    return {names[one.name] for one in fields(shape) if one.default is one.default_factory}


def by_quick_reader(shape: type, raw: Any) -> Any:
    """What the quick reader makes of it, or None when it leaves it to pydantic."""
    asked: list[object] = []

    class Asked(Exception):  # noqa: N818 - a signal of this test
        """Pydantic was asked."""

    def ask(*given: object) -> None:
        asked.append(given)
        raise Asked

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(by_pydantic, "validated", ask)
        try:
            return typed.adapter(shape).validate_python(raw)
        except Asked:
            return None


def by_reading(shape: type, raw: Any) -> Any:
    """What pydantic makes of it, or its errors."""
    try:
        return by_pydantic.validated(shape, raw)
    except typed.ShapeError as error:
        return error


def test_every_shape_is_here() -> None:
    """Shapes of rules, declarations, steps and the dialect."""
    assert len(SHAPES) >= 20


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_quick_reader_agrees_with_pydantic(shape: type) -> None:
    """What the quick reader takes, pydantic takes, and both give the same shape; what it leaves, pydantic refuses."""
    taken = refused = 0

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(st.one_of(mappings(shape), mappings(shape), mappings(shape), ANYTHING))
    def agree(raw: Any) -> None:
        nonlocal taken, refused
        quick, wanted = by_quick_reader(shape, raw), by_reading(shape, raw)
        if quick is None:
            refused += 1
            assert isinstance(wanted, typed.ShapeError), "pydantic is asked about mistakes only"
            return
        taken += 1
        assert not isinstance(wanted, typed.ShapeError), wanted.errors
        assert type(wanted) is type(quick) is shape
        assert repr(quick) == repr(wanted)

    agree()
    assert taken >= 3, "too few plain mappings to compare"
    assert refused >= 3, "too few unusual mappings to compare"


def test_an_unusual_value_that_is_right_is_read_all_the_same() -> None:
    """A date in other digits is a date for pydantic; the shape that comes out is the same class, all the way down."""
    digits = "\N{FULLWIDTH DIGIT TWO}026-01-31"
    waiver = typed.adapter(shapes.WaiverShape).validate_python({"reason": "known", "expires": digits})
    assert type(waiver) is shapes.WaiverShape
    assert waiver.expires == digits
    raw = {"effects": [{AT: 4097, "sleep": "x"}], "starts": {"context": "softirq"}}
    verb = by_pydantic.validated(shapes.VerbShape, raw)
    assert type(verb) is shapes.VerbShape
    assert type(verb.effects[0]) is shapes.EffectShape
    assert type(verb.starts) is shapes.StartsShape
