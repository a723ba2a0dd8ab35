"""``lockcheck check``: models in, findings out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockcheck.cli.caching import cache_options, say_what_it_did, store_of
from lockcheck.cli.certifying import certificate_option, write_certificate
from lockcheck.cli.options import input_options, limits_of
from lockcheck.cli.reports import (
    Target,
    checkout_prefix,
    deliver,
    report_options,
    shipped_files,
    targets_of,
    tells_problems,
)
from lockcheck.cli.watch import watch_option

if TYPE_CHECKING:
    from lockcheck.compare.difference import Difference
    from lockcheck.findings import Result


@click.command()
@input_options
@report_options
@click.option("--all-configs", is_flag=True, help="Check every combination of the kernel options that models name.")
@click.option("--configs", multiple=True, metavar="NAME,NAME...", help="Check every combination of these options only.")
@click.option("--fail-on", type=click.Choice(["error", "warning", "note"]), metavar="error|warning|note",
              help="Exit 1 from this severity on.  [default: warning]")  # fmt: skip
@click.option("--exit-zero", is_flag=True, help="Exit 0 instead of 1, whatever was found.")
@click.option("--only", type=click.Choice(["demonstrated", "guarded", "undecided"]),
              help="Only findings whose replay comes to this.")  # fmt: skip
@click.option("--expect", is_flag=True, help="Compare findings with the models' 'expect' lists; exit 1 if they differ.")
@click.option("--fix-hints", "hints", is_flag=True,
              help="Try changes that end each demonstrated deadlock, check again, and show what works.")  # fmt: skip
@click.option("--waivers", multiple=True, metavar="FILE", type=click.Path(),
              help="A file of waivers: findings that are allowed (repeatable).")  # fmt: skip
@click.option("--baseline", metavar="FILE", type=click.Path(dir_okay=False),
              help="Findings in FILE are known: they are counted and do not fail ('lockcheck baseline').")  # fmt: skip
@click.option("--no-baseline", is_flag=True, help="Use no baseline, whatever lockcheck.toml says.")
@click.option("--new-from", "revision", metavar="REV", help="Findings of the models where this branch left that git "
              "revision are known; the summary says how the graph differs.")  # fmt: skip
@click.option("--strict-coverage", "strict", is_flag=True,
              help="List what models and rules declare and the run had no use for; exit 1 if any.")  # fmt: skip
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
              help="Colour in the text; auto: on a terminal.")  # fmt: skip
@certificate_option
@cache_options
@watch_option
def command(
    form: str | None,
    outputs: tuple[str, ...],
    all_configs: bool,
    configs: tuple[str, ...],
    fail_on: str | None,
    exit_zero: bool,
    only: str | None,
    expect: bool,
    hints: bool,
    strict: bool,
    color: str,
    certificate: str | None,
    no_cache: bool,
    cache_dir: str | None,
    verbose: bool,
    baseline: str | None,
    no_baseline: bool,
    revision: str | None,
    **options: Any,
) -> int:
    """Check models for deadlocks and broken locking contracts.

    PATH is a file, a folder, or the name of a shipped model ('lockcheck models' lists them). Without PATH: the models
    that lockcheck.toml names, or the shipped Linux models. All that is named is one program: what it declares must
    not clash, and every entry can run beside every other.
    """
    from lockcheck.cli.run import run_check, run_repairs
    from lockcheck.cli.settings import find
    from lockcheck.findings import SEVERITIES
    from lockcheck.report.view import View

    settings = find(Path.cwd())
    targets = targets_of(form or settings.format or "text", outputs or settings.outputs)
    named = [name for listed in configs for name in listed.split(",") if name]
    store = store_of(no_cache or hints or bool(certificate), cache_dir)  # a recalled result has no analysis
    result = run_check(options, all_configs=all_configs, configs=named, cache=store)[0]
    if verbose:
        say_what_it_did(store)
    known_in = None if no_baseline or expect else baseline or settings.baseline
    result, compared = _held(result, known_in, revision, named or all_configs, options)
    if only:
        result = result.only(only)
    tried = run_repairs(result, options, all_configs=all_configs, configs=named) if hints else ()
    threshold = SEVERITIES[fail_on or settings.fail_on or "warning"]
    view = View(fail_on=threshold, compare=expect, strict=strict, exit_zero=exit_zero, since=compared,
                prefix=checkout_prefix(Path.cwd()), shipped=shipped_files(result.files), repairs=tried)  # fmt: skip
    _complain(result, targets, expect, color)
    deliver(result, targets, view, color)
    code = view.exit_code(result)
    if certificate:
        write_certificate(certificate, code, result, settings, options)
    return code


def _held(
    result: Result, file: str | None, revision: str | None, vary: bool | Sequence[str], options: Mapping[str, Any]
) -> tuple[Result, tuple[str, Difference] | None]:
    """The result held against what is known, and how the models differ from what they were in a revision."""
    if result.failed or (file is None and revision is None):
        return result, None
    from lockcheck.cli.baselines import held, since
    from lockcheck.cli.run import paths_of
    from lockcheck.cli.settings import find

    settings = find(Path.cwd())
    compared = None
    if revision is not None:
        result, name, found = since(result, revision, paths_of(options, settings), options, vary)
        compared = name, found
    if file is not None:
        result = held(result, file, limits_of({**settings.limits, **options["limits"]}))
    return result, compared


def _complain(result: Result, targets: tuple[Target, ...], expect: bool, color: str) -> None:
    """What went wrong, on the error stream, unless the report on the output stream says it."""
    if tells_problems(targets):
        return
    from lockcheck.cli.output import paint_for
    from lockcheck.report.text import problems_text

    sys.stderr.write(problems_text(result, paint_for(sys.stderr, color)))
    if result.problems:
        return
    if expect and not result.expecting:
        from lockcheck.report.entries import NOT_EXPECTING

        click.echo(f"lockcheck: {NOT_EXPECTING}", err=True)
    if result.checked_nothing and Target("text", None) not in targets:
        from lockcheck.report.summary import NOTHING

        click.echo(f"lockcheck: {NOTHING}", err=True)
