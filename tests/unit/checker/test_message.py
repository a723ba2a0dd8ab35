"""Message templates: attributes in braces, nothing else."""

from __future__ import annotations

import pytest

from lockcheck.checker.kinds import FACT_KINDS
from lockcheck.checker.message import compile_message
from tests.unit.samples import circle


def test_attributes_are_filled_in() -> None:
    """A message names attributes of the fact; lists are joined, an empty one is nothing."""
    template, wrong = compile_message("{chain} of {length}: {locks}, {guards} {{x}}", FACT_KINDS["circle"])

    assert wrong == []
    assert template.fill(circle("A", "B")) == "A -> B -> A of 2: A, B, nothing {x}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{chian}", "the message names '{chian}', but a circle fact has no attribute 'chian'"),
        ("{chain.__class__}",
         "the message names '{chain.__class__}', but a circle fact has no attribute 'chain.__class__'"),
        ("{length:>9999999999}",
         "the message names '{length:>9999999999}', but a circle fact has no attribute 'length:>9999999999'"),
        ("{chain!r}", "the message names '{chain!r}', but a circle fact has no attribute 'chain!r'"),
        ("a } b", "a single '}' in the message"),
        ("{readers}", "'{readers}' is true or false, which says little in a message"),
    ],
)  # fmt: skip
def test_nothing_else_is_a_template(text: str, message: str) -> None:
    """Formats, conversions and attribute access are unknown names: a rule can't reach anything."""
    _, wrong = compile_message(text, FACT_KINDS["circle"])

    assert [one for one, _ in wrong] == [message]
