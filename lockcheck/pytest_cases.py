"""``pytest --lockcheck PATH``: one test per case, with the words of the command line.

Is: collecting and reporting. Is not: any verdict (``bench/cases.py``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lockcheck.bench.cases import RULE_FILE, Case, Verdict, cases_of, expects, told, verdict

if TYPE_CHECKING:
    from lockcheck.checker.reading import RuleSet


class Cases:
    """The plugin of one run. ``paths``: what is to be tested; it is collected beside what pytest was given."""

    def __init__(self, config: pytest.Config, paths: Sequence[str], rules: Sequence[str]) -> None:
        for path in (*paths, *rules):
            if not Path(path).exists():
                raise pytest.UsageError(f"--lockcheck: there is no '{path}'")
        self._roots = [Path(path).resolve() for path in paths]
        self._rules = [Path(path).resolve() for path in rules]
        given = [Path(str(config.invocation_params.dir), arg.partition("::")[0]).resolve() for arg in config.args]
        config.args += [
            str(root) for root in self._roots if not any(root.is_relative_to(one) for one in given)
        ]  # fmt: skip

    @cached_property
    def ruleset(self) -> RuleSet:
        """The built-in rules, those among the cases, and the ones that were named."""
        from lockcheck.api import built_in_rules
        from lockcheck.checker.reading import read_rules

        own = [root if root.is_dir() else root.parent for root in self._roots]
        folders = [*self._rules, *(one for one in own if next(one.glob(f"**/{RULE_FILE}"), None))]
        return built_in_rules().joined(read_rules([short(one) for one in dict.fromkeys(folders)]))

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """A rule file stands for its cases; any other model with expectations for itself."""
        inside = any(file_path.resolve().is_relative_to(root) for root in self._roots)
        if file_path.suffix != ".yaml" or not inside:
            return None
        if file_path.name == RULE_FILE or (
            not (file_path.parent / RULE_FILE).exists() and expects(file_path)
        ):  # fmt: skip
            collected: pytest.Collector = CaseFile.from_parent(parent, path=file_path, cases=self)
            return collected
        return None


class CaseFile(pytest.File):
    """A rule file or a model."""

    def __init__(self, *, cases: Cases, **rest: Any) -> None:
        super().__init__(**rest)
        self._cases = cases

    def collect(self) -> Iterator[pytest.Item]:
        """The tests: one per case of the rule, or the model itself."""
        path = short(self.path)
        found = cases_of_file(path, self._cases.ruleset)
        for case in found:
            item: CaseItem = CaseItem.from_parent(self, name=case.name, case=case, ruleset=self._cases.ruleset)
            yield item


def cases_of_file(path: Path, ruleset: RuleSet) -> list[Case]:
    """The cases that a file stands for. Raises pytest's CollectError for a rule that can't be read."""
    if path.name != RULE_FILE:
        return [Case(path.stem, path)]
    rule = next((one for one in ruleset.sorted() if one.folder and one.folder.resolve() == path.parent.resolve()), None)
    if rule is None:
        said = [str(one) for one in ruleset.problems]
        raise pytest.Collector.CollectError("\n".join(said or [f"{path.as_posix()}: another rule has the same id"]))
    return list(cases_of(rule))


class CaseItem(pytest.Item):
    """The test of one case."""

    def __init__(self, *, case: Case, ruleset: RuleSet, **rest: Any) -> None:
        super().__init__(**rest)
        self._case = case
        self._ruleset = ruleset

    def runtest(self) -> None:
        """Run the case. Raises :class:`CaseFailed` when it does not show what it should."""
        found = verdict(self._case, self._ruleset)
        if not found.good:
            raise CaseFailed(found)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What the command line says about it."""
        if isinstance(excinfo.value, CaseFailed):
            return "\n".join(said(self._case, excinfo.value.verdict))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Where it is and what it is called."""
        return self.path, None, self._case.title


class CaseFailed(Exception):  # noqa: N818 - a verdict, not an error
    """A case that does not show what it should."""

    def __init__(self, found: Verdict) -> None:
        super().__init__(found.word)
        self.verdict = found


def said(case: Case, found: Verdict) -> list[str]:
    """A verdict as ``lockcheck rules test`` says it, and for a model all that ``lockcheck check --expect`` prints."""
    lines = told(case, found)
    if case.rule is None and found.result is not None:
        from lockcheck.report.text import problems_text, text

        report = problems_text(found.result) if found.result.problems else text(found.result, compare=True)
        lines += ["", *report.splitlines()]
    return lines


def short(path: Path) -> Path:
    """``path`` as the working folder sees it, where it is inside."""
    here = Path.cwd().resolve()
    return path.relative_to(here) if path.is_relative_to(here) else path
