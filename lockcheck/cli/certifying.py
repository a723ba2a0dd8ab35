"""``lockcheck check --certificate``: what a clean run leaves behind.

Is: the option, and the file that is written. Is not: what is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockcheck.cli.options import Command

if TYPE_CHECKING:
    from lockcheck.cli.settings import Settings
    from lockcheck.findings import Result


def certificate_option(command: Command) -> Command:
    """``--certificate``: where to write one."""
    option = click.option("--certificate", metavar="FILE", type=click.Path(dir_okay=False, writable=True),
                          help="Of a clean run, write to FILE what 'lockcheck verify' can re-check.")  # fmt: skip
    return option(command)


def write_certificate(file: str, code: int, result: Result, settings: Settings, options: Mapping[str, Any]) -> None:
    """Write the certificate of a clean run; of any other say that there is none.

    ``result`` must come with its analysis. Raises click.ClickException when a clean run has none.
    """
    if code:
        click.echo("lockcheck: no certificate is written: the run is not clean", err=True)
        return
    from lockcheck import __version__
    from lockcheck.api import rules_of
    from lockcheck.certificates import Given, certify
    from lockcheck.cli.output import write
    from lockcheck.cli.run import shipped
    from lockcheck.proof.writing import UnprovableError
    from lockcheck.report.certificate import certificate_text

    folders = (*settings.rules, *options["rules"])
    models = options["paths"] or settings.models or shipped()
    given = Given(tuple(models), __version__, (*settings.roots, *options["roots"]), folders)
    try:
        made = certify(result, rules_of(tuple(map(Path, folders)), None), given)
    except UnprovableError as error:
        raise click.ClickException(f"no certificate can be written: {error}") from error
    write(certificate_text(made), file)
