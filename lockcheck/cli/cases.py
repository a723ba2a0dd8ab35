"""The rules' own cases: each rule proves itself on a bad model, its repaired twin and a near miss.

Is: the runs and their verdicts (caught, missed, clean, false alarm). Is not: a printer (``rules.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lockcheck.checker.reading import RuleSet
    from lockcheck.checker.rule import Rule
    from lockcheck.findings import Result

NEEDED = ("bad", "repaired", "near-miss")
SILENT = ("repaired", "near-miss")
CASE_DATE = "2000-01-01"
"""The day on which the cases are checked, so that those with a date say the same for ever."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one case showed. ``word``: ``caught``, ``clean``, ``missed``, ``false alarm``, ``broken`` or ``absent``."""

    case: str
    word: str
    details: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether the case shows what it should."""
        return self.word in ("caught", "clean")


def verdicts(rule: Rule, ruleset: RuleSet) -> Iterator[Verdict]:
    """The verdict of each case of a rule: the needed ones first, then others beside the rule file."""
    from lockcheck.api import check_case

    folder = rule.folder or Path()
    others = sorted({path.stem for path in folder.glob("*.yaml")} - {*NEEDED, "rule"})
    for name in (*NEEDED, *others):
        path = folder / f"{name}.yaml"
        if not path.is_file():
            yield Verdict(name, "absent", (f"{path.name} is missing: a rule needs a case of each sort",))
            continue
        yield _verdict(name, rule, check_case(ruleset, path, CASE_DATE))


def _verdict(name: str, rule: Rule, result: Result) -> Verdict:
    fired = any(one.rule == rule.id for one in result.findings)
    if result.failed or not result.expecting:
        problems = [str(one) for one in result.problems]
        return Verdict(name, "broken", tuple(problems or ["nothing was checked, or nothing is expected"]))
    details = tuple(f"{one.place}: {one.text}" for one in result.mismatches)
    if name == "bad" and not fired:
        return Verdict(name, "missed", (f"it does not show {rule.id}", *details))
    if name in SILENT and fired:
        return Verdict(name, "false alarm", (f"it shows {rule.id}", *details))
    if result.mismatches:
        return Verdict(name, "missed" if result.mismatches[0].what == "missed" else "false alarm", details)
    return Verdict(name, "caught" if result.findings else "clean")
