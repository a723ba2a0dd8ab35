"""Cases: each rule proves itself on a bad model, its repaired twin and a near miss; a model on its own `expect:`.

Is: where cases are found, their runs and verdicts (caught, clean, missed, false alarm). Is not: a printer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lockcheck.checker.reading import RuleSet
    from lockcheck.checker.rule import Rule
    from lockcheck.findings import Mismatch, Result

NEEDED = ("bad", "repaired", "near-miss")
SILENT = ("repaired", "near-miss")
RULE_FILE = "rule.yaml"
CASE_DATE = "2000-01-01"
"""The day on which the cases are checked, so that those with a date say the same for ever."""

MAX_CASES = 20_000
_MODEL = re.compile(r"^[\"']?lockcheck[\"']?[ \t]*:", re.MULTILINE)
_EXPECTS = re.compile(r"^[\"']?expect[\"']?[ \t]*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Case:
    """One model that says what must be found in it. ``rule``: the one it is to prove, or None."""

    name: str
    path: Path
    rule: Rule | None = None

    @property
    def title(self) -> str:
        """How people call it: ``circular-dependency/bad``, or the model's path."""
        return f"{self.rule.id}/{self.name}" if self.rule else self.path.as_posix()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one case showed. ``word``: ``caught``, ``clean``, ``missed``, ``false alarm``, ``broken`` or ``absent``.

    ``details``: one line per difference: ``-`` is expected and not found, ``+`` found and not expected.
    ``result`` is the run's, or None where nothing ran.
    """

    case: str
    word: str
    details: tuple[str, ...] = ()
    result: Result | None = field(default=None, compare=False, repr=False)

    @property
    def good(self) -> bool:
        """Whether the case shows what it should."""
        return self.word in ("caught", "clean")


def cases_of(rule: Rule) -> Iterator[Case]:
    """The cases of a rule: the needed ones first, there or not, then others beside the rule file."""
    folder = rule.folder or Path()
    others = sorted({path.stem for path in folder.glob("*.yaml")} - {*NEEDED, "rule"})
    for name in (*NEEDED, *others):
        yield Case(name, folder / f"{name}.yaml", rule)


def models_with_expectations(folder: Path) -> Iterator[Case]:
    """Models below a folder that say what to expect, sorted; those beside a rule file are that rule's cases."""
    for path in sorted(folder.glob("**/*.yaml"))[:MAX_CASES]:
        if not (path.parent / RULE_FILE).exists() and expects(path):
            yield Case(path.stem, path)


def expects(path: Path) -> bool:
    """Whether a file is a model with an ``expect:`` list. False for what cannot be read."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return bool(_MODEL.search(text) and _EXPECTS.search(text))


def verdicts(rule: Rule, ruleset: RuleSet) -> Iterator[Verdict]:
    """The verdict of each case of a rule."""
    for case in cases_of(rule):
        yield verdict(case, ruleset)


def verdict(case: Case, ruleset: RuleSet) -> Verdict:
    """Run one case and say what it showed."""
    from lockcheck.api import check_case

    if not case.path.is_file():
        return Verdict(case.name, "absent", (f"{case.path.name} is missing: a rule needs a case of each sort",))
    return _judged(case, check_case(ruleset, case.path, CASE_DATE))


def _judged(case: Case, result: Result) -> Verdict:
    if result.failed or not result.expecting:
        problems = [str(one) for one in result.problems]
        return Verdict(case.name, "broken", tuple(problems or ["nothing was checked, or nothing is expected"]), result)
    details = tuple(difference(one) for one in result.mismatches)
    fired = case.rule is not None and any(one.rule == case.rule.id for one in result.findings)
    if case.rule and case.name == "bad" and not fired:
        return Verdict(case.name, "missed", (f"it does not show {case.rule.id}", *details), result)
    if case.rule and case.name in SILENT and fired:
        return Verdict(case.name, "false alarm", (f"it shows {case.rule.id}", *details), result)
    if result.mismatches:
        missed = any(one.what == "missed" for one in result.mismatches)
        return Verdict(case.name, "missed" if missed else "false alarm", details, result)
    return Verdict(case.name, "caught" if result.findings else "clean", (), result)


def difference(mismatch: Mismatch) -> str:
    """One difference between expectations and findings, as a line of a comparison."""
    from lockcheck.checker.expectations import described

    if mismatch.expectation is not None:
        return f"- {described(mismatch.expectation)} ({mismatch.place})"
    found = mismatch.finding
    shown = f"{found.rule}: {found.message}" if found else mismatch.text
    return f"+ {shown} ({mismatch.place})"


def told(case: Case, one: Verdict) -> list[str]:
    """One case in the words of ``lockcheck rules test``."""
    from lockcheck.report.layout import clean, wrap

    lines = [clean(f"{case.title}: {one.word}")]
    for detail in one.details:
        lines += wrap(clean(detail), 4, 6)
    return lines
