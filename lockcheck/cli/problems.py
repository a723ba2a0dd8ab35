"""What the command line says when it can't go on: because of its arguments, of the machine, or of itself.

Is: one clear line, with no control characters of a stranger's file in it. Is not: about models (``report/text.py``).
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import TextIO

import click

VERBOSE = "LOCKCHECK_TRACEBACK"
EXIT_FAILED = 2


def show(error: click.ClickException) -> None:
    """Say what was wrong with the arguments or the configuration; names in it come from strangers' files."""
    from lockcheck.report.layout import clean

    said = io.StringIO()
    error.show(file=said)
    lines = said.getvalue().rstrip("\n").split("\n")
    click.echo("\n".join(clean(line, ascii_only=False) for line in lines), err=True)


def cannot(error: OSError) -> int:
    """Say what the machine refused, and return the exit status; the streams that are full are closed for good."""
    from lockcheck.report.layout import clean

    silence(sys.stdout)
    name = f": {error.filename}" if error.filename is not None else ""
    try:
        click.echo(clean(f"lockcheck: can't go on: {error.strerror or error}{name}", ascii_only=False), err=True)
    except OSError:
        silence(sys.stderr)  # there is nowhere left to say it
    return EXIT_FAILED


def silence(stream: TextIO) -> None:
    """Point a stream whose reader has gone, or whose disk is full, to nowhere, where it has text left to write.

    Otherwise the interpreter would try again at its exit, and complain.
    """
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Closed(io.TextIOBase):
    """An output stream that was closed before we came: nothing may be lost without a word."""

    def write(self, _: str) -> int:
        """Raises OSError."""
        raise OSError(errno.EBADF, "the output stream is closed")


def open_streams() -> None:
    """Give the interpreter the streams that it was started without."""
    if sys.stdout is None:
        sys.stdout = Closed()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until the end


def bug(error: BaseException) -> None:
    """Say that lockcheck failed, where, and how to report it; with LOCKCHECK_TRACEBACK=1 the whole traceback."""
    from lockcheck import __version__

    if isinstance(error, (MemoryError, RecursionError)):
        name = type(error).__name__
        click.echo(f"lockcheck: could not analyse: {name}: the models need more than there is", err=True)
    else:
        from lockcheck.report.layout import clean

        click.echo(clean(f"lockcheck: internal error: {type(error).__name__}: {error}{_where(error)}"), err=True)
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
