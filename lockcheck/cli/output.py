"""Where output goes: terminal or file, with colour or without, and a word on long runs."""

from __future__ import annotations

import os
import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from lockcheck.report.paint import Paint

PATIENCE_SECONDS = 1.0
BEAT_SECONDS = 0.25


def paint_for(stream: TextIO, color: str) -> Paint:
    """Colour and characters for a stream: colour on terminals only (and not with NO_COLOR) unless it is forced."""
    from lockcheck.report.paint import Paint

    terminal = stream.isatty()
    auto = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    utf8 = (getattr(stream, "encoding", None) or "").lower().replace("-", "") == "utf8"
    return Paint(on=color == "always" or (color == "auto" and auto), ascii_only=not (terminal and utf8))


def write(text: str, output: str | None) -> None:
    """Write a report to the output stream or, whole or not at all, to a file.

    Raises click.ClickException when it can't be written.
    """
    if output is not None:
        from lockcheck.cli.files import write_files

        write_files([(output, text)])
        return
    sys.stdout.write(text)
    sys.stdout.flush()


class Progress:
    """One line on the error stream that says what a long run is doing; only on a terminal, gone at the end."""

    def __init__(self, stream: TextIO | None = None, patience: float = PATIENCE_SECONDS) -> None:
        self._stream = stream or sys.stderr
        self._patience = patience
        self._stage = "starting"
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, stage: str) -> None:
        """Say what is being done now."""
        self._stage = stage

    def __enter__(self) -> Progress:
        if self._stream.isatty() and os.environ.get("TERM") != "dumb":
            self._thread = threading.Thread(target=self._show, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()

    def _show(self) -> None:
        started = time.monotonic()
        shown = False
        pause = self._patience
        while not self._done.wait(pause):
            pause = BEAT_SECONDS
            shown = True
            seconds = int(time.monotonic() - started)
            self._stream.write(f"\r\x1b[Klockcheck: {self._stage} ... {seconds} s")
            self._stream.flush()
        if shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
