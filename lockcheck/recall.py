"""A result that an earlier run found, when nothing that it depends on has changed since.

Is: the key of a result (all that decides it) and the way there and back. Is not: needed: without a cache, with a
broken one, and for whatever the survey does not see through, the run is made as if there were none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache as once
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lockcheck.cache.codec import BadEntryError, decode, encode
from lockcheck.cache.store import Store, digest
from lockcheck.findings import Analysed, Described, Finding, Mismatch, Quotable, Result, Waived
from lockcheck.loading.survey import Survey, survey
from lockcheck.model.configs import Configs
from lockcheck.model.facts import Coverage, Dependency, Fact, Leg, Unexercised, UsageSummary
from lockcheck.source.limits import Limits
from lockcheck.source.text import SourceText

if TYPE_CHECKING:
    from lockcheck.checker.reading import RuleSet
    from lockcheck.loading import ModelText

PACKAGE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for, but for the content of files: as :func:`lockcheck.check` takes it.

    ``today``: ISO date or None. ``ruleset``: reads the rules.
    """

    inputs: Sequence[str | os.PathLike[str] | ModelText]
    roots: Sequence[Path] | None
    limits: Limits | None
    included_only: bool
    config: Mapping[str, bool]
    vary: bool | Sequence[str]
    today: str | None
    rules: tuple[Path, ...]
    waivers: tuple[Path, ...]
    severities: Mapping[str, str]
    verdicts: Mapping[str, str]
    ruleset: Callable[[], RuleSet]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a result: all of it but rules and texts, which are read, and the analysis, which is made again
    when somebody asks."""

    findings: tuple[Finding, ...]
    waived: tuple[Waived, ...]
    coverage: Coverage
    configs: Configs
    files: tuple[str, ...]
    named_files: tuple[str, ...]
    mismatches: tuple[Mismatch, ...]
    expecting: bool
    unexercised: tuple[Unexercised, ...]
    rules_off: tuple[str, ...]


KEPT: Final = tuple(field.name for field in fields(Kept))


class Inputs(NamedTuple):
    """The content of everything that a run reads."""

    models: Survey
    rules: Mapping[str, str]
    waivers: Mapping[str, str]


def recalled(cache: str | os.PathLike[str] | Store, request: Request, run: Callable[[], Result]) -> Result:
    """The result of ``run``, or the same from the cache. What ``run`` finds is kept."""
    store = cache if isinstance(cache, Store) else Store(Path(cache))
    inputs = _inputs(store, request)
    if inputs is None:
        return run()
    key = _key(request, inputs)
    kept = _kept(store, key)
    if kept is not None:
        store.hits += 1
        return _result(kept, inputs, once(request.ruleset), run)
    store.misses += 1
    result = _assembled(store, request, inputs, run)
    if result is not None:
        store.put(key, encode(Kept(*(getattr(result, name) for name in KEPT))))
        store.tidy()
        return result
    result = run()
    if not result.problems and _unchanged(result, inputs) and _is_still(key, store, request):
        store.put(key, encode(Kept(*(getattr(result, name) for name in KEPT))))
    store.tidy()
    return result


def _result(kept: Kept, inputs: Inputs, ruleset: Callable[[], RuleSet], run: Callable[[], Result]) -> Result:
    return Result(
        **{name: getattr(kept, name) for name in KEPT},
        sources=_Sources(inputs, ruleset),
        rules=_Rules(ruleset),
        analysis=Again(run),
    )


def _assembled(store: Store, request: Request, inputs: Inputs, run: Callable[[], Result]) -> Result | None:
    """The result, with what is known of parts of the models that did not change; None when they have no parts."""
    from lockcheck.loading import ModelText

    apart = not (request.vary or request.included_only or inputs.rules or inputs.waivers or request.config)
    if not apart or any(isinstance(one, ModelText) for one in request.inputs):
        return None
    from lockcheck.checker.judge import Judgement
    from lockcheck.parts import LEAST_FILES, Asked, assembled

    if len(inputs.models.files) < LEAST_FILES:
        return None
    ruleset = once(request.ruleset)
    if ruleset().problems:
        return None
    limits = request.limits or Limits()
    judgement = Judgement(ruleset().sorted(), request.today, (), ruleset().off)
    named = [os.fspath(one) for one in request.inputs if not isinstance(one, ModelText)]
    parts = [
        "parts",
        version(),
        repr(limits),
        repr(sorted(request.severities.items())),
        repr(sorted(request.verdicts.items())),
    ]
    asked = Asked(inputs.models, judgement, limits, request.config, digest(*parts, *named))
    result = assembled(store, asked, Again(run))
    if result is None or result.problems:
        return None
    return replace(result, sources=_Sources(inputs, ruleset), rules=_Rules(ruleset))


def _unchanged(result: Result, inputs: Inputs) -> bool:
    """No model changed before the run read it: else nobody knows what the result is of."""
    read = ((one.source.text, result.sources.get(one.name)) for one in inputs.models.files)
    return all(getattr(source, "text", None) == text for text, source in read)


def _is_still(key: str, store: Store, request: Request) -> bool:
    """Nothing changed until the run was over."""
    inputs = _inputs(store, request)
    return inputs is not None and _key(request, inputs) == key


def _inputs(store: Store, request: Request) -> Inputs | None:
    """What would be read now; None when something about it is wrong, or not seen through."""
    rules: dict[str, str] = {}
    waivers: dict[str, str] = {}
    if request.rules:
        from lockcheck.checker.reading import read_rules

        own = read_rules(request.rules, request.limits)
        rules = {name: source.text for name, source in own.sources.items()}
        if own.problems:
            return None
    if request.waivers:
        from lockcheck.loading.waivers import read_waivers

        allowed = read_waivers(request.waivers, request.limits)
        waivers = {name: source.text for name, source in allowed.sources.items()}
        if allowed.problems:
            return None
    models = _surveyed(store, request)
    return Inputs(models, rules, waivers) if models is not None else None


def _kept(store: Store, key: str) -> Kept | None:
    data = store.get(key)
    if data is None:
        return None
    try:
        return decode(Kept, data)
    except BadEntryError:
        return None


# ---------------------------------------------------------------- what decides a result


def _key(request: Request, inputs: Inputs) -> str:
    files = inputs.models.files
    vary = request.vary if isinstance(request.vary, bool) else sorted(request.vary)
    dated = any(one.expiring for one in files) or any(map(_may_expire, inputs.waivers.values()))
    parts = ["result", version(), repr(request.limits), repr(request.included_only)]
    parts += [repr(sorted(one.items())) for one in (request.config, request.severities, request.verdicts)]
    parts += [repr(vary), repr(request.today if dated else None)]
    for texts in (inputs.rules, inputs.waivers):
        parts += [str(len(texts)), *(part for one in texts.items() for part in one)]
    for one in files:
        parts += [one.name, one.digest, f"{one.named} {one.shipped}"]
    return digest(*parts)


def _may_expire(text: str) -> bool:
    return "expires" in text or "\\" in text


@once
def version() -> str:
    """This very program: the bytes of its code, its dialects, its library and its built-in rules."""
    folders = (PACKAGE, PACKAGE.parent / "rules") if not (PACKAGE / "_rules").is_dir() else (PACKAGE,)
    parts: list[bytes | str] = []
    for number, folder in enumerate(folders):
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".yaml", ".json") and path.is_file():
                parts += [f"{number}/{path.relative_to(folder).as_posix()}", path.read_bytes()]
    return digest(*parts)


def _surveyed(store: Store, request: Request) -> Survey | None:
    def leads(name: str) -> dict[str, tuple[str, ...]] | None:
        data = store.get(digest("leads", version(), repr(request.limits), name))
        try:
            return None if data is None else dict(decode(_LEADS, data))
        except BadEntryError:
            return None

    found = survey(request.inputs, request.roots, request.limits or Limits(), leads)
    if found is not None:
        for name, led in found.learned.items():
            store.put(digest("leads", version(), repr(request.limits), name), encode(tuple(sorted(led.items()))))
    return found


_LEADS: Final = tuple[tuple[str, tuple[str, ...]], ...]


# ---------------------------------------------------------------- what is not kept


class _Sources(Mapping[str, Quotable]):
    """The texts of a run: of the models at once, of the rules when somebody asks for another one."""

    def __init__(self, inputs: Inputs, ruleset: Callable[[], RuleSet]) -> None:
        self._inputs, self._ruleset = inputs, ruleset
        self._models = inputs.models.sources()

    @cached_property
    def _all(self) -> dict[str, Quotable]:
        given = {name: SourceText(name, text) for name, text in {**self._inputs.rules, **self._inputs.waivers}.items()}
        return {**self._models, **self._ruleset().sources, **given}

    def __getitem__(self, name: str) -> Quotable:
        return self._models[name] if name in self._models else self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


class _Rules(Sequence[Described]):
    """The rules that judged, read when somebody asks: most reports say nothing of rules that found nothing."""

    def __init__(self, ruleset: Callable[[], RuleSet]) -> None:
        self._ruleset = ruleset

    def __getitem__(self, index: Any) -> Any:
        return self._ruleset().sorted()[index]

    def __len__(self) -> int:
        return len(self._ruleset().rules)


class Again:
    """The analysis of a result that was recalled: made when it is first asked for, by the whole run."""

    def __init__(self, run: Callable[[], Result]) -> None:
        self._run = run

    @cached_property
    def _analysis(self) -> Analysed:
        analysis = self._run().analysis
        assert analysis is not None
        return analysis

    def facts(self, kind: str) -> tuple[Fact, ...]:
        """All facts of that kind, sorted."""
        return self._analysis.facts(kind)

    def contexts(self, function: str) -> tuple[Fact, ...]:
        """Every way into one function, the worst first."""
        return self._analysis.contexts(function)

    def dependencies(self) -> tuple[Dependency, ...]:
        """All dependencies, sorted."""
        return self._analysis.dependencies()

    def usage(self) -> tuple[UsageSummary, ...]:
        """Usage of every lock class, sorted."""
        return self._analysis.usage()

    def usage_leg(self, lock: str, bit: str) -> Leg | None:
        """The witness of one usage bit of a class."""
        return self._analysis.usage_leg(lock, bit)

    def functions(self) -> tuple[str, ...]:
        """Names of all functions of the program, sorted."""
        return self._analysis.functions()

    def roles(self) -> Mapping[str, tuple[str, ...]]:
        """As the run knows them."""
        return self._analysis.roles()
