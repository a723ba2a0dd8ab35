"""The shape of a rule file: strict, nothing unknown; and its JSON Schema.

Is: what keys there are and what type they have. Is not: what they mean (``shapes/``), nor names of facts and
attributes, which the shapes check against ``kinds.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias

from lockcheck.checker.kinds import FACT_KINDS, AttributeType, FactKind, Shape
from lockcheck.checker.select import MAX_PATTERN
from lockcheck.findings import SEVERITIES
from lockcheck.source.typed import Field, StrictStr

SCHEMA_ID = "lockcheck-rule/1"
RULE_ID = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"

Line: TypeAlias = Annotated[StrictStr, Field(min_length=1, max_length=200)]
Words: TypeAlias = Annotated[StrictStr, Field(min_length=1, max_length=20_000)]


@dataclass(slots=True, kw_only=True)
class RuleFile:
    """One ``rule.yaml``, as written."""

    rule: Annotated[StrictStr, Field(max_length=80)]
    summary: Line
    severity: StrictStr
    why: Words
    help: Line
    forbid: StrictStr | None = None
    where: dict[StrictStr, Any] | None = None
    message: Line
    since: Line
    lockdep: Line | None = None
    limits: Words | None = None
    exceptions: Words | None = None
    see: list[Line] = field(default_factory=list)
    witness: list[Literal["inner", "enabled"]] | None = None


DOCS = {
    "rule": "the rule's id: lower case, words joined by '-', the same as its folder's name",
    "summary": "one line: what must not be",
    "severity": "error: the machine can deadlock or crash; warning: a contract is broken; note: worth knowing",
    "why": "how the machine hangs: the text of `lockcheck explain`",
    "help": "one line: what to do about it",
    "forbid": "the fact kind that must not be",
    "where": "which facts of that kind: conditions by attribute",
    "message": "the finding's first line; {attribute} names an attribute of the fact",
    "since": "the version of the rule's collection that brought it",
    "lockdep": "the title that the kernel's lockdep gives it, if it finds it at all",
    "limits": "what it misses, what it reports though it can't happen",
    "exceptions": "what it leaves alone though it looks like it, and why",
    "witness": "legs beside the main one: inner (what is taken under the lock), enabled (held with interrupts on)",
    "see": "where to read more: files of the kernel's documentation, addresses",
}


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a rule file, for editors: it completes attributes by fact kind."""
    properties: dict[str, Any] = {name: {"type": "string", "description": doc} for name, doc in DOCS.items()}
    properties["rule"]["pattern"] = RULE_ID
    properties["severity"]["enum"] = list(SEVERITIES)
    properties["forbid"]["enum"] = list(FACT_KINDS)
    properties["where"]["type"] = "object"
    properties["witness"] = {"type": "array", "items": {"enum": ["inner", "enabled"]}, "description": DOCS["witness"]}
    properties["see"] = {"type": "array", "items": {"type": "string"}, "description": DOCS["see"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "a lockcheck rule",
        "type": "object",
        "properties": properties,
        "required": ["rule", "summary", "severity", "why", "help", "forbid", "message", "since"],
        "additionalProperties": False,
        "allOf": [_where_of(kind) for kind in FACT_KINDS.values()],
        "$defs": {f"where-{kind.name}": _conditions(kind) for kind in FACT_KINDS.values()},
    }


def _where_of(kind: FactKind) -> dict[str, Any]:
    return {
        "if": {"properties": {"forbid": {"const": kind.name}}, "required": ["forbid"]},
        "then": {"properties": {"where": {"$ref": f"#/$defs/where-{kind.name}"}}},
    }


def _conditions(kind: FactKind) -> dict[str, Any]:
    me = {"$ref": f"#/$defs/where-{kind.name}"}
    several = {"type": "array", "items": me, "minItems": 1}
    properties: dict[str, Any] = {name: _condition(attribute) for name, attribute in kind.attributes.items()}
    properties |= {"all": several, "any": several, "not": me}
    return {"type": "object", "description": kind.doc, "properties": properties, "additionalProperties": False}


def _condition(attribute: AttributeType) -> dict[str, Any]:
    types = {Shape.FLAG: "boolean", Shape.NUMBER: "integer", Shape.TEXT: "string", Shape.LIST: "string"}
    one: dict[str, Any] = {"type": types[attribute.shape]}
    if attribute.words:
        one["enum"] = list(attribute.words)
    one_or_any = [one, {"type": "array", "items": one, "minItems": 1}]
    operators: dict[str, Any] = {"not": {}}
    if attribute.shape is Shape.LIST:
        operators["has"] = {"anyOf": one_or_any}
    if attribute.shape in (Shape.LIST, Shape.TEXT):
        operators["glob"] = {"type": "string", "maxLength": MAX_PATTERN}
    if attribute.shape in (Shape.LIST, Shape.NUMBER):
        operators |= {"least": {"type": "integer"}, "most": {"type": "integer"}}
    if attribute.optional:
        operators["present"] = {"type": "boolean"}
    mapping = {"type": "object", "properties": operators, "additionalProperties": False, "minProperties": 1}
    forms = [mapping] if attribute.shape is Shape.LIST else [*one_or_any, mapping]
    return {"description": attribute.doc, "anyOf": forms}
