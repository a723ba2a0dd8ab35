"""Conditions: which facts a rule's ``where`` selects, and what it refuses."""

from __future__ import annotations

import pytest

from lockcheck.checker.kinds import FACT_KINDS
from lockcheck.checker.select import compile_where
from tests.unit.samples import circle, conflict, simple

SLEEP = simple("sleep", {"what": "might_sleep", "atomic": True, "because": ("A",), "inside": ("dtor",),
                         "context": "task", "role_function": None})  # fmt: skip


def selected(where: object, fact: object) -> bool:
    """Whether ``where`` selects the fact; it must be free of mistakes."""
    wrong: list[object] = []
    predicate = compile_where(where, FACT_KINDS[fact.kind], (), lambda *one: wrong.append(one))  # type: ignore[attr-defined]

    assert wrong == []
    return predicate(dict(fact.attributes))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, True),
        ({"length": 3}, True),
        ({"length": [2, 4]}, False),
        ({"length": {"least": 3, "most": 3}}, True),
        ({"length": {"most": 2}}, False),
        ({"readers": False}, True),
        ({"readers": {"not": False}}, False),
        ({"locks": {"has": "B"}}, True),
        ({"locks": {"has": ["X", "C"]}}, True),
        ({"locks": {"glob": "Z*"}}, False),
        ({"locks": {"least": 4}}, False),
        ({"chain": {"glob": "A -> *"}}, True),
        ({"not": {"categories": {"has": "reclaim"}}}, True),
        ({"any": [{"length": 9}, {"locks": {"has": "A"}}]}, True),
        ({"all": [{"length": 3}, {"not": {"readers": False}}]}, False),
        ({"length": 3, "readers": True}, False),
    ],
)
def test_circle_is_selected(where: object, expected: bool) -> None:
    """A condition selects a circle by what its attributes are, all keys of a mapping together."""
    assert selected(where, circle("A", "B", "C")) is expected


def test_absent_attribute_is_no_value() -> None:
    """An optional attribute that is absent equals nothing, and `present` asks for just that."""
    assert not selected({"role_function": "f"}, SLEEP)
    assert selected({"role_function": {"present": False}}, SLEEP)
    assert not selected({"role_function": {"present": True}}, SLEEP)


def test_true_is_not_one() -> None:
    """A flag never equals a number."""
    assert selected({"atomic": True}, SLEEP)
    assert not selected({"by_writer": True}, conflict())


@pytest.mark.parametrize(
    ("where", "path", "message", "hint"),
    [
        ({"lenght": 3}, ("lenght",), "a circle fact has no attribute 'lenght'", "did you mean 'length'?"),
        ({"length": "three"}, ("length",), "'length' is a number, not 'three'", None),
        ({"length": True}, ("length",), "'length' is a number, not true", None),
        ({"length": []}, ("length",), "'length' is compared with an empty list, which nothing equals", None),
        ({"locks": "A"}, ("locks",), "'locks' is a list; say what it must hold", "write locks: {has: 'A'}"),
        ({"categories": {"has": "reclam"}}, ("categories", "has"), "'categories' is never 'reclam'",
         "did you mean 'reclaim'?"),
        ({"chain": {"has": "A"}}, ("chain", "has"), "'chain' is a text, not a list", "write chain: 'A'"),
        ({"length": {"atleast": 3}}, ("length", "atleast"), "unknown condition 'atleast'", "did you mean 'least'?"),
        ({"readers": {"least": 3}}, ("readers", "least"),
         "'readers' is true or false; only numbers and lists have a size", None),
        ({"length": {"glob": "3*"}}, ("length", "glob"), "'length' is a number; a pattern fits texts only", None),
        ({"length": {"present": True}}, ("length", "present"), "'length' is always there", None),
        ({"any": {}}, ("any",), "'any' needs a list of conditions", "write any: [{...}, {...}]"),
        ({"not": [1]}, ("not",), "expected conditions by attribute, not a list", None),
    ],
)  # fmt: skip
def test_mistake_is_named(where: object, path: tuple[str, ...], message: str, hint: str | None) -> None:
    """What does not fit the fact kind is refused with its place, what was expected, and the nearest name."""
    wrong: list[tuple[object, str, str | None]] = []

    compile_where(where, FACT_KINDS["circle"], (), lambda *one: wrong.append(one))

    assert wrong == [(path, message, hint)]


def test_nesting_is_bounded() -> None:
    """Conditions nested without end are refused, not followed."""
    where: dict[str, object] = {"length": 3}
    for _ in range(5_000):
        where = {"not": where}
    wrong: list[str] = []

    compile_where(where, FACT_KINDS["circle"], (), lambda path, text, hint: wrong.append(text))

    assert wrong == ["conditions nested deeper than 20"]
