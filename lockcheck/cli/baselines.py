"""Baselines and revisions that a check is held against, for the commands that take them.

Is: files and options around ``compare/baseline.py``. Is not: the command ``lockcheck baseline`` (``baseline.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from lockcheck.compare.difference import Difference
    from lockcheck.findings import Known, Result
    from lockcheck.source.limits import Limits

DEFAULT_FILE = "lockcheck-baseline.yaml"


def names_in(result: Result, file: Path) -> dict[str, str]:
    """What a baseline calls the files of a result: relative to its own folder; shipped models by their name."""
    folder = file.parent.resolve()
    return {name: _relative(Path(name), folder) for name in result.files if Path(name).exists()}


def _relative(path: Path, folder: Path) -> str:
    return Path(relpath(path.resolve(), folder)).as_posix()


def is_there(file: Path) -> Callable[[str], bool]:
    """Whether a model that a baseline names exists still."""
    from lockcheck.loading import library

    shipped = {f"{name}.yaml" for name in library()}
    return lambda name: name in shipped or (file.parent / name).exists()


def entries_in(file: Path, limits: Limits | None) -> tuple[Known, ...]:
    """The entries of a baseline. Raises click.ClickException, after saying what is wrong, for one that is."""
    from lockcheck.loading.baseline import read_baseline
    from lockcheck.report.paint import Paint
    from lockcheck.report.text import problem_lines

    found = read_baseline(file, limits)
    if found.problems:
        for problem in found.problems:
            click.echo("\n".join(problem_lines(problem, found.sources, Paint())), err=True)
        raise click.ClickException(f"the baseline {file.as_posix()} can't be used")
    return found.entries


def held(result: Result, file: str, limits: Limits | None) -> Result:
    """A result held against a baseline file; what is wrong with that becomes a problem of the result."""
    from lockcheck.compare.baseline import against_entries
    from lockcheck.loading.baseline import read_baseline

    path = Path(file)
    found = read_baseline(path, limits)
    if found.problems:
        problems = tuple(sorted((*result.problems, *found.problems)))
        return replace(result, problems=problems, sources={**result.sources, **found.sources})
    return against_entries(result, found.entries, path.as_posix(), names_in(result, path), is_there(path))


def since(
    result: Result, revision: str, paths: Sequence[str], options: Mapping[str, Any], vary: bool | Sequence[str]
) -> tuple[Result, str, Difference]:
    """A result held against the models as they were where this branch left ``revision``, and what differs.

    Raises click.UsageError when there is no such revision, click.ClickException when its models can't be analysed.
    """
    from lockcheck.cli.run import run_revision
    from lockcheck.compare.baseline import against_base
    from lockcheck.compare.difference import difference
    from lockcheck.loading.revisions import RevisionError, merge_base

    try:
        commit = merge_base(revision, "HEAD", Path.cwd())
    except RevisionError as error:
        hint = "; a clone without history needs more of it (git fetch --unshallow)" if "in common" in str(error) else ""
        raise click.UsageError(f"--new-from: {error}{hint}") from error
    base = run_revision(paths, commit, options, all_configs=vary)
    name = revision if commit.startswith(revision) else f"{revision} ({commit[:12]})"
    if base.problems or base.coverage.cut:
        _complain(base, name)
    return against_base(result, base, name), name, difference(base, result)


def _complain(base: Result, name: str) -> None:
    from lockcheck.report.summary import left_out
    from lockcheck.report.text import problems_text

    told = problems_text(base) or "".join(f"{line}\n" for line in left_out(base))
    click.echo(told, err=True, nl=False)
    raise click.ClickException(f"the models in {name} could not be analysed, so what is new since then is not known")
