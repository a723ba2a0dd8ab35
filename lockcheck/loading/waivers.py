"""Waivers from files: those of a model, and a project's own file of nothing but waivers.

Is: shape to value, with what is wrong about it. Is not: the matching with findings (``checker/waivers.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from lockcheck.loading.shape_errors import place_of, problems_of
from lockcheck.loading.shapes import WaiverShape
from lockcheck.model.places import unpack
from lockcheck.model.program import Waiver
from lockcheck.source.limits import Limits
from lockcheck.source.problems import Collector, Problem, TooManyProblems, did_you_mean, quote
from lockcheck.source.reader import AT, KEYS, read
from lockcheck.source.text import SourceText, decode
from lockcheck.source.typed import ShapeError, adapter

_KNOWN: Final = ("waivers", "note")
_ON_OFF: Final[dict[Any, bool]] = {"y": True, "n": False}


@dataclass(frozen=True, slots=True)
class WaiverFiles:
    """What was read: waivers in order, problems, and the text of each file for quoting."""

    waivers: tuple[Waiver, ...] = ()
    problems: tuple[Problem, ...] = ()
    sources: Mapping[str, SourceText] = field(default_factory=dict)


def read_waivers(paths: Iterable[Path], limits: Limits | None = None) -> WaiverFiles:
    """Read files that hold a list under ``waivers:``. Never raises for bad input: that is in ``problems``."""
    limits = limits or Limits()
    problems = Collector(limits.max_problems)
    sources: dict[str, SourceText] = {}
    made: list[Waiver] = []
    try:
        for path in dict.fromkeys(paths):
            source = _text(path, limits, problems)
            if source is not None:
                sources[source.file] = source
                made += _waivers(source, limits, problems)
    except TooManyProblems:
        pass
    return WaiverFiles(tuple(made), problems.sorted(), sources)


def _text(path: Path, limits: Limits, problems: Collector) -> SourceText | None:
    name = path.as_posix()
    try:
        with path.open("rb") as file:
            data = file.read(limits.max_file_bytes + 1)
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        problems.add(Problem(name, 0, 0, f"can't read the waivers: {said}", None, "unreadable"))
        return None
    if len(data) > limits.max_file_bytes:
        problems.add(Problem(name, 0, 0, f"more than {limits.max_file_bytes} bytes", None, "too-large"))
        return None
    source = decode(name, data)
    if isinstance(source, Problem):
        problems.add(source)
        return None
    return source


def _waivers(source: SourceText, limits: Limits, problems: Collector) -> list[Waiver]:
    before = len(problems)
    document = read(source, limits, problems)
    if len(problems) > before:
        return []
    listed = document.get("waivers") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        hint = "write waivers: and a list of {rule, locks, reason} below it"
        problems.add(Problem(source.file, 1, 1, "expected a list under 'waivers'", hint, "wrong-type"))
        return []
    for key in document:
        if key not in (AT, KEYS, *_KNOWN):
            place = unpack(source.file, document[KEYS][key])
            hint = did_you_mean(key, _KNOWN) or "known keys: " + ", ".join(_KNOWN)
            problems.add(Problem(*place, f"unknown key '{key}' in a file of waivers", hint, "unknown-key"))
    made = []
    for raw in listed:
        if not isinstance(raw, dict):
            place = unpack(source.file, document[KEYS]["waivers"])
            problems.add(Problem(*place, f"a waiver: expected a mapping, found {quote(raw)}", None, "wrong-type"))
            continue
        try:
            made.append(waiver_of(adapter(WaiverShape).validate_python(raw), raw, source, problems, None))
        except ShapeError as error:
            problems.add_all(problems_of(error, WaiverShape, source, raw, "a waiver"))
    return made


def waiver_of(
    shape: WaiverShape, raw: Any, source: SourceText, problems: Collector, options: Mapping[str, bool] | None
) -> Waiver:
    """A waiver from its shape. ``options``: the kernel options that there are, or None when that is not known."""

    def wrong(path: tuple[str | int, ...], message: str, hint: str | None, code: str) -> None:
        problems.add(Problem(source.file, *place_of(source, raw, path), message, hint, code))

    place = unpack(source.file, raw[AT])
    if shape.rule is None and shape.fingerprint is None:
        problems.add(Problem(*place, "a waiver needs 'rule' or 'fingerprint'", None, "missing-key"))
    if shape.expires is not None and not _is_date(shape.expires):
        wrong(("expires",), f"'{shape.expires}' is not a date", "write it like 2027-01-31", "bad-date")
    config: dict[str, bool] = {}
    for name, value in (shape.config or {}).items():
        if name in (AT, KEYS):
            continue
        on = _ON_OFF.get(value) if isinstance(value, str) else None
        if on is None:
            wrong(("config", name), f"'{name}' is y or n, not {quote(value)}", None, "wrong-type")
        elif options is not None and name not in options:
            hint = did_you_mean(name, options) or "declare it under `configs:`"
            wrong(("config", name), f"unknown kernel option '{name}'", hint, "unknown-config")
        else:
            config[name] = on
    return Waiver(
        shape.rule, tuple(sorted(shape.locks)), shape.fingerprint, shape.reason, shape.expires, place,
        tuple(sorted(config.items())),
    )  # fmt: skip


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
