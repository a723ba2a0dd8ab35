"""The files of one commit of a git repository, read from git's objects.

Is: nothing checked out, no hook, filter or other program of the repository run, nothing fetched; what git prints is
bounded in size and time. Symbolic links in a commit are not followed. Is not: a user of the working tree or the index.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Timer
from typing import Final, NamedTuple

GIT: Final = ("git", "--no-pager", "--no-replace-objects", "-c", "protocol.allow=never", "-c", "core.fsmonitor=false")
QUIET: Final = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
MAX_LISTING_BYTES: Final = 256 << 20
"""The list of a commit's files: some hundred bytes each, so a million files."""
MAX_NAME_BYTES: Final = 1 << 16
SECONDS: Final = 60.0


class RevisionError(Exception):
    """A revision can't be read; the message says why."""


class Entry(NamedTuple):
    """A file of a commit: its blob and the size of that."""

    blob: str
    size: int


@dataclass(frozen=True)
class Revision:
    """The files of one commit. Its paths stand below ``top``, as those of the checkout do, behind a name that no
    path on disk has. ``here``: the folder that relative paths start from."""

    top: Path
    commit: str
    here: Path

    @property
    def root(self) -> Path:
        """The folder that stands for the top of the checkout."""
        return Path(self.top.anchor) / f"commit {self.commit}"

    def resolve(self, path: Path) -> Path:
        """Where a path of the checkout is in the commit; a path outside of the checkout stays outside."""
        if path.is_relative_to(self.root):
            return Path(os.path.normpath(path))
        absolute = Path(os.path.normpath(self.here / path))
        return self.root / absolute.relative_to(self.top) if absolute.is_relative_to(self.top) else absolute

    def is_folder(self, path: Path) -> bool:
        """Whether some file stands below it."""
        return self._name(path) in _listing(self.top, self.commit)[1]

    def is_file(self, path: Path) -> bool:
        """Whether there is a regular file."""
        return self._entry(path) is not None

    def exists(self, path: Path) -> bool:
        """Whether there is anything."""
        return self.is_file(path) or self.is_folder(path)

    def below(self, folder: Path) -> list[Path]:
        """All ``*.yaml`` below a folder, named as the folder was."""
        name = self._name(folder)
        start = f"{name}/" if name else ""
        files = _listing(self.top, self.commit)[0]
        return [folder / one[len(start) :] for one in files if one.startswith(start) and one.endswith(".yaml")]

    def beside(self, path: Path) -> list[str]:
        """Names of ``*.yaml`` in the folder that a path is in."""
        return [one.name for one in self.below(path.parent) if one.parent == path.parent]

    def leads_nowhere(self, path: Path) -> bool:
        """Never: what a link leads to is not looked up in a commit."""
        return False

    def size(self, path: Path) -> int | None:
        """Bytes of a regular file; None for anything else."""
        entry = self._entry(path)
        return entry.size if entry is not None else None

    def read(self, path: Path, most: int) -> bytes:
        """At most ``most`` bytes of a file. Raises OSError when git can't read it."""
        entry = self._entry(path)
        if entry is None:
            raise FileNotFoundError(f"no such file in {self.commit}")
        try:
            return _git(["cat-file", "blob", entry.blob], self.top, max(most, entry.size))[:most]
        except RevisionError as error:
            raise OSError(str(error)) from error

    def _entry(self, path: Path) -> Entry | None:
        name = self._name(path)
        return _listing(self.top, self.commit)[0].get(name) if name else None

    def _name(self, path: Path) -> str | None:
        """The path as git lists it (empty for the top); None outside of the checkout."""
        real = self.resolve(path)
        if not real.is_relative_to(self.root):
            return None
        name = real.relative_to(self.root).as_posix()
        return "" if name == "." else name


def open_revision(revision: str, here: Path) -> Revision:
    """The commit that ``revision`` names, in the checkout that ``here`` is in. Raises RevisionError."""
    real = here.resolve()
    top = _line(["rev-parse", "--show-toplevel"], real, "this folder is in no checkout of a git repository")
    wanted = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    commit = _line(wanted, real, f"there is no revision '{revision}'")
    found = Revision(Path(top), commit, real)
    _listing(found.top, found.commit)
    return found


def merge_base(one: str, other: str, here: Path) -> str:
    """The commit that two revisions have in common. Raises RevisionError."""
    ids = [open_revision(name, here).commit for name in (one, other)]
    return _line(["merge-base", *ids], here.resolve(), f"'{one}' and '{other}' have no commit in common")


@lru_cache(maxsize=4)
def _listing(top: Path, commit: str) -> tuple[dict[str, Entry], frozenset[str]]:
    """Regular files of a commit by path, sorted, and all folders; a commit never changes."""
    printed = _git(["ls-tree", "-r", "-l", "-z", "--full-tree", commit], top, MAX_LISTING_BYTES)
    files: dict[str, Entry] = {}
    for line in printed.split(b"\0"):
        head, _, name = line.partition(b"\t")
        words = head.split()
        if len(words) == 4 and words[0].startswith(b"100") and words[1] == b"blob" and words[3].isdigit():
            files[os.fsdecode(name)] = Entry(words[2].decode("ascii"), int(words[3]))
    folders = {""}
    for path in files:
        while path and (path := path.rpartition("/")[0]) not in folders:
            folders.add(path)
    return dict(sorted(files.items())), frozenset(folders)


def _line(arguments: Sequence[str], folder: Path, otherwise: str) -> str:
    """The one line that git prints. Raises RevisionError, with ``otherwise``, when it fails."""
    try:
        return os.fsdecode(_git(arguments, folder, MAX_NAME_BYTES)).strip("\n")
    except _FailedError as error:
        raise RevisionError(otherwise) from error


class _FailedError(RevisionError):
    """Git itself said no."""


def _git(arguments: Sequence[str], folder: Path, most: int) -> bytes:
    """What git prints, within ``most`` bytes and a minute. Raises RevisionError."""
    try:
        process = subprocess.Popen(
            [*GIT, *arguments], cwd=folder, env={**os.environ, **QUIET}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise RevisionError(f"git can't be run: {error.strerror or error}") from error
    watch = Timer(SECONDS, process.kill)
    watch.start()
    try:
        assert process.stdout is not None
        printed = process.stdout.read(most + 1)
        if len(printed) > most:
            process.kill()
        process.stdout.close()
        status = process.wait()
    finally:
        watch.cancel()
    if len(printed) > most:
        raise RevisionError(f"git prints more than {most} bytes for '{arguments[0]}'")
    if status:
        raise _FailedError(f"'git {arguments[0]}' failed")
    return printed
