"""Rules that had nothing to judge: what they name, a role, a lock, a function, a cache, is not in the program.

Is: a look at the names in a rule's conditions; no fact is made for it. Is not: a judgement of the rule: one that names
nothing in particular (most do not) always had its chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from lockcheck.checker.rule import Rule
from lockcheck.checker.sources import LockTable
from lockcheck.model.facts import Unexercised
from lockcheck.model.program import Program

NAMING = {
    **dict.fromkeys(("inside",), "role"),
    **dict.fromkeys(("lock", "locks", "inner", "outer", "safe", "unsafe", "nest", "guards", "held"), "lock"),
    **dict.fromkeys(("function", "functions", "role_function", "callee", "call_chain"), "function"),
    **dict.fromkeys(("cache",), "cache"),
}
"""Attributes whose values are names of a program's things, and what these are."""

MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a program has, by what they are called."""

    of: Mapping[str, frozenset[str]]

    def has(self, what: str, name: str, *, glob: bool = False) -> bool:
        """Whether there is such a thing."""
        if glob:
            return any(fnmatchcase(one, name) for one in self.of[what])
        base, _, level = name.rpartition("/")
        return name in self.of[what] or (what == "lock" and level.isdigit() and base in self.of[what])


def names_of(program: Program) -> Names:
    """The names of a program's roles, lock classes, functions and caches."""
    return Names({
        "role": frozenset(role for one in program.functions for role in one.roles),
        "lock": frozenset(one.name for one in program.classes) | {one.name for one in program.locks},
        "function": frozenset(one.name for one in program.functions),
        "cache": frozenset(one.name for one in program.caches),
    })  # fmt: skip


def idle(rules: Iterable[Rule], names: Names, table: LockTable) -> dict[str, str]:
    """Rules by id that can select nothing in a program with these names and lock classes, and why."""
    found = ((rule.id, next(_reasons(rule, names, table), None)) for rule in rules)
    return {name: why for name, why in found if why is not None}


def _reasons(rule: Rule, names: Names, table: LockTable) -> Iterator[str]:
    if rule.order is not None:
        elements = [one for chain in rule.order.chains for one in chain.elements]
        met = set[str]().union(*(one.candidates(table) for one in elements))
        if len(met) < 2:
            yield "fewer than two of its locks are in these models"
    elif "forbid" in rule.document:
        yield from _missing(rule.document.get("where"), names, 0)


def unexercised(rules: Iterable[Rule], why: Mapping[str, str]) -> Iterator[Unexercised]:
    """The idle ones of ``rules``, each with its reason."""
    for rule in rules:
        if rule.id in why:
            yield Unexercised("rule", rule.id, why[rule.id], rule.place)


def _missing(where: Any, names: Names, depth: int) -> Iterator[str]:
    """Reasons why a condition can't hold."""
    if not isinstance(where, dict) or depth > MAX_DEPTH:
        return
    for key, value in where.items():
        if key == "all" and isinstance(value, list):
            for one in value:
                yield from _missing(one, names, depth + 1)
        elif key == "any" and isinstance(value, list):
            yield from _none_of([next(_missing(one, names, depth + 1), None) for one in value])
        elif key in NAMING:
            yield from _unknown(NAMING[key], value, names)


def _none_of(reasons: list[str | None]) -> Iterator[str]:
    """One reason for alternatives that all can't hold."""
    given = [one for one in reasons if one is not None]
    if given and len(given) == len(reasons):
        yield "; ".join(dict.fromkeys(given))


def _unknown(what: str, value: Any, names: Names) -> Iterator[str]:
    """A reason when none of the names in a condition exists."""
    if isinstance(value, dict):
        wanted, glob = (value["glob"], True) if "glob" in value else (value.get("has"), False)
    else:
        wanted, glob = value, False
    words = [wanted] if isinstance(wanted, str) else wanted
    if not isinstance(words, list) or not words or not all(isinstance(one, str) for one in words):
        return
    if not any(names.has(what, one, glob=glob) for one in words):
        listed = " or ".join(f"'{one}'" for one in words)
        yield f"no function has the role {listed}" if what == "role" else f"there is no {what} {listed}"
