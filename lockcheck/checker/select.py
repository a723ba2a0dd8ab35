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
      lock: {group: pcpu, leaf: false}          # a lock class: any attribute of the `lock` fact
      held: {has: {kind: raw_spinlock}}         # some lock class of a list
      any: [{...}, {...}]           # also: all, not
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TypeAlias

from lockcheck.checker.kinds import COMMON, FACT_KINDS, LISTS, TEXTS, AttributeType, FactKind, Shape
from lockcheck.checker.sources import SeenFact, seen
from lockcheck.checker.words import either
from lockcheck.model.facts import Attribute
from lockcheck.source.problems import did_you_mean, quote

Attributes: TypeAlias = Mapping[str, Attribute]
Predicate: TypeAlias = Callable[[Attributes], bool]
Test: TypeAlias = Callable[[Attribute, Attributes], bool]
"""Called with an attribute's value and all attributes of the fact."""
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
        report(path, f"{kind.noun} has no attribute '{name}'", did_you_mean(name, names) or _has(kind))
        return never
    test = _test(value, attribute, name, path, report, depth)
    if attribute.of_witness:
        return lambda attributes: test(seen(attributes, name), attributes)
    return lambda attributes: test(attributes.get(name), attributes)


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
    if attribute.shape in LISTS:
        report(path, f"'{name}' is a list; say what it must hold", f"write {name}: {{has: {quote(value)}}}")
        return _no
    wanted = tuple(_scalars(value, attribute, name, path, report))
    return lambda actual, _: _same(actual, wanted)


def _no(_: Attribute, __: Attributes) -> bool:
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
        Shape.LOCK: "a lock class",
        Shape.LOCKS: "a list of lock classes",
    }[attribute.shape]


def _operator(
    value: Mapping[object, object], attribute: AttributeType, name: str, path: Path, report: Report, depth: int
) -> Test:
    """A mapping of operators; all of them must hold. Of a lock class, also conditions about that class."""
    if not value or depth > MAX_DEPTH:
        report(path, f"'{name}' needs a condition", f"one of {either(OPERATORS)}")
        return _no
    tests: list[Test] = []
    if attribute.shape is Shape.LOCK:
        tests += _lock_tests(value, name, path, report, depth)
        value = {key: operand for key, operand in value.items() if key not in LOCK_WORDS and key not in ("all", "any")}
    for key, operand in value.items():
        build = OPERATORS.get(str(key))
        if build is None:
            words = (*OPERATORS, "all", "any", *LOCK_WORDS) if attribute.shape is Shape.LOCK else tuple(OPERATORS)
            hint = did_you_mean(str(key), words) or f"expected one of {either(words)}"
            if attribute.shape is Shape.LOCKS and key in LOCK_WORDS:
                hint = f"it is a list; write {name}: {{has: {{{key}: ...}}}}"
            report((*path, str(key)), f"unknown condition '{key}'", hint)
            continue
        tests.append(build(operand, attribute, name, (*path, str(key)), report, depth))
    return lambda actual, attributes: all(test(actual, attributes) for test in tests)


def _lock_tests(
    value: Mapping[object, object], name: str, path: Path, report: Report, depth: int
) -> Iterator[Test]:
    """The tests among operators that ask about the lock class itself, and joined ones."""
    if any(key in LOCK_WORDS for key in value):
        yield _lock_test(value, path, report, depth)
    for word, join in (("all", all), ("any", any)):
        several = value.get(word)
        if isinstance(several, list) and several:
            parts = [_test(one, A_LOCK, name, (*path, word, i), report, depth + 1) for i, one in enumerate(several)]
            yield _join(join, parts)
        elif several is not None or word in value:
            report((*path, word), f"'{word}' needs a list of conditions", f"write {word}: [{{...}}, {{...}}]")


def _join(join: Callable[[Iterable[bool]], bool], parts: Sequence[Test]) -> Test:
    return lambda actual, attributes: join(part(actual, attributes) for part in parts)


def _lock_test(value: Mapping[object, object], path: Path, report: Report, depth: int) -> Test:
    """Conditions about the lock class that an attribute names (those keys of ``value`` that are such)."""
    conditions = {LOCK_WORDS[str(key)]: operand for key, operand in value.items() if key in LOCK_WORDS}
    predicate = compile_where(conditions, FACT_KINDS["lock-class"], path, report, depth + 1)

    def test(actual: Attribute, attributes: Attributes) -> bool:
        table = attributes.table if isinstance(attributes, SeenFact) else None
        if table is None or actual not in table.names:
            return False
        return predicate(SeenFact(table.attributes(str(actual)), table))

    return test


def _not(operand: object, attribute: AttributeType, name: str, path: Path, report: Report, depth: int) -> Test:
    test = _test(operand, attribute, name, path, report, depth + 1)
    return lambda actual, attributes: not test(actual, attributes)


def _has_element(operand: object, attribute: AttributeType, name: str, path: Path, report: Report, depth: int) -> Test:
    if attribute.shape not in LISTS:
        report(path, f"'{name}' is {_expected(attribute)}, not a list", f"write {name}: {quote(operand)}")
        return _no
    if isinstance(operand, Mapping):
        one = AttributeType(Shape.LOCK if attribute.shape is Shape.LOCKS else Shape.TEXT, "", attribute.words)
        test = _operator(operand, one, name, path, report, depth + 1)
        return lambda actual, attributes: any(test(element, attributes) for element in _texts(actual))
    wanted = frozenset(_scalars(operand, attribute, name, path, report))
    return lambda actual, _: isinstance(actual, tuple) and not wanted.isdisjoint(actual)


def _glob(operand: object, attribute: AttributeType, name: str, path: Path, report: Report, _: int) -> Test:
    if attribute.shape not in (*LISTS, *TEXTS):
        report(path, f"'{name}' is {_expected(attribute)}; a pattern fits texts only", None)
        return _no
    if not isinstance(operand, str) or len(operand) > MAX_PATTERN:
        report(path, f"expected a pattern of up to {MAX_PATTERN} characters, such as 'pcpu_*'", None)
        return _no
    pattern = operand
    return lambda actual, _: any(fnmatchcase(one, pattern) for one in _texts(actual))


def _texts(actual: Attribute) -> tuple[str, ...]:
    if isinstance(actual, tuple):
        return actual
    return (actual,) if isinstance(actual, str) else ()


def _bound(operand: object, attribute: AttributeType, name: str, path: Path, report: Report, sign: int) -> Test:
    if attribute.shape not in (Shape.NUMBER, *LISTS):
        report(path, f"'{name}' is {_expected(attribute)}; only numbers and lists have a size", None)
        return _no
    if isinstance(operand, bool) or not isinstance(operand, int):
        report(path, f"expected a number, not {quote(operand)}", None)
        return _no
    limit = operand * sign
    return lambda actual, _: actual is not None and _size(actual) * sign >= limit


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
    return lambda actual, _: (actual is not None) is wanted


OPERATORS: dict[str, Callable[[object, AttributeType, str, Path, Report, int], Test]] = {
    "not": _not,
    "has": _has_element,
    "glob": _glob,
    "least": _least,
    "most": _most,
    "present": _present,
}

LOCK_WORDS = {
    **{name: name for name in FACT_KINDS["lock-class"].attributes if name not in COMMON},
    "name": "lock",
    "kind": "lock_kind",
}
"""What a condition about a lock class may ask of it: attributes of ``lock-class`` facts, and shorter words for two."""

A_LOCK = AttributeType(Shape.LOCK, "a lock class")


def compile_lock_condition(value: Mapping[object, object], path: Path, report: Report) -> Test:
    """A test of one lock class by name, given as the conditions of an attribute that names one."""
    return _operator(value, A_LOCK, "lock", path, report, 0)


def needed(where: object) -> frozenset[str]:
    """Attributes that have to be true, or to hold something, for these conditions to be met, whatever else is asked."""
    found: set[str] = set()
    for name, condition in where.items() if isinstance(where, dict) else ():
        if name == "any" and isinstance(condition, list) and condition:
            found |= frozenset.intersection(*(needed(one) for one in condition))
        elif name == "all" and isinstance(condition, list):
            found |= frozenset().union(*(needed(one) for one in condition))
        elif condition is True or (isinstance(condition, dict) and set(condition) == {"has"}):
            found.add(name)
    return frozenset(found)
