"""``lockcheck coverage``: what the models and rules declare, and what of it a run uses."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockcheck.cli.options import model_options

if TYPE_CHECKING:
    from lockcheck.checker.reading import RuleSet


@click.command()
@model_options
@click.option("--all-configs", is_flag=True, help="Count what any combination of the models' kernel options uses.")
@click.option("--configs", multiple=True, metavar="NAME,NAME...", help="The same, of these options only.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="For people, or for programs.")  # fmt: skip
@click.option("-v", "--verbose", is_flag=True, help="List what is used, too.")
def command(form: str, verbose: bool, all_configs: bool, configs: tuple[str, ...], **options: Any) -> int:
    """Show which declared locks, functions, dependencies and rules the models exercise.

    PATH is a file, a folder, or the name of a shipped model, as for 'lockcheck check'. Included models are counted
    too; what of them is not used is listed with -v only.
    """
    from lockcheck.bench.coverage import Surveyor
    from lockcheck.cli.output import paint_for, write
    from lockcheck.cli.run import run_check
    from lockcheck.cli.settings import find
    from lockcheck.report.coverage import as_json, text
    from lockcheck.report.text import problems_text

    settings = find(Path.cwd())
    surveyor = Surveyor(_ruleset((*settings.rules, *options["rules"])))
    named = [name for word in configs for name in word.split(",") if name]
    result, _ = run_check(options, all_configs=all_configs, configs=named, observe=surveyor.add)
    if result.problems:
        sys.stderr.write(problems_text(result, paint_for(sys.stderr, "auto")))
        return 2
    found = surveyor.survey()
    write(as_json(found) if form == "json" else text(found, verbose=verbose), options["output"])
    return 2 if result.failed else 0


def _ruleset(folders: Sequence[str]) -> RuleSet:
    from lockcheck.api import built_in_rules
    from lockcheck.checker.reading import read_rules

    ours = built_in_rules()
    return ours.joined(read_rules(map(Path, folders))) if folders else ours
