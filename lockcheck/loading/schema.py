"""The JSON Schema of a model file, made from the shapes and the dialect, so that editors complete verbs.

Is: generated, never written by hand. Is not: used by the reader, which gives better messages.
"""

from __future__ import annotations

from typing import Any, Final

from lockcheck.loading.claim_shapes import AskShape, AssumingShape, ClaimShape
from lockcheck.loading.claims import ANSWERED, ASKING
from lockcheck.loading.declare import SECTIONS
from lockcheck.loading.dialect import shipped
from lockcheck.loading.shapes import (
    CallbacksPatch,
    ConfigShape,
    EffectShape,
    EntryShape,
    ExpectShape,
    FunctionPatch,
    HeldShape,
    KindShape,
    StepShape,
    VerbShape,
    WaiverShape,
)
from lockcheck.source.reader import AT
from lockcheck.source.typed import adapter

ID: Final = "lockcheck-model/1"
_REF: Final = "#/$defs/"
_NAME: Final = {"pattern": r"^[^$\s\x00-\x1f][^\x00-\x1f]{0,199}$"}
_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"oneOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_OPEN: Final = "Open"
"""Prefix of definitions for models that bring verbs of their own, by ``verbs``, ``dialect`` or an include."""
_FURTHER: Final = (
    FunctionPatch,
    CallbacksPatch,
    ConfigShape,
    EntryShape,
    ExpectShape,
    HeldShape,
    KindShape,
    VerbShape,
    EffectShape,
    WaiverShape,
)


def model_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a model file."""
    defs: dict[str, Any] = {"Operand": {"type": ["string", "number", "null", "array", "object"]}}
    for _, shape in SECTIONS.values():
        _define(defs, shape)
    for shape in _FURTHER:
        _define(defs, shape)
    _claims(defs)
    for _, shape in SECTIONS.values():
        if shape.__name__ != "FunctionShape":
            partial = {key: value for key, value in defs[shape.__name__].items() if key != "required"}
            defs[f"{shape.__name__}Patch"] = partial
    for prefix in ("", _OPEN):
        for name in ("FunctionShape", "FunctionPatch"):
            defs[prefix + name] = _function(defs[name], prefix)
        defs[f"{prefix}Step"] = _step(prefix)
    own_verbs = {"contains": {"type": "string", "not": {"pattern": "^linux/"}}}
    own_include = {"type": "string", "not": {"pattern": "^linux/"}}
    brings = {
        "properties": {"include": {"anyOf": [own_include, {"type": "array", **own_verbs}]}},
        "required": ["include"],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "a lockcheck model",
        "type": "object",
        "required": ["lockcheck"],
        "additionalProperties": False,
        "properties": _top(),
        "if": {"anyOf": [{"required": ["verbs"]}, {"required": ["dialect"]}, brings]},
        "then": {"properties": _with_steps(_OPEN)},
        "else": {"properties": _with_steps("")},
        "$defs": defs,
    }


def _define(defs: dict[str, Any], shape: type) -> None:
    """Add a shape and what it needs to ``defs``, without the reader's own keys."""
    whole = adapter(shape).json_schema(ref_template=_REF + "{model}")
    for name, one in {**whole.pop("$defs", {}), shape.__name__: whole}.items():
        one.get("properties", {}).pop(AT, None)
        for key, value in one.get("properties", {}).items():
            value.pop("title", None)
            one["properties"][key] = _plain(value)
        one.pop("title", None)
        defs[name] = one


def _claims(defs: dict[str, Any]) -> None:
    """Claims, whose questions hold questions."""
    for shape in (ClaimShape, AskShape, AssumingShape):
        _define(defs, shape)
    question = {"$ref": f"{_REF}AskShape"}
    assumption = {"$ref": f"{_REF}AssumingShape"}
    options = {"type": "object", "propertyNames": {"pattern": "^CONFIG_"}, "additionalProperties": {"enum": ["y", "n"]}}
    claim, ask = defs["ClaimShape"], defs["AskShape"]
    _describe(ask["properties"], {"not": question, "all": {"type": "array", "items": question, "minItems": 2}})
    several = {"oneOf": [assumption, {"type": "array", "items": assumption}]}
    _describe(claim["properties"], {"ask": question, "assuming": several, "config": options})
    _describe(defs["AssumingShape"]["properties"], {"config": options})
    ask["oneOf"] = [{"required": [verb]} for verb in ASKING]
    claim["oneOf"] = [{"required": [key]} for key in ANSWERED]


def _describe(properties: dict[str, Any], types: dict[str, dict[str, Any]]) -> None:
    """Give properties that the shape leaves open their types, and keep what they are for."""
    for name, value in types.items():
        properties[name] = {**value, "description": properties[name].get("description", "")}


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """An optional value as written in a file: left out, not null."""
    options = value.get("anyOf")
    if options and {"type": "null"} in options:
        rest = [one for one in options if one != {"type": "null"}]
        value = {key: item for key, item in value.items() if key not in ("anyOf", "default")}
        return {**value, **rest[0]} if len(rest) == 1 else {**value, "anyOf": rest}
    return value


def _steps(prefix: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"{_REF}{prefix}Step"}}


def _function(shape: dict[str, Any], prefix: str) -> dict[str, Any]:
    """A function with the types that its shape leaves to later checks."""
    properties = dict(shape["properties"])
    for key in ("steps", "before", "after"):
        if key in properties:
            properties[key] = {**_steps(prefix), "description": properties[key].get("description", "steps")}
    words: dict[str, Any] = {"enum": ["task", "softirq", "hardirq", "nmi", "any"]}
    properties["entry"] = _one_or_list({"oneOf": [words, {"$ref": f"{_REF}EntryShape"}]}, properties["entry"])
    properties["held"] = _one_or_list({"oneOf": [_TEXT, {"$ref": f"{_REF}HeldShape"}]}, properties["held"])
    return {**shape, "properties": properties}


def _one_or_list(item: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"oneOf": [item, {"type": "array", "items": item}]}
    return {"description": old["description"], **made} if "oneOf" not in old else old


def _step(prefix: str) -> dict[str, Any]:
    """A step: a word, or a mapping with one verb or control word. Verbs come from the dialect."""
    loaded = shipped("linux")
    verbs: dict[str, Any] = loaded[0]["verbs"] if loaded else {}
    names = sorted(name for name in verbs if not name.startswith("\0"))
    control = _control(prefix)
    properties: dict[str, Any] = {}
    for key, value in adapter(StepShape).json_schema()["properties"].items():
        value.pop("title", None)
        if key != AT:
            properties[key] = _steps(prefix) if key in ("do", "then", "else") else _plain(value)
    beside = sorted(properties)
    for name in names:
        properties[name] = {"$ref": f"{_REF}Operand", "description": str(verbs[name].get("note", ""))}
    properties.update(control)
    mapping: dict[str, Any] = {"type": "object", "properties": properties}
    if prefix:  # an own verb may be any other key
        mapping["not"] = {"propertyNames": {"enum": beside}}
        return {"oneOf": [_TEXT, mapping]}
    mapping["additionalProperties"] = False
    mapping["oneOf"] = [{"required": [name]} for name in (*names, *control)]
    return {"oneOf": [{"enum": [*names, "return", "break", "continue"]}, mapping]}


def _control(prefix: str) -> dict[str, Any]:
    steps = _steps(prefix)
    calls = {"oneOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}
    return {
        "call": {**_TEXT, "description": "call a function, $callback or cache.ctor"},
        "call_any": {**calls, "description": "any one of these may run"},
        "if": {**_TEXT, "description": "a condition; then: and else: beside it"},
        "either": {"type": "array", "minItems": 2, "items": steps, "description": "exactly one of the blocks"},
        "optional": {**steps, "description": "the block or nothing"},
        "loop": {**steps, "description": "any number of times"},
        "return": {"type": "null", "description": "leave the function"},
        "break": {"type": "null", "description": "leave the loop"},
        "continue": {"type": "null", "description": "next round of the loop"},
        "goto": {**_TEXT, "description": "jump to a label"},
        "label": {**_TEXT, "description": "a target for goto"},
        "interrupt": {"enum": ["softirq", "hardirq", "nmi"], "description": "an interrupt strikes here; do: beside it"},
    }


def _with_steps(prefix: str) -> dict[str, Any]:
    """The top level keys whose values hold steps."""
    function = {"oneOf": [{"type": "null"}, {"$ref": f"{_REF}{prefix}FunctionShape"}]}
    patch = {"functions": {"additionalProperties": {"$ref": f"{_REF}{prefix}FunctionPatch"}}}
    return {"functions": {"additionalProperties": function}, "patch": {"properties": patch}}


def _top() -> dict[str, Any]:
    """The top level keys."""

    def named(shape: dict[str, Any]) -> dict[str, Any]:
        return {"type": ["object", "null"], "propertyNames": _NAME, "additionalProperties": shape}

    def ref(name: str) -> dict[str, Any]:
        return {"$ref": _REF + name}

    sections = {name: named(ref(shape.__name__)) for name, (_, shape) in SECTIONS.items()}
    sections["locks"] = named({"oneOf": [{"type": "string"}, ref("LockShape")]})
    sections["functions"] = {"type": ["object", "null"], "propertyNames": _NAME}
    for name in ("caches", "workqueues"):
        sections[name] = named({"oneOf": [{"type": "null"}, sections[name]["additionalProperties"]]})
    patches = {
        name: {"type": "object", "additionalProperties": ref(f"{shape.__name__}Patch")}
        for name, (_, shape) in SECTIONS.items()
    }
    patches["functions"] = {"type": "object"}
    patches["callbacks"] = {"type": "object", "additionalProperties": ref("CallbacksPatch")}
    patches["locks"] = {"type": "object", "additionalProperties": {"oneOf": [_TEXT, ref("LockShapePatch")]}}
    config = {"oneOf": [{"enum": ["y", "n"]}, ref("ConfigShape")]}
    return {
        "lockcheck": {"const": 1, "description": "version of the model language"},
        "title": _TEXT, "kernel": _TEXT, "note": _TEXT, "dialect": _TEXTS, "include": _TEXTS,
        "configs": {"type": "object", "propertyNames": {"pattern": "^CONFIG_"}, "additionalProperties": config},
        "kinds": named(ref("KindShape")), "verbs": named(ref("VerbShape")),
        "gfp": named(_TEXTS), **sections, "callbacks": named({"type": "array", "items": _TEXT}),
        "patch": {"type": "object", "additionalProperties": False, "properties": patches},
        "expect": {"type": "array", "items": ref("ExpectShape")},
        "waivers": {"type": "array", "items": ref("WaiverShape")},
        "claims": {"type": "array", "items": ref("ClaimShape")},
    }  # fmt: skip
