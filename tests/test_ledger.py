"""The shipped ledger: every answer is the recorded one, and agrees with a reading of the code or says why not."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from lockcheck.answers import Answer, Answered, Verdict
from lockcheck.ledger import ask

RECORDED: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "data" / "claims" / "slab-destructors.json").read_text(encoding="utf-8")
)
AGREES = {
    "TRUE": {Verdict.HOLDS},
    "FALSE": {Verdict.REFUTED},
    "COND": {Verdict.ONLY_IF},
    "RULE": {Verdict.NOTHING},
    "OPEN": set[Verdict](),
}
"""What an answer may be where a person who read the code said so; any other needs a reason ('why')."""


@cache
def answered() -> Answered:
    """The shipped ledger, answered once."""
    return ask()


def answer_of(name: str) -> Answer:
    """The answer to one claim."""
    (found,) = [one for one in answered().answers if one.claim.id == name]
    return found


def test_the_ledger_is_complete() -> None:
    """The ledger has exactly the recorded claims, without a problem, and is as it expects itself to be."""
    assert answered().problems == ()
    assert [one.claim.id for one in answered().answers] == list(RECORDED)
    assert answered().exit_code == 0


@pytest.mark.parametrize("name", RECORDED)
def test_an_answer_is_the_recorded_one(name: str) -> None:
    """Each claim is answered in exactly the recorded words, and the ledger expects just that."""
    answer = answer_of(name)

    assert answer.words == RECORDED[name]["answer"]
    assert answer.claim.expect == answer.words


@pytest.mark.parametrize("name", [name for name, one in RECORDED.items() if "by_reading" in one])
def test_an_answer_agrees_with_the_reading_of_the_code(name: str) -> None:
    """Where the answer is another than that of a person who read the code, the record says why."""
    recorded = RECORDED[name]
    agrees = answer_of(name).verdict in AGREES[recorded["by_reading"]]

    assert agrees != ("why" in recorded)


@pytest.mark.parametrize("name", [name for name, one in RECORDED.items() if one["answer"] == "refuted"])
def test_a_refutation_shows_something(name: str) -> None:
    """Every refutation has a chain of steps, or says which chain there is not."""
    answer = answer_of(name)

    assert answer.against
    assert all(one.fact is not None or one.text.startswith("no ") for one in answer.against)


def test_every_claim_says_who_and_where() -> None:
    """Each claim of the thread names its author, and but for some a message; what nobody wrote names none."""
    claims = [one.claim for one in answered().answers]

    unsaid = ["C11", "C43", "C44", "C55", "C56", "C57"]
    assert [one.id for one in claims if one.who is None] == [*unsaid, *(f"N0{number}" for number in range(1, 7))]
    assert [one.id for one in claims if one.who and one.message is None] == ["C42", "C42b", "C50", "C52a", "C52b"]
