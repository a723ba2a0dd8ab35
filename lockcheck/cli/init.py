"""``lockcheck init``: a project to start from."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False), metavar="[DIR]")
@click.option("--ci", type=click.Choice(["github", "gitlab", "shell", "none"]), default="github", show_default=True,
              help="For which CI to write a file.")  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
def command(folder: str, ci: str, force: bool) -> int:
    """Write a start into DIR: lockcheck.toml, a model, a rule with its cases, and a CI file.

    'lockcheck check' and 'lockcheck rules test' run right after. Nothing that exists is overwritten without --force.
    """
    from lockcheck.bench.scaffold import starter
    from lockcheck.report.layout import clean, count

    root = Path(folder)
    files = starter(None if ci == "none" else ci)
    there = [name for name in files if (root / name).is_symlink() or (root / name).exists()]
    if there and not force:
        click.echo("\n".join(clean((root / name).as_posix()) for name in there), err=True)
        told = f"{count(len(there), 'file')} there already: nothing was written; --force overwrites"
        raise click.ClickException(told)
    for name, text in files.items():
        _put(root / name, text)
        click.echo(clean((root / name).as_posix()))
    where = "" if root == Path() else f"in {clean(root.as_posix())}: "
    click.echo(f"next: {where}lockcheck check; lockcheck rules test; then change the model into yours")
    return 0


def _put(path: Path, text: str) -> None:
    """Write one file, and its folders. Raises click.ClickException when that can't be done."""
    from lockcheck.report.layout import clean

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            path.unlink()  # --force replaces the link, not what it leads to
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{clean(path.as_posix())}: {(error.strerror or str(error)).lower()}") from error
