"""Questions: compiled once, then asked of a program under one kernel config.

Is: what ``leaf``, ``takes``, ``some`` and the other verbs of ``ask:`` mean, in facts and findings.
Is not: an answer: that takes all configs and assumptions of a claim together (``claims.py``).

Glossary words defined here: outcome.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import TypeAlias, cast

from lockcheck.checker.evaluate import findings_of
from lockcheck.checker.judge import Analysis
from lockcheck.checker.kinds import FACT_KINDS
from lockcheck.checker.message import compile_message
from lockcheck.checker.orders import CONFLICT, ORDER, UNPLACED
from lockcheck.checker.reading import plain
from lockcheck.checker.rule import Match, Rule
from lockcheck.checker.select import Attributes, Predicate, Report, compile_where
from lockcheck.checker.sources import FactSource, LockTable, selected
from lockcheck.checker.waivers import WAIVER
from lockcheck.findings import SEVERITIES, Finding
from lockcheck.model.claims import Question
from lockcheck.model.facts import Attribute, Fact
from lockcheck.model.program import Program
from lockcheck.source.problems import did_you_mean

ASKED = "asked"
"""The role that a function is given when a question is about what happens below it."""

OF_RULES = (WAIVER, ORDER, CONFLICT, UNPLACED)
"""Fact kinds that no analysis has: they come of what rules and waivers declare."""

SAYS: Mapping[str, str] = {
    "acquisition": "{role_function} takes {lock}",
    "allocation": "{role_function} allocates: {what}",
    "call": "{role_function} calls {callee}",
    "circle": "{chain}",
    "context": "{role_function} is reached through {callers}",
    "dependency": "{inner} is taken under {outer}",
    "free": "{role_function} frees: {what}",
    "leaf": "{inner} is taken under {lock}",
    "lock-class": "{lock} is taken",
    "recursion": "{lock} is taken while it is held",
    "sleep": "{what} may sleep",
    "usage-conflict": "{safe} is taken in {irq}, {unsafe} with it enabled",
}
"""What a fact says in an answer, by its kind; others name their locks."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one program says to one question. ``value`` is None when it cannot say; ``missing`` is why.

    ``matches``: the facts that decide it; ``absent`` tells what there is not. ``vacuous``: the value when something is
    missing here that other variants have: a lock that an option leaves out is not taken then.
    """

    value: bool | None
    matches: tuple[Match, ...] = ()
    absent: str = ""
    missing: tuple[str, ...] = ()
    vacuous: bool | None = None


class Asked:
    """A program under one config, with all that questions ask of it."""

    def __init__(self, program: Program, analysis: Analysis, rules: Sequence[Rule]) -> None:
        self.program, self.analysis = program, analysis
        self._rules = tuple(rule for rule in rules if WAIVER not in rule.kinds)
        never = frozenset(analysis.coverage.never_entered)
        self.functions = {one.name: one for one in program.functions}
        self.entered = frozenset(self.functions) - never
        self.roles = {role for one in program.functions if one.name in self.entered for role in one.roles}
        self.locks = {lock.name for lock in program.locks} | {cls.name for cls in program.classes}

    def selected(self, kind: str, selects: Predicate, below: str | None = None) -> list[Fact]:
        """The facts of a kind that are selected; with ``below``, those inside a function that a question is about.

        Without it, as rules see them: none that exists only because a question was asked.
        """
        if below is not None:
            return [*selected(self.analysis, kind, lambda one: one.get("role_function") == below and selects(one))]
        return [*selected(_Plain(self.analysis), kind, selects)]

    def all(self, kind: str, **wanted: str) -> list[Fact]:
        """The facts of a kind with these values."""
        return self.selected(kind, lambda known: all(known.get(name) == value for name, value in wanted.items()))

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the rules find."""
        return findings_of(self._rules, _Plain(self.analysis))

    @cached_property
    def taken(self) -> dict[str, Fact]:
        """The lock classes that some path takes."""
        return {str(fact.get("lock")): fact for fact in self.analysis.facts("lock-class")}


@dataclass(frozen=True, slots=True)
class _Plain:
    """The facts of a program as they were if nobody had asked: rules judge these."""

    source: FactSource

    @property
    def table(self) -> LockTable:
        """The lock classes by name."""
        return self.source.table

    def facts(self, kind: str) -> tuple[Fact, ...]:
        """All facts of that kind, sorted."""
        return self.selected(kind, lambda _: True)

    def selected(self, kind: str, selects: Predicate, needs: frozenset[str] = frozenset()) -> tuple[Fact, ...]:
        """Those of ``facts(kind)`` that are selected."""
        if "inside" not in FACT_KINDS[kind].attributes:
            return tuple(selected(self.source, kind, selects))
        chosen = selected(self.source, kind, lambda one: one.get("inside") != (ASKED,) and selects(_known(one)))
        return tuple(_plainly(fact) for fact in chosen)


def _known(attributes: Attributes) -> Attributes:
    """Attributes without the role that a question brought in."""
    inside = attributes.get("inside")
    if not isinstance(inside, tuple) or ASKED not in inside:
        return attributes
    others = tuple(role for role in inside if role != ASKED)
    return ChainMap({"inside": others}, cast("dict[str, Attribute]", attributes))


def _plainly(fact: Fact) -> Fact:
    """A fact without the role that a question brought in."""
    inside = fact.get("inside")
    if not isinstance(inside, tuple) or ASKED not in inside:
        return fact
    others = tuple(role for role in inside if role != ASKED)
    return replace(fact, attributes=tuple((n, others if n == "inside" else value) for n, value in fact.attributes))


Ask: TypeAlias = Callable[[Asked], Outcome]


def observed(question: Question) -> frozenset[str]:
    """The functions below which a question looks: they need the role ``asked``."""
    inner = frozenset[str]().union(*(observed(part) for part in question.parts))
    return inner | {question.function} if question.function and question.verb != "finding" else inner


def watching(program: Program, names: Iterable[str]) -> Program:
    """The program with the role ``asked`` for these functions."""
    wanted = frozenset(names)
    functions = (
        replace(one, roles=tuple(sorted({*one.roles, ASKED}))) if one.name in wanted else one
        for one in program.functions
    )
    return replace(program, functions=tuple(functions))


def compile_question(question: Question, rules: frozenset[str], report: Report) -> Ask:
    """The test that a question is. ``rules``: ids that exist; what is wrong goes to ``report``, by its path."""
    return _Compiler(rules, report).compile(question, ())


class _Compiler:
    """Compiles one question with its parts."""

    def __init__(self, rules: frozenset[str], report: Report) -> None:
        self._rules, self._report = rules, report

    def compile(self, question: Question, path: tuple[str | int, ...]) -> Ask:
        """The test of a question at ``path`` in ``ask:``."""
        names, below = question.names, question.function
        match question.verb:
            case "leaf":
                return lambda asked: _leaf(asked, names[0])
            case "irq_safe":
                return lambda asked: _irq_safe(asked, names[0])
            case "order":
                return lambda asked: _order(asked, names)
            case "takes":
                return lambda asked: _takes(asked, names[0], below)
            case "calls":
                return lambda asked: _calls(asked, names[0], below)
            case "finding":
                return self.finding(question, path)
            case "some":
                return self.some(question, path)
            case "not":
                turned = self.compile(question.parts[0], (*path, "not"))
                return lambda asked: _turned(turned(asked))
            case _:
                parts = [self.compile(part, (*path, "all", at)) for at, part in enumerate(question.parts)]
                return lambda asked: _every([part(asked) for part in parts])

    def finding(self, question: Question, path: tuple[str | int, ...]) -> Ask:
        """``finding``: a rule finds something."""
        for name in question.names:
            if name not in self._rules and name not in SEVERITIES:
                hint = did_you_mean(name, (*self._rules, *SEVERITIES)) or "a rule's id, or error, warning or note"
                self._report((*path, "finding"), f"unknown rule '{name}'", hint)
        return lambda asked: _finding(asked, question)

    def some(self, question: Question, path: tuple[str | int, ...]) -> Ask:
        """``some``: there is such a fact."""
        name = question.names[0]
        kind = FACT_KINDS.get(name)
        if kind is None or name in OF_RULES:
            known = [one for one in FACT_KINDS if one not in OF_RULES]
            hint = "it is made of rules; ask for their findings" if kind else did_you_mean(name, known)
            self._report((*path, "some"), f"unknown fact kind '{name}'", hint)
            return lambda asked: Outcome(None)
        where = plain(question.where or {})
        selects = compile_where(where, kind, (*path, "where"), self._report)
        template, _ = compile_message(SAYS.get(name, "{locks}"), kind)
        role = _role_of(where)
        sought = "".join(f", {key} {value}" for key, value in where.items() if isinstance(value, str))

        def ask(asked: Asked) -> Outcome:
            missing = _lacking(asked, [], [question.function] if question.function else [])
            if role and role not in asked.roles:
                missing += (f"a function with the role '{role}'",)
            facts = asked.selected(name, selects, question.function)
            found = [(fact, template.fill(fact)) for fact in facts]
            return _found(found, f"there is no {name}{sought}", missing)

        return ask


def _role_of(where: object) -> str | None:
    """The role that ``inside: {has: ROLE}`` asks for."""
    inside = where.get("inside") if isinstance(where, Mapping) else None
    role = inside.get("has") if isinstance(inside, Mapping) else None
    return role if isinstance(role, str) else None


def _lacking(asked: Asked, locks: Iterable[str], functions: Iterable[str], *, taken: bool = True) -> tuple[str, ...]:
    """What a question is about and the program does not have, in words."""
    missing = []
    for lock in locks:
        if lock not in asked.locks and lock not in asked.taken:
            missing.append(f"a lock '{lock}'")
        elif taken and lock not in asked.taken:
            missing.append(f"a path that takes {lock}")
    for name in functions:
        if name not in asked.functions:
            missing.append(f"a function '{name}'")
        elif name not in asked.entered:
            missing.append(f"an entry that leads to {name}()")
    return tuple(missing)


def _found(found: Iterable[Match], absent: str, missing: tuple[str, ...], *, vacuous: bool | None = None) -> Outcome:
    """True with facts, false without, unless something is missing."""
    matches = tuple(found)
    if missing and not matches:
        return Outcome(None, (), absent, missing, vacuous)
    return Outcome(bool(matches), matches, "" if matches else absent)


def _turned(outcome: Outcome) -> Outcome:
    value, vacuous = (None if one is None else not one for one in (outcome.value, outcome.vacuous))
    return replace(outcome, value=value, vacuous=vacuous)


def _every(parts: Sequence[Outcome]) -> Outcome:
    """All of several: false if one is, else undecided if one is, else true with what shows each."""
    chosen = [part for part in parts if part.value is False] or [part for part in parts if part.value is None]
    chosen = chosen or list(parts)
    anyway = [part.vacuous if part.value is None else part.value for part in parts]
    return Outcome(
        chosen[0].value,
        tuple(match for part in chosen for match in part.matches),
        "; ".join(dict.fromkeys(part.absent for part in chosen if part.absent)),
        tuple(dict.fromkeys(text for part in chosen for text in part.missing)),
        False if False in anyway else None if None in anyway else True,
    )


def _leaf(asked: Asked, lock: str) -> Outcome:
    found = [(fact, f"{fact.get('inner')} is taken under {lock}") for fact in asked.all("dependency", outer=lock)]
    return _turned(_found(found, f"nothing is taken under {lock}", _lacking(asked, [lock], [])))


def _irq_safe(asked: Asked, lock: str) -> Outcome:
    fact = asked.taken.get(lock)
    found = []
    if fact is not None and not fact.get("irq_safe"):
        legs = tuple(leg for leg in fact.legs if leg.about == "enabled")
        found = [(replace(fact, legs=legs or fact.legs), f"{lock} is held with hardirqs enabled")]
    return _turned(_found(found, f"nobody holds {lock} with hardirqs enabled", _lacking(asked, [lock], [])))


def _order(asked: Asked, locks: Sequence[str]) -> Outcome:
    wrong = {(inner, outer) for outer, inner in combinations(locks, 2)}
    found = [
        (fact, f"{fact.get('inner')} is taken under {fact.get('outer')}")
        for fact in asked.selected("dependency", lambda known: (known.get("outer"), known.get("inner")) in wrong)
    ]
    absent = f"no path takes an earlier one of {' -> '.join(locks)} under a later one"
    return _turned(_found(found, absent, _lacking(asked, locks, [])))


def _takes(asked: Asked, lock: str, function: str | None) -> Outcome:
    missing = _lacking(asked, [lock], [function] if function else [], taken=function is not None)
    if function is None:
        fact = asked.taken.get(lock)
        return _found([(fact, f"{lock} is taken")] if fact else [], f"no path takes {lock}", missing)
    facts = asked.selected("acquisition", lambda known: known.get("lock") == lock, function)
    found = [(replace(fact, legs=fact.legs[:1]), f"{function}() takes {lock}") for fact in facts]
    entered = function in asked.entered
    return _found(found, f"no path through {function}() takes {lock}", missing, vacuous=False if entered else None)


def _calls(asked: Asked, callee: str, function: str | None) -> Outcome:
    missing = _lacking(asked, [], [name for name in (function,) if name])
    if callee not in asked.functions:
        missing += (f"a function '{callee}'",)
    facts = asked.selected("call", lambda known: known.get("callee") == callee, function)
    found = [(fact, f"{fact.get('role_function')}() calls {callee}()") for fact in facts]
    absent = f"no path through {function}() calls {callee}()" if function else f"no callback calls {callee}()"
    known = function is None or function in asked.entered
    return _found(found, absent, missing, vacuous=False if known else None)


def _finding(asked: Asked, question: Question) -> Outcome:
    missing = _lacking(asked, question.locks, [question.function] if question.function else [], taken=False)
    found = [
        (one.fact, f"{one.message} [{one.rule}]")
        for one in asked.findings
        if (one.rule in question.names or one.severity.word in question.names)
        and set(question.locks) <= set(one.locks)
        and (question.function is None or question.function in one.functions)
    ]
    names = [f"severity {name}" if name in SEVERITIES else name for name in question.names]
    return _found(found, f"no finding of {' or '.join(names)}", missing, vacuous=False)
