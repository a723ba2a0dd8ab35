"""The project's configuration: ``lockcheck.toml``, or ``[tool.lockcheck]`` in ``pyproject.toml``.

Is: found in the working folder or above it, up to the top of the checkout; its paths are relative to it and stay inside
its folder, because it comes with the models, from whoever wrote them. Is not: the command line's options, which win.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

OWN_FILE = "lockcheck.toml"
SHARED_FILE = "pyproject.toml"
MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Settings:
    """What a project asks for; empty when it has no configuration."""

    models: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    waivers: tuple[str, ...] = ()
    config: dict[str, bool] = field(default_factory=dict)
    all_configs: bool = False
    fail_on: str | None = None
    limits: dict[str, int] = field(default_factory=dict)


def find(start: Path) -> Settings:
    """The settings that hold in a folder. Raises click.UsageError for a configuration that is wrong."""
    for folder in (start, *start.parents):
        own, shared = folder / OWN_FILE, folder / SHARED_FILE
        if own.is_file():
            return _settings(_parsed(own), own)
        if shared.is_file():
            table = _parsed(shared).get("tool", {}).get("lockcheck")
            if isinstance(table, dict):
                return _settings(table, shared)
        if (folder / ".git").exists():
            break
    return Settings()


def _parsed(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise click.UsageError(f"{path.name} is larger than 1 MiB")
        return tomllib.loads(data.decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise click.UsageError(f"{path.name}: {error}") from error


def _settings(table: dict[str, Any], path: Path) -> Settings:
    from lockcheck.source.problems import did_you_mean

    found: dict[str, Any] = {}
    for key, value in table.items():
        read = KEYS.get(key)
        if read is None:
            hint = did_you_mean(key, KEYS) or "expected one of " + ", ".join(KEYS)
            raise click.UsageError(f"{path.name}: unknown key '{key}'; {hint}")
        found[key.replace("-", "_")] = read(value, key, path)
    return Settings(**found)


def _wrong(path: Path, key: str, expected: str) -> click.UsageError:
    return click.UsageError(f"{path.name}: '{key}' has to be {expected}")


def _paths(value: object, key: str, path: Path) -> tuple[str, ...]:
    """Paths as the working folder sees them; none may leave the configuration's folder."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(path, key, "a list of paths")
    root = path.parent.resolve()
    return tuple(_inside(one, key, path, root) for one in value)


def _inside(name: str, key: str, path: Path, root: Path) -> str:
    target = (path.parent / name).resolve()
    if not target.is_relative_to(root):
        raise _wrong(path, key, f"inside {root.name}/: '{name}' is not")
    here = Path.cwd().resolve()
    if not target.exists():
        return name  # the name of a shipped model, or a mistake that the reader reports
    return str(target.relative_to(here)) if target.is_relative_to(here) else str(target)


def _flag(value: object, key: str, path: Path) -> bool:
    if not isinstance(value, bool):
        raise _wrong(path, key, "true or false")
    return value


def _flags(value: object, key: str, path: Path) -> dict[str, bool]:
    if not isinstance(value, dict) or not all(isinstance(one, bool) for one in value.values()):
        raise _wrong(path, key, "a table of options, each true or false")
    return dict(value)


def _numbers(value: object, key: str, path: Path) -> dict[str, int]:
    if not isinstance(value, dict) or not all(type(one) is int and one > 0 for one in value.values()):
        raise _wrong(path, key, "a table of numbers")
    return {name.replace("-", "_"): number for name, number in value.items()}


def _severity(value: object, key: str, path: Path) -> str:
    from lockcheck.findings import SEVERITIES

    if not isinstance(value, str) or value not in SEVERITIES:
        raise _wrong(path, key, "one of " + ", ".join(SEVERITIES))
    return value


KEYS: dict[str, Callable[[object, str, Path], Any]] = {
    "models": _paths,
    "rules": _paths,
    "roots": _paths,
    "waivers": _paths,
    "config": _flags,
    "all-configs": _flag,
    "fail-on": _severity,
    "limits": _numbers,
}
