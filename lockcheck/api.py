"""The public API: models in, a result out. The pipeline on one screen.

Is: load, analyse, judge, compare. Is not: a printer; nothing here writes or reads a clock (``today`` is given).
"""

from __future__ import annotations

import datetime
import gc
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from lockcheck.findings import Result

if TYPE_CHECKING:
    from lockcheck.checker.reading import RuleSet
    from lockcheck.loading import Loaded, ModelText
    from lockcheck.source.limits import Limits

Model: TypeAlias = "str | os.PathLike[str] | ModelText"
"""A path, the name of a shipped model (``linux/slab``), or a model's text."""

Stage: TypeAlias = Callable[[str], None]
"""Told what the run is doing, in a word or two."""


def check(
    models: Model | Iterable[Model],
    *,
    config: Mapping[str, bool] | None = None,
    all_configs: bool = False,
    rules: Iterable[str | os.PathLike[str]] | None = None,
    roots: Iterable[str | os.PathLike[str]] | None = None,
    limits: Limits | None = None,
    today: datetime.date | None = None,
    stage: Stage | None = None,
    included_only: bool = False,
    waivers: Iterable[str | os.PathLike[str]] = (),
    revision: str | None = None,
) -> Result:
    """Check models and return what was found.

    ``models``: one or several of: a file, a directory, the name of a shipped model, a :class:`ModelText`, or the text
    of a model (a string with a line break). ``config``: kernel options to turn on or off, by name; others keep the
    models' defaults. ``all_configs``: check every combination of the options that the models name (64 at most).
    ``rules``: folders of rules beside the built-in ones. ``roots``: folders that includes may reach into, beside
    those of the models. ``today``: for waivers that expire; without it none does. ``included_only``: check what the
    models include, without the models themselves: what a change is compared with. ``waivers``: files of waivers, for
    findings that are allowed without a word about it in the models. ``revision``: read the models as they are in that
    revision of the git checkout around the working folder; nothing is checked out.

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
    ruleset = rules_of(tuple(map(Path, rules or ())), limits)
    loader = _Loader(inputs_of(models), [Path(root) for root in roots] if roots is not None else None, limits,
                     included_only, revision)  # fmt: skip
    day = today.isoformat() if today else None
    return check_with(ruleset, loader, dict(config or {}), all_configs, day, say, tuple(map(Path, waivers)))


@dataclass(frozen=True, slots=True)
class _Loader:
    """What to load, again for each config."""

    models: Sequence[Model]
    roots: Sequence[Path] | None = None
    limits: Limits | None = None
    included_only: bool = False
    revision: str | None = None

    @property
    def most_configs(self) -> int:
        """How many combinations of options one run may check."""
        from lockcheck.loading import Limits

        return (self.limits or Limits()).max_configs

    def __call__(self, config: Mapping[str, bool]) -> Loaded:
        from lockcheck import loading

        limits = self.limits or loading.Limits()
        return loading.load(
            self.models, config=config, roots=self.roots, limits=limits, included_only=self.included_only,
            revision=self.revision,
        )


def rules_of(folders: tuple[Path, ...], limits: Limits | None) -> RuleSet:
    """The built-in rules and those in ``folders``."""
    from lockcheck.checker.reading import read_rules

    ours = built_in_rules()
    return ours.joined(read_rules(folders, limits)) if folders else ours


@cache
def built_in_rules() -> RuleSet:
    """The built-in rules, read once: they come with this version, and a process may check thousands of models."""
    from lockcheck.checker.reading import built_in, read_rules

    return read_rules([built_in()])


def check_case(ruleset: RuleSet, model: Model, today: str, roots: Sequence[Path] | None = None) -> Result:
    """Check one model with rules that are read already: for the rules' own cases, of which there are many."""
    return check_with(ruleset, _Loader([model], roots), {}, False, today, lambda _: None)


def inputs_of(models: Model | Iterable[Model]) -> Sequence[Model]:
    """The models as a list; text is told from a path by its line breaks."""
    from lockcheck.loading import ModelText

    listed = [models] if isinstance(models, (str, os.PathLike, ModelText)) else list(models)
    return [ModelText(item) if isinstance(item, str) and "\n" in item else item for item in listed]


def check_with(
    ruleset: RuleSet,
    load: _Loader,
    config: dict[str, bool],
    all_configs: bool,
    today: str | None,
    say: Stage,
    waivers: Sequence[Path] = (),
) -> Result:
    """Load, analyse and judge under each config, and put the results together."""
    from lockcheck.checker.judge import Judgement
    from lockcheck.graph import analyse
    from lockcheck.loading.waivers import read_waivers
    from lockcheck.source.garbage import collector_paused

    with collector_paused():
        loaded = load(config)
        allowed = read_waivers(waivers, load.limits)
        sources = {**loaded.sources, **ruleset.sources, **allowed.sources}
        problems = (*loaded.problems, *ruleset.problems, *allowed.problems)
        if problems or loaded.program is None:
            return Result(problems=tuple(sorted(problems)), sources=sources)
        judgement = Judgement(ruleset.sorted(), today, allowed.waivers)
        chosen, skipped = _configs(loaded.configs, config, load.most_configs) if all_configs else ([config], 0)
        for number, one in enumerate(chosen):
            say("analysing" if len(chosen) == 1 else f"analysing config {number + 1} of {len(chosen)}")
            if number:
                gc.collect()  # the last config's analysis is full of cycles, and as large as this one's will be
                loaded = load(one)
            if loaded.program is None or loaded.problems:
                return Result(problems=loaded.problems, sources=sources)
            judgement.add(loaded.program, analyse(loaded.program, load.limits))
        return judgement.result(skipped, sources)


def _configs(
    named: Mapping[str, bool], fixed: Mapping[str, bool], most: int
) -> tuple[list[dict[str, bool]], int]:
    """Combinations of the options that the models name and the caller left open, and how many were left out.

    The nearest to the defaults come first: none changed, one changed, two ...
    """
    from itertools import combinations, islice

    free = sorted(name for name in named if name not in fixed)
    flips = (flipped for size in range(len(free) + 1) for flipped in combinations(free, size))
    few = islice(flips, most)
    chosen = [{name: named[name] != (name in flipped) for name in free} | dict(fixed) for flipped in few]
    every = 2 ** min(len(free), 63)  # a model may name so many options that their combinations cannot be printed
    return chosen, every - len(chosen)
