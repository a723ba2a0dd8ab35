"""Files of a kernel tree: read within it and within bounds, scanned once.

Is: the only part of this room that touches files. Is not: a walk over the whole kernel: what moved is looked for near
where it was.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from lockcheck.tree.scan import CFile, scan

MAX_FILE_BYTES: Final = 8 << 20
MAX_SEARCHED_BYTES: Final = 1 << 29
MAX_SEARCHED_FILES: Final = 40_000
_SUFFIXES: Final = (".c", ".h")


class Unreadable(NamedTuple):
    """Why a file was not read. ``absent``: there is none."""

    why: str
    absent: bool


class Tree:
    """A kernel tree at ``root``. Raises OSError when there is no such folder."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve(strict=True)
        if not self._root.is_dir():
            raise NotADirectoryError(20, "not a folder", str(root))
        self._files: dict[str, CFile | Unreadable] = {}

    def file(self, name: str) -> CFile | Unreadable:
        """The file of that name below the root, or why it is not read."""
        if name not in self._files:
            text = self._text(name)
            self._files[name] = text if isinstance(text, Unreadable) else scan(name, text)
        return self._files[name]

    def search(self, words: frozenset[str], near: frozenset[str]) -> dict[str, list[CFile]]:
        """For each of ``words`` the files that have it, in the parts of the tree that the files ``near`` are in."""
        found: dict[str, list[CFile]] = {word: [] for word in words}
        if not words:
            return found
        wanted = [
            (word, word.encode(), re.compile(rb"(?<!\w)" + re.escape(word.encode()) + rb"(?!\w)"))
            for word in sorted(words)
        ]
        for name, data in self._nearby(near):
            # most files have none of the words: the plain search first, which is many times faster
            hits = [word for word, plain, pattern in wanted if plain in data and pattern.search(data)]
            file = self.file(name) if hits else None
            if isinstance(file, CFile):
                for word in hits:
                    found[word].append(file)
        return found

    def _nearby(self, near: frozenset[str]) -> Iterator[tuple[str, bytes]]:
        """Name and content of C files in the same parts of the tree, sorted, until the bounds are reached."""
        left, files = MAX_SEARCHED_BYTES, MAX_SEARCHED_FILES
        for part in sorted({_part(name) for name in near} | {"include"}):
            for folder, folders, names in os.walk(self._root / part):
                folders.sort()
                for name in sorted(names):
                    path = os.path.join(folder, name)
                    if not name.endswith(_SUFFIXES) or os.path.islink(path):
                        continue
                    data = self._bytes(os.path.relpath(path, self._root))
                    left -= len(data) if isinstance(data, bytes) else 0
                    files -= 1
                    if left < 0 or files < 0:
                        return
                    if isinstance(data, bytes):
                        yield os.path.relpath(path, self._root), data

    def _text(self, name: str) -> str | Unreadable:
        data = self._bytes(name)
        if isinstance(data, Unreadable):
            return data
        return data.decode("utf-8", "replace").replace("\r\n", "\n")

    def _bytes(self, name: str) -> bytes | Unreadable:
        """The content of a regular file inside the tree; symbolic links may not lead out of it."""
        try:
            path = (self._root / name).resolve(strict=True)
            if not path.is_relative_to(self._root):
                return Unreadable("leads out of the tree", absent=False)
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                return Unreadable("not a regular file", absent=False)
            if status.st_size > MAX_FILE_BYTES:
                return Unreadable(f"{status.st_size} bytes; at most {MAX_FILE_BYTES} are read", absent=False)
            with path.open("rb") as stream:
                return stream.read(MAX_FILE_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            return Unreadable("no such file", absent=True)
        except (OSError, RuntimeError, ValueError) as error:
            return Unreadable((getattr(error, "strerror", None) or str(error)).lower(), absent=False)


def _part(name: str) -> str:
    """The part of the tree that a file is in: its first folder, or the first two below ``arch``."""
    parts = name.split("/")[:-1]
    return "/".join(parts[: 2 if parts[:1] == ["arch"] else 1])
