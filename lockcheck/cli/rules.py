"""``lockcheck rules``: list, show, test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from lockcheck.cli.explain import all_rules, find_rule

more_rules = click.option("--rules", "rules", multiple=True, metavar="DIR", type=click.Path(),
                          help="A folder of more rules (repeatable).")  # fmt: skip


@click.group()
def command() -> None:
    """List rules, show one, or run their own cases."""


@command.command("list")
@more_rules
def list_rules(rules: Sequence[str]) -> int:
    """List all rules: id, severity, summary."""
    from itertools import groupby

    from lockcheck.report.layout import WIDTH, clean, wrap

    ordered = sorted(all_rules(rules), key=lambda rule: (rule.category, rule.id))
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

    one = find_rule(rule, rules)
    folder = one.folder or Path()
    click.echo(f"# {clean(str(folder))}")
    for name in sorted(path.name for path in folder.glob("*.yaml")):
        click.echo(f"#   {clean(name)}")
    for line in (folder / "rule.yaml").read_text(encoding="utf-8", errors="replace").splitlines():
        click.echo(clean(line, ascii_only=False))
    return 0


@command.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False))
@click.option("-v", "--verbose", is_flag=True, help="Show every case, not only what is wrong.")
def test(folder: str | None, verbose: bool) -> int:
    """Run the cases of the rules in FOLDER, or of the built-in rules: caught, clean, missed, false alarm."""
    from lockcheck.checker.reading import built_in, read_rules
    from lockcheck.cli.cases import verdicts

    tested = all_rules([folder] if folder else [str(built_in())], alone=True)
    ruleset = read_rules([built_in(), *([Path(folder)] if folder else [])])
    counts: dict[str, int] = {}
    failures = 0
    for rule in tested:
        for verdict in verdicts(rule, ruleset):
            counts[verdict.word] = counts.get(verdict.word, 0) + 1
            failures += not verdict.good
            if verbose or not verdict.good:
                click.echo(f"{rule.id}/{verdict.case}: {verdict.word}")
                for detail in verdict.details:
                    click.echo(f"    {detail}")
    words = ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))
    click.echo(f"{len(tested)} rules, {sum(counts.values())} cases: {words or 'none'}")
    return 1 if failures or not tested else 0
