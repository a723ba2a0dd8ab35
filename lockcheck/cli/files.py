"""Files that are written whole or not at all.

Is: every text beside its target first, then all renamed over their targets; whatever goes wrong before that leaves the
targets as they were. Is not: for the terminal (``output.py``).
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence

import click


def write_files(texts: Sequence[tuple[str, str]]) -> None:
    """Write texts to the files named, all or none. Raises click.ClickException when one can't be written.

    A link is followed, an existing file keeps its mode, and what is no regular file (``/dev/stderr``, a pipe) is
    written as it is.
    """
    staged: list[tuple[str, str, str]] = []
    direct: list[tuple[str, bytes]] = []
    name = ""
    try:
        for name, text in texts:
            data = text.encode("utf-8", errors="backslashreplace")
            if _is_special(name):
                direct.append((name, data))
                continue
            target = os.path.realpath(name)
            temporary = os.path.join(os.path.dirname(target), f".lockcheck-{os.urandom(6).hex()}.tmp")
            staged.append((name, temporary, target))
            _stage(temporary, target, data)
        for name, data in direct:
            with open(name, "wb", buffering=0) as file:
                file.write(data)
        for name, temporary, target in staged:  # noqa: B007 - named in the message below
            os.replace(temporary, target)
    except OSError as error:
        raise click.ClickException(f"can't write {name}: {error.strerror or error}") from error
    finally:
        for _, temporary, _ in staged:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _is_special(name: str) -> bool:
    """Whether there is something of that name that a rename would destroy."""
    try:
        return not stat.S_ISREG(os.stat(name).st_mode)
    except OSError:
        return False


def _stage(temporary: str, target: str, data: bytes) -> None:
    """Write ``data`` to a new file that looks like ``target``. Raises OSError."""
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    with open(descriptor, "wb") as file:
        with contextlib.suppress(OSError):
            os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
        file.write(data)
        file.flush()
        os.fsync(descriptor)
