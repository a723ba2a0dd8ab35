"""Problems: what is wrong with an input, where, and what was expected instead.

Is: the value, the collector that stops a flood, and the search for the nearest name.
Is not: a finding: a problem means that nothing was verified.
"""

from __future__ import annotations

import bisect
import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

_SUGGEST_AMONG = 500
_SUGGEST_OF_MANY = 100
_SUGGEST_LENGTH = 80
_LONGEST = 400
_SAME = 5
"""Problems may repeat (a block used by alias): this many times the limit are looked at."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong. Positions are 1-based; ``line`` 0 means that the file as a whole is meant.

    ``code``: short kebab-case id (``unknown-verb``). ``hint``: what to do, or the nearest name, or None.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str | None = field(default=None, compare=False)
    code: str = field(default="invalid", compare=False)

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{where}: error: {self.message}"


class TooManyProblems(Exception):  # noqa: N818 - says what happened, as StopIteration does
    """Raised by :class:`Collector` when the limit is reached: the caller stops reading and reports what there is."""


class Collector:
    """Collects problems, each once, up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._added = 0
        self._seen: set[Problem] = set()

    def __len__(self) -> int:
        return len(self._seen)

    def add(self, problem: Problem) -> None:
        """Record ``problem``. Raises :class:`TooManyProblems` when that was the last one allowed."""
        if not _is_fit(problem.message) or not _is_fit(problem.hint or ""):
            hint = None if problem.hint is None else _fit(problem.hint)
            problem = replace(problem, message=_fit(problem.message), hint=hint)
        self._seen.add(problem)
        self._added += 1
        if len(self._seen) >= self._limit or self._added >= self._limit * _SAME:
            raise TooManyProblems

    def add_all(self, problems: Iterable[Problem]) -> None:
        """Record each of ``problems``."""
        for problem in problems:
            self.add(problem)

    def sorted(self) -> tuple[Problem, ...]:
        """All problems by file and position; a last line says so when the limit cut them off."""
        found = sorted(self._seen)
        if len(found) >= self._limit or self._added >= self._limit * _SAME:
            last = found[-1]
            text = f"stopped after {len(found)} problems; there may be more"
            found.append(Problem(last.file, last.line, last.column, text, None, "too-many-problems"))
        return tuple(found)


def _is_fit(text: str) -> bool:
    return len(text) <= _LONGEST and text.isprintable()


def _fit(text: str) -> str:
    """``text`` on one line without control characters, cut when a stranger's file made it very long."""
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in cut)


def nearest(name: str, among: Iterable[str]) -> str | None:
    """The candidate closest to ``name``, or None when nothing is close. Ties go to the first in sorted order."""
    if not name or len(name) > _SUGGEST_LENGTH:
        return None
    close = [word for word in among if abs(len(word) - len(name)) <= 6]
    if len(close) > _SUGGEST_AMONG:
        close = _narrowed(name, close)
    found = difflib.get_close_matches(name.lower(), sorted({word.lower() for word in close}), n=1, cutoff=0.6)
    return min(word for word in close if word.lower() == found[0]) if found else None


def _narrowed(name: str, words: list[str]) -> list[str]:
    """A few of very many candidates: the neighbours of ``name`` in sorted order, which begin like it."""
    words.sort()
    middle = bisect.bisect(words, name)
    return words[max(0, middle - _SUGGEST_OF_MANY) : middle + _SUGGEST_OF_MANY]


def did_you_mean(name: str, among: Iterable[str]) -> str | None:
    """``did you mean 'x'?`` for the nearest of ``among``, or None."""
    found = nearest(name, among)
    return f"did you mean '{found}'?" if found else None


def quote(value: object, longest: int = 60) -> str:
    """``value`` as it may stand in a message: one line, quoted, cut when long."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    text = str(value).encode("unicode_escape").decode("ascii") if not str(value).isprintable() else str(value)
    return f"'{text if len(text) <= longest else text[: longest - 3] + '...'}'"
