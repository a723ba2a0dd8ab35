"""The JSON Schema of model files: accepts what is shipped, rejects wrong shapes, completes verbs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import lockcheck
from lockcheck.loading import library, model_schema
from lockcheck.source.limits import Limits
from lockcheck.source.problems import Collector
from lockcheck.source.reader import read
from lockcheck.source.text import SourceText
from tests.unit.loading.models import plain

ERR = Path(__file__).parents[2] / "models" / "err"
SCHEMA = model_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
WRONG_SHAPES = (
    "unknown-top-key",
    "section-of-wrong-type",
    "title-is-a-number",
    "no-version",
    "unknown-version",
    "unknown-lock-key",
    "yes-is-a-word",
    "wait-type",
    "rank-is-text",
    "work-without-function",
    "timer-context",
    "config-boolean",
    "unknown-function-key",
    "unknown-entry",
    "steps-not-a-list",
    "unknown-verb",
    "two-verbs",
    "unknown-step-key",
    "nested-is-text",
    "step-of-wrong-type",
    "either",
    "patch-shape",
    "expectations",
    "waivers",
    "own-verb",
)


def document(text: str) -> Any:
    """A model as an editor's YAML reader sees it."""
    return plain(read(SourceText("m", text), Limits(), Collector(100)))


def test_is_a_schema() -> None:
    """It is valid JSON Schema 2020-12 with an id."""
    VALIDATOR.check_schema(SCHEMA)

    assert SCHEMA["$schema"].endswith("2020-12/schema") and SCHEMA["$id"]


def test_shipped_file_is_current() -> None:
    """The file that the shipped models' modelines name is what ``lockcheck schema model`` prints."""
    shipped = Path(lockcheck.__file__).with_name("model.schema.json")

    assert json.loads(shipped.read_text(encoding="utf-8")) == SCHEMA


@pytest.mark.parametrize("name", library())
def test_accepts_shipped_models(name: str) -> None:
    """Every shipped model is valid, and names the schema for editors."""
    text = library()[name].read_text(encoding="utf-8")

    assert list(VALIDATOR.iter_errors(document(text))) == []
    assert text.startswith("# yaml-language-server: $schema=")


@pytest.mark.parametrize("name", WRONG_SHAPES)
def test_rejects_wrong_shapes(name: str) -> None:
    """What is wrong in its shape is rejected without knowing what the names mean."""
    assert not VALIDATOR.is_valid(document((ERR / f"{name}.yaml").read_text(encoding="utf-8")))


def test_verbs_are_completed() -> None:
    """Every verb of the dialect stands in the schema with its description."""
    step = SCHEMA["$defs"]["Step"]["oneOf"][1]["properties"]

    assert step["mutex_lock"]["description"] == "take a mutex"
    assert all(one.get("description") for name, one in step.items() if "Operand" in one.get("$ref", ""))


@pytest.mark.parametrize(
    "brings", ["verbs: {my_lock: {operands: [lock]}}", "dialect: [linux, mine.yaml]", "include: [a.yaml]"]
)
def test_own_verbs_are_allowed(brings: str) -> None:
    """A model that brings verbs of its own, or may, can use verbs that the schema does not know."""
    model = "functions: {f: {steps: [my_lock: m, my_unlock, {if: x, then: [my_lock: m]}]}}\n"

    assert VALIDATOR.is_valid(document(f"lockcheck: 1\n{brings}\n{model}"))
    assert not VALIDATOR.is_valid(document(f"lockcheck: 1\ninclude: [linux/slab]\n{model}"))
