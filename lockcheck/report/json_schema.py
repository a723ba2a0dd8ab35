"""The JSON Schema of ``lockcheck check --format json``. A field may be added within version 1; none goes or changes."""

from __future__ import annotations

from typing import Any

from lockcheck.findings import SEVERITIES
from lockcheck.report.as_json import SCHEMA_ID

TEXT: dict[str, Any] = {"type": "string"}
MAYBE_TEXT: dict[str, Any] = {"type": ["string", "null"]}
NUMBER: dict[str, Any] = {"type": "integer", "minimum": 0}
FLAG: dict[str, Any] = {"type": "boolean"}
TEXTS: dict[str, Any] = {"type": "array", "items": TEXT}
MODE: dict[str, Any] = {"enum": ["exclusive", "shared", "recursive", None]}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _many(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _ref(name)}


def _object(doc: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "description": doc, "properties": properties, "required": list(properties)}


PLACE = {"anyOf": [_ref("position"), {"type": "null"}]}

DEFS: dict[str, Any] = {
    "position": _object("A place in a model file; line and column from 1.",
                        {"file": TEXT, "line": NUMBER, "column": NUMBER}),
    "finding": _object("A fact that a rule forbids.", {
        "rule": TEXT,
        "severity": {"enum": list(SEVERITIES)},
        "message": TEXT,
        "help": TEXT,
        "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{16}$", "description": "survives moved lines"},
        "place": PLACE,
        "at": {**MAYBE_TEXT, "description": "kernel file:line of the step, if the model gives it"},
        "configs": {**TEXTS, "description": "kernel configs it holds with; empty when only one was checked"},
        "fact": _ref("fact"),
    }),
    "fact": _object("What is true of the model, with its witness; attributes: docs/reference/facts.md.", {
        "kind": TEXT, "attributes": {"type": "object"}, "legs": {**_many("leg"), "minItems": 1},
    }),
    "leg": _object("What one task or interrupt does.", {
        "title": TEXT,
        "entry": {**TEXT, "description": "the function it starts in"},
        "context": TEXT,
        "irqs": {"enum": ["on", "off"]},
        "bh": {"enum": ["on", "off"]},
        "holds": MAYBE_TEXT,
        "holds_mode": MODE,
        "wants": MAYBE_TEXT,
        "wants_mode": MODE,
        "wants_trylock": FLAG,
        "held": {**_many("hold"), "description": "the held-lock stack before the last step, outermost first"},
        "steps": _many("step"),
    }),
    "hold": _object("A lock on the held-lock stack.", {
        "lock": TEXT, "instance": TEXT, "mode": MODE, "trylock": FLAG, "place": PLACE, "at": MAYBE_TEXT,
    }),
    "step": _object("One line of a leg; depth is the call depth.", {
        "depth": NUMBER, "function": TEXT, "action": TEXT, "text": TEXT, "lock": MAYBE_TEXT, "mode": MODE,
        "place": PLACE, "at": MAYBE_TEXT,
    }),
    "waived": _object("A finding that a waiver allows.", {"finding": _ref("finding"), "reason": TEXT, "place": PLACE}),
    "mismatch": _object("Where findings and 'expect' differ.", {
        "what": {"enum": ["missed", "unexpected"]}, "text": TEXT, "place": PLACE, "fingerprint": MAYBE_TEXT,
    }),
    "problem": _object("Why something could not be analysed; line 0 means the file as a whole.", {
        "file": TEXT, "line": NUMBER, "column": NUMBER, "code": TEXT, "message": TEXT, "hint": MAYBE_TEXT,
    }),
    "open end": _object("What the analysis could not follow.", {"why": TEXT, "place": PLACE}),
}  # fmt: skip


def json_schema() -> dict[str, Any]:
    """The schema as a JSON Schema document (2020-12)."""
    numbers = ("functions", "entries", "lock_classes", "dependencies", "contexts", "steps")
    coverage: dict[str, Any] = dict.fromkeys(numbers, NUMBER)
    coverage |= {"never_entered": TEXTS, "not_followed": _many("open end"), "merged": TEXTS}
    coverage["cut"] = _many("open end")
    top = _object("What one run of lockcheck found.", {
        "schema": {"const": SCHEMA_ID},
        "tool": _object("Who wrote this.", {"name": {"const": "lockcheck"}, "version": TEXT}),
        "exit_code": {"enum": [0, 1, 2], "description": "0 clean, 1 findings, 2 could not analyse"},
        "fail_on": {"enum": list(SEVERITIES)},
        "files": TEXTS,
        "named_files": TEXTS,
        "configs": TEXTS,
        "configs_skipped": NUMBER,
        "coverage": _object("What was checked.", coverage),
        "findings": _many("finding"),
        "waived": _many("waived"),
        "expectations": _object("Comparison with the models' 'expect'.",
                                {"compared": FLAG, "mismatches": _many("mismatch")}),
        "problems": _many("problem"),
    })  # fmt: skip
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, "title": "a lockcheck report"}
    return {**head, **top, "$defs": DEFS}
