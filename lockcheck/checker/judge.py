"""The judgement of a whole run: findings of every config, put together, waived, compared with what was expected.

Is: what stands between analyses and a result. Is not: a reader of models, nor a maker of facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lockcheck.checker.evaluate import findings_of
from lockcheck.checker.expectations import compare
from lockcheck.checker.reading import built_in
from lockcheck.checker.rule import Rule
from lockcheck.checker.sources import LockTable
from lockcheck.checker.vacuity import idle, names_of, unexercised
from lockcheck.checker.waivers import WAIVER, WaiverFacts, apply_waivers, expired
from lockcheck.findings import Analysed, Finding, Quotable, Result
from lockcheck.model.configs import Configs
from lockcheck.model.facts import Coverage, Unexercised
from lockcheck.model.program import Expectation, Program, Waiver
from lockcheck.source.problems import Problem, did_you_mean


class Analysis(Analysed, Protocol):
    """What is judged: facts by kind, and what was covered."""

    @property
    def coverage(self) -> Coverage:
        """What the analysis followed."""

    @property
    def table(self) -> LockTable:
        """The lock classes by name."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """What is kept of one program: not its analysis, which may be large."""

    coverage: Coverage
    files: tuple[str, ...]
    waivers: tuple[Waiver, ...]
    expectations: tuple[Expectation, ...]
    expecting: bool
    idle: Mapping[str, str]


class Judgement:
    """Collects programs that were analysed; ``result`` puts together what was found in them."""

    def __init__(
        self,
        rules: Sequence[Rule],
        today: str | None,
        waivers: Sequence[Waiver] = (),
        off: Sequence[str] = (),
        observe: Callable[[Analysed], None] | None = None,
    ) -> None:
        self._observe = observe
        self._about_waivers = tuple(rule for rule in rules if WAIVER in rule.kinds)
        self.rules = tuple(rule for rule in rules if WAIVER not in rule.kinds)
        shipped = built_in()
        self._own = tuple(one for one in self.rules if one.folder is None or not one.folder.is_relative_to(shipped))
        self._today = today
        self._waivers = tuple(waivers)
        self._off = tuple(off)
        self._checked: list[_Checked] = []
        self._first: tuple[tuple[str, ...], Analysed] | None = None

    def add(self, program: Program, analysis: Analysis) -> None:
        """Note what one program covers and expects."""
        checked = _Checked(
            coverage=analysis.coverage,
            files=program.files,
            waivers=program.waivers,
            expectations=program.expectations,
            expecting=program.expecting,
            idle=idle(self._own, names_of(program), analysis.table),
        )
        self._checked.append(checked)
        self._first = self._first or (program.named_files, analysis)
        if self._observe is not None:
            self._observe(analysis)

    def judge(self, program: Program, analysis: Analysis) -> tuple[Finding, ...]:
        """The findings of a program, which is added."""
        self.add(program, analysis)
        return findings_of(self.rules, analysis)

    def add_parts(
        self,
        coverage: Coverage,
        files: Sequence[str],
        named: Sequence[str],
        waivers: Sequence[Waiver],
        analysis: Analysed,
    ) -> None:
        """Note what a program covers that was judged in parts; only built-in rules, and no expectations."""
        self._checked.append(_Checked(coverage, tuple(files), tuple(waivers), (), False, {}))
        self._first = self._first or (tuple(named), analysis)

    def afresh(self) -> Judgement:
        """The same rules and waivers, with nothing judged."""
        return Judgement((*self.rules, *self._about_waivers), self._today, self._waivers, self._off)

    @property
    def only_built_in(self) -> bool:
        """No rule is one's own."""
        return not self._own

    def result(self, found: Iterable[Finding], configs: Configs, sources: Mapping[str, Quotable]) -> Result:
        """The result over everything that was added. ``found``: before waivers. Raises ValueError when nothing was."""
        if self._first is None:
            raise ValueError("no program was added")
        named = self._first[0]
        waivers = tuple(dict.fromkeys((*self._waivers, *(one for part in self._checked for one in part.waivers))))
        applied = apply_waivers(found, waivers, self._today, configs)
        our_files = {*named, *(one.place.file for one in self._waivers)}
        ours = WaiverFacts(
            (one for one in applied.unused if one.place.file in our_files and one.rule not in self._off),
            (one for one in waivers if expired(one, self._today) and one.place.file in our_files),
        )
        findings = tuple(sorted((*applied.kept, *findings_of(self._about_waivers, ours)), key=Finding.sort_key))
        expecting = any(one.expecting for one in self._checked)
        expected = tuple(dict.fromkeys(item for one in self._checked for item in one.expectations))
        return Result(
            findings=findings,
            problems=self._unknown_rules((*expected, *waivers)),
            waived=applied.waived,
            coverage=_together([one.coverage for one in self._checked]),
            configs=configs,
            files=tuple(sorted({name for one in self._checked for name in one.files})),
            named_files=named,
            mismatches=compare(findings, expected) if expecting else (),
            expecting=expecting,
            rules_off=self._off,
            sources=sources,
            unexercised=self._unexercised(named),
            analysis=self._first[1],
            rules=tuple(sorted((*self.rules, *self._about_waivers), key=lambda rule: rule.id)),
        )

    def _unexercised(self, named: Sequence[str]) -> tuple[Unexercised, ...]:
        """What no config had a use for: of the models that were named, and of rules that are not built in."""
        parts = [set(one.coverage.unexercised) for one in self._checked]
        declared = (one for one in set.intersection(*parts) if one.place.file in named)
        never = set.intersection(*(set(one.idle) for one in self._checked))
        idle_rules = unexercised((rule for rule in self._own if rule.id in never), self._checked[0].idle)
        return tuple(sorted((*declared, *idle_rules)))

    def _unknown_rules(self, named: Iterable[Expectation | Waiver]) -> tuple[Problem, ...]:
        """Expectations and waivers that name a rule that does not exist."""
        known = {*self._off, *(rule.id for rule in (*self.rules, *self._about_waivers))}
        unknown = [one for one in named if one.rule is not None and one.rule not in known]
        problems = (
            Problem(*one.place, f"unknown rule '{one.rule}'", did_you_mean(str(one.rule), known), "unknown-rule")
            for one in unknown
        )
        return tuple(sorted(set(problems)))


def _together(parts: Sequence[Coverage]) -> Coverage:
    """Coverage over several configs: the most of each count; never entered is what no config enters."""
    if len(parts) == 1:
        return parts[0]
    never = set.intersection(*(set(part.never_entered) for part in parts))
    unused = set.intersection(*(set(part.unexercised) for part in parts))
    return Coverage(
        functions=max(part.functions for part in parts),
        entries=max(part.entries for part in parts),
        classes=max(part.classes for part in parts),
        dependencies=max(part.dependencies for part in parts),
        contexts=max(part.contexts for part in parts),
        steps=max(part.steps for part in parts),
        never_entered=tuple(sorted(never)),
        not_followed=tuple(sorted({one for part in parts for one in part.not_followed})),
        merged=tuple(sorted({one for part in parts for one in part.merged})),
        cut=tuple(sorted({one for part in parts for one in part.cut})),
        unexercised=tuple(sorted(unused)),
    )
