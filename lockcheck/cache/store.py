"""A folder of entries by key, shared by any number of processes.

Is: whole entries or none: written aside and moved into place, with a checksum against what disks do. Bounded in size;
the entries that were not used for longest go first. Is not: trusted: an entry is data of unknown origin until whoever
asked for it has checked every value of it. A folder that others may write to is not used at all.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Final

FORMAT: Final = "v1"
MAX_ENTRY_BYTES: Final = 16 << 20
"""A larger entry is neither written nor read: read as JSON it takes up to fifty times as much memory."""
MAX_TOTAL_BYTES: Final = 256 << 20
_KEEP: Final = 0.75
"""What is left of the bound once it was passed, so that not every run has to tidy up."""
_TAG: Final = "Signature: 8a477f597d28d172789f06886806bc55\n# A cache of lockcheck; safe to delete.\n"
_SUM_BYTES: Final = 16


def default_folder() -> Path | None:
    """Where the cache is unless somebody says otherwise: LOCKCHECK_CACHE_DIR, else the user's folder for caches.

    Outside the checkout, so that no pull request can bring entries along. None when there is no home.
    """
    given = os.environ.get("LOCKCHECK_CACHE_DIR")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "lockcheck"
    except RuntimeError:
        return None


def digest(*parts: bytes | str) -> str:
    """A name for these parts in this order: no two lists of parts share one."""
    total = blake2b(digest_size=_SUM_BYTES)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        total.update(b"%d:" % len(data))
        total.update(data)
    return total.hexdigest()


class Store:
    """The entries below ``folder``. ``trouble``: why entries could not be read or kept, once each; none stops a run.

    ``parts``: of a result put together from parts, how many were checked, of how many.
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_TOTAL_BYTES) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self.trouble: list[str] = []
        self.hits = 0
        self.misses = 0
        self.parts: tuple[int, int] | None = None
        self._written = 0
        self._usable: bool | None = None
        self._made = False

    def get(self, key: str) -> bytes | None:
        """The entry of that key; None when there is none that can be used."""
        if not self._ours():
            return None
        path = self._path(key)
        try:
            with path.open("rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    return None
                data = file.read(MAX_ENTRY_BYTES + _SUM_BYTES + 1)
        except OSError:
            return None
        total, payload = data[:_SUM_BYTES], data[_SUM_BYTES:]
        if len(payload) > MAX_ENTRY_BYTES or blake2b(payload, digest_size=_SUM_BYTES).digest() != total:
            return None
        with contextlib.suppress(OSError):  # it only counts as older than it is
            os.utime(path)
        return payload

    def put(self, key: str, payload: bytes) -> None:
        """Keep an entry, if that is possible."""
        if len(payload) > MAX_ENTRY_BYTES or not self._ours(create=True):
            return
        path = self._path(key)
        aside: str | None = None
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            handle, aside = tempfile.mkstemp(prefix=".new-", dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(blake2b(payload, digest_size=_SUM_BYTES).digest() + payload)
            os.replace(aside, path)
            self._written += 1
        except OSError as error:
            self._say(error)
            self._usable = False  # full or read-only: the next entry would fare no better
        finally:
            if aside is not None and not path.exists():
                _remove(Path(aside))

    def tidy(self) -> None:
        """Make room when entries were written and the folder grew too large."""
        if not self._written:
            return
        self._written = 0
        found = sorted(self._entries(), key=lambda one: one[1])
        left = sum(size for _, _, size in found)
        if left <= self.max_bytes:
            return
        for path, _, size in found:
            if left <= self.max_bytes * _KEEP:
                break
            if _remove(path):
                left -= size

    def clear(self) -> tuple[int, int]:
        """Remove all entries; how many there were, and their bytes. Nothing but entries is touched."""
        gone = [(path, size) for path, _, size in self._entries(every=True) if _remove(path)]
        return len(gone), sum(size for _, size in gone)

    def size(self) -> tuple[int, int]:
        """How many entries there are, and their bytes."""
        found = [size for _, _, size in self._entries()]
        return len(found), sum(found)

    def _path(self, key: str) -> Path:
        return self.folder / FORMAT / key[:2] / key

    def _entries(self, *, every: bool = False) -> Iterator[tuple[Path, float, int]]:
        """Entries with the time of their last use and their size; ``every``: those being written, too."""
        top = self.folder / FORMAT
        for folder in _listed(top):
            for path in _listed(folder):
                try:
                    status = path.lstat()
                except OSError:
                    continue
                if stat.S_ISREG(status.st_mode) and (every or not path.name.startswith(".new-")):
                    yield path, status.st_mtime, status.st_size

    def _ours(self, *, create: bool = False) -> bool:
        """Whether the folder is there and nobody else may write to it; made when it is missing and ``create``."""
        if self._usable is False or (self._usable is None and not create and not self.folder.is_dir()):
            return False
        try:
            if create and not self._made:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._usable is None:
                self._usable = self._private(self.folder)
            if create and self._usable and not self._made:
                self._make()
                self._made = True
        except OSError as error:
            self._usable = False
            self._say(error)
        return bool(self._usable)

    def _make(self) -> None:
        (self.folder / FORMAT).mkdir(mode=0o700, exist_ok=True)
        for name, text in (("CACHEDIR.TAG", _TAG), (".gitignore", "*\n")):
            if not (self.folder / name).exists():
                (self.folder / name).write_text(text, encoding="ascii")

    def _private(self, folder: Path) -> bool:
        status = folder.stat()
        ours = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
        if ours and not status.st_mode & stat.S_IWOTH:
            return True
        self.trouble.append(f"the cache {folder} is not used: others may write to it")
        return False

    def _say(self, error: OSError) -> None:
        why = (error.strerror or str(error)).lower()
        if not self.trouble:
            self.trouble.append(f"the cache {self.folder} is not written: {why}")


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _remove(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True
