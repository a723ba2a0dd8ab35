"""One run for the commands that read models: settings and options put together, checked with a word on long runs."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockcheck.cli.options import limits_of
from lockcheck.cli.output import Progress
from lockcheck.cli.settings import Settings, find

if TYPE_CHECKING:
    from lockcheck.findings import Result

SHIPPED = "linux/"


def run_check(options: Mapping[str, Any], *, all_configs: bool = False) -> tuple[Result, Settings]:
    """Check what ``options`` name; without paths, what the project's configuration names, or the shipped models."""
    from lockcheck.api import check

    settings = find(Path.cwd())
    paths: Sequence[str] = options["paths"] or settings.models or shipped()
    limits = limits_of({**settings.limits, **options["limits"]})
    with Progress() as progress:
        result = check(
            [Path(path) for path in paths],
            config={**settings.config, **options["config"]},
            all_configs=all_configs or settings.all_configs,
            rules=(*settings.rules, *options["rules"]),
            roots=(*settings.roots, *options["roots"]),
            limits=limits,
            today=datetime.date.today(),
            stage=progress,
        )
    return result, settings


def shipped() -> tuple[str, ...]:
    """Names of the shipped Linux models."""
    from lockcheck.loading import library

    return tuple(name for name in library() if name.startswith(SHIPPED))
