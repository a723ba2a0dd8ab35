"""The table of fact kinds against the facts that the analysis really makes, and the rule schema against the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lockcheck.checker.kinds import FACT_KINDS, LISTS, TEXTS, AttributeType, Shape
from lockcheck.checker.orders import CONFLICT, ORDER, UNPLACED
from lockcheck.checker.reading import built_in, plain
from lockcheck.checker.schema import json_schema
from lockcheck.graph import analyse
from lockcheck.loading import load
from lockcheck.source.limits import Limits
from lockcheck.source.problems import Collector
from lockcheck.source.reader import read
from lockcheck.source.text import SourceText

CASES = sorted(path for path in built_in().glob("*/*/*.yaml") if path.name != "rule.yaml")
RULES = sorted(built_in().glob("*/*/rule.yaml"))
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def fits(value: object, kind: AttributeType) -> bool:
    """Whether a value is what the table promises."""
    if value is None:
        return kind.optional
    if kind.shape in LISTS:
        return isinstance(value, tuple) and (kind.words is None or set(value) <= set(kind.words))
    if kind.shape in TEXTS:
        return isinstance(value, str) and (kind.words is None or value in kind.words)
    return isinstance(value, bool) if kind.shape is Shape.FLAG else type(value) is int


def name_of(path: Path) -> str:
    """A case by rule and name."""
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", CASES, ids=name_of)
def test_facts_are_as_the_table_says(path: Path) -> None:
    """Every fact of every case has exactly the attributes of its kind, each of the right shape."""
    program = load([path]).program
    assert program is not None
    analysis = analyse(program)

    assert set(analysis.kinds) == set(FACT_KINDS) - {"waiver", ORDER, CONFLICT, UNPLACED}
    for kind in analysis.kinds:
        table = {name: one for name, one in FACT_KINDS[kind].attributes.items() if not one.of_witness}
        for fact in analysis.facts(kind):
            assert set(table) == {name for name, _ in fact.attributes}, kind
            assert [name for name, value in fact.attributes if not fits(value, table[name])] == []


def document(path: Path) -> Any:
    """A rule file as plain values."""
    return plain(read(SourceText(path.name, path.read_text(encoding="utf-8")), Limits(), Collector(9)))


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.parent.name)
def test_schema_accepts_built_in_rules(path: Path) -> None:
    """The published schema takes every built-in rule."""
    assert [error.message for error in VALIDATOR.iter_errors(document(path))] == []


@pytest.mark.parametrize(
    "change",
    [
        {"severity": "fatal"},
        {"forbid": "circles"},
        {"unknown": 1},
        {"where": {"lenght": 3}},
        {"where": {"length": "three"}},
        {"where": {"categories": {"has": "reclam"}}},
        {"where": {"any": []}},
        {"rule": "Not An Id"},
    ],
)
def test_schema_rejects_what_the_reader_rejects(change: dict[str, object]) -> None:
    """An editor with the schema sees the mistakes that the reader would report."""
    rule = {**document(built_in() / "ordering" / "circular-dependency" / "rule.yaml"), **change}

    assert not VALIDATOR.is_valid(rule)
