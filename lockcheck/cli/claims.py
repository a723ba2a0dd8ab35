"""``lockcheck claims``: what is true of what was said about the locks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockcheck.cli.options import model_options

if TYPE_CHECKING:
    from lockcheck.answers import Answered


@click.command()
@model_options
@click.option("--format", "form", type=click.Choice(["text", "brief", "markdown", "mail", "json"]), default="text",
              show_default=True, help="For a terminal, a page, a mailing list, programs.")  # fmt: skip
@click.option("--ledger", metavar="LEDGER", help="Ask this ledger's claims of the models instead of their own.")
@click.option("--only", "only", multiple=True, metavar="ID", help="Only this claim (repeatable).")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
              help="Colour in the text; auto: on a terminal.")  # fmt: skip
def command(form: str, ledger: str | None, only: Sequence[str], color: str, **options: Any) -> int:
    """Answer the claims of a ledger: what people say of the locks, held against the models.

    PATH is a model with 'claims:', or, with --ledger, what another ledger's claims are asked of. Without PATH: the
    shipped ledger, the slab destructor debate of 2025.

    Exit status: 0 every answer is what the ledger expects (a claim without 'expect' has to hold), 1 some is not,
    2 something could not be read.
    """
    from lockcheck.cli.output import paint_for, write
    from lockcheck.report.claims import FORMATS
    from lockcheck.report.paint import Paint

    answered = _answered(ledger, only, options)
    if answered.problems:
        _complain(answered, color)
        return answered.exit_code
    if not answered.answers:
        click.echo("lockcheck: these models state no claims; a ledger has a 'claims:' list", err=True)
        return answered.exit_code
    output = options["output"]
    write(FORMATS[form](answered, Paint() if output else paint_for(sys.stdout, color)), output)
    return answered.exit_code


def _answered(ledger: str | None, only: Sequence[str], options: dict[str, Any]) -> Answered:
    """The answers to what the options name."""
    from lockcheck.cli.options import limits_of
    from lockcheck.cli.output import Progress
    from lockcheck.cli.settings import find
    from lockcheck.ledger import SHIPPED, ask

    settings = find(Path.cwd())
    paths = options["paths"] or (SHIPPED,)
    with Progress() as progress:
        return ask(
            ledger if ledger is not None else paths,
            of=options["paths"] or None if ledger is not None else None,
            only=only,
            config={**settings.config, **options["config"]},
            rules=(*settings.rules, *options["rules"]),
            roots=(*settings.roots, *options["roots"]),
            limits=limits_of({**settings.limits, **options["limits"]}),
            stage=progress,
        )


def _complain(answered: Answered, color: str) -> None:
    """What could not be read, on the error stream."""
    from lockcheck.cli.output import paint_for
    from lockcheck.report.text import problem_lines

    paint = paint_for(sys.stderr, color)
    for problem in answered.problems:
        sys.stderr.write("".join(f"{line.rstrip()}\n" for line in problem_lines(problem, answered.sources, paint)))
