"""The shape of a rule file: strict, nothing unknown; and its JSON Schema.

Is: what keys there are and what type they have. Is not: what they mean (``shapes/``), nor names of facts and
attributes, which the shapes check against ``kinds.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias

from lockcheck.checker.kinds import FACT_KINDS, LISTS, TEXTS, AttributeType, FactKind, Shape
from lockcheck.checker.select import LOCK_WORDS, MAX_PATTERN
from lockcheck.findings import SEVERITIES
from lockcheck.model.facts import DEMONSTRATED, GUARDED, UNDECIDED
from lockcheck.source.typed import Field, StrictStr

SCHEMA_ID = "lockcheck-rule/1"
VERDICTS = (DEMONSTRATED, GUARDED, UNDECIDED)
RULE_ID = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"

Line: TypeAlias = Annotated[StrictStr, Field(min_length=1, max_length=200)]
Words: TypeAlias = Annotated[StrictStr, Field(min_length=1, max_length=20_000)]


@dataclass(slots=True, kw_only=True)
class RuleFile:
    """One ``rule.yaml``, as written."""

    rule: Annotated[StrictStr, Field(max_length=80)]
    summary: Line | None = None
    severity: StrictStr | None = None
    why: Words | None = None
    help: Line | None = None
    forbid: StrictStr | None = None
    where: dict[StrictStr, Any] | None = None
    order: Any = None
    exhaustive: Any = None
    leaf: Any = None
    never: Any = None
    only: Any = None
    requires_held: Any = None
    independent: Any = None
    names: dict[StrictStr, Any] | None = None
    message: Line | None = None
    since: Line | None = None
    lockdep: Line | None = None
    limits: Words | None = None
    exceptions: Words | None = None
    see: list[Line] = field(default_factory=list)
    verdicts: dict[StrictStr, StrictStr] | None = None
    witness: list[Literal["inner", "enabled"]] | None = None


NEEDED = ("summary", "severity", "why", "help", "message")
"""What a rule with ``forbid`` has to say; a declared shape has words of its own."""

DOCS = {
    "rule": "the rule's id: lower case, words joined by '-', the same as its folder's name",
    "summary": "one line: what must not be",
    "severity": "error: the machine can deadlock or crash; warning: a contract is broken; note: worth knowing",
    "why": "how the machine hangs: the text of `lockcheck explain`",
    "help": "one line: what to do about it",
    "forbid": "the fact kind that must not be",
    "where": "which facts of that kind: conditions by attribute",
    "order": "locks outermost first: one chain, or a list of chains; inner lists are groups without an order",
    "exhaustive": "true, or the locks of which each must have a place in some declared order",
    "leaf": "locks under which nothing is taken",
    "never": "what is never done (`do`, `that`) inside a role, below a function, under a lock, or anywhere",
    "only": "the only locks that may be taken inside a role, below a function or under a lock",
    "requires_held": "locks of which one is held wherever something is done (`do`, `that`)",
    "independent": "groups of locks none of which is ever taken under another",
    "names": "short names of this file, each for a lock, a list of locks or conditions about a lock class",
    "message": "the finding's first line; {attribute} names an attribute of the fact",
    "since": "the version of the rule's collection that brought it",
    "lockdep": "the title that the kernel's lockdep gives it, if it finds it at all",
    "limits": "what it misses, what it reports though it can't happen",
    "exceptions": "what it leaves alone though it looks like it, and why",
    "witness": "legs beside the main one: inner (what is taken under the lock), enabled (held with interrupts on)",
    "verdicts": "severity by what replaying the fact comes to (demonstrated, guarded, undecided), where it is another",
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
    words: dict[str, Any] = {"enum": list(SEVERITIES)}
    properties["verdicts"] = {
        "type": "object", "properties": dict.fromkeys(VERDICTS, words), "additionalProperties": False,
        "description": DOCS["verdicts"],
    }  # fmt: skip
    properties["see"] = {"type": "array", "items": {"type": "string"}, "description": DOCS["see"]}
    for key, shape in declared_shapes().items():
        properties[key] = {"description": DOCS[key], **shape}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "a lockcheck rule",
        "type": "object",
        "properties": properties,
        "required": ["rule"],
        "anyOf": [{"required": [shape]} for shape in ("forbid", *(key for key in declared_shapes() if key != "names"))],
        "dependentRequired": {"forbid": list(NEEDED), "where": ["forbid"]},
        "additionalProperties": False,
        "allOf": [_where_of(kind) for kind in FACT_KINDS.values()],
        "$defs": {
            "locks": LOCKS,
            "chain": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/locks"}},
            "lock": _lock_conditions(),
            **{f"where-{kind.name}": _conditions(kind) for kind in FACT_KINDS.values()},
        },
    }


LOCKS: dict[str, Any] = {
    "description": "a lock's name, a list of them, or conditions about a lock class",
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/locks"}},
        {"$ref": "#/$defs/lock"},
    ],
}
SELECTOR = {"$ref": "#/$defs/locks"}


def declared_shapes() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each declared shape, by key."""
    text = {"type": "string", "minLength": 1}
    chain = {"$ref": "#/$defs/chain"}
    described = {
        "type": "object",
        "properties": {"chain": chain, "at": text, "note": text},
        "required": ["chain"],
        "additionalProperties": False,
    }
    leaf = {"type": "object", "properties": {"locks": SELECTOR, "but": SELECTOR}, "required": ["locks"],
            "additionalProperties": False}  # fmt: skip
    return {
        "order": {"anyOf": [{"type": "array", "minItems": 1, "items": {"anyOf": [described, chain]}}, chain]},
        "exhaustive": {"anyOf": [{"const": True}, SELECTOR]},
        "leaf": {"anyOf": [SELECTOR, leaf]},
        "never": _doing({**_regions(), "do": {}, "that": {}}, ["do"]),
        "only": {"type": "object", "properties": {**_regions(), "locks": SELECTOR}, "required": ["locks"],
                 "minProperties": 2, "additionalProperties": False},
        "requires_held": _doing({"locks": SELECTOR, "do": {}, "that": {}}, ["locks", "do"]),
        "independent": {"type": "array", "minItems": 2, "items": SELECTOR},
        "names": {"type": "object", "additionalProperties": SELECTOR},
    }  # fmt: skip


def _regions() -> dict[str, Any]:
    """The keys that say where."""
    name = {"type": "string", "minLength": 1}
    names = {"anyOf": [name, {"type": "array", "minItems": 1, "items": name}]}
    return {"role": names, "function": names, "under": SELECTOR}


def _doing(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """An object with ``do:``, and conditions in ``that:`` by what is done."""
    from lockcheck.checker.shapes.regions import SAYS

    kinds = [
        {"if": {"properties": {"do": {"const": kind}}},
         "then": {"properties": {"that": {"$ref": f"#/$defs/where-{kind}"}}}}
        for kind in SAYS
    ]  # fmt: skip
    properties = {**properties, "do": {"enum": list(SAYS)}}
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False,
            "allOf": kinds}  # fmt: skip


def _lock_conditions() -> dict[str, Any]:
    """Conditions about one lock class: operators on its name, and what a lock-class fact says of it."""
    about = FACT_KINDS["lock-class"].attributes
    properties: dict[str, Any] = {word: _condition(about[name]) for word, name in LOCK_WORDS.items()}
    several = {"type": "array", "items": {"$ref": "#/$defs/locks"}, "minItems": 1}
    properties |= {"not": {}, "all": several, "any": several, "glob": {"type": "string", "maxLength": MAX_PATTERN}}
    return {"type": "object", "minProperties": 1, "properties": properties, "additionalProperties": False}


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
    one: dict[str, Any] = {"type": {Shape.FLAG: "boolean", Shape.NUMBER: "integer"}.get(attribute.shape, "string")}
    if attribute.words:
        one["enum"] = list(attribute.words)
    one_or_any = [one, {"type": "array", "items": one, "minItems": 1}]
    operators: dict[str, Any] = {"not": {}}
    if attribute.shape in LISTS:
        about = {"$ref": "#/$defs/lock"} if attribute.shape is Shape.LOCKS else {"type": "object"}
        operators["has"] = {"anyOf": [*one_or_any, about]}
    if attribute.shape in (*LISTS, *TEXTS):
        operators["glob"] = {"type": "string", "maxLength": MAX_PATTERN}
    if attribute.shape in (*LISTS, Shape.NUMBER):
        operators |= {"least": {"type": "integer"}, "most": {"type": "integer"}}
    if attribute.optional:
        operators["present"] = {"type": "boolean"}
    mapping = {"type": "object", "properties": operators, "additionalProperties": False, "minProperties": 1}
    if attribute.shape is Shape.LOCK:
        operators |= {word: {"$ref": f"#/$defs/lock/properties/{word}"} for word in (*LOCK_WORDS, "all", "any")}
    forms = [mapping] if attribute.shape in LISTS else [*one_or_any, mapping]
    return {"description": attribute.doc, "anyOf": forms}
