"""``lockcheck explain RULE``: what a rule finds, how the machine hangs, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lockcheck.bench.page import Example, Page
    from lockcheck.checker.reading import RuleSet
    from lockcheck.checker.rule import Rule


@click.command()
@click.argument("rule")
@click.option("--rules", "rules", multiple=True, metavar="DIR", type=click.Path(), help="A folder of more rules.")
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text", show_default=True,
              help="For the terminal, or as a page.")  # fmt: skip
def command(rule: str, rules: Sequence[str], form: str) -> int:
    """Explain a rule: what it finds, why that hangs, and what to do.

    The example is run when you ask: what is shown is what it prints now.
    """
    from lockcheck.bench.page import page

    folders = (*project_rules(), *rules)
    one = page(find_rule(rule, folders), _ruleset(folders))
    if form == "markdown":
        from lockcheck.bench.markdown import markdown

        click.echo(markdown(one), nl=False)
        return 0
    for line in explained(one):
        click.echo(line.rstrip())
    return 0


def project_rules() -> tuple[str, ...]:
    """The folders of rules that the project's configuration names. Raises SettingsError when that is wrong."""
    from lockcheck.cli.settings import find

    return find(Path.cwd()).rules


def _ruleset(folders: Sequence[str]) -> RuleSet:
    """The built-in rules and those of ``folders``, which have been read without a problem before."""
    from lockcheck.api import built_in_rules
    from lockcheck.checker.reading import read_rules

    ours = built_in_rules()
    return ours.joined(read_rules(map(Path, folders))) if folders else ours


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


def explained(page: Page) -> Iterator[str]:
    """The page of one rule, in 80 columns."""
    from lockcheck.report.layout import clean, wrap

    rule = page.rule
    yield from wrap(clean(f"{rule.id} ({rule.severity.word}): {rule.summary}"), 0, 4)
    yield ""
    yield from wrap(clean(rule.why), 0)
    yield ""
    if rule.kernel_title:
        yield from wrap(clean(f"lockdep says: {rule.kernel_title}"), 0, 2)
        yield ""
    if page.bad:
        yield from _block("For example:", page.bad.model)
        yield from _output(page.bad)
    yield from wrap(clean(f"What to do: {rule.help}."), 0)
    yield ""
    if page.repaired and page.repair:
        yield from _block("The example, repaired:", "\n".join(page.repair))
        yield from _output(page.repaired)
    if page.near_miss:
        yield from wrap(clean(f"Not reported, for example: {page.near_miss.title}."), 0)
        yield ""
    for word, text in (("Exceptions", rule.exceptions), ("Limits", rule.limits)):
        if text:
            yield from wrap(clean(f"{word}: {text}"), 0)
            yield ""
    yield from wrap(clean(f"Since {rule.since}. Facts: {', '.join(rule.kinds)}."), 0)
    for see in rule.see:
        yield clean(f"see also: {see}")


def _block(title: str, text: str) -> Iterator[str]:
    from lockcheck.report.layout import clean

    yield title
    yield ""
    for line in text.strip("\n").splitlines():
        yield f"    {clean(line)}"
    yield ""


def _output(example: Example) -> Iterator[str]:
    yield f"$ lockcheck check {example.name}.yaml"
    yield from example.output.rstrip().splitlines()
    yield ""
