"""``lockcheck compare``: designs side by side in one table."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockcheck.cli.options import model_options

if TYPE_CHECKING:
    from lockcheck.compare.designs import Comparison
    from lockcheck.findings import Result

SHIPPED = "designs/"
TODAY = "designs/today"
"""The design that is no design: the kernel as it is. Its claims are asked of the others."""

TITLE = re.compile(r"^title:[ \t]*[\"']?(.*?)[\"']?[ \t]*$")
HEAD_LINES = 40
"""How far down a title is looked for."""


@click.command()
@model_options
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True,
              help="For a terminal, for a pull request, or for programs.")  # fmt: skip
@click.option("--claims", "ledger", metavar="LEDGER", help="Ask this ledger's claims of each design.")
@click.option("--all-configs", is_flag=True, help="Check every combination of the kernel options that models name.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
              help="Colour in the text; auto: on a terminal.")  # fmt: skip
def command(form: str, ledger: str | None, all_configs: bool, color: str, **options: Any) -> int:
    """Compare designs: one table of what is found in each, and of claims.

    Each PATH is a design of its own: a file, a folder or the name of a shipped model. Without PATH: the shipped designs
    for a slab destructor ('lockcheck models' lists them), with the claims that go with them.

    Exit status: 0 all designs were analysed, whatever was found; 2 some could not be.
    """
    from lockcheck.cli.output import paint_for, write
    from lockcheck.report import designs, designs_json
    from lockcheck.report.paint import Paint

    comparison = _compared(options, ledger, all_configs)
    output = options["output"]
    if form == "json":
        write(designs_json.as_json(comparison), output)
        return comparison.exit_code
    _complain(comparison, color)
    if form == "markdown":
        write(designs.markdown(comparison), output)
    else:
        write(designs.text(comparison, Paint() if output else paint_for(sys.stdout, color)), output)
    return comparison.exit_code


def _compared(options: dict[str, Any], ledger: str | None, all_configs: bool) -> Comparison:
    """Check each design by itself."""
    from lockcheck.cli.run import answers_of, refuse_unknown, run_claims, run_paths
    from lockcheck.cli.settings import find
    from lockcheck.compare.designs import Design, compare

    settings = find(Path.cwd())
    paths = options["paths"] or shipped()
    results = [run_paths([path], options, settings, all_configs=all_configs, lenient=True) for path in paths]
    refuse_unknown(options["config"], results)
    asked = ledger or (None if options["paths"] else TODAY)
    designs = []
    for name, one in zip(paths, results, strict=True):
        answers = () if asked is None or one.failed else answers_of(run_claims(asked, one, options, settings))
        designs.append(Design(name, _title(one), one, answers))
    return compare(designs)


def shipped() -> tuple[str, ...]:
    """Names of the shipped designs: what is there today, what was proposed, the alternatives."""
    from lockcheck.loading import library

    return tuple(sorted((name for name in library() if name.startswith(SHIPPED)), key=_story))


def _story(name: str) -> tuple[bool, bool, str]:
    short = name.removeprefix(SHIPPED)
    return short != "today", not short.startswith("rfc-"), short


def _title(result: Result) -> str:
    """The title of the model that was named, if it is just one."""
    if len(result.named_files) != 1:
        return ""
    source = result.sources.get(result.named_files[0])
    lines = (source.line(number) for number in range(1, HEAD_LINES)) if source is not None else ()
    return next((found.group(1) for found in map(TITLE.match, lines) if found), "")


def _complain(comparison: Comparison, color: str) -> None:
    """Say which designs could not be analysed, and why."""
    from lockcheck.cli.output import paint_for
    from lockcheck.report.summary import NOTHING, left_out
    from lockcheck.report.text import problems_text

    for design in comparison.designs:
        result = design.result
        if not result.failed:
            continue
        click.echo(f"lockcheck: could not analyse {design.name}:", err=True)
        sys.stderr.write(problems_text(result, paint_for(sys.stderr, color)))
        if not result.problems:
            click.echo(NOTHING if result.checked_nothing else "\n".join(left_out(result)), err=True)
