"""Which files a run would read, and their content, without making anything of it: what a result depends on.

Is: the search of ``files.py``, with the same fence and the same limits; a file is parsed only if it may lead to others
(it has the letters of ``include`` somewhere, or an escape that could hide them). Is not: a check: whatever looks wrong
ends the survey, and the run says what it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from lockcheck.loading.files import Files, ModelFile, ModelText, read_model
from lockcheck.source.limits import Limits
from lockcheck.source.problems import Collector, TooManyProblems
from lockcheck.source.reader import KEYS
from lockcheck.source.text import SourceText

LEADING: Final[tuple[str, ...]] = ("include", "dialect", "claims")
"""Keys whose values name other files."""
_SIGNS: Final = (*(key.encode("ascii") for key in LEADING), b"\\")


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One file of a run. ``digest``: of its bytes; ``expiring``: dates may stand in it that waivers expire at."""

    name: str
    digest: str
    named: bool
    shipped: bool
    expiring: bool
    source: SourceText


Leads = Callable[[str], "dict[str, tuple[str, ...]] | None"]
"""What is remembered of a file by its digest: the words under each of :data:`LEADING`, None for nothing."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The files of a run, sorted by name. ``learned``: by digest, what files lead to that had to be parsed.

    ``found``: the files as they were found, for loading some of them.
    """

    files: tuple[Surveyed, ...]
    learned: Mapping[str, dict[str, tuple[str, ...]]]
    found: Found

    def includes(self) -> dict[str, list[str]]:
        """The files that each file includes."""
        return {name: [other for other, _, _ in model.includes] for name, model in self.found.models.items()}

    def sources(self) -> dict[str, SourceText]:
        """The text of each file."""
        return {one.name: one.source for one in self.files}


def survey(
    inputs: Sequence[str | os.PathLike[str] | ModelText], roots: Sequence[Path] | None, limits: Limits, leads: Leads
) -> Survey | None:
    """The files that a run with these inputs reads; None when it has problems, or depends on more than these files
    (a dialect of its own, claims about other models)."""
    problems = Collector(limits.max_problems)
    files = Found(roots, limits, problems, leads)
    try:
        files.read_inputs(inputs)
    except TooManyProblems:
        return None
    if problems or files.depends_on_more or not files.models:
        return None
    found = (
        Surveyed(name, files.digests[name], model.named, model.shipped, files.expiring[name], model.source)
        for name, model in sorted(files.models.items())
    )
    return Survey(tuple(found), files.learned, files)


class Found(Files):
    """Reads files for their bytes and their includes only."""

    def __init__(self, roots: Sequence[Path] | None, limits: Limits, problems: Collector, leads: Leads) -> None:
        super().__init__(roots, limits, problems)
        self._leads = leads
        self.digests: dict[str, str] = {}
        self.expiring: dict[str, bool] = {}
        self.learned: dict[str, dict[str, tuple[str, ...]]] = {}
        self.depends_on_more = False
        self._parsed: dict[str, dict[str, Any] | None] = {}

    def _document(self, source: SourceText, data: bytes) -> dict[str, Any] | None:
        digest = self.digests[source.file] = blake2b(data, digest_size=16).hexdigest()
        self.expiring[source.file] = b"expires" in data or b"\\" in data
        led: dict[str, tuple[str, ...]] | None = {}
        if any(sign in data for sign in _SIGNS):
            led = self._leads(digest)
            if led is None:
                led = self._learn(digest, source)
        if led is None:
            return None
        dialects = led.get("dialect", ())
        self.depends_on_more |= bool(led.get("claims")) or any(name.endswith((".yaml", ".yml")) for name in dialects)
        return {"lockcheck": 1, "include": list(led.get("include", ())), KEYS: {}}

    def parsed(self, name: str) -> dict[str, Any] | None:
        """The top level of a file, parsed once; None when it cannot be."""
        if name not in self._parsed:
            self._parsed[name] = read_model(self.models[name].source, self._limits, self._problems, self._words)
        return self._parsed[name]

    def some(self, names: Sequence[str], problems: Collector) -> Files | None:
        """Just these files, parsed; None when one of them cannot be. They include no others."""
        part = Files(None, self._limits, problems, self._tree)
        part._roots = self._roots
        for name in names:
            document = self.parsed(name)
            if document is None:
                return None
            model = self.models[name]
            part.models[name] = ModelFile(name, model.source, document, model.named, model.folder, model.shipped)
        part._by_path = {real: part.models[one.name] for real, one in self._by_path.items() if one.name in part.models}
        return part

    def _learn(self, digest: str, source: SourceText) -> dict[str, tuple[str, ...]] | None:
        document = read_model(source, self._limits, self._problems, self._words)
        if document is None:
            return None
        found = {key: _words(document[key]) for key in LEADING if key in document}
        self.learned[digest] = found
        return found

    def _place(self, model: Any, key: str, index: int) -> tuple[int, int]:
        return 0, 0


def _words(value: Any) -> tuple[str, ...]:
    """The words of one or a list; for anything else that it is there."""
    given = value if isinstance(value, list) else [value]
    return tuple(one if isinstance(one, str) else "?" for one in given)
