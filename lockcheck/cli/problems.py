"""What the command line says when it is at fault itself."""

from __future__ import annotations

import os

import click

VERBOSE = "LOCKCHECK_TRACEBACK"


def bug(error: BaseException) -> None:
    """Say that lockcheck failed, where, and how to report it; with LOCKCHECK_TRACEBACK=1 the whole traceback."""
    from lockcheck import __version__

    if isinstance(error, (MemoryError, RecursionError)):
        name = type(error).__name__
        click.echo(f"lockcheck: could not analyse: {name}: the models need more than there is", err=True)
    else:
        click.echo(f"lockcheck: internal error: {type(error).__name__}: {error}{_where(error)}", err=True)
        click.echo(
            f"This is a bug in lockcheck {__version__}, not in your models. Please report it with the models and the\n"
            f"output of the same command under {VERBOSE}=1.",
            err=True,
        )
    if os.environ.get(VERBOSE):
        import traceback

        click.echo("".join(traceback.format_exception(error)), err=True)


def _where(error: BaseException) -> str:
    """`` (module.py:12)`` of the innermost frame."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f" ({os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno})"
