"""``lockcheck explain RULE``: what a rule finds, how the machine hangs, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lockcheck.checker.rule import Rule

CASES = (("bad.yaml", "what it catches"), ("repaired.yaml", "the same, repaired"))


@click.command()
@click.argument("rule")
@click.option("--rules", "rules", multiple=True, metavar="DIR", type=click.Path(), help="A folder of more rules.")
def command(rule: str, rules: Sequence[str]) -> int:
    """Explain a rule: what it finds, why that hangs, and what to do."""
    one = find_rule(rule, rules)
    for line in explained(one):
        click.echo(line.rstrip())
    return 0


def find_rule(name: str, folders: Sequence[str]) -> Rule:
    """The rule of that id. Raises click.UsageError when there is none, with the nearest name."""
    from lockcheck.source.problems import did_you_mean

    known = {one.id: one for one in all_rules(folders)}
    if name not in known:
        hint = did_you_mean(name, known) or "'lockcheck rules list' names them all"
        raise click.UsageError(f"there is no rule '{name}'; {hint}")
    return known[name]


def all_rules(folders: Sequence[str], *, alone: bool = False) -> tuple[Rule, ...]:
    """Built-in rules (unless ``alone``) and those of ``folders``. Raises click.ClickException for broken ones."""
    from lockcheck.checker.reading import built_in, read_rules
    from lockcheck.report.paint import Paint
    from lockcheck.report.text import problem_lines

    found = read_rules([*(() if alone else (built_in(),)), *map(Path, folders)])
    if found.problems:
        lines = [line for one in found.problems for line in problem_lines(one, found.sources, Paint())]
        click.echo("\n".join(lines), err=True)
        raise click.ClickException("the rules could not be read")
    return found.sorted()


def explained(rule: Rule) -> Iterator[str]:
    """The page of one rule, in 80 columns."""
    from lockcheck.report.layout import clean, wrap

    yield from wrap(clean(f"{rule.id} ({rule.severity.word}): {rule.summary}"), 0, 4)
    yield ""
    for paragraph in (rule.why, f"What to do: {rule.help}."):
        yield from wrap(clean(paragraph), 0)
        yield ""
    if rule.limits:
        yield from wrap(clean(f"Limits: {rule.limits}"), 0)
        yield ""
    if rule.kernel_title:
        yield from wrap(clean(f"lockdep says: {rule.kernel_title}"), 0, 2)
        yield ""
    yield from _cases(rule)
    for see in rule.see:
        yield clean(f"see also: {see}")


def _cases(rule: Rule) -> Iterator[str]:
    from lockcheck.report.layout import clean

    for name, what in CASES:
        path = rule.folder / name if rule.folder else None
        if path is None or not path.is_file():
            continue
        yield f"For example, {what}:"
        yield ""
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if not line.startswith("#"):
                yield f"    {clean(line)}"
        yield ""
