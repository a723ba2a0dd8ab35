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


def ref(name: str) -> dict[str, Any]:
    """A reference to a definition of the schema."""
    return {"$ref": f"#/$defs/{name}"}


def many(name: str) -> dict[str, Any]:
    """A list of what a definition describes."""
    return {"type": "array", "items": ref(name)}


def values(doc: str, properties: dict[str, Any]) -> dict[str, Any]:
    """An object with these properties, all of them required."""
    return {"type": "object", "description": doc, "properties": properties, "required": list(properties)}


PAIRS: dict[str, Any] = {"type": "array", "items": {"type": "array", "items": TEXT, "minItems": 2, "maxItems": 2}}
OPTIONS = {"type": "object", "additionalProperties": FLAG}
PLACE = {"anyOf": [ref("position"), {"type": "null"}]}

DEFS: dict[str, Any] = {
    "position": values("A place in a model file; line and column from 1.",
                        {"file": TEXT, "line": NUMBER, "column": NUMBER}),
    "finding": values("A fact that a rule forbids.", {
        "rule": TEXT,
        "severity": {"enum": list(SEVERITIES)},
        "message": TEXT,
        "help": TEXT,
        "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{16}$", "description": "survives moved lines"},
        "place": PLACE,
        "at": {**MAYBE_TEXT, "description": "kernel file:line of the step, if the model gives it"},
        "configs": {**TEXTS, "description": "the alternatives of its condition as text; empty when it always holds"},
        "condition": {**ref("condition"), "description": "in which of the configs that were checked it holds"},
        "fact": ref("fact"),
    }),
    "condition": values("A condition on kernel options: all options of one of the alternatives are so.", {
        "always": {**FLAG, "description": "it holds in every config that was checked"},
        "any_of": {"type": "array", "items": OPTIONS, "description": "the options that decide (y is true)"},
    }),
    "config space": values("The kernel configs that were checked: all combinations of some options.", {
        "count": {**NUMBER, "description": "how many were checked"},
        "varied": {**TEXTS, "description": "options of which every combination was checked; none: one config"},
        "fixed": {**OPTIONS, "description": "options with one value in all of them"},
    }),
    "fact": values("What is true of the model, with its witness; attributes: docs/reference/facts.md.", {
        "kind": TEXT, "attributes": {"type": "object"}, "legs": {**many("leg"), "minItems": 1},
        "replay": {"anyOf": [ref("replay"), {"type": "null"}]},
    }),
    "replay": values("What came of replaying the legs as concrete threads.", {
        "verdict": {"enum": ["demonstrated", "guarded", "undecided"]},
        "reason": {**MAYBE_TEXT, "description": "the guard, or why nothing was decided"},
        "actors": {**TEXTS, "description": "who takes part; steps name them by number, from 0"},
        "steps": many("replay step"),
    }),
    "replay step": values("One line of a schedule, in the order in which it happens.", {
        "actor": NUMBER, "action": {"enum": ["lock", "wait", "interrupt", "reclaim"]},
        "host": {"type": ["integer", "null"], "description": "whom the interrupt or reclaim runs on top of"},
        "lock": MAYBE_TEXT, "mode": MODE, "waits_for": {"type": "array", "items": NUMBER},
        "function": TEXT, "place": PLACE, "at": MAYBE_TEXT,
    }),
    "leg": values("What one task or interrupt does.", {
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
        "held": {**many("hold"), "description": "the held-lock stack before the last step, outermost first"},
        "steps": many("step"),
    }),
    "hold": values("A lock on the held-lock stack.", {
        "lock": TEXT, "instance": TEXT, "mode": MODE, "trylock": FLAG, "place": PLACE, "at": MAYBE_TEXT,
    }),
    "step": values("One line of a leg; depth is the call depth.", {
        "depth": NUMBER, "function": TEXT, "action": TEXT, "text": TEXT, "lock": MAYBE_TEXT, "mode": MODE,
        "place": PLACE, "at": MAYBE_TEXT,
    }),
    "repairs": values("What trying changes came to for one finding (--fix-hints).", {
        "fingerprint": {**TEXT, "description": "of the finding"},
        "tried": {**NUMBER, "description": "changes that were tried, the models checked again with each"},
        "work": {**NUMBER, "description": "how many of them end the deadlock and bring nothing as bad"},
        "left": {**NUMBER, "description": "changes left untried for a limit"},
        "best": many("repair"),
    }),
    "repair": values("A change that works; the best come first.", {
        "sort": {"enum": ["order", "mask", "gfp", "scope", "move before", "move after", "drop", "try"]},
        "sites": many("repair site"),
        "diff": {**TEXT, "description": "the edited lines as a unified diff of the models"},
        "included": {**FLAG, "description": "it edits a file that was included, not named"},
        "new_findings": {**TEXTS, "description": "fingerprints of findings, milder ones, that it brings"},
        "also_gone": {**TEXTS, "description": "fingerprints of findings that are gone with it"},
        "new_dependencies": {"type": "array", "items": TEXTS},
        "gone_dependencies": {"type": "array", "items": TEXTS},
        "turns": many("turn"),
        "usage": many("usage turn"),
    }),
    "repair site": values("One step that a repair edits.", {"words": TEXT, "place": PLACE, "at": MAYBE_TEXT}),
    "turn": values("A lock class that lost or won a status.", {
        "lock": TEXT, "status": {"enum": ["leaf", "irq-safe"]}, "lost": FLAG,
    }),
    "usage turn": values("A lock class whose usage differs.", {"lock": TEXT, "before": TEXTS, "after": TEXTS}),
    "waived": values("A finding that a waiver allows.", {"finding": ref("finding"), "reason": TEXT, "place": PLACE}),
    "baseline": values("What findings were held against.", {
        "sources": {**TEXTS, "description": "the file, the revision"},
        "worse": {**TEXTS, "description": "fingerprints of findings that are known, but were not as bad"},
        "gone": {**many("known"), "description": "what the file knows and nothing matches any more"},
        "unchecked": {**many("known"), "description": "what it knows of models that were not checked"},
    }),
    "since": values("How the lock-order graph differs from that of a revision.", {
        "revision": TEXT, "dependencies": values("(outer, inner)", {"new": PAIRS, "gone": PAIRS}),
        "locks": values("Lock classes.", {"new": TEXTS, "gone": TEXTS}),
        "functions": values("Functions.", {"new": TEXTS, "gone": TEXTS}),
        "lost": {"type": "array", "items": values("A lock class that is leaf or irq-safe no more.",
                                                   {"lock": TEXT, "status": {"enum": ["leaf", "irq-safe"]}})},
        "gone": {**TEXTS, "description": "fingerprints of findings that were there"},
    }),
    "known": values("A finding as a baseline has it.", {
        "fingerprint": TEXT, "rule": TEXT, "severity": {"enum": list(SEVERITIES)}, "locks": TEXTS, "functions": TEXTS,
        "model": TEXT,
    }),
    "mismatch": values("Where findings and 'expect' differ.", {
        "what": {"enum": ["missed", "unexpected"]}, "text": TEXT, "place": PLACE, "fingerprint": MAYBE_TEXT,
    }),
    "problem": values("Why something could not be analysed; line 0 means the file as a whole.", {
        "file": TEXT, "line": NUMBER, "column": NUMBER, "code": TEXT, "message": TEXT, "hint": MAYBE_TEXT,
    }),
    "unexercised": values("What named models, or rules that are not built in, have and the run did not use.", {
        "what": {"enum": ["function", "callback", "lock", "rule"]}, "name": TEXT, "why": TEXT, "place": PLACE,
    }),
    "open end": values("What the analysis could not follow.", {"why": TEXT, "place": PLACE}),
}  # fmt: skip


REPORTED = (
    "position", "finding", "condition", "config space", "fact", "leg", "hold", "step", "replay", "replay step",
    "problem",
)  # fmt: skip
"""Definitions that a finding needs, and those of problems: for reports that show findings."""


def json_schema() -> dict[str, Any]:
    """The schema as a JSON Schema document (2020-12)."""
    numbers = ("functions", "entries", "lock_classes", "dependencies", "contexts", "steps")
    coverage: dict[str, Any] = dict.fromkeys(numbers, NUMBER)
    coverage |= {"never_entered": TEXTS, "not_followed": many("open end"), "merged": TEXTS}
    coverage["cut"] = many("open end")
    coverage["unexercised"] = many("unexercised")
    top = values("What one run of lockcheck found.", {
        "schema": {"const": SCHEMA_ID},
        "tool": values("Who wrote this.", {"name": {"const": "lockcheck"}, "version": TEXT}),
        "exit_code": {"enum": [0, 1, 2], "description": "0 clean, 1 findings, 2 could not analyse"},
        "fail_on": {"enum": list(SEVERITIES)},
        "files": TEXTS,
        "named_files": TEXTS,
        "configs": {**TEXTS, "description": "the options that were the same in all configs, as one text"},
        "configs_skipped": {**NUMBER, "description": "how many combinations of options were not checked"},
        "config_space": ref("config space"),
        "coverage": values("What was checked.", coverage),
        "findings": many("finding"),
        "repairs": {**many("repairs"), "description": "of demonstrated deadlocks, when asked for"},
        "waived": many("waived"),
        "known": {**many("finding"), "description": "findings that the baseline knows; 'findings' are the new ones"},
        "baseline": {"anyOf": [ref("baseline"), {"type": "null"}]},
        "since": {"anyOf": [ref("since"), {"type": "null"}]},
        "expectations": values("Comparison with the models' 'expect'.",
                                {"compared": FLAG, "mismatches": many("mismatch")}),
        "problems": many("problem"),
    })  # fmt: skip
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, "title": "a lockcheck report"}
    return {**head, **top, "$defs": DEFS}
