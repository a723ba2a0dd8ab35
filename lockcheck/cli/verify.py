"""``lockcheck verify``: a certificate re-checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

MOST_BYTES = 1 << 28


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False), metavar="FILE")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
def command(file: str, models: tuple[str, ...]) -> int:
    """Re-check a certificate that 'lockcheck check --certificate' wrote.

    The models that it names are read again (or MODEL instead), and a small checker that shares no code with the
    analysis goes through the proof. Exit status: 0 it holds, 1 it is refused, 2 it can't be read.
    """
    from lockcheck.certificates import verify
    from lockcheck.cli.output import write
    from lockcheck.report.certificate import verdict_text

    verdict = verify(_read(file), models)
    write(verdict_text(file, verdict), None)
    return 1 if verdict.refusals else 0


def _read(file: str) -> dict[str, Any]:
    """The certificate in a file. Raises click.ClickException when there is none in it."""
    try:
        with Path(file).open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise click.ClickException(f"{file} is larger than {MOST_BYTES >> 20} MiB")
        read = json.loads(data)
    except (OSError, ValueError, RecursionError) as error:
        raise click.ClickException(f"can't read {file}: {error}") from error
    if not isinstance(read, dict):
        raise click.ClickException(f"{file} is no certificate: expected a JSON object")
    return read
