"""``lockcheck cache``: what is kept of earlier runs."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def command() -> None:
    """Show or remove the results that earlier runs kept.

    The cache is safe to delete at any time: a run without it takes longer and says the same.
    """


_FOLDER = click.option("--cache-dir", metavar="DIR", type=click.Path(file_okay=False),
                       help="The cache in DIR.  [env: LOCKCHECK_CACHE_DIR]")  # fmt: skip


@command.command()
@_FOLDER
def show(cache_dir: str | None) -> int:
    """Say where the cache is, and how large."""
    from lockcheck.cache import Store

    folder = _folder(cache_dir)
    store = Store(folder)
    entries, size = store.size()
    click.echo(
        f"{folder}: {entries} {'entry' if entries == 1 else 'entries'}, {size} bytes of at most {store.max_bytes}"
    )
    return 0


@command.command()
@_FOLDER
def clear(cache_dir: str | None) -> int:
    """Remove everything that is kept."""
    from lockcheck.cache import Store

    folder = _folder(cache_dir)
    entries, size = Store(folder).clear()
    click.echo(f"{folder}: removed {entries} {'entry' if entries == 1 else 'entries'}, {size} bytes")
    return 0


def _folder(given: str | None) -> Path:
    from lockcheck.cache import default_folder

    folder = Path(given) if given else default_folder()
    if folder is None:
        raise click.UsageError("there is no home folder to keep a cache in; give one (--cache-dir)")
    return folder
