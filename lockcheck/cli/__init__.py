"""The command line: arguments and exit codes, one module per command, each imported when it is used.

Is: exit 0 clean, 1 findings, 2 could not analyse (bad usage and bugs included). Is not: where anything is decided.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from lockcheck import __version__
from lockcheck.cli.problems import bug, cannot, open_streams, show, silence

COMMANDS = {
    "baseline": "baseline",
    "cache": "cache",
    "check": "check",
    "claims": "claims",
    "compare": "compare",
    "completion": "completion",
    "config": "config",
    "contexts": "contexts",
    "coverage": "coverage",
    "diff": "diff",
    "explain": "explain",
    "graph": "graph",
    "init": "init",
    "models": "models",
    "order": "order",
    "rules": "rules",
    "schema": "schema",
    "sources": "sources",
    "verify": "verify",
}
EXIT_FAILED = 2
EXIT_INTERRUPTED = 130
EXIT_PIPE = 141


class LazyGroup(click.Group):
    """Imports a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or None when there is none of that name."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = import_module(f"lockcheck.cli.{module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; an unknown one gets the nearest name as a hint."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from lockcheck.source.problems import did_you_mean

            hint = did_you_mean(args[0], COMMANDS)
            ctx.fail(f"there is no command '{args[0]}'" + (f"; {hint}" if hint else ""))
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(__version__, "-V", "--version", prog_name="lockcheck", message="%(prog)s %(version)s")
def cli() -> None:
    """Check declared code paths for deadlocks, as lockdep does for executed ones.

    Exit status: 0 clean, 1 findings, 2 something could not be analysed.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    open_streams()
    try:
        return _run(arguments)
    except OSError as error:
        return cannot(error)
    except Exception as error:
        return _last_words(error)


def _run(arguments: Sequence[str] | None) -> int:
    """Run the command line; what it says about a failure is printed. Raises OSError when that can't be."""
    try:
        code = cli.main(args=list(arguments) if arguments is not None else None, prog_name="lockcheck",
                        standalone_mode=False)  # fmt: skip
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        show(error)
        return EXIT_FAILED
    except (KeyboardInterrupt, click.Abort):
        click.echo("lockcheck: interrupted", err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        silence(sys.stdout)
        return EXIT_PIPE
    except SystemExit:
        return EXIT_PIPE  # click's own answer to a closed pipe, which would be 1: findings


def _last_words(error: Exception) -> int:
    """A bug of lockcheck's own, said as far as there is somewhere to say it."""
    try:
        bug(error)
    except OSError as other:
        return cannot(other)
    return EXIT_FAILED
