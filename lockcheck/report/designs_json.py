"""Designs side by side as JSON: schema ``lockcheck-compare/1``, described by :func:`json_schema`."""

from __future__ import annotations

import json
from typing import Any

from lockcheck.compare.designs import CLEAN, FAILED, Comparison, Row
from lockcheck.findings import SEVERITIES
from lockcheck.report.as_json import configs_value, finding_value, problem_value
from lockcheck.report.json_schema import DEFS, MAYBE_TEXT, NUMBER, REPORTED, TEXT, TEXTS, many, ref, values

SCHEMA_ID = "lockcheck-compare/1"


def as_json(comparison: Comparison) -> str:
    """The comparison as one JSON document, indented, ending in a newline. All text is ASCII."""
    return json.dumps(document(comparison), indent=1, ensure_ascii=True) + "\n"


def document(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain values, in the order of the schema."""
    from lockcheck import __version__

    return {
        "schema": SCHEMA_ID,
        "tool": {"name": "lockcheck", "version": __version__},
        "exit_code": comparison.exit_code,
        "designs": [
            {
                "name": one.name,
                "title": one.title,
                "files": list(one.result.files),
                **configs_value(one.result.configs),
                "findings": [finding_value(finding) for finding in one.result.findings],
                "problems": [problem_value(problem) for problem in one.result.problems],
            }
            for one in comparison.designs
        ],
        "summary": [_row(row) for row in comparison.summary],
        "rules": [_row(row) for row in comparison.rules],
        "claims": [
            {
                "id": row.claim.id,
                "text": row.claim.text,
                "answers": [one.words if one is not None else None for one in row.answers],
            }
            for row in comparison.claims
        ],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "cells": [
            {"state": cell.state, "fingerprints": [finding.fingerprint for finding in cell.findings]}
            for cell in row.cells
        ],
    }


def json_schema() -> dict[str, Any]:
    """The schema as a JSON Schema document (2020-12)."""
    defs = {name: DEFS[name] for name in REPORTED}
    defs |= {
        "design": values("One design, and all that was found in it.", {
            "name": TEXT, "title": TEXT, "files": TEXTS, "configs": TEXTS,
            "configs_skipped": NUMBER, "config_space": ref("config space"), "findings": many("finding"),
            "problems": many("problem"),
        }),
        "row": values("One question, with a cell for each design.", {"name": TEXT, "cells": many("cell")}),
        "claim": values("One claim; its answers, in words, are in the order of the designs.", {
            "id": TEXT, "text": TEXT, "answers": {"type": "array", "items": MAYBE_TEXT},
        }),
        "cell": values("What one question says of one design.", {
            "state": {"enum": [CLEAN, *SEVERITIES, FAILED]},
            "fingerprints": {**TEXTS, "description": "of the findings it speaks of"},
        }),
    }  # fmt: skip
    top = values("Designs side by side.", {
        "schema": {"const": SCHEMA_ID},
        "tool": values("Who wrote this.", {"name": {"const": "lockcheck"}, "version": TEXT}),
        "exit_code": {"enum": [0, 2], "description": "0 every design was analysed, 2 some could not be"},
        "designs": many("design"),
        "summary": {**many("row"), "description": "all errors, and all warnings"},
        "rules": {"type": "array", "items": ref("row"), "description": "rules that found something in some design"},
        "claims": {**many("claim"), "description": "the claims of a ledger, asked of each design"},
    })  # fmt: skip
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID}
    return {**head, "title": "a lockcheck comparison", **top, "$defs": defs}
