"""``lockcheck rules``: list, show, new, test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from lockcheck.cli.explain import all_rules, find_rule, project_rules

more_rules = click.option("--rules", "rules", multiple=True, metavar="DIR", type=click.Path(),
                          help="A folder of more rules (repeatable).")  # fmt: skip


@click.group()
def command() -> None:
    """List rules, show one, make one, or run their cases."""


@command.command("list")
@more_rules
def list_rules(rules: Sequence[str]) -> int:
    """List all rules: id, severity, summary."""
    from itertools import groupby

    from lockcheck.report.layout import WIDTH, clean, wrap

    ordered = sorted(all_rules((*project_rules(), *rules)), key=lambda rule: (rule.category, rule.id))
    width = max((len(rule.id) for rule in ordered), default=0)
    room = max(20, WIDTH - width - 13)
    for category, members in groupby(ordered, key=lambda rule: rule.category):
        click.echo(f"{clean(category) or 'rules'}:")
        for rule in members:
            first, *rest = wrap(clean(rule.summary), width=room)
            click.echo(f"  {rule.id:<{width}}  {rule.severity.word:<7}  {first}")
            for line in rest:
                click.echo(" " * (width + 13) + line)
    return 0


@command.command()
@click.argument("rule")
@more_rules
def show(rule: str, rules: Sequence[str]) -> int:
    """Show a rule's file and where its cases are."""
    from lockcheck.report.layout import clean

    one = find_rule(rule, (*project_rules(), *rules))
    folder = one.folder or Path()
    click.echo(f"# {clean(shown_path(folder / 'rule.yaml'))}")
    for name in sorted(path.name for path in folder.glob("*.yaml")):
        click.echo(f"#   {clean(name)}")
    for line in (folder / "rule.yaml").read_text(encoding="utf-8", errors="replace").splitlines():
        click.echo(clean(line, ascii_only=False))
    return 0


def shown_path(path: Path) -> str:
    """A path for people: that of a built-in rule begins with ``rules/``, wherever they are installed."""
    from lockcheck.checker.reading import built_in

    root = built_in()
    return f"rules/{path.relative_to(root).as_posix()}" if path.is_relative_to(root) else path.as_posix()


@command.command()
@click.argument("rule")
@click.option("--category", default="project", show_default=True, help="The folder above the rule's own.")
@click.option("--dir", "folder", default="rules", show_default=True, type=click.Path(file_okay=False),
              help="The folder of all rules.")  # fmt: skip
def new(rule: str, category: str, folder: str) -> int:
    """Make a rule to start from: rule.yaml and its three cases, which run as they are."""
    from lockcheck.bench.scaffold import scaffold

    _check_names(rule, category)
    target = Path(folder) / category / rule
    if target.exists():
        raise click.UsageError(f"{target.as_posix()} exists already; choose another id, or remove it")
    try:
        target.mkdir(parents=True)
        for name, text in scaffold(rule).items():
            (target / name).write_text(text, encoding="utf-8")
            click.echo((target / name).as_posix())
    except OSError as error:
        raise click.ClickException(f"{target.as_posix()}: {(error.strerror or str(error)).lower()}") from error
    click.echo(f"next: change them, then lockcheck rules test {target.as_posix()}")
    return 0


def _check_names(rule: str, category: str) -> None:
    """Raise click.UsageError for ids and categories that a rule can't have."""
    import re

    from lockcheck.checker.schema import RULE_ID

    for what, name in (("rule id", rule), ("category", category)):
        if not re.match(RULE_ID, name):
            raise click.UsageError(f"'{name}' is not a {what}: lower-case words joined by '-'")
    if rule in {one.id for one in all_rules(())}:
        raise click.UsageError(f"there is a built-in rule '{rule}' already; choose another id")


@command.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False))
@click.option("--rule", "chosen", multiple=True, metavar="ID", help="Only the cases of this rule (repeatable).")
@more_rules
@click.option("--mutate", is_flag=True, help="Break clean cases in small ways; list what no rule noticed.")
@click.option("--mutants", type=click.IntRange(1), default=40, show_default=True, help="How many, per case at most.")
@click.option("--branches", is_flag=True, help="List alternatives in the rules that no case meets.")
@click.option("-v", "--verbose", is_flag=True, help="Show every case, not only what is wrong.")
def test(folder: str | None, chosen: Sequence[str], rules: Sequence[str], verbose: bool, **more: Any) -> int:
    """Run the cases in FOLDER: caught, clean, missed, false alarm.

    Without FOLDER: those of the folders of rules that lockcheck.toml names, or of the built-in rules.

    Cases are the models beside each rule.yaml and all other models with an 'expect' list. A line that begins with
    '-' is expected and was not found; '+' was found and is not expected.
    """
    from lockcheck.cli.bench import Bench

    statuses = []
    for one in [folder] if folder else project_rules() or [None]:
        bench = Bench(one, rules, chosen)
        statuses.append(bench.test(verbose=verbose, keep=more["branches"]))
        if more["branches"]:
            bench.branches(verbose=verbose)
        if more["mutate"]:
            bench.mutate(more["mutants"], verbose=verbose)
    return max(statuses)
