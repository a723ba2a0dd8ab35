"""The project's configuration: ``lockcheck.toml``, or ``[tool.lockcheck]`` in ``pyproject.toml``.

Is: found in the working folder or above it, up to the top of the checkout; its paths are relative to it and stay inside
its folder, because it comes with the models, from whoever wrote them. The nearest file holds, alone. Is not: the
command line's options, which win; nor what a value may be (``setting_values.py``).
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from lockcheck.model.places import Place
    from lockcheck.source.problems import Problem
    from lockcheck.source.text import SourceText

OWN_FILE = "lockcheck.toml"
SHARED_FILE = "pyproject.toml"
SHARED_TABLE = ("tool", "lockcheck")
MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Settings:
    """What a project asks for; empty when it has no configuration.

    ``file``: the configuration, as the working folder names it. ``places``: where each key stands in it, by the keys
    that lead to it (``severities.some-rule`` is two). ``text``: the file's, for quoting.
    """

    models: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    waivers: tuple[str, ...] = ()
    config: dict[str, bool] = field(default_factory=dict)
    configs: tuple[str, ...] = ()
    all_configs: bool = False
    severities: dict[str, str] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    fail_on: str | None = None
    format: str | None = None
    outputs: tuple[str, ...] = ()
    baseline: str | None = None
    limits: dict[str, int] = field(default_factory=dict)
    file: str | None = field(default=None, compare=False)
    places: dict[tuple[str, ...], Place] = field(default_factory=dict, compare=False, repr=False)
    text: SourceText | None = field(default=None, compare=False, repr=False)


class SettingsError(click.UsageError):
    """A configuration that is wrong: everything that is wrong with it, each with its place."""

    def __init__(self, problems: tuple[Problem, ...], text: SourceText | None) -> None:
        super().__init__("\n".join(f"{one}; {one.hint}" if one.hint else str(one) for one in problems))
        self.problems = problems
        self.text = text

    def show(self, file: IO[Any] | None = None) -> None:
        """Print each problem as those of models are printed, and the line it is about."""
        from lockcheck.cli.output import paint_for
        from lockcheck.report.text import problem_lines

        paint = paint_for(sys.stderr, "auto")
        sources = {self.text.file: self.text} if self.text is not None else {}
        for one in self.problems:
            click.echo("\n".join(line.rstrip() for line in problem_lines(one, sources, paint)), file=file, err=True)


def find(start: Path) -> Settings:
    """The settings that hold in a folder. Raises SettingsError for a configuration that is wrong."""
    from lockcheck.cli.setting_values import settings_of

    for path in candidates(start):
        text, tree = parsed(path)
        table = table_of(path, tree)
        if table is not None:
            return settings_of(table, path, text)
    return Settings()


def candidates(start: Path) -> Iterator[Path]:
    """The files that may configure a folder, the nearest first."""
    for folder in (start, *start.parents):
        for name in (OWN_FILE, SHARED_FILE):
            if (folder / name).is_file():
                yield folder / name
        if (folder / ".git").exists():
            return


def table_of(path: Path, tree: dict[str, Any]) -> dict[str, Any] | None:
    """What a file says to lockcheck; None for a ``pyproject.toml`` that says nothing to it.

    Raises SettingsError for what is no table.
    """
    if path.name == OWN_FILE:
        return tree
    tool = tree.get(SHARED_TABLE[0])
    table = tool.get(SHARED_TABLE[1]) if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        from lockcheck.source.problems import Problem, quote

        said = f"'tool.lockcheck' has to be a table, not {quote(table)}"
        raise SettingsError((Problem(shown(path), 0, 0, said),), None)
    return table


def shown(path: Path) -> str:
    """The file as the working folder names it."""
    here = Path.cwd()
    for up in range(len(here.parts)):
        folder = here.parents[up - 1] if up else here
        if path.is_relative_to(folder):
            return "../" * up + path.relative_to(folder).as_posix()
    return path.as_posix()


def parsed(path: Path) -> tuple[SourceText, dict[str, Any]]:
    """A file's text and what TOML makes of it. Raises SettingsError."""
    from lockcheck.source.problems import Problem
    from lockcheck.source.text import SourceText, decode
    from lockcheck.source.toml import explained

    name = shown(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise SettingsError((Problem(name, 0, 0, f"can't read the configuration: {said}"),), None) from error
    if len(data) > MAX_BYTES:
        raise SettingsError((Problem(name, 0, 0, "the configuration is larger than 1 MiB"),), None)
    text = decode(name, data)
    if not isinstance(text, SourceText):
        raise SettingsError((text,), None)
    try:
        return text, tomllib.loads(text.text)
    except tomllib.TOMLDecodeError as error:
        (line, column), said = explained(error)
        raise SettingsError((Problem(name, line, column, f"this is no TOML: {said}"),), text) from error
    except RecursionError as error:
        raise SettingsError((Problem(name, 0, 0, "this is no TOML: it is nested too deeply"),), text) from error
