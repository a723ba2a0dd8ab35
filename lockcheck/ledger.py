"""Asking a ledger: models with claims in, answers out.

Is: which programs have to be made for which claims, each made once. Is not: a printer, nor what a question means.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from lockcheck.answers import Answer, Answered
from lockcheck.api import Model, Stage, inputs_of, rules_of

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from lockcheck.checker.claims import Options
    from lockcheck.checker.questions import Ask, Asked, Outcome
    from lockcheck.checker.reading import RuleSet
    from lockcheck.checker.select import Report
    from lockcheck.findings import Quotable
    from lockcheck.model.claims import Claim, Question
    from lockcheck.model.program import Program
    from lockcheck.source.limits import Limits
    from lockcheck.source.problems import Problem

SHIPPED = "claims/slab-destructors"
"""The ledger that comes with lockcheck."""

MAX_PROGRAMS = 512
"""Programs that one ledger may need; more is a mistake or an attack."""

Job: TypeAlias = "tuple[tuple[Model, ...], Options]"
"""Models to load as one program, with these options."""


def ask(
    ledger: Model | Iterable[Model] = SHIPPED,
    *,
    of: Model | Iterable[Model] | None = None,
    only: Iterable[str] = (),
    config: Mapping[str, bool] | None = None,
    rules: Iterable[str | os.PathLike[str]] | None = None,
    roots: Iterable[str | os.PathLike[str]] | None = None,
    limits: Limits | None = None,
    stage: Stage | None = None,
) -> Answered:
    """Answer every claim of a ledger, in the order in which they are written.

    ``ledger``: one model or several with ``claims:`` (see :func:`lockcheck.check` for what a model can be). A claim
    with ``in:`` is asked of those models, any other of the ledger with what it includes. ``of``: ask all of them
    of these models instead, whatever they say; what these lack makes a claim undecided. To compare two designs, ask
    both and compare ``{answer.claim.id: answer.words}``:

        before = lockcheck.ask("ledger.yaml", of="linux/fork").answers
        after = lockcheck.ask("ledger.yaml", of="rfc.yaml").answers

    ``only``: ids of the claims to answer; all without any. ``config``: options to set where the ledger does not vary or
    fix them. Pure: the same input gives the same answers. Never raises for bad models: they are ``problems``, and
    ``exit_code`` is 2.
    """
    from pathlib import Path

    from lockcheck.source.garbage import collector_paused

    ruleset = rules_of(tuple(map(Path, rules or ())), limits)
    own = tuple(inputs_of(ledger))
    other = None if of is None else tuple(inputs_of(of))
    places = None if roots is None else [Path(root) for root in roots]
    with collector_paused():
        chosen = tuple(dict.fromkeys(only))
        run = _Run(ruleset, own, other, chosen, dict(config or {}), places, limits, stage or (lambda _: None))
        return run.answered()


def answers(models: Model | Iterable[Model], ledger: Model | Iterable[Model] | None = None) -> tuple[Answer, ...]:
    """The answers alone: of the models' own claims, or of a ledger's claims asked of the models.

    Raises ValueError when something cannot be read.
    """
    found = ask(models) if ledger is None else ask(ledger, of=models)
    if found.problems:
        raise ValueError(str(found.problems[0]))
    return found.answers


@dataclass(slots=True)
class _Run:
    """One run over a ledger."""

    ruleset: RuleSet
    own: tuple[Model, ...]
    other: tuple[Model, ...] | None
    only: tuple[str, ...]
    config: dict[str, bool]
    roots: list[Path] | None
    limits: Limits | None
    say: Stage
    problems: list[Problem] = field(default_factory=list)
    sources: dict[str, Quotable] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    known: frozenset[str] | None = None
    defaults: dict[tuple[Model, ...], dict[str, bool]] = field(default_factory=dict)

    def answered(self) -> Answered:
        """Read the ledger, ask all programs, put the answers together."""
        from lockcheck.checker.claims import without_question

        self.say("reading")
        program = self.load(self.own, self.config)
        claims = self.chosen(program.claims if program is not None else ())
        if self.other is not None:
            target = self.load(self.other, self.config)
            self.known = frozenset(name for name, _ in target.config) if target else None
        tests = self.compiled(claims)
        asking = [claim for claim in claims if claim.id in tests]
        first = self.outcomes(asking, tests, self.variants)
        again = [claim for claim in asking if refuted(first.get(claim.id, ()))]
        second = self.outcomes(again, tests, self.assumed)
        if self.problems:
            return Answered(problems=tuple(sorted(set(self.problems))), sources=self.sources)
        found = (
            self.answer(claim, first[claim.id], second.get(claim.id, ())) if claim.id in tests
            else without_question(claim)
            for claim in claims
        )  # fmt: skip
        return Answered(tuple(found), (), tuple(sorted(self.files)), self.sources)

    def answer(self, claim: Claim, outcomes: Sequence[Outcome], assumed: Sequence[Outcome]) -> Answer:
        """The answer to one claim, from all that was asked for it."""
        from lockcheck.checker.claims import answer, variants

        by_variant = dict(zip(variants(claim), outcomes, strict=True))
        asked_of = tuple(_name(model) for model in self.models(claim.models))
        return answer(claim, by_variant, tuple(zip(claim.assuming, assumed, strict=False)), asked_of)

    def chosen(self, claims: Sequence[Claim]) -> Sequence[Claim]:
        """The claims that are wanted; an id that no claim has is a problem."""
        from lockcheck.source.problems import Problem, did_you_mean

        known = [claim.id for claim in claims]
        for name in self.only if claims else ():
            if name not in known:
                file = claims[0].place.file
                hint = did_you_mean(name, known)
                self.problems.append(Problem(file, 0, 0, f"there is no claim '{name}'", hint, "unknown-claim"))
        return [claim for claim in claims if not self.only or claim.id in self.only]

    # ------------------------------------------------------------ what is asked of what

    def models(self, named: tuple[str, ...]) -> tuple[Model, ...]:
        """The models that a claim is asked of."""
        return self.other or named or self.own

    def job(self, named: tuple[str, ...], *options: Options) -> Job:
        """Models with their options: the caller's, then the claim's, then those of the variant."""
        config = dict(self.config)
        for some in options:
            config.update((name, on) for name, on in some if self.known is None or name in self.known)
        models = self.models(named)
        usual = self.usual(models) if config != self.config else {}
        return models, tuple(sorted(one for one in config.items() if one not in usual.items()))

    def usual(self, models: tuple[Model, ...]) -> dict[str, bool]:
        """The options of models as the caller has them: naming one of these makes no other program."""
        if models not in self.defaults:
            program = self.load(models, self.config)
            own = {name for name, _ in self.config.items()}
            self.defaults[models] = {name: on for name, on in program.config if name not in own} if program else {}
        return self.defaults[models]

    def variants(self, claim: Claim) -> list[Job]:
        """The programs that a claim is asked of, one for each variant."""
        from lockcheck.checker.claims import variants

        return [self.job(claim.models, claim.config, options) for options in variants(claim)]

    def assumed(self, claim: Claim) -> list[Job]:
        """The programs in which the assumptions of a claim are so."""
        return [self.job(one.models or claim.models, claim.config, one.config) for one in claim.assuming]

    # ------------------------------------------------------------ asking

    def compiled(self, claims: Iterable[Claim]) -> dict[str, Ask]:
        """The tests of all claims that ask something; what is wrong with a question is a problem."""
        from lockcheck.checker.questions import compile_question

        self.problems += self.ruleset.problems
        rules = frozenset(self.ruleset.rules)
        return {
            claim.id: compile_question(claim.question, rules, self.reporter(claim.question))
            for claim in claims
            if claim.question is not None
        }

    def reporter(self, question: Question) -> Report:
        """Makes problems of what is wrong at a path in a question."""
        from lockcheck.checker.reading import position
        from lockcheck.model.places import pack
        from lockcheck.source.problems import Problem
        from lockcheck.source.reader import AT

        def report(path: tuple[str | int, ...], message: str, hint: str | None) -> None:
            place = question.place
            source = self.sources[place.file]
            exact = position({AT: pack(place.line, place.column)}, path, source)  # type: ignore[arg-type]
            self.problems.append(Problem(*exact, message, hint, "invalid-claim"))

        return report

    def outcomes(
        self, claims: Sequence[Claim], tests: Mapping[str, Ask], jobs: Callable[[Claim], list[Job]]
    ) -> dict[str, list[Outcome]]:
        """For each claim the outcome of each of its jobs. A program is made once, for all claims that need it."""
        by_job: dict[Job, list[Claim]] = {}
        for claim in claims if not self.problems else ():
            for job in jobs(claim):
                by_job.setdefault(job, []).append(claim)
        if len(by_job) > MAX_PROGRAMS:
            self.refuse(claims[0], f"the ledger needs {len(by_job)} programs; at most {MAX_PROGRAMS} are made")
            return {}
        found: dict[tuple[Job, str], Outcome] = {}
        for number, (job, asking) in enumerate(by_job.items()):
            self.say(f"asking program {number + 1} of {len(by_job)}")
            asked = self.asked(job, asking)
            if asked is not None:
                found.update(((job, claim.id), tests[claim.id](asked)) for claim in asking)
        if self.problems:
            return {}
        return {claim.id: [found[job, claim.id] for job in jobs(claim)] for claim in claims}

    def asked(self, job: Job, claims: Sequence[Claim]) -> Asked | None:
        """The program of a job, analysed, with what these claims want to see."""
        from lockcheck.checker.questions import Asked, observed, watching
        from lockcheck.graph import analyse

        models, options = job
        gc.collect()  # the last program's analysis is full of cycles, and as large as this one's will be
        before = len(self.problems)
        program = self.load(models, dict(options))
        if program is None:
            self.blame(before, claims[0])
            return None
        names = frozenset[str]().union(*(observed(one.question) for one in claims if one.question is not None))
        watched = watching(program, names)
        return Asked(watched, analyse(watched, self.limits), self.ruleset.sorted())

    def load(self, models: Sequence[Model], config: Mapping[str, bool]) -> Program | None:
        """One program, or None with problems."""
        from lockcheck import loading

        limits = self.limits or loading.Limits()
        loaded = loading.load(models, config=config, roots=self.roots, limits=limits)
        self.sources.update(loaded.sources)
        self.problems += loaded.problems
        self.files.update(loaded.sources)
        return loaded.program

    def blame(self, before: int, claim: Claim) -> None:
        """An option that the models do not know is the mistake of the claim that names it."""
        for index in range(before, len(self.problems)):
            one = self.problems[index]
            if one.code == "unknown-config" and not one.line:
                self.problems[index] = replace(one, file=claim.place.file, line=claim.place.line,
                                               column=claim.place.column)  # fmt: skip

    def refuse(self, claim: Claim, message: str) -> None:
        """A problem with the ledger as a whole."""
        from lockcheck.source.problems import Problem

        self.problems.append(Problem(*claim.place, message, "split it", "too-many-programs"))


def refuted(outcomes: Iterable[Outcome]) -> bool:
    """Nothing lets the claim hold, and something refutes it."""
    values = {one.value for one in outcomes}
    return False in values and True not in values


def _name(model: Model) -> str:
    """A model as a person would write it."""
    name = getattr(model, "name", None)
    return str(name) if isinstance(model, tuple) and name else str(model)
