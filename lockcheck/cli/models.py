"""``lockcheck models``: what is shipped, by name."""

from __future__ import annotations

import re
from pathlib import Path

import click

TITLE = re.compile(r"^title:[ \t]*[\"']?(.*?)[\"']?[ \t]*$", re.MULTILINE)


@click.command()
def command() -> int:
    """List shipped models and examples by name."""
    from lockcheck.loading import library
    from lockcheck.report.layout import Row, clean, table

    rows = [Row(0, name, (clean(_title(path)),)) for name, path in library().items()]
    for line in table(rows, width=200):
        click.echo(line)
    return 0


def _title(path: Path) -> str:
    found = TITLE.search(path.read_text(encoding="utf-8", errors="replace"))
    return found.group(1) if found else ""
