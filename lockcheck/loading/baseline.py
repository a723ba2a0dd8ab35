"""A baseline file: findings that were there before, one on each line.

Is: shape to value, with what is wrong about it. Is not: what a baseline does to a result (``compare/baseline.py``), nor
its writer (``report/baseline.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lockcheck.findings import FINGERPRINT_LENGTH, SEVERITIES, Known, Severity
from lockcheck.loading.shape_errors import place_of
from lockcheck.model.places import Place, unpack
from lockcheck.source.limits import Limits
from lockcheck.source.problems import Collector, Problem, TooManyProblems, did_you_mean, quote
from lockcheck.source.reader import AT, KEYS, read
from lockcheck.source.text import SourceText, decode

VERSION: Final = 1
_TOP: Final = ("lockcheck-baseline", "findings")
_TEXTS: Final = ("id", "rule", "severity", "model")
_LISTS: Final = ("locks", "functions")
_ID: Final = re.compile(rf"[0-9a-f]{{{FINGERPRINT_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class BaselineFile:
    """What was read: entries in order, problems, and the text for quoting."""

    entries: tuple[Known, ...] = ()
    problems: tuple[Problem, ...] = ()
    sources: Mapping[str, SourceText] = field(default_factory=dict)


def read_baseline(path: Path, limits: Limits | None = None) -> BaselineFile:
    """Read a baseline. Never raises for bad input: that is in ``problems``."""
    limits = limits or Limits()
    problems = Collector(limits.max_problems)
    source = _text(path, limits, problems)
    entries: tuple[Known, ...] = ()
    if source is not None:
        with suppress(TooManyProblems):
            entries = _entries(source, limits, problems)
    return BaselineFile(entries, problems.sorted(), {source.file: source} if source is not None else {})


def _text(path: Path, limits: Limits, problems: Collector) -> SourceText | None:
    name = path.as_posix()
    try:
        with path.open("rb") as file:
            data = file.read(limits.max_file_bytes + 1)
    except FileNotFoundError:
        hint = "lockcheck baseline update makes it"
        problems.add(Problem(name, 0, 0, "there is no such baseline", hint, "no-such-file"))
        return None
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        problems.add(Problem(name, 0, 0, f"can't read the baseline: {said}", None, "unreadable"))
        return None
    if len(data) > limits.max_file_bytes:
        problems.add(Problem(name, 0, 0, f"more than {limits.max_file_bytes} bytes", None, "too-large"))
        return None
    source = decode(name, data)
    if isinstance(source, Problem):
        problems.add(source)
        return None
    return source


def _entries(source: SourceText, limits: Limits, problems: Collector) -> tuple[Known, ...]:
    document = read(source, limits, problems)
    if len(problems):
        return ()
    if not isinstance(document, dict) or "lockcheck-baseline" not in document:
        hint = "it begins with lockcheck-baseline: 1; lockcheck baseline update writes it"
        problems.add(Problem(source.file, 1, 1, "this is no baseline", hint, "wrong-type"))
        return ()
    reading = _Reading(source, problems)
    for key in document:
        if key not in (AT, KEYS, *_TOP):
            reading.unknown(document, key, _TOP)
    if document["lockcheck-baseline"] != VERSION:
        found = quote(document["lockcheck-baseline"])
        reading.wrong(document, "lockcheck-baseline", f"this version reads baselines of version {VERSION}, not {found}")
    listed = document.get("findings")
    if listed is None:
        return ()
    if not isinstance(listed, list):
        reading.wrong(document, "findings", f"expected a list, found {quote(listed)}")
        return ()
    return tuple(one for raw in listed if (one := reading.entry(raw, document)) is not None)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One file being read."""

    source: SourceText
    problems: Collector

    def wrong(self, tree: Any, key: str, message: str, hint: str | None = None) -> None:
        """Note a mistake at a key."""
        self.problems.add(Problem(self.source.file, *place_of(self.source, tree, (key,)), message, hint, "wrong-type"))

    def unknown(self, tree: Any, key: str, known: tuple[str, ...]) -> None:
        """Note a key that is none of those known."""
        hint = did_you_mean(key, known) or "known keys: " + ", ".join(known)
        place = place_of(self.source, tree, (key,), of_key=True)
        self.problems.add(Problem(self.source.file, *place, f"unknown key '{key}' in a baseline", hint, "unknown-key"))

    def entry(self, raw: Any, above: Mapping[Any, Any]) -> Known | None:
        """One entry, or None for one that is wrong."""
        before = len(self.problems)
        if not isinstance(raw, dict):
            self.wrong(above, "findings", f"a finding of a baseline is a mapping, not {quote(raw)}")
            return None
        place = unpack(self.source.file, raw[AT])
        for key, value in raw.items():
            if key in (AT, KEYS):
                continue
            if key in _LISTS:
                if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                    self.wrong(raw, key, f"'{key}' is a list of names, not {quote(value)}")
            elif key not in _TEXTS:
                self.unknown(raw, key, (*_TEXTS, *_LISTS))
            elif not isinstance(value, str):
                self.wrong(raw, key, f"'{key}' is a text, not {quote(value)}", "put it in quotes")
        self._check(raw, place)
        return _known(raw, place) if len(self.problems) == before else None

    def _check(self, raw: Mapping[Any, Any], place: Place) -> None:
        for key in ("id", "rule", "severity"):
            if key not in raw:
                self.problems.add(Problem(*place, f"a finding of a baseline needs '{key}'", None, "missing-key"))
        if isinstance(raw.get("id"), str) and not _ID.fullmatch(raw["id"]):
            self.wrong(raw, "id", f"'id' is a fingerprint of {FINGERPRINT_LENGTH} digits, not {quote(raw['id'])}")
        if isinstance(raw.get("severity"), str) and raw["severity"] not in SEVERITIES:
            hint = did_you_mean(raw["severity"], SEVERITIES) or "it is one of " + ", ".join(SEVERITIES)
            self.wrong(raw, "severity", f"unknown severity {quote(raw['severity'])}", hint)


def _known(raw: Mapping[str, Any], place: Place) -> Known:
    severity: Severity = SEVERITIES[raw["severity"]]
    locks, functions = (tuple(raw.get(key, ())) for key in _LISTS)
    return Known(raw.get("model", ""), raw["rule"], locks, functions, raw["id"], severity, place)
