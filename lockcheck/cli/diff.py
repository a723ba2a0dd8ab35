"""``lockcheck diff``: what a change adds to its base, and what it takes away."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockcheck.cli.options import model_options

if TYPE_CHECKING:
    from lockcheck.answers import Answer
    from lockcheck.compare.difference import Difference
    from lockcheck.findings import Result, Severity

AFTER = "lockcheck.after"
"""Where the words after ``--`` wait for the command."""


class TwoSides(click.Command):
    """A command whose arguments have two sides, with ``--`` between them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep what stands after the first ``--``; the rest is parsed as usual."""
        if "--" in args:
            at = args.index("--")
            ctx.meta[AFTER] = tuple(args[at + 1 :])
            args = args[:at]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """What stands behind ``Usage: lockcheck diff``."""
        return ["[OPTIONS]", "[BASE... --] CHANGE..."]


@click.command(cls=TwoSides)
@model_options
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True,
              help="For a terminal, for a pull request, or for programs.")  # fmt: skip
@click.option("--rev", "revisions", metavar="A[..B]", help="Compare the models in two revisions of this git "
              "checkout, or in one and as they are now; A...B starts where B left A.")  # fmt: skip
@click.option("--claims", "ledger", metavar="LEDGER", help="Ask this ledger's claims of both sides.")
@click.option("--short", is_flag=True, help="No witnesses: one line for each thing that differs.")
@click.option("--all-configs", is_flag=True, help="Compare findings in every combination of kernel options.")
@click.option("--fail-on", type=click.Choice(["error", "warning", "note"]), metavar="error|warning|note",
              help="Exit 1 for new findings from this severity on.  [default: warning]")  # fmt: skip
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
              help="Colour in the text; auto: on a terminal.")  # fmt: skip
@click.pass_context
def command(context: click.Context, /, form: str, revisions: str | None, ledger: str | None, short: bool,
            all_configs: bool, fail_on: str | None, color: str, **options: Any) -> int:
    """Show what a change adds to its base, and what it takes away.

    BASE and CHANGE are files, folders or names of shipped models, as for 'lockcheck check'; all of one side is one
    program. Without BASE, CHANGE is compared with what it includes: what a design adds to the models it builds on.
    With --rev, CHANGE is compared with itself in another revision; nothing is checked out.

    Exit status: 0 no new findings, 1 new findings, 2 one side could not be analysed.
    """
    from lockcheck.cli.settings import find
    from lockcheck.compare.difference import difference
    from lockcheck.findings import SEVERITIES

    settings = find(Path.cwd())
    after = context.meta.get(AFTER)
    if revisions is not None:
        if after is not None or ledger is not None:
            raise click.UsageError("--rev compares models with themselves: neither '--' nor --claims goes with it")
        names, sides = _revisions(revisions, options["paths"] or settings.models, options, all_configs)
    else:
        names, sides = _sides(options["paths"], after, options, all_configs)
    found = difference(*sides, answers=_answers(ledger, sides, options))
    threshold = SEVERITIES[fail_on or settings.fail_on or "warning"]
    _write(found, names, form, short, threshold, color, options["output"])
    return found.exit_code_for(threshold)


def _sides(
    before: Sequence[str], after: Sequence[str] | None, options: dict[str, Any], all_configs: bool
) -> tuple[tuple[str, str], tuple[Result, Result]]:
    """What each side is called, and what was found there. Raises click.UsageError when a side is missing."""
    from lockcheck.cli.run import refuse_unknown, run_paths
    from lockcheck.cli.settings import find

    change = before if after is None else after
    if not change:
        raise click.UsageError("name the models to compare: lockcheck diff BASE... -- CHANGE...")
    if after is not None and not before:
        raise click.UsageError("name the base before '--', or leave '--' out to compare with what CHANGE includes")
    settings = find(Path.cwd())
    alone = after is None
    base = run_paths(before, options, settings, all_configs=all_configs, included_only=alone, lenient=True)
    changed = run_paths(change, options, settings, all_configs=all_configs, lenient=True)
    refuse_unknown(options["config"], (base, changed))
    name = included(base, " ".join(change)) if alone else " ".join(before)
    return (name, " ".join(change)), (base, changed)


def _revisions(
    given: str, paths: Sequence[str], options: dict[str, Any], all_configs: bool
) -> tuple[tuple[str, str], tuple[Result, Result]]:
    """The two sides of one set of models. Raises click.UsageError when no model is there on either side."""
    from lockcheck.cli.run import refuse_unknown, run_revision

    if not paths:
        raise click.UsageError("name the models to compare: lockcheck diff --rev A..B MODEL...")
    before, after = _ends(given)
    base = run_revision(paths, before, options, all_configs=all_configs)
    change = run_revision(paths, after, options, all_configs=all_configs)
    if not (base.files or base.problems or change.files or change.problems):
        raise click.UsageError(f"no such model on either side: {', '.join(paths)}")
    refuse_unknown(options["config"], (base, change))
    shown = " ".join(paths)
    return (f"{shown} in {before}", f"{shown} in {after}" if after else f"{shown} as it is now"), (base, change)


def _ends(given: str) -> tuple[str, str | None]:
    """The revisions of ``A``, ``A..B`` or ``A...B``; None stands for the files on disk."""
    from lockcheck.loading.revisions import RevisionError, merge_base

    if "..." in given:
        one, _, other = given.partition("...")
        try:
            return merge_base(one or "HEAD", other or "HEAD", Path.cwd()), other or "HEAD"
        except RevisionError as error:
            raise click.UsageError(str(error)) from error
    one, dots, other = given.partition("..")
    return one or "HEAD", (other or "HEAD") if dots else None


def _answers(
    ledger: str | None, sides: tuple[Result, Result], options: dict[str, Any]
) -> tuple[tuple[Answer, ...], tuple[Answer, ...]]:
    """What each side says to the claims of a ledger; nothing when none is asked, or when a side is broken."""
    if ledger is None or any(side.problems for side in sides):
        return (), ()
    from lockcheck.cli.run import answers_of, run_claims
    from lockcheck.cli.settings import find

    settings = find(Path.cwd())
    before, after = (answers_of(run_claims(ledger, side, options, settings)) for side in sides)
    return before, after


def included(base: Result, change: str) -> str:
    """What to call the models that a change builds on."""
    number = len(base.files)
    return f"the {number} models that {change} includes" if number > 1 else f"what {change} includes"


def _write(
    found: Difference,
    names: tuple[str, str],
    form: str,
    short: bool,
    threshold: Severity,
    color: str,
    output: str | None,
) -> None:
    """The report, and what went wrong on the error stream."""
    from lockcheck.cli.output import paint_for, write
    from lockcheck.report import difference, difference_json, difference_markdown
    from lockcheck.report.paint import Paint

    if form == "json":
        write(difference_json.as_json(found, names, threshold), output)
        return
    complain(found, names, color)
    if found.failed:
        return
    if form == "markdown":
        write(difference_markdown.markdown(found, names, short=short), output)
        return
    paint = Paint() if output else paint_for(sys.stdout, color)
    write(difference.text(found, names, paint, short=short), output)


def complain(found: Difference, names: tuple[str, str], color: str) -> None:
    """Say which side could not be analysed, and why."""
    from lockcheck.cli.output import paint_for
    from lockcheck.report.summary import left_out
    from lockcheck.report.text import problems_text

    told = [found.change] if found.base.problems == found.change.problems else [found.base, found.change]
    for side, name in zip(told, names[-len(told) :], strict=True):
        if side.problems:
            click.echo(f"lockcheck: could not analyse {name}:", err=True)
            sys.stderr.write(problems_text(side, paint_for(sys.stderr, color)))
        elif side.coverage.cut:
            click.echo(f"lockcheck: could not analyse all of {name}:", err=True)
            click.echo("\n".join(left_out(side)), err=True)
    if not found.change.problems and found.change.checked_nothing:
        from lockcheck.report.summary import NOTHING

        click.echo(f"lockcheck: {names[1]}: {NOTHING}", err=True)
