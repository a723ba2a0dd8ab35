"""``lockcheck baseline``: the findings that were there before, in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockcheck.cli.options import input_options

if TYPE_CHECKING:
    from lockcheck.cli.settings import Settings
    from lockcheck.findings import Known, Result

file_option = click.option("--baseline", "file", metavar="FILE", type=click.Path(dir_okay=False),
                           help="The baseline.  [default: what lockcheck.toml names, or "
                           "lockcheck-baseline.yaml]")  # fmt: skip
configs_option = click.option("--all-configs", is_flag=True, help="Check every combination of kernel options.")
waivers_option = click.option("--waivers", multiple=True, metavar="FILE", type=click.Path(),
                              help="A file of waivers (repeatable).")  # fmt: skip


@click.group()
def command() -> None:
    """Keep the findings that were there before in a file, so that only new ones fail a check."""


@command.command()
@input_options
@file_option
@configs_option
@waivers_option
def update(file: str | None, all_configs: bool, **options: Any) -> int:
    """Check, and write what was found as known.

    Entries of models that this check did not read stay. Findings that are waived are not written.
    """
    from lockcheck.cli.baselines import names_in
    from lockcheck.compare.baseline import entry_of

    path, result, before = _checked(file, all_configs, options, missing_is_empty=True)
    names = names_in(result, path)
    unchecked = result.baseline.unchecked if result.baseline is not None else ()
    entries = [entry_of(one, names) for one in (*result.findings, *result.known)]
    _write(path, (*entries, *unchecked), before)
    return 0


@command.command()
@input_options
@file_option
@configs_option
@waivers_option
def prune(file: str | None, all_configs: bool, **options: Any) -> int:
    """Check, and take out what is gone. Nothing is added."""
    path, result, before = _checked(file, all_configs, options)
    gone = result.baseline.gone if result.baseline is not None else ()
    _write(path, [one for one in before if one not in gone], before)
    return 0


@command.command()
@file_option
def show(file: str | None) -> int:
    """List what the baseline knows, by model."""
    from lockcheck.cli.baselines import entries_in
    from lockcheck.report.baseline import shown
    from lockcheck.report.layout import count

    entries = entries_in(_path(file, _settings()), None)
    click.echo(shown(entries), nl=False)
    click.echo(count(len({one.fingerprint for one in entries}), "known finding"))
    return 0


def _settings() -> Settings:
    from lockcheck.cli.settings import find

    return find(Path.cwd())


def _path(file: str | None, settings: Settings) -> Path:
    from lockcheck.cli.baselines import DEFAULT_FILE

    return Path(file or settings.baseline or DEFAULT_FILE)


def _checked(
    file: str | None, all_configs: bool, options: dict[str, Any], *, missing_is_empty: bool = False
) -> tuple[Path, Result, tuple[Known, ...]]:
    """Where the baseline is, a check held against it, and what it says now.

    Raises click.ClickException when something could not be analysed: a baseline is made of whole checks only.
    """
    from lockcheck.cli.baselines import entries_in, is_there, names_in
    from lockcheck.cli.options import limits_of
    from lockcheck.cli.run import run_check
    from lockcheck.compare.baseline import against_entries
    from lockcheck.report.summary import left_out
    from lockcheck.report.text import problems_text

    path = _path(file, _settings())
    limits = limits_of(options["limits"])
    before = () if missing_is_empty and not path.exists() else entries_in(path, limits)
    result = run_check(options, all_configs=all_configs)[0]
    if result.failed:
        told = problems_text(result) or "".join(f"{line}\n" for line in left_out(result))
        click.echo(told, err=True, nl=False)
        raise click.ClickException(f"not everything could be analysed: {path.as_posix()} is as it was")
    return path, against_entries(result, before, path.as_posix(), names_in(result, path), is_there(path)), before


def _write(path: Path, entries: Sequence[Known], before: tuple[Known, ...]) -> None:
    """Write the file and say what changed."""
    from lockcheck.cli.files import write_files
    from lockcheck.report.baseline import baseline_text
    from lockcheck.report.layout import clean, count

    old, new = ({one.fingerprint for one in some} for some in (before, entries))
    write_files([(str(path), baseline_text(entries))])
    told = f"{len(new - old)} added, {len(old - new)} removed"
    click.echo(f"{clean(path.as_posix())}: {count(len(new), 'known finding')} ({told})")
