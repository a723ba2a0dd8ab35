"""The options of the cache, and what they come to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from lockcheck.cache import Store

Command = TypeVar("Command", bound=Callable[..., Any])


def cache_options(command: Command) -> Command:
    """``--no-cache``, ``--cache-dir`` and ``-v``."""
    for option in reversed((
        click.option("--no-cache", "no_cache", is_flag=True,
                     help="Neither use results of earlier runs nor keep this one."),
        click.option("--cache-dir", metavar="DIR", type=click.Path(file_okay=False),
                     help="Keep results in DIR.  [env: LOCKCHECK_CACHE_DIR]"),
        click.option("-v", "--verbose", is_flag=True, help="Say what the cache did, on the error stream."),
    )):  # fmt: skip
        command = option(command)
    return command


def store_of(no_cache: bool, folder: str | None) -> Store | None:
    """The cache to use; None for none."""
    if no_cache:
        return None
    from lockcheck.cache import Store, default_folder

    chosen = Path(folder) if folder else default_folder()
    return Store(chosen) if chosen is not None else None


def say_what_it_did(store: Store | None) -> None:
    """One line for people who asked."""
    if store is None:
        click.echo("lockcheck: no cache", err=True)
        return
    did = "the result was in the cache" if store.hits else "the result was not in the cache"
    if store.parts is not None:
        did = f"{store.parts[0]} of {store.parts[1]} parts of the models checked, the others were in the cache"
    if not store.hits and not store.misses:
        did = "these models are not looked up in the cache"
    click.echo(
        "\n".join([f"lockcheck: {did} ({store.folder})", *(f"lockcheck: {one}" for one in store.trouble)]), err=True
    )
