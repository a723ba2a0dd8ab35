"""The public API: models in, a result out. The pipeline on one screen.

Is: load, analyse, judge, compare. Is not: a printer; nothing here writes or reads a clock (``today`` is given).
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from lockcheck.findings import Analysed, Result

if TYPE_CHECKING:
    from lockcheck.cache import Store
    from lockcheck.checker.reading import RuleSet
    from lockcheck.loading import ModelText
    from lockcheck.source.limits import Limits
    from lockcheck.source.problems import Problem

Model: TypeAlias = "str | os.PathLike[str] | ModelText"
"""A path, the name of a shipped model (``linux/slab``), or a model's text."""

Stage: TypeAlias = Callable[[str], None]
"""Told what the run is doing, in a word or two."""

Observer: TypeAlias = "Callable[[Analysed], None]"
"""Told of each analysis that was judged: several, where several configs are checked."""

NO_CHOICE: Mapping[str, str] = MappingProxyType({})


def check(
    models: Model | Iterable[Model],
    *,
    config: Mapping[str, bool] | None = None,
    all_configs: bool | Iterable[str] = False,
    rules: Iterable[str | os.PathLike[str]] | None = None,
    roots: Iterable[str | os.PathLike[str]] | None = None,
    limits: Limits | None = None,
    today: datetime.date | None = None,
    stage: Stage | None = None,
    included_only: bool = False,
    waivers: Iterable[str | os.PathLike[str]] = (),
    revision: str | None = None,
    severities: Mapping[str, str] | None = None,
    verdicts: Mapping[str, str] | None = None,
    cache: str | os.PathLike[str] | Store | None = None,
    instead: Mapping[str, str] | None = None,
    observe: Observer | None = None,
) -> Result:
    """Check models and return what was found.

    ``models``: one or several of: a file, a directory, the name of a shipped model, a :class:`ModelText`, or the text
    of a model (a string with a line break). ``config``: kernel options to turn on or off, by name; others keep the
    models' defaults. ``all_configs``: check every combination of the options that the models name, or of those listed
    here; each finding's ``condition`` then says in which of them it holds.
    ``rules``: folders of rules beside the built-in ones. ``roots``: folders that includes may reach into, beside
    those of the models. ``today``: for waivers that expire; without it none does. ``included_only``: check what the
    models include, without the models themselves: what a change is compared with. ``waivers``: files of waivers, for
    findings that are allowed without a word about it in the models. ``revision``: read the models as they are in that
    revision of the git checkout around the working folder; nothing is checked out. ``severities``: ``error``,
    ``warning``, ``note`` or ``off`` by rule id, instead of the rule's own. ``verdicts``: severities of findings whose
    replay comes to ``demonstrated``, ``guarded`` or ``undecided``. ``cache``: a folder in
    which results are kept; the same models, rules and options then have the same result at once, whose ``analysis``
    is made when it is first asked for. ``instead``: texts to take instead of
    what files say, by the names that places and ``result.sources`` use: what would be found with such a change.

    Never raises for bad models or rules: they are ``result.problems``, and ``result.exit_code`` is 2.

    >>> result = check('''
    ... lockcheck: 1
    ... title: two orders
    ... locks: {A: mutex, B: mutex}
    ... functions:
    ...   one:
    ...     entry: task
    ...     steps: [mutex_lock: A, mutex_lock: B, mutex_unlock: B, mutex_unlock: A]
    ...   two:
    ...     entry: task
    ...     steps: [mutex_lock: B, mutex_lock: A, mutex_unlock: A, mutex_unlock: B]
    ... ''')
    >>> [(finding.rule, finding.message) for finding in result.findings]
    [('circular-dependency', 'circular dependency: A -> B -> A')]
    >>> result.exit_code
    1
    """
    say = stage or (lambda _: None)
    say("reading")
    folders_of_rules = tuple(map(Path, rules or ()))
    changed = severities or {}, verdicts or {}
    vary = all_configs if isinstance(all_configs, bool) else tuple(all_configs)
    folders = [Path(root) for root in roots] if roots is not None else None
    loader = _Loader(inputs_of(models), folders, limits, included_only, revision, dict(config or {}), vary, instead,
                     observe)  # fmt: skip
    day = today.isoformat() if today else None
    files = tuple(map(Path, waivers))

    def ruleset() -> RuleSet:
        return rules_of(folders_of_rules, limits, *changed)

    def run() -> Result:
        return check_with(ruleset(), loader, day, say, files)

    if cache is None or revision is not None or instead:
        return run()
    from lockcheck.recall import Request, recalled

    request = Request(loader.models, folders, limits, included_only, loader.config, vary, day, folders_of_rules, files,
                      *changed, ruleset)  # fmt: skip
    return recalled(cache, request, run)


@dataclass(frozen=True, slots=True)
class _Loader:
    """What to load, and in which configs. ``vary``: all options that the models name (True), or these; else none."""

    models: Sequence[Model]
    roots: Sequence[Path] | None = None
    limits: Limits | None = None
    included_only: bool = False
    revision: str | None = None
    config: Mapping[str, bool] = field(default_factory=dict)
    vary: bool | Sequence[str] = False
    instead: Mapping[str, str] | None = None
    observe: Observer | None = None


def rules_of(
    folders: tuple[Path, ...],
    limits: Limits | None,
    severities: Mapping[str, str] = NO_CHOICE,
    verdicts: Mapping[str, str] = NO_CHOICE,
) -> RuleSet:
    """The built-in rules and those in ``folders``, with these severities instead of their own."""
    from lockcheck.checker.reading import read_rules
    from lockcheck.checker.severities import adjusted

    ours = built_in_rules()
    return adjusted(ours.joined(read_rules(folders, limits)) if folders else ours, severities, verdicts)


@cache
def built_in_rules() -> RuleSet:
    """The built-in rules, read once: they come with this version, and a process may check thousands of models."""
    from lockcheck.checker.reading import built_in, read_rules

    return read_rules([built_in()])


def check_case(ruleset: RuleSet, model: Model, today: str, roots: Sequence[Path] | None = None) -> Result:
    """Check one model with rules that are read already: for the rules' own cases, of which there are many."""
    return check_with(ruleset, _Loader([model], roots), today, lambda _: None)


def inputs_of(models: Model | Iterable[Model]) -> Sequence[Model]:
    """The models as a list; text is told from a path by its line breaks."""
    from lockcheck.loading import ModelText

    listed = [models] if isinstance(models, (str, os.PathLike, ModelText)) else list(models)
    return [ModelText(item) if isinstance(item, str) and "\n" in item else item for item in listed]


def check_with(ruleset: RuleSet, load: _Loader, today: str | None, say: Stage, waivers: Sequence[Path] = ()) -> Result:
    """Load, analyse and judge under each config, and put the results together."""
    from lockcheck.source.garbage import collector_paused

    with collector_paused():
        return _check_with(ruleset, load, today, say, waivers)


def _check_with(ruleset: RuleSet, load: _Loader, today: str | None, say: Stage, waivers: Sequence[Path]) -> Result:
    from lockcheck.checker.judge import Judgement
    from lockcheck.graph import analyse
    from lockcheck.loading import Limits, Models
    from lockcheck.loading.waivers import read_waivers
    from lockcheck.model.configs import Configs

    limits = load.limits or Limits()
    models = Models(
        load.models,
        load.roots,
        limits,
        included_only=load.included_only,
        revision=load.revision,
        instead=load.instead,
    )
    loaded = models.load(load.config)
    allowed = read_waivers(waivers, load.limits)
    sources = {**loaded.sources, **ruleset.sources, **allowed.sources}
    problems = (*loaded.problems, *ruleset.problems, *allowed.problems, *_unknown(load.vary, loaded.known))
    if problems or loaded.program is None:
        return Result(problems=tuple(sorted(problems)), sources=sources)
    judgement = Judgement(ruleset.sorted(), today, allowed.waivers, ruleset.off, load.observe)
    if load.vary:
        from lockcheck.matrix import Matrix, Problems

        only = None if load.vary is True else tuple(load.vary)
        varied = {name: on for name, on in (loaded.configs if only is None else loaded.known).items()
                  if name not in load.config and (only is None or name in only)}  # fmt: skip
        try:
            fixed = {name: on for name, on in loaded.program.config if name not in varied}
            findings, configs = Matrix(models, judgement, fixed, varied, limits, say).check()
        except Problems as stop:
            return Result(problems=stop.found, sources=sources)
        return judgement.result(findings, configs, sources)
    say("analysing")
    found = judgement.judge(loaded.program, analyse(loaded.program, limits))
    return judgement.result(found, Configs(loaded.program.config), sources)


def _unknown(vary: bool | Sequence[str], known: Mapping[str, bool]) -> tuple[Problem, ...]:
    """Problems of options to vary that no model declares."""
    from lockcheck.source.problems import Problem, did_you_mean

    names = sorted(set(vary) - known.keys()) if not isinstance(vary, bool) and known else []
    hints = [did_you_mean(name, known) or "models declare options under `configs:`" for name in names]
    return tuple(
        Problem("config", 0, 0, f"unknown kernel option '{name}'", hint, "unknown-config")
        for name, hint in zip(names, hints, strict=True)
    )
