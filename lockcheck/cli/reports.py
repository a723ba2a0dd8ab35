"""Which reports of a check go where: to the terminal, to files, or both.

Is: ``--format`` and ``--output`` put together. Is not: a renderer (``report/formats.py``) nor a check (``run.py``).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    from lockcheck.findings import Result
    from lockcheck.report.view import View

Command = TypeVar("Command", bound=Callable[..., Any])

TERMINAL = "-"


class Target(NamedTuple):
    """One report to write. ``file``: where to; None: the output stream."""

    form: str
    file: str | None


class FormatChoice(click.Choice[str]):
    """The names of all formats, looked up when they are needed."""

    name = "format"

    def __init__(self) -> None:
        from lockcheck.report.formats import FORMATS

        super().__init__(list(FORMATS))


def report_options(command: Command) -> Command:
    """``--format`` and ``-o``, which may name several reports."""
    output = click.option("-o", "--output", "outputs", multiple=True, metavar="[FORMAT=]FILE",
                          help="Write to FILE instead of the terminal; with FORMAT=, write that report too "
                          "(repeatable; '-' is the terminal).")  # fmt: skip
    form = click.option("--format", "form", type=FormatChoice(), metavar="FORMAT",
                        help=f"One of: {_names()}.  [default: text]")  # fmt: skip
    return form(output(command))


def _names() -> str:
    from lockcheck.report.formats import FORMATS

    return ", ".join(FORMATS)


def targets_of(form: str, outputs: Sequence[str]) -> tuple[Target, ...]:
    """What to write: ``form`` to the terminal unless an output takes its place, then what each output says.

    Raises click.UsageError for a format that does not exist and for two reports in one place.
    """
    named = [_target(form, one) for one in outputs]
    others = [target for target, plain in named if not plain]
    plains = [target for target, plain in named if plain]
    on_terminal = any(target.file is None for target in others)
    first = plains or ([] if on_terminal else [Target(form, None)])
    targets = (*first, *others)
    places = [os.path.realpath(target.file) if target.file is not None else None for target in targets]
    for place, target in zip(places, targets, strict=True):
        if places.count(place) > 1:
            where = "the terminal" if target.file is None else target.file
            raise click.UsageError(f"two reports can't both go to {where}")
    return targets


def _target(form: str, output: str) -> tuple[Target, bool]:
    """One ``--output``, and whether it is a plain file, which takes the place of the terminal."""
    from lockcheck.report.formats import FORMATS

    name, equals, file = output.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        return Target(form, None if output == TERMINAL else output), True
    if name not in FORMATS:
        from lockcheck.source.problems import did_you_mean

        hint = did_you_mean(name, FORMATS) or f"formats are {', '.join(FORMATS)}"
        raise click.UsageError(f"there is no format '{name}'; {hint} (a file of that name is ./{output})")
    if not file:
        raise click.UsageError(f"'{output}' names no file; expected {name}=FILE")
    return Target(name, None if file == TERMINAL else file), False


def deliver(result: Result, targets: Sequence[Target], view: View, color: str) -> None:
    """Render and write all reports: files first, all or none. Raises click.ClickException when one can't be written.

    Of a run that could not analyse its models there are only reports of formats that can say so.
    """
    from lockcheck.cli.files import write_files
    from lockcheck.cli.output import paint_for, write
    from lockcheck.report.formats import FORMATS, renderer

    made = [target for target in targets if FORMATS[target.form].tells_problems or not result.problems]
    files, shown = [], []
    for form, file in made:
        if file is None:
            shown.append(renderer(form)(result, replace(view, paint=paint_for(sys.stdout, color))))
        else:
            files.append((file, renderer(form)(result, view)))
    write_files(files)
    for text in shown:
        write(text, None)


def tells_problems(targets: Sequence[Target]) -> bool:
    """Whether the reports on the output stream say what could not be analysed."""
    from lockcheck.report.formats import FORMATS

    return any(target.file is None and FORMATS[target.form].tells_problems for target in targets)


def shipped_files(names: Sequence[str]) -> frozenset[str]:
    """Those of ``names`` that came with lockcheck and are nobody's own."""
    from lockcheck.loading import library

    known = library()
    return frozenset(name for name in names if name.removesuffix(".yaml") in known and not os.path.exists(name))


def checkout_prefix(start: Path) -> str:
    """The folder as the top of its checkout sees it, with a slash at the end; empty at the top and outside of any."""
    for folder in (start, *start.parents):
        if (folder / ".git").exists():
            inside = start.relative_to(folder).as_posix()
            return "" if inside == "." else f"{inside}/"
    return ""
