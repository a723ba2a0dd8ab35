"""Where files are looked up and read, by path: on disk, or in a commit of a git repository (``revisions.py``).

Is: what both have in common, and the disk. Is not: a fence (``files.py`` decides what may be read).
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final, Protocol


class Tree(Protocol):
    """Files by path. Methods raise OSError as those of :class:`Path` do."""

    def resolve(self, path: Path) -> Path:
        """The one absolute path of a file, however it was named."""

    def is_folder(self, path: Path) -> bool:
        """Whether there is a folder."""

    def is_file(self, path: Path) -> bool:
        """Whether there is a regular file."""

    def exists(self, path: Path) -> bool:
        """Whether there is anything."""

    def below(self, folder: Path) -> list[Path]:
        """All ``*.yaml`` below a folder."""

    def beside(self, path: Path) -> list[str]:
        """Names of ``*.yaml`` in the folder that a path is in; none when there is no such folder."""

    def leads_nowhere(self, path: Path) -> bool:
        """Whether it is a link to something that is not there."""

    def size(self, path: Path) -> int | None:
        """Bytes of a regular file; None for anything else."""

    def read(self, path: Path, most: int) -> bytes:
        """At most ``most`` bytes of a file."""


class Disk:
    """The file system."""

    def resolve(self, path: Path) -> Path:
        """With symbolic links followed."""
        return path.resolve()

    def is_folder(self, path: Path) -> bool:
        """Whether there is a folder."""
        return path.is_dir()

    def is_file(self, path: Path) -> bool:
        """Whether there is a regular file."""
        return path.is_file()

    def exists(self, path: Path) -> bool:
        """Whether there is anything."""
        return path.exists()

    def below(self, folder: Path) -> list[Path]:
        """All ``*.yaml`` below a folder."""
        return [*folder.rglob("*.yaml")]

    def beside(self, path: Path) -> list[str]:
        """Names of ``*.yaml`` in the folder that a path is in; none when there is no such folder."""
        return [one.name for one in path.parent.glob("*.yaml")]

    def leads_nowhere(self, path: Path) -> bool:
        """Whether it is a link to something that is not there."""
        return path.is_symlink() and not path.exists()

    def size(self, path: Path) -> int | None:
        """Bytes of a regular file; None for anything else."""
        status = path.stat()
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def read(self, path: Path, most: int) -> bytes:
        """At most ``most`` bytes of a file."""
        with path.open("rb") as stream:
            return stream.read(most)


DISK: Final = Disk()
