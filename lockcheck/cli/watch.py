"""``check --watch``: check again whenever a file that was read is saved, until Ctrl-C.

Is: a look at sizes and times of files twice a second; a save is over when nothing changed between two looks. Is not: a
way of its own to check: each time is a check like any other, and the cache makes it cost what changed.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from lockcheck.cli.settings import OWN_FILE, SHARED_FILE

PAUSE_SECONDS = 0.5
Stamps = dict[str, tuple[int, int]]


def watch_option(command: Callable[..., int]) -> Callable[..., int]:
    """``--watch``: the command again and again, with the same options."""

    @click.option("--watch", is_flag=True, help="Check again whenever a file is saved, until Ctrl-C.")
    @functools.wraps(command)
    def run(watch: bool, **options: Any) -> int:
        if not watch:
            return command(**options)
        return again_and_again(lambda: command(**options), lambda: stamps(options))

    return run


def again_and_again(
    check: Callable[[], int], look: Callable[[], Stamps], pause: Callable[[float], None] = time.sleep
) -> int:
    """Check, wait until ``look`` sees something else, and check again. Ctrl-C ends it; the last exit status.

    Raises click.ClickException if the first check does.
    """
    before = look()
    code = check()
    try:
        while True:
            _say(f"watching {len(before)} file{'' if len(before) == 1 else 's'}, Ctrl-C ends")
            before = _saved(before, look, pause)
            _say("checking again")
            try:
                code = check()
            except click.ClickException as error:
                error.show()
                code = error.exit_code
    except KeyboardInterrupt:
        click.echo(err=True)
        return code


def _saved(before: Stamps, look: Callable[[], Stamps], pause: Callable[[float], None]) -> Stamps:
    """What is seen after something was saved, once it stays so."""
    while (now := look()) == before:
        pause(PAUSE_SECONDS)
    while True:
        pause(PAUSE_SECONDS)
        later = look()
        if later == now:
            return now
        now = later


def _say(text: str) -> None:
    sys.stdout.flush()
    click.echo(f"lockcheck: {text}", err=True)


def stamps(options: Mapping[str, Any]) -> Stamps:
    """Time and size of each file that a check with these options reads, by name; of those that are there."""
    found: Stamps = {}
    for path in _files(options):
        try:
            status = path.stat()
        except OSError:
            continue
        found[str(path)] = status.st_mtime_ns, status.st_size
    return found


def _files(options: Mapping[str, Any]) -> Iterator[Path]:
    """Configuration, rules, waivers, baseline and models, with what these include."""
    from lockcheck.cli.run import paths_of
    from lockcheck.cli.settings import Settings, find

    try:
        settings = find(Path.cwd())
    except click.ClickException:
        settings = Settings()  # it is wrong just now: the check says so, and its next save is waited for
    for folder in (Path.cwd(), *Path.cwd().parents):
        yield from (folder / OWN_FILE, folder / SHARED_FILE)
    for name in (*settings.waivers, *options.get("waivers", ()), options.get("baseline"), settings.baseline):
        yield from (Path(name),) if name else ()
    for name in (*settings.rules, *options["rules"]):
        yield from sorted(Path(name).rglob("rule.yaml"))
    yield from _models(paths_of(options, settings), [*settings.roots, *options["roots"]])


def _models(paths: Sequence[str], roots: Sequence[str]) -> Iterator[Path]:
    from lockcheck.loading import Limits
    from lockcheck.loading.survey import survey

    for path in map(Path, paths):
        yield from sorted(path.rglob("*.yaml")) if path.is_dir() else (path,)
    found = survey(paths, [Path(root) for root in roots], Limits(), lambda _: None)
    for one in found.files if found is not None else ():
        if not one.shipped:
            yield Path(one.name)
