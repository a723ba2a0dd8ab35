"""Of which type a parameter must be, from what the steps of its function do with it.

Is: a scan of steps as written, made only when an argument names things of several types.
Is not: a check; that is ``flow``'s, when all functions have been lowered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from lockcheck.loading.dialect import Dialect
from lockcheck.source.reader import AT

_Param: TypeAlias = "tuple[str, str]"
_NAMED_TYPES: Final = ("lock", "cache", "function", "gfp")


def parameter_types(bodies: Mapping[str, Any], dialect: Dialect) -> dict[tuple[str, str], str]:
    """The type of each (function, parameter) that is decided by a use, there or in a function it is handed on to."""
    types: dict[_Param, str] = {}
    handed_from: dict[_Param, list[_Param]] = {}
    for function in sorted(bodies):
        for step in _steps(bodies[function].get("steps")):
            for param, kind in _uses(step, dialect):
                types.setdefault((function, param), kind)
            for param, target in _handed_on(step):
                handed_from.setdefault(target, []).append((function, param))
    todo = sorted(types)
    while todo:
        known = todo.pop()
        for caller in handed_from.get(known, ()):
            if caller not in types:
                types[caller] = types[known]
                todo.append(caller)
    return types


def _steps(block: Any) -> Iterator[dict[str, Any]]:
    """All steps of a block, those of inner blocks included."""
    todo = [block]
    while todo:
        item = todo.pop()
        if isinstance(item, list):
            todo.extend(reversed(item))
        elif isinstance(item, dict):
            yield item
            todo.extend(value for value in item.values() if isinstance(value, list))


def _handed_on(step: dict[str, Any]) -> Iterator[tuple[str, _Param]]:
    """(own parameter, callee's parameter) for each parameter that a call passes on."""
    called, given = step.get("call"), step.get("with")
    if isinstance(called, str) and isinstance(given, dict):
        for key, value in given.items():
            if isinstance(value, str) and value.startswith("$"):
                yield value[1:], (called, key)


def _uses(step: dict[str, Any], dialect: Dialect) -> Iterator[tuple[str, str]]:
    """(parameter, type) for each parameter that the step's verb or call needs to be something."""
    called = step.get("call")
    if isinstance(called, str) and called.startswith("$"):
        owner, _, hook = called[1:].rpartition(".")
        yield (owner, "cache") if owner and hook in ("ctor", "dtor") else (called[1:], "function")
    for key, value in step.items():
        if key == AT or not isinstance(value, (str, list)) or key not in dialect.verbs:
            continue
        verb = dialect.verb(key)
        operands = verb.operands if verb else ()
        required = [one for one in operands if not one.optional]
        values = value if isinstance(value, list) else [value]
        for one, item in zip(required if len(values) == len(required) else operands, values, strict=False):
            if isinstance(item, str) and item.startswith("$") and one.type in _NAMED_TYPES:
                yield item[1:], one.type
