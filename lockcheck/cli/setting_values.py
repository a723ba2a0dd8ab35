"""What the keys of a configuration may say, and what is wrong with one that says something else.

Is: plain TOML values to settings, all mistakes in one go, each with the line of its key. Is not: where the
configuration is found (``settings.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from os.path import relpath
from pathlib import Path
from typing import Any

from lockcheck.cli.settings import OWN_FILE, SHARED_TABLE, Settings, SettingsError
from lockcheck.findings import SEVERITIES
from lockcheck.model.facts import DEMONSTRATED, GUARDED, UNDECIDED
from lockcheck.model.places import Place
from lockcheck.report.formats import FORMATS
from lockcheck.source.limits import Limits
from lockcheck.source.problems import Problem, did_you_mean, quote
from lockcheck.source.text import SourceText
from lockcheck.source.toml import KeyPath, positions

OFF = "off"
REPORT_SUFFIXES = (".txt", ".json", ".jsonl", ".sarif", ".xml", ".md", ".html", ".ktap", ".log")
LIMITS = tuple(one.name for one in fields(Limits))
VERDICTS = (DEMONSTRATED, GUARDED, UNDECIDED)


def settings_of(table: dict[str, Any], path: Path, text: SourceText) -> Settings:
    """The settings that a table of a file makes. Raises SettingsError with everything that is wrong."""
    reading = Reading(path, text)
    found: dict[str, Any] = {}
    for key, value in table.items():
        read = KEYS.get(key)
        if read is None:
            reading.unknown((key,), key, KEYS, "key")
        else:
            found[key.replace("-", "_")] = read(reading, key, value)
    if reading.problems:
        raise SettingsError(tuple(sorted(reading.problems)), text)
    return Settings(**found, file=text.file, places=reading.places, text=text)


class Reading:
    """One configuration being read: its folder, where its keys stand, and what is wrong so far."""

    def __init__(self, path: Path, text: SourceText) -> None:
        self.folder = path.parent
        self.file = text.file
        above: KeyPath = () if path.name == OWN_FILE else SHARED_TABLE
        self.places = {
            keys[len(above) :]: Place(text.file, *at)
            for keys, at in positions(text.text).items()
            if keys[: len(above)] == above
        }
        self.problems: list[Problem] = []

    def place(self, keys: KeyPath) -> Place:
        """Where a key stands, or the nearest that leads to it; the file as a whole when that is not known."""
        known = (self.places[keys[:end]] for end in range(len(keys), 0, -1) if keys[:end] in self.places)
        return next(known, Place(self.file, 0, 0))

    def wrong(self, keys: KeyPath, message: str, hint: str | None = None, code: str = "wrong-type") -> None:
        """Note a mistake."""
        self.problems.append(Problem(*self.place(keys), message, hint, code))

    def unknown(self, keys: KeyPath, name: str, known: Iterable[str], what: str) -> None:
        """Note a name that is none of those known."""
        known = list(known)
        hint = did_you_mean(name, known) or "expected one of " + ", ".join(known)
        self.wrong(keys, f"unknown {what} {quote(name)}", hint, f"unknown-{what}")

    def expected(self, key: str, value: object, wanted: str) -> None:
        """Note a value of the wrong kind."""
        self.wrong((key,), f"'{key}' has to be {wanted}, not {quote(value)}")


def _paths(reading: Reading, key: str, value: object) -> tuple[str, ...]:
    """Paths as the working folder sees them; none may leave the configuration's folder."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        reading.expected(key, value, "a list of paths")
        return ()
    return tuple(_inside(reading, key, one) for one in value)


def _inside(reading: Reading, key: str, name: str, *, is_file: bool = False) -> str:
    """A path inside the configuration's folder. ``is_file``: one that need not be there yet."""
    root = reading.folder.resolve()
    target = (reading.folder / name).resolve() if "\0" not in name else root.parent
    if not target.is_relative_to(root):
        reading.wrong((key,), f"'{key}' has to be inside {root.name}/: {quote(name)} is not", None, "outside")
        return name
    if not is_file and not target.exists():
        return name  # the name of a shipped model, or a mistake that the reader reports
    here = Path.cwd().resolve()
    return str(target.relative_to(here)) if target.is_relative_to(here) else relpath(target, here)


def _file(reading: Reading, key: str, value: object) -> str | None:
    if not isinstance(value, str):
        reading.expected(key, value, "a path")
        return None
    return _written(reading, key, value, (".yaml", ".yml"))


def _written(reading: Reading, key: str, name: str, suffixes: Sequence[str]) -> str:
    """A file that some command writes.

    The configuration may be a stranger's, so the file is inside the folder, in none that is hidden (``.git``), and
    named as what is written there.
    """
    path = _inside(reading, key, name, is_file=True)
    if any(part.startswith(".") and part != ".." for part in Path(path).parts):
        reading.wrong((key,), f"'{key}' has to be in no hidden folder: {quote(name)} is", None, "outside")
    elif Path(path).suffix not in suffixes:
        hint = f"end it in {', '.join(suffixes)}"
        reading.wrong((key,), f"'{key}' has to be named as what it is, not {quote(name)}", hint)
    return path


def _outputs(reading: Reading, key: str, value: object) -> tuple[str, ...]:
    """Reports to write: each a format and a file."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        reading.expected(key, value, 'a list like ["sarif=report.sarif"]')
        return ()
    found = []
    for one in value:
        form, equals, file = one.partition("=")
        if not equals or not file:
            reading.wrong((key,), f"an output has to be FORMAT=FILE, not {quote(one)}")
        elif form not in FORMATS:
            reading.unknown((key,), form, FORMATS, "format")
        else:
            path = _written(reading, key, file, REPORT_SUFFIXES)
            found.append(f"{form}={path}")
    return tuple(found)


def _flag(reading: Reading, key: str, value: object) -> bool:
    if not isinstance(value, bool):
        reading.expected(key, value, "true or false")
    return bool(value)


def _flags(reading: Reading, key: str, value: object) -> dict[str, bool]:
    if not isinstance(value, dict):
        reading.expected(key, value, "a table of options, each true or false")
        return {}
    for name, one in value.items():
        if not isinstance(one, bool):
            reading.wrong((key, name), f"'{key}' has to be a table of options, each true or false, not {quote(one)}")
    return dict(value)


def _names(reading: Reading, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        reading.expected(key, value, "a list of kernel options")
        return ()
    return tuple(value)


def _numbers(reading: Reading, key: str, value: object) -> dict[str, int]:
    if not isinstance(value, dict):
        reading.expected(key, value, "a table of numbers")
        return {}
    found = {}
    for name, number in value.items():
        if name.replace("-", "_") not in LIMITS:
            reading.unknown((key, name), name, LIMITS, "limit")
        elif type(number) is not int or number < 1:
            reading.wrong((key, name), f"'{key}' has to be a table of numbers from 1, not {quote(number)}")
        else:
            found[name.replace("-", "_")] = number
    return found


def _choice(*known: str) -> Callable[[Reading, str, object], str | None]:
    def read(reading: Reading, key: str, value: object) -> str | None:
        if not isinstance(value, str) or value not in known:
            reading.expected(key, value, "one of " + ", ".join(known))
            return None
        return value

    return read


def _severities(*also: str) -> Callable[[Reading, str, object], dict[str, str]]:
    known = (*SEVERITIES, *also)

    def read(reading: Reading, key: str, value: object) -> dict[str, str]:
        if not isinstance(value, dict):
            reading.expected(key, value, "a table of severities")
            return {}
        for name, word in value.items():
            if key == "verdicts" and name not in VERDICTS:
                reading.unknown((key, name), name, VERDICTS, "verdict")
            if not isinstance(word, str) or word not in known:
                hint = did_you_mean(word, known) if isinstance(word, str) else None
                reading.wrong(
                    (key, name), f"unknown severity {quote(word)}", hint or "it is one of " + ", ".join(known)
                )
        return dict(value)

    return read


KEYS: dict[str, Callable[[Reading, str, object], Any]] = {
    "models": _paths,
    "rules": _paths,
    "roots": _paths,
    "waivers": _paths,
    "baseline": _file,
    "config": _flags,
    "configs": _names,
    "all-configs": _flag,
    "severities": _severities(OFF),
    "verdicts": _severities(),
    "fail-on": _choice(*SEVERITIES),
    "format": _choice(*FORMATS),
    "outputs": _outputs,
    "limits": _numbers,
}
"""How each key is read, in the order in which ``lockcheck config`` lists them."""
