"""A rule's page: its words and its cases, with what a real run prints about them.

Is: what `lockcheck explain` and docs/reference/rules/ are made of. Is not: either of the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING

from lockcheck.bench.cases import CASE_DATE

if TYPE_CHECKING:
    from lockcheck.checker.reading import RuleSet
    from lockcheck.checker.rule import Rule

MAX_SHOWN = 64_000
_TITLE = re.compile(r"^title:[ \t]*[\"']?(.*?)[\"']?[ \t]*$", re.MULTILINE)
_FOR_THE_TEST = re.compile(r"^(title|expect):.*\n(?:  .*\n)*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """One case: its title, the model without what only the test needs, and what ``lockcheck check`` prints on it."""

    name: str
    title: str
    model: str
    output: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class Page:
    """Everything about one rule. Examples are None where the rule has no such case."""

    rule: Rule
    bad: Example | None
    repaired: Example | None
    near_miss: Example | None

    @property
    def repair(self) -> tuple[str, ...]:
        """What changes from the bad case to the repaired one, as lines of a unified diff; empty without both."""
        if self.bad is None or self.repaired is None:
            return ()
        before, after = self.bad.model.splitlines(), self.repaired.model.splitlines()
        lines = [line.rstrip() for line in unified_diff(before, after, lineterm="", n=2)]
        return tuple("..." if line.startswith("@@") else line for line in lines[2:])[1:]


def page(rule: Rule, ruleset: RuleSet) -> Page:
    """The page of a rule, its cases run with ``ruleset``."""
    return Page(rule, *(_example(rule, name, ruleset) for name in ("bad", "repaired", "near-miss")))


def _example(rule: Rule, name: str, ruleset: RuleSet) -> Example | None:
    from lockcheck.api import check_case
    from lockcheck.loading import ModelText
    from lockcheck.report.text import problems_text, text

    path = rule.folder / f"{name}.yaml" if rule.folder else None
    if path is None or not path.is_file():
        return None
    with path.open(encoding="utf-8", errors="replace") as file:
        written = file.read(MAX_SHOWN)
    model = shown(written)
    result = check_case(ruleset, ModelText(model, path.name), CASE_DATE, roots=[path.parent])
    found = _TITLE.search(written)
    output = problems_text(result) if result.problems else text(result)
    return Example(name, found.group(1) if found else name, model, output, result.exit_code)


def shown(written: str) -> str:
    """A case as a reader wants it: without comments at the margin, its title and its expectations."""
    lines = "".join(f"{line}\n" for line in written.splitlines() if not line.startswith("#"))
    return re.sub(r"\n{3,}", "\n\n", _FOR_THE_TEST.sub("", lines))
