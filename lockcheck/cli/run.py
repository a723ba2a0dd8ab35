"""One run for the commands that read models: settings and options put together, checked with a word on long runs."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lockcheck.cli.options import limits_of
from lockcheck.cli.output import Progress
from lockcheck.cli.settings import Settings, find
from lockcheck.model.places import Place

if TYPE_CHECKING:
    from lockcheck.answers import Answer, Answered
    from lockcheck.compare.repairs import Repairs
    from lockcheck.findings import Result
    from lockcheck.source.problems import Problem

SHIPPED = "linux/"


def run_check(
    options: Mapping[str, Any], *, all_configs: bool = False, configs: Sequence[str] = (), **how: Any
) -> tuple[Result, Settings]:
    """Check what ``options`` name; without paths, what the project's configuration names, or the shipped models.

    ``configs``: options to vary; ``all_configs`` means all of them, and is what the project's configuration may say.
    ``how``: as for :func:`run_paths`.
    """
    settings = find(Path.cwd())
    paths = paths_of(options, settings)
    return run_paths(paths, options, settings, all_configs=configs or all_configs, **how), settings


def paths_of(options: Mapping[str, Any], settings: Settings) -> Sequence[str]:
    """What to check: the paths that are named, those of the configuration, or the shipped models."""
    return options["paths"] or settings.models or shipped()


def run_paths(
    paths: Sequence[str],
    options: Mapping[str, Any],
    settings: Settings,
    *,
    all_configs: bool | Sequence[str] = False,
    lenient: bool = False,
    **how: Any,
) -> Result:
    """Check ``paths`` as options and settings say.

    ``all_configs``: vary all kernel options that the models name, or these.
    ``lenient``: kernel options that these models do not declare are left out instead of being problems. ``how``:
    ``included_only``, ``revision``, ``cache`` and ``instead``, as :func:`lockcheck.check` takes them.
    """
    config = {**settings.config, **options["config"]}
    result = _check(paths, config, options, settings, all_configs, how)
    unknown = unknown_options(result, config)
    if lenient and unknown:
        known = {name: on for name, on in config.items() if name not in unknown}
        return _check(paths, known, options, settings, all_configs, how)
    return result


def run_repairs(
    result: Result, options: Mapping[str, Any], *, all_configs: bool = False, configs: Sequence[str] = ()
) -> tuple[Repairs, ...]:
    """Try repairs for the findings of a result of :func:`run_check`, with the same arguments."""
    from lockcheck.repair import repairs

    settings = find(Path.cwd())
    paths: Sequence[str] = options["paths"] or settings.models or shipped()

    def check(texts: Mapping[str, str], config: Mapping[str, bool] | None) -> Result:
        if config is None:
            return run_paths(paths, options, settings, all_configs=configs or all_configs, instead=texts)
        one = replace(settings, all_configs=False)
        return run_paths(paths, {**options, "config": {**options["config"], **config}}, one, instead=texts)

    return repairs(result, check)


def run_revision(paths: Sequence[str], revision: str | None, options: Mapping[str, Any], **how: Any) -> Result:
    """Check ``paths`` as they are in a revision, or on disk when it is None. Those that are not there are left out.

    A side on which none of them is, is empty.
    """
    from lockcheck.findings import Result

    settings = find(Path.cwd())
    result = run_paths(paths, options, settings, lenient=True, revision=revision, **how)
    absent = {one.file for one in result.problems if one.code == "no-such-file" and not one.line} & set(paths)
    left = [path for path in paths if path not in absent]
    if absent and not left:
        return Result()
    return run_paths(left, options, settings, lenient=True, revision=revision, **how) if absent else result


def run_claims(ledger: str, result: Result, options: Mapping[str, Any], settings: Settings) -> Answered:
    """Ask the claims of a ledger of the models that ``result`` is about. Kernel options that these do not declare are
    left out."""
    from lockcheck.ledger import ask

    declared = result.configs.names
    config = {**settings.config, **options["config"]}
    with Progress() as progress:
        return ask(
            Path(ledger),
            of=[Path(name) for name in models_of(result)],
            config={name: on for name, on in config.items() if name in declared},
            rules=(*settings.rules, *options["rules"]),
            roots=(*settings.roots, *options["roots"]),
            limits=limits_of({**settings.limits, **options["limits"]}),
            stage=progress,
        )


def models_of(result: Result) -> list[str]:
    """What to name to check a result's models again: those that were named, or all when they only were included."""
    from lockcheck.loading import library

    short = {f"{name}.yaml": name for name in library()}
    return [name if Path(name).exists() else short.get(name, name) for name in result.named_files or result.files]


def answers_of(answered: Answered) -> tuple[Answer, ...]:
    """The answers. Raises click.ClickException, after saying why, when the ledger could not be asked."""
    if answered.problems:
        from lockcheck.report.paint import Paint
        from lockcheck.report.text import problem_lines

        for problem in answered.problems:
            click.echo("\n".join(problem_lines(problem, answered.sources, Paint())), err=True)
        raise click.ClickException("the claims could not be asked")
    return answered.answers


def unknown_options(result: Result, config: Mapping[str, bool]) -> set[str]:
    """Which of the kernel options that were chosen the models do not declare."""
    asked = [one.message for one in result.problems if one.code == "unknown-config" and not one.line]
    return {name for name in config if any(f"'{name}'" in message for message in asked)}


def refuse_unknown(config: Mapping[str, bool], sides: Sequence[Result]) -> None:
    """Raises click.UsageError for a kernel option that none of the results' models declares."""
    if any(side.problems for side in sides):
        return
    known = {name for side in sides for name in side.configs.names}
    for name in config:
        if name not in known:
            from lockcheck.source.problems import did_you_mean

            hint = did_you_mean(name, known)
            raise click.UsageError(f"no model declares the kernel option '{name}'" + (f"; {hint}" if hint else ""))


def _check(
    paths: Sequence[str],
    config: Mapping[str, bool],
    options: Mapping[str, Any],
    settings: Settings,
    vary: bool | Sequence[str],
    how: Mapping[str, Any],
) -> Result:
    from lockcheck.api import check

    with Progress() as progress:
        result = check(
            [Path(path) for path in paths],
            config=config,
            all_configs=vary or settings.configs or settings.all_configs,
            rules=(*settings.rules, *options["rules"]),
            roots=(*settings.roots, *options["roots"]),
            limits=limits_of({**settings.limits, **options["limits"]}),
            today=datetime.date.today(),
            stage=progress,
            **how,
            waivers=(*settings.waivers, *options.get("waivers", ())),
            severities=settings.severities,
            verdicts=settings.verdicts,
        )
    return _with_places(result, settings)


def _with_places(result: Result, settings: Settings) -> Result:
    """The same result; a problem about the configuration's severities stands where the configuration says it."""
    if settings.text is None or not result.problems:
        return result
    from lockcheck.checker.severities import PLACE  # with all of the rules' reading behind it

    if all(one.file != PLACE for one in result.problems):
        return result
    problems = (placed(one, settings) if one.file == PLACE else one for one in result.problems)
    sources = {**result.sources, settings.text.file: settings.text}
    return replace(result, problems=tuple(sorted(problems)), sources=sources)


def placed(problem: Problem, settings: Settings) -> Problem:
    """A problem about severities, where the configuration says them."""
    keys = next((("severities", name) for name in settings.severities if f"'{name}'" in problem.message), ("",))
    place = settings.places.get(keys) or Place(settings.file or "", 0, 0)
    return replace(problem, file=place.file, line=place.line, column=place.column)


def shipped() -> tuple[str, ...]:
    """Names of the shipped Linux models."""
    from lockcheck.loading import library

    return tuple(name for name in library() if name.startswith(SHIPPED))
