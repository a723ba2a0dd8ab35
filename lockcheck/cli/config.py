"""``lockcheck config``: what applies in this folder, and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from lockcheck.cli.settings import Settings

DEFAULT = "default"
SCHEMA_ID = "lockcheck-config/1"


class Applies(NamedTuple):
    """A key with its value and where that is said; ``line`` 0: nowhere, it is the default."""

    key: str
    value: Any
    file: str | None = None
    line: int = 0

    @property
    def source(self) -> str:
        """``lockcheck.toml:3``, or ``default``."""
        return f"{self.file}:{self.line}" if self.line else self.file or DEFAULT


@click.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="For people or for programs.")  # fmt: skip
def command(form: str) -> int:
    """Show which configuration applies here: each key, its value and where it is said.

    The nearest lockcheck.toml, or pyproject.toml with [tool.lockcheck], holds alone; options of a command win.
    """
    from lockcheck.cli.settings import find

    settings = find(Path.cwd())
    _check_rules(settings)
    listed = list(applying(settings))
    unused = list(passed_over(settings))
    if form == "json":
        keys = {one.key: {"value": one.value, "file": one.file, "line": one.line or None} for one in listed}
        document = {"schema": SCHEMA_ID, "file": settings.file, "passed_over": unused, "keys": keys}
        click.echo(json.dumps(document, indent=1))
        return 0
    _show(settings, listed, unused)
    return 0


def _check_rules(settings: Settings) -> None:
    """Raises SettingsError for severities of rules that there are not."""
    from lockcheck.api import rules_of
    from lockcheck.checker.severities import PLACE
    from lockcheck.cli.run import placed
    from lockcheck.cli.settings import SettingsError

    if settings.severities:
        found = rules_of(tuple(map(Path, settings.rules)), None, settings.severities, settings.verdicts)
        wrong = tuple(placed(one, settings) for one in found.problems if one.file == PLACE)
        if wrong:
            raise SettingsError(tuple(sorted(wrong)), settings.text)


def applying(settings: Settings) -> Iterator[Applies]:
    """Every key; those of a table one by one."""
    from lockcheck.cli.setting_values import KEYS

    defaults = {"fail-on": "warning", "format": "text", "models": ["linux/*"]}
    for key in KEYS:
        value = getattr(settings, key.replace("-", "_"))
        place = settings.places.get((key,))
        if place is None:
            yield Applies(key, defaults.get(key, _plain(value)))
        elif isinstance(value, dict):
            for name, one in value.items():
                written = name.replace("_", "-") if key == "limits" else name
                at = settings.places.get((key, written)) or settings.places.get((key, name)) or place
                yield Applies(f"{key}.{written}", one, at.file, at.line)
        else:
            yield Applies(key, _plain(value), place.file, place.line)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def passed_over(settings: Settings) -> Iterator[str]:
    """Configurations further up, or behind the one that holds, which have no say."""
    from lockcheck.cli.settings import candidates, parsed, shown, table_of

    for path in candidates(Path.cwd()):
        if shown(path) != settings.file and table_of(path, parsed(path)[1]) is not None:
            yield shown(path)


def _show(settings: Settings, listed: list[Applies], unused: list[str]) -> None:
    from lockcheck.report.layout import Row, clean, table

    click.echo(clean(settings.file) + " applies" if settings.file else "no configuration: all is as by default")
    rows = [Row(2, clean(one.key), (clean(_toml(one.value)), clean(one.source))) for one in listed]
    for line in table(rows):
        click.echo(line)
    for name in unused:
        click.echo(f"not used, another is nearer: {clean(name)}")


def _toml(value: Any) -> str:
    """A value as TOML writes it; a dash where there is none."""
    if value is None or value == {}:
        return "-"
    return json.dumps(value)
