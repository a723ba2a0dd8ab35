"""Options that several commands share, and their values."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from lockcheck.source.limits import Limits

Command = TypeVar("Command", bound=Callable[..., Any])


def root_option(command: Command) -> Command:
    """``--root``: folders that includes may reach into."""
    folder = click.Path(exists=True, file_okay=False)
    option = click.option("--root", "roots", multiple=True, metavar="DIR", type=folder,
                          help="A folder that includes may reach into (repeatable).")  # fmt: skip
    return option(command)


def limit_option(command: Command) -> Command:
    """``--limit``: bounds on input."""
    option = click.option("--limit", "limits", multiple=True, metavar="NAME=N", callback=_limits,
                          help="Raise or lower a limit on input (repeatable).")  # fmt: skip
    return option(command)


def output_option(command: Command) -> Command:
    """``-o``: a file instead of the terminal."""
    option = click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), metavar="FILE",
                          help="Write to FILE instead of the terminal.")  # fmt: skip
    return option(command)


def model_options(command: Command) -> Command:
    """What every command that reads models and prints one report takes."""
    return input_options(output_option(command))


def input_options(command: Command) -> Command:
    """What every command that reads models takes."""
    for option in reversed((
        click.argument("paths", nargs=-1, metavar="[PATH]..."),
        click.option("--config", "config", multiple=True, metavar="NAME=y|n", callback=_configs,
                     help="Turn a kernel option on or off (repeatable)."),
        click.option("--rules", "rules", multiple=True, metavar="DIR", type=click.Path(),
                     help="A folder of rules beside the built-in ones (repeatable)."),
        root_option,
        limit_option,
    )):  # fmt: skip
        command = option(command)
    return command


def _configs(_: click.Context, __: click.Parameter, values: Sequence[str]) -> dict[str, bool]:
    return dict(config_of(value) for value in values)


def config_of(text: str) -> tuple[str, bool]:
    """``CONFIG_X=y`` as a name and whether it is on. Raises click.BadParameter for anything else."""
    name, equals, value = text.partition("=")
    words = {"y": True, "true": True, "n": False, "false": False}
    if not equals or not name or value not in words:
        raise click.BadParameter(f"'{text}' is not NAME=y or NAME=n, such as CONFIG_PREEMPT_RT=y")
    return name, words[value]


def _limits(_: click.Context, __: click.Parameter, values: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in values:
        name, _equals, number = text.partition("=")
        if not number.isdecimal() or len(number) > 18 or int(number) < 1:
            raise click.BadParameter(f"'{text}' is not NAME=N, such as max_file_bytes=100000000")
        found[name.replace("-", "_")] = int(number)
    return found


def limits_of(values: Mapping[str, int]) -> Limits | None:
    """The limits with ``values`` changed; None when none is. Raises click.UsageError for an unknown name."""
    from lockcheck.source.limits import Limits
    from lockcheck.source.problems import did_you_mean

    known = [field.name for field in dataclasses.fields(Limits)]
    for name in values:
        if name not in known:
            raise click.UsageError(f"unknown limit '{name}'; {did_you_mean(name, known) or ', '.join(known)}")
    return dataclasses.replace(Limits(), **values) if values else None
