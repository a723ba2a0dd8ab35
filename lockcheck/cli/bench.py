"""``lockcheck rules test``: runs cases and their mutants, and says what they showed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lockcheck.bench.cases import RULE_FILE, Case, cases_of, models_with_expectations, told, verdict

if TYPE_CHECKING:
    from lockcheck.checker.rule import Rule
    from lockcheck.findings import Result


class Bench:
    """The cases of a folder (None: the built-in rules), with the rules to run them under."""

    def __init__(self, folder: str | None, rules: Sequence[str], chosen: Sequence[str]) -> None:
        from lockcheck.api import built_in_rules
        from lockcheck.checker.reading import built_in, read_rules
        from lockcheck.cli.explain import all_rules

        root = Path(folder) if folder else built_in()
        own = [str(root)] if next(root.glob(f"**/{RULE_FILE}"), None) else []
        self.tested = _chosen(all_rules(own, alone=True) if own else (), chosen)
        all_rules(rules, alone=True)  # says what is wrong with them
        added = [Path(one) for one in (*rules, *(own if folder else ()))]
        ruleset = built_in_rules()
        self.ruleset = ruleset.joined(read_rules(added)) if added else ruleset
        self._results: dict[Path, Result | None] = {}
        self.cases: list[Case] = [case for rule in self.tested for case in cases_of(rule)]
        if folder and not chosen:
            self.cases += models_with_expectations(root)

    def test(self, *, verbose: bool, keep: bool = False) -> int:
        """Run all cases, print what is wrong (or everything), and return the exit status. ``keep``: the results."""
        from lockcheck.report.layout import count

        counts: Counter[str] = Counter()
        failures = 0
        for case in self.cases:
            one = verdict(case, self.ruleset)
            self._results[case.path] = one.result if keep else None
            counts[one.word] += 1
            failures += not one.good
            if verbose or not one.good:
                for line in told(case, one):
                    click.echo(line)
        words = ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))
        click.echo(f"{count(len(self.tested), 'rule')}, {count(len(self.cases), 'case')}: {words or 'none'}")
        return 1 if failures or not self.cases else 0

    def branches(self, *, verbose: bool) -> None:
        """Print the alternatives in the rules' conditions that the facts of no case meet."""
        from lockcheck.checker.exercise import branches
        from lockcheck.graph.analysis import Analysis
        from lockcheck.report.layout import clean, count, wrap

        met: dict[tuple[str, str], bool] = {}
        for case in self.cases:
            result = self._results.get(case.path)
            if case.rule is None or result is None or not isinstance(result.analysis, Analysis):
                continue
            for one in branches(case.rule, result.analysis):
                met[one.rule, one.path] = met.get((one.rule, one.path), False) or one.met
        for (rule, path), good in met.items():
            if verbose or not good:
                for line in wrap(clean(f"{rule}: {path}: {'met' if good else 'no case meets it'}"), 0, 4):
                    click.echo(line)
        missing = sum(1 for good in met.values() if not good)
        click.echo(f"{count(len(met), 'branch', 'branches')}: {len(met) - missing} met by a case, {missing} by none")

    def mutate(self, most: int, *, verbose: bool) -> None:
        """Break every clean case in small ways, and print the mutants that no rule noticed."""
        from lockcheck.bench.mutation import noticed
        from lockcheck.cli.rules import shown_path
        from lockcheck.report.layout import clean, count, wrap

        made = survived = unreadable = 0
        for case in self.cases:
            for mutant, by in noticed(case, self.ruleset, most):
                made += by is not None
                unreadable += by is None
                survived += by == ()
                if by == () or (verbose and by):
                    said = f"noticed by {', '.join(by)}" if by else "no rule noticed"
                    at = f"{shown_path(case.path)}:{mutant.place.line}:{mutant.place.column}"
                    for line in wrap(clean(f"{at}: {mutant.change}: {said}"), 0, 4):
                        click.echo(line)
        left_out = f" ({unreadable} more were no models)" if unreadable else ""
        click.echo(f"{count(made, 'mutant')}: {made - survived} noticed, {survived} survived{left_out}")


def _chosen(rules: tuple[Rule, ...], names: Sequence[str]) -> tuple[Rule, ...]:
    """The rules of those ids, or all. Raises click.UsageError for an id that none has."""
    from lockcheck.source.problems import did_you_mean

    known = {one.id: one for one in rules}
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise click.UsageError(f"there is no rule '{name}' here" + (f"; {hint}" if hint else ""))
    return tuple(known[name] for name in sorted(set(names))) if names else rules
