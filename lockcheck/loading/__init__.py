"""Model files in, a program or positioned problems out.

Is: the one door to loading: :func:`load`, :func:`library`, :func:`model_schema`.
Is not: an analysis; nothing here judges a lock order.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lockcheck.loading.files import Files, ModelFile, ModelText, library, read_model
from lockcheck.loading.trees import DISK, Tree
from lockcheck.model.program import Program
from lockcheck.model.references import Reference
from lockcheck.source.garbage import collector_paused
from lockcheck.source.limits import Limits
from lockcheck.source.locate import locate
from lockcheck.source.problems import Collector, Problem, TooManyProblems, did_you_mean
from lockcheck.source.reader import KEYS
from lockcheck.source.text import SourceText

if TYPE_CHECKING:
    from lockcheck.loading.references import Unsaid

__all__ = [
    "Limits", "Loaded", "ModelText", "Models", "Problem", "SourceText", "Stated", "library", "load",
    "model_schema", "stated",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of loading. ``program`` is None exactly when there are problems.

    ``configs``: kernel options that the models declare (not the dialect's own), with their defaults. ``sources``: text
    of each file read, by the name that places use. ``known``: all options that can be
    chosen, with their defaults. ``demanded``: options that were to be left open and could not be:
    the program stands for what ``config`` says of them.
    """

    program: Program | None
    problems: tuple[Problem, ...]
    configs: Mapping[str, bool]
    sources: Mapping[str, SourceText]
    demanded: frozenset[str] = frozenset()
    known: Mapping[str, bool] = field(default_factory=dict)


def load(
    inputs: Sequence[str | os.PathLike[str] | ModelText],
    *,
    config: Mapping[str, bool] | None = None,
    roots: Sequence[Path] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    included_only: bool = False,
    revision: str | None = None,
) -> Loaded:
    """Read models, with all they include, into one program.

    ``inputs``: files, directories (every ``*.yaml`` below with a ``lockcheck:`` key), names of shipped models, or
    :class:`ModelText`. ``config``: kernel options to set instead of the models' defaults. ``roots``: further folders
    that includes may lead into; always allowed are the folders of the inputs and the shipped library.
    ``revision``: read the inputs and all files that they include from this revision of the git checkout that the
    working folder is in, instead of from disk; shipped models are the installed ones.
    ``included_only``: leave out the inputs themselves and build what they include, and no more.
    Never raises for bad input: everything that is wrong, in all files, is in ``problems``.
    """
    return Models(inputs, roots, limits, included_only=included_only, revision=revision).load(config or {})


class Models:
    """Models that are read once and loaded for one config after another.

    Arguments as for :func:`load`. ``instead``: texts to take instead of what a file says, by the name that places use.
    ``found``: files that were read already, and what collects their problems.
    """

    def __init__(
        self,
        inputs: Sequence[str | os.PathLike[str] | ModelText],
        roots: Sequence[Path] | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        *,
        included_only: bool = False,
        revision: str | None = None,
        instead: Mapping[str, str] | None = None,
        found: tuple[Files, Collector] | None = None,
    ) -> None:
        self._inputs, self._roots, self._limits, self._found = inputs, roots, limits, found
        self._included_only, self._revision, self._instead = included_only, revision, instead
        self._read: _Read | None = None

    def load(self, config: Mapping[str, bool], left_open: frozenset[str] = frozenset()) -> Loaded:
        """The program for ``config``. ``left_open``: options that paths may decide where steps test them.

        The program then stands for all values of them, but for those in ``demanded``; see :class:`Loaded`.
        """
        with collector_paused():
            return self._load(config, left_open)

    def _load(self, config: Mapping[str, bool], left_open: frozenset[str]) -> Loaded:
        problems = self._found[1] if self._found is not None else Collector(self._limits.max_problems)
        read, self._read = self._read, None
        files = read.files if read is not None else self._files(problems)
        program, builder = None, None
        try:
            if read is None:
                if not len(problems):
                    files.read_inputs(self._inputs)
                if self._included_only:
                    _leave_out_named(files, problems)
                read = _declarations(files, problems, self._limits)
            if read is not None:
                problems = read.problems
                builder = _builder(read, self._limits)
                program = _with_claims(builder.build(config, left_open), builder, read)
        except TooManyProblems:
            program = None
        found = _causes(problems.sorted(), files)
        if not found:
            self._read = read  # what was read is as it was; problems would stay in its collector
        sources = {name: model.source for name, model in sorted(files.models.items())}
        configs = builder.named_configs if builder is not None else {}
        demanded = builder.demanded if builder is not None else frozenset()
        known = builder.configs if builder is not None else {}
        return Loaded(None if found else program, found, configs, sources, demanded, known)

    def _files(self, problems: Collector) -> Files:
        """What reads the files, or has them already."""
        if self._found is not None:
            return self._found[0]
        return Files(self._roots, self._limits, problems, _tree(self._revision, problems), self._instead)


def _tree(revision: str | None, problems: Collector) -> Tree:
    """Where to read from; a revision that can't be read is a problem."""
    if revision is not None:
        from lockcheck.loading.revisions import RevisionError, open_revision

        try:
            return open_revision(revision, Path.cwd())
        except RevisionError as error:
            problems.add(Problem(f"revision {revision}", 0, 0, str(error), None, "bad-revision"))
    return DISK


def _leave_out_named(files: Files, problems: Collector) -> None:
    """Only what the inputs include stays; if that is nothing, it is a problem."""
    included = {name: model for name, model in files.models.items() if not model.named}
    if not included and not problems:
        hint = "name what it is to be compared with"
        problems.add(Problem("", 0, 0, "the models that were named include nothing", hint, "no-input"))
    files.models = included


@dataclass(frozen=True, slots=True)
class Stated:
    """What models say about kernel sources. ``references``: by file, line and column; ``unsaid``: what has none."""

    references: tuple[Reference, ...]
    unsaid: tuple[Unsaid, ...]
    problems: tuple[Problem, ...]
    sources: Mapping[str, SourceText]


def stated(
    inputs: Sequence[str | os.PathLike[str] | ModelText],
    *,
    roots: Sequence[Path] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> Stated:
    """The ``at: file:line`` of the models that are named, not of those they include. Arguments as for :func:`load`."""
    from lockcheck.loading.dialect import Dialect
    from lockcheck.loading.references import References

    loaded = load(inputs, roots=roots, limits=limits)
    problems = Collector(limits.max_problems)
    files = Files(roots, limits, problems)
    if loaded.problems:
        return Stated((), (), loaded.problems, loaded.sources)
    files.read_inputs(inputs)
    models = [files.models[name] for name in sorted(files.models)]
    dialect = Dialect(problems)
    _fill(dialect, files, models, limits, problems)
    found = References(models, dialect, problems)
    for model in models:
        if model.named:
            found.read(model)
    references = tuple(sorted(found.found, key=lambda one: (one.place, one)))
    return Stated(references, tuple(sorted(found.unsaid, key=lambda one: one.place)), problems.sorted(), loaded.sources)


class _Read(NamedTuple):
    """What the files of a run declare, for any config."""

    files: Files
    models: list[ModelFile]
    dialect: Any
    declared: Any
    problems: Collector


def _declarations(files: Files, problems: Collector, limits: Limits) -> _Read | None:
    """From files to declarations."""
    from lockcheck.loading.declare import collect
    from lockcheck.loading.dialect import Dialect

    models = [files.models[name] for name in sorted(files.models)]
    if not models and not problems:
        problems.add(Problem("", 0, 0, "nothing to read", "name a file, a directory or a shipped model", "no-input"))
    if not models:
        return None
    dialect = Dialect(problems)
    _fill(dialect, files, models, limits, problems)
    _count(models, limits, problems)
    return _Read(files, models, dialect, collect(models, dialect, problems, limits), problems)


def _builder(read: _Read, limits: Limits) -> Any:
    """What builds the program of one config from declarations."""
    from lockcheck.loading.program import Builder

    return Builder(read.models, read.dialect, read.declared, read.problems, limits)


def _with_claims(program: Program, builder: Any, read: _Read) -> Program:
    """The program with the claims of its models."""
    if not builder.declared.claims:
        return program
    from lockcheck.loading.claims import claims_of

    return replace(program, claims=claims_of(builder.declared.claims, read.files, builder.names(), read.problems))


def _fill(dialect: Any, files: Files, models: list[ModelFile], limits: Limits, problems: Collector) -> None:
    """The dialects that models name (``linux`` when none does), then the tables in the models themselves."""
    from lockcheck.loading.dialect import shipped, shipped_names

    done: set[str] = set()
    wanted = [(model, index, name) for model in models for index, name in enumerate(_dialects(model))]
    if any(model.document is not None and "dialect" not in model.document for model in models) or not wanted:
        wanted.insert(0, (models[0], 0, "linux"))
    for model, index, name in sorted(wanted, key=lambda item: item[2] not in shipped_names()):
        known = shipped(name)
        if known and name not in done:
            dialect.extend(*known, override=True)
        elif not known:
            _own_dialect(dialect, files, model, index, name, limits, problems, done)
        done.add(name)
    for model in models:
        if model.document is not None:
            dialect.extend(model.document, model.source, override=False)
    dialect.check_added()


def _count(models: list[ModelFile], limits: Limits, problems: Collector) -> None:
    """More declarations than the limit are a problem, where they become too many; what follows is not read."""
    total = 0
    for model in models:
        for section, value in (model.document or {}).items():
            total += len(value) if isinstance(value, dict) and section != KEYS else 0
            if total > limits.max_declarations:
                line, column = locate(model.source, (model.document or {})[KEYS][section], [])
                message = f"more than {limits.max_declarations} declarations"
                hint = "raise the limit (max_declarations), or split the run"
                problems.add(Problem(model.name, line, column, message, hint, "too-many-declarations"))
                raise TooManyProblems


def _own_dialect(
    dialect: Any,
    files: Files,
    model: ModelFile,
    index: int,
    name: str,
    limits: Limits,
    problems: Collector,
    done: set[str],
) -> None:
    """A dialect file beside the model that names it."""
    from lockcheck.loading.dialect import shipped_names

    assert model.document is not None
    path: list[str | int] = ["dialect", index] if isinstance(model.document["dialect"], list) else ["dialect"]
    line, column = locate(model.source, model.document[KEYS]["dialect"], path)
    if not name.endswith((".yaml", ".yml")):
        hint = did_you_mean(name, shipped_names()) or f"shipped: {', '.join(shipped_names())}; or a file (x.yaml)"
        problems.add(Problem(model.name, line, column, f"unknown dialect '{name}'", hint, "unknown-dialect"))
        return
    source = files.read_beside(model, name, line, column)
    files.dialect_broken |= source is None
    if source is None or source.file in done:
        return
    done.add(source.file)
    document = read_model(source, limits, problems, {})
    files.dialect_broken |= document is None
    if document is not None:
        dialect.extend(document, source, override=True)


def _dialects(model: ModelFile) -> list[str]:
    value = (model.document or {}).get("dialect")
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def model_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a model file, for editors and for checks without lockcheck."""
    from lockcheck.loading.schema import model_schema as make

    return make()


def _causes(problems: tuple[Problem, ...], files: Files) -> tuple[Problem, ...]:
    """``problems`` without those that may only follow from a file, or a dialect, that could not be read."""
    codes = {problem.code for problem in problems}
    broken = any(model.document is None for model in files.models.values()) or not codes.isdisjoint(_UNREAD)
    follow = _NAMES_UNKNOWN if broken else frozenset()
    if "unknown-dialect" in codes or files.dialect_broken:
        follow = _NAMES_UNKNOWN | _WORDS_UNKNOWN
    left = tuple(problem for problem in problems if problem.code not in follow)
    return left or problems


_UNREAD: Final = frozenset({"no-such-file", "unreadable", "escape", "too-large"})
_NAMES_UNKNOWN: Final = frozenset(
    f"unknown-{what}" for what in ("lock", "cache", "function", "name", "callbacks", "config", "workqueue")
)
_WORDS_UNKNOWN: Final = frozenset({"unknown-verb", "unknown-kind", "bad-gfp", "kind-mismatch", "condition"})
