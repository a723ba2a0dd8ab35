"""A ledger's answers as JSON for programs, and its JSON Schema: ``lockcheck-claims/1``.

Is: everything an answer holds, in stable names and a stable order. Is not: for people.
"""

from __future__ import annotations

import json
from typing import Any

from lockcheck.answers import Answer, Answered, Verdict, Witness
from lockcheck.report.as_json import fact_value, place_value, problem_value
from lockcheck.report.json_schema import DEFS, FLAG, MAYBE_TEXT, PLACE, REPORTED, TEXT, TEXTS, many, ref, values

SCHEMA_ID = "lockcheck-claims/1"


def claims_json(answered: Answered) -> str:
    """The answers as one JSON document, indented, ending in a newline. All text is ASCII."""
    return json.dumps(document(answered), indent=1, ensure_ascii=True) + "\n"


def document(answered: Answered) -> dict[str, Any]:
    """The answers as plain values, in the order of the schema."""
    from lockcheck import __version__

    return {
        "schema": SCHEMA_ID,
        "tool": {"name": "lockcheck", "version": __version__},
        "exit_code": answered.exit_code,
        "files": list(answered.files),
        "answers": [_answer(one) for one in answered.answers],
        "problems": [problem_value(one) for one in answered.problems],
    }


def _answer(answer: Answer) -> dict[str, Any]:
    claim = answer.claim
    return {
        "id": claim.id,
        "text": claim.text,
        "who": claim.who,
        "message": claim.message,
        "place": place_value(claim.place),
        "asked_of": list(answer.asked_of),
        "answer": answer.words,
        "verdict": answer.verdict.value,
        "condition": answer.condition,
        "because": claim.rule,
        "missing": list(answer.missing),
        "against": [_witness(one) for one in answer.against],
        "support": [_witness(one) for one in answer.support],
        "note": claim.note,
        "expected": claim.expect,
        "as_expected": answer.as_expected,
    }


def _witness(witness: Witness) -> dict[str, Any]:
    return {
        "text": witness.text,
        "config": witness.config or None,
        "fact": None if witness.fact is None else fact_value(witness.fact),
    }


def json_schema() -> dict[str, Any]:
    """The schema as a JSON Schema document (2020-12)."""
    witness = values("What shows an answer; without a fact it is the absence of one.", {
        "text": TEXT, "config": MAYBE_TEXT, "fact": {"anyOf": [ref("fact"), {"type": "null"}]},
    })  # fmt: skip
    answer = values("One claim and its answer.", {
        "id": TEXT, "text": TEXT, "who": MAYBE_TEXT, "message": MAYBE_TEXT, "place": PLACE, "asked_of": TEXTS,
        "answer": {**TEXT, "description": "the verdict with its condition"},
        "verdict": {"enum": [verdict.value for verdict in Verdict]},
        "condition": {**MAYBE_TEXT, "description": "kernel options, or the words of an assumption"},
        "because": {**MAYBE_TEXT, "description": "why there is nothing to prove"},
        "missing": {**TEXTS, "description": "why it is undecided"},
        "against": many("witness"), "support": many("witness"),
        "note": MAYBE_TEXT, "expected": MAYBE_TEXT, "as_expected": FLAG,
    })  # fmt: skip
    top = values("The answers to a ledger's claims.", {
        "schema": {"const": SCHEMA_ID},
        "tool": values("Who wrote this.", {"name": {"const": "lockcheck"}, "version": TEXT}),
        "exit_code": {"enum": [0, 1, 2], "description": "0 as expected, 1 not, 2 could not be read"},
        "files": TEXTS, "answers": many("answer"), "problems": many("problem"),
    })  # fmt: skip
    used = {name: DEFS[name] for name in REPORTED if name not in ("finding", "condition", "config space")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "answers of lockcheck claims",
        **top,
        "$defs": {**used, "answer": answer, "witness": witness},
    }
