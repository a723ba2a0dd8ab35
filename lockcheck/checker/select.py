"""``where:``: which facts of a kind a rule means.

Is: conditions over typed attributes, compiled once, checked against the fact kind's table when they are read.
Is not: an expression language: new power is a new fact kind or attribute.

    where:
      irq: hardirq                  # equal
      context: [softirq, hardirq]   # any of
      lock: {not: fs_reclaim}
      categories: {has: reclaim}    # a list attribute holds it (or any of a list)
      lock: {glob: "pcpu_*"}
      length: {least: 3}            # also: most
      inner: {present: true}
      any: [{...}, {...}]           # also: all, not
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import TypeAlias

from lockcheck.checker.kinds import AttributeType, FactKind, Shape
from lockcheck.checker.words import either
from lockcheck.model.facts import Attribute
from lockcheck.source.problems import did_you_mean, quote

Attributes: TypeAlias = Mapping[str, Attribute]
Predicate: TypeAlias = Callable[[Attributes], bool]
Test: TypeAlias = Callable[[Attribute], bool]
Path: TypeAlias = tuple["str | int", ...]
Report: TypeAlias = Callable[[Path, str, "str | None"], None]
"""Called with the path of what is wrong, a message and a hint."""

JOINS = ("all", "any", "not")
MAX_DEPTH = 20
"""Nesting of conditions; a deeper one is a mistake or an attack."""

MAX_PATTERN = 200


def never(_: Attributes) -> bool:
    """The predicate of a condition that could not be understood (it is reported, and selects nothing)."""
    return False


def compile_where(where: object, kind: FactKind, path: Path, report: Report, depth: int = 0) -> Predicate:
    """The predicate of a ``where:`` mapping over facts of ``kind``; what is wrong goes to ``report``."""
    if not isinstance(where, Mapping):
        report(path, f"expected conditions by attribute, not {quote(where)}", None)
        return never
    if depth > MAX_DEPTH:
        report(path, f"conditions nested deeper than {MAX_DEPTH}", None)
        return never
    parts = [_part(key, value, kind, (*path, key), report, depth) for key, value in where.items()]
    return lambda attributes: all(part(attributes) for part in parts)


def _part(key: object, value: object, kind: FactKind, path: Path, report: Report, depth: int) -> Predicate:
    if key in ("all", "any"):
        return _joined(str(key), value, kind, path, report, depth)
    if key == "not":
        inner = compile_where(value, kind, path, report, depth + 1)
        return lambda attributes: not inner(attributes)
    name = str(key)
    attribute = kind.attributes.get(name)
    if attribute is None:
        names = (*kind.attributes, *JOINS)
        report(path, f"a {kind.name} fact has no attribute '{name}'", did_you_mean(name, names) or _has(kind))
        return never
    test = _test(value, attribute, name, path, report, depth)
    return lambda attributes: test(attributes.get(name))


def _has(kind: FactKind) -> str:
    return "it has " + ", ".join(kind.attributes)


def _joined(word: str, value: object, kind: FactKind, path: Path, report: Report, depth: int) -> Predicate:
    if not isinstance(value, list) or not value:
        report(path, f"'{word}' needs a list of conditions", f"write {word}: [{{...}}, {{...}}]")
        return never
    parts = [compile_where(one, kind, (*path, index), report, depth + 1) for index, one in enumerate(value)]
    if word == "all":
        return lambda attributes: all(part(attributes) for part in parts)
    return lambda attributes: any(part(attributes) for part in parts)


def _test(value: object, attribute: AttributeType, name: str, path: Path, report: Report, depth: int) -> Test:
    if isinstance(value, Mapping):
        return _operator(value, attribute, name, path, report, depth)
    if attribute.shape is Shape.LIST:
        report(path, f"'{name}' is a list; say what it must hold", f"write {name}: {{has: {quote(value)}}}")
        return _no
    wanted = tuple(_scalars(value, attribute, name, path, report))
    return lambda actual: _same(actual, wanted)


def _no(_: Attribute) -> bool:
    return False


def _same(actual: Attribute, wanted: tuple[Attribute, ...]) -> bool:
    """Equality that keeps true apart from 1."""
    return any(actual == one and isinstance(actual, bool) == isinstance(one, bool) for one in wanted)


def _scalars(
    value: object, attribute: AttributeType, name: str, path: Path, report: Report
) -> Iterator[str | int | bool]:
    """The values in ``value`` (one or a list) that fit the attribute; the others are reported."""
    many = isinstance(value, list)
    values = value if isinstance(value, list) else [value]
    if not values:
        report(path, f"'{name}' is compared with an empty list, which nothing equals", None)
    for index, one in enumerate(values):
        here = (*path, index) if many else path
        if not _fits(one, attribute):
            report(here, f"'{name}' is {_expected(attribute)}, not {quote(one)}", None)
        elif attribute.words and one not in attribute.words:
            hint = did_you_mean(str(one), attribute.words)
            report(here, f"'{name}' is never '{one}'", hint or f"it is {either(attribute.words)}")
        elif isinstance(one, (str, int)):
            yield one


def _fits(value: object, attribute: AttributeType) -> bool:
    if attribute.shape is Shape.FLAG:
        return isinstance(value, bool)
    if attribute.shape is Shape.NUMBER:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str)


def _expected(attribute: AttributeType) -> str:
    return {
        Shape.FLAG: "true or false",
        Shape.NUMBER: "a number",
        Shape.TEXT: "a text",
        Shape.LIST: "a list of texts",
    }[attribute.shape]


def _operator(
    value: Mapping[object, object], attribute: AttributeType, name: str, path: Path, report: Report, depth: int
) -> Test:
    """A mapping of operators; all of them must hold."""
    if not value or depth > MAX_DEPTH:
        report(path, f"'{name}' needs a condition", f"one of {either(OPERATORS)}")
        return _no
    tests = []
    for key, operand in value.items():
        build = OPERATORS.get(str(key))
        if build is None:
            hint = did_you_mean(str(key), OPERATORS) or f"expected one of {either(OPERATORS)}"
            report((*path, str(key)), f"unknown condition '{key}'", hint)
            continue
        tests.append(build(operand, attribute, name, (*path, str(key)), report, depth))
    return lambda actual: all(test(actual) for test in tests)


def _not(operand: object, attribute: AttributeType, name: str, path: Path, report: Report, depth: int) -> Test:
    test = _test(operand, attribute, name, path, report, depth + 1)
    return lambda actual: not test(actual)


def _has_element(operand: object, attribute: AttributeType, name: str, path: Path, report: Report, _: int) -> Test:
    if attribute.shape is not Shape.LIST:
        report(path, f"'{name}' is {_expected(attribute)}, not a list", f"write {name}: {quote(operand)}")
        return _no
    wanted = frozenset(_scalars(operand, attribute, name, path, report))
    return lambda actual: isinstance(actual, tuple) and not wanted.isdisjoint(actual)


def _glob(operand: object, attribute: AttributeType, name: str, path: Path, report: Report, _: int) -> Test:
    if attribute.shape not in (Shape.TEXT, Shape.LIST):
        report(path, f"'{name}' is {_expected(attribute)}; a pattern fits texts only", None)
        return _no
    if not isinstance(operand, str) or len(operand) > MAX_PATTERN:
        report(path, f"expected a pattern of up to {MAX_PATTERN} characters, such as 'pcpu_*'", None)
        return _no
    pattern = operand
    return lambda actual: any(fnmatchcase(one, pattern) for one in _texts(actual))


def _texts(actual: Attribute) -> tuple[str, ...]:
    if isinstance(actual, tuple):
        return actual
    return (actual,) if isinstance(actual, str) else ()


def _bound(operand: object, attribute: AttributeType, name: str, path: Path, report: Report, sign: int) -> Test:
    if attribute.shape not in (Shape.NUMBER, Shape.LIST):
        report(path, f"'{name}' is {_expected(attribute)}; only numbers and lists have a size", None)
        return _no
    if isinstance(operand, bool) or not isinstance(operand, int):
        report(path, f"expected a number, not {quote(operand)}", None)
        return _no
    limit = operand * sign
    return lambda actual: actual is not None and _size(actual) * sign >= limit


def _size(actual: Attribute) -> int:
    return actual if isinstance(actual, int) else len(actual or ())


def _least(operand: object, attribute: AttributeType, name: str, path: Path, report: Report, _: int) -> Test:
    return _bound(operand, attribute, name, path, report, 1)


def _most(operand: object, attribute: AttributeType, name: str, path: Path, report: Report, _: int) -> Test:
    return _bound(operand, attribute, name, path, report, -1)


def _present(operand: object, attribute: AttributeType, name: str, path: Path, report: Report, _: int) -> Test:
    if not attribute.optional or not isinstance(operand, bool):
        reason = "is always there" if not attribute.optional else "is present: true or false"
        report(path, f"'{name}' {reason}", None)
        return _no
    wanted = operand
    return lambda actual: (actual is not None) is wanted


OPERATORS: dict[str, Callable[[object, AttributeType, str, Path, Report, int], Test]] = {
    "not": _not,
    "has": _has_element,
    "glob": _glob,
    "least": _least,
    "most": _most,
    "present": _present,
}
