"""Findings: facts that a rule forbids, with its words, and the result of a whole run.

Is: the values that ``checker/`` makes and that ``report/``, ``cli/`` and users of the API read.
Is not: a judgement (that is a rule file) nor a rendering (that is ``report/``).

Glossary words defined here: finding, severity, fingerprint, result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from lockcheck.model.configs import ALWAYS, ONE_CONFIG, Condition, Configs
from lockcheck.model.facts import Coverage, Dependency, Fact, Leg, Unexercised, UsageSummary
from lockcheck.model.places import NOWHERE, Place
from lockcheck.model.program import Expectation

if TYPE_CHECKING:
    from lockcheck.source.problems import Problem

FINGERPRINT_LENGTH = 16
"""Hexadecimal digits of a fingerprint: 64 bits, far beyond what one project's findings can collide in."""

EXIT_CLEAN = 0
EXIT_FINDINGS = 1
EXIT_FAILED = 2


class Severity(IntEnum):
    """How bad a finding is. ``ERROR``: the machine can deadlock or crash. ``WARNING``: a contract is broken.

    ``NOTE``: worth knowing. Ordered, so that a threshold is a comparison.
    """

    NOTE = 1
    WARNING = 2
    ERROR = 3

    @property
    def word(self) -> str:
        """The lower-case word used in rule files and in every report."""
        return self.name.lower()


SEVERITIES = {severity.word: severity for severity in Severity}
"""Severity by its word, mildest first."""


def fingerprint(rule: str, identity: Iterable[str]) -> str:
    """A short name for a finding that survives moved lines: made of the rule id and the fact's identity only."""
    import hashlib  # loads OpenSSL, which a clean run has no use for

    text = "\x00".join((rule, *identity))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:FINGERPRINT_LENGTH]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact that a rule forbids.

    ``message`` is one line, built from the rule's template; ``help`` says what to do. ``fact`` carries the witness:
    there is no finding without one. ``condition``: in a run over several kernel configs (``Result.configs``) those in
    which it holds, by the options that decide: ask ``condition.always``, ``condition.options``,
    ``condition.holds({...})`` or ``str(condition)``. ``kernel_title``: the title of the report that the kernel's
    lockdep would print, or None where it has none.
    """

    rule: str
    severity: Severity
    message: str
    help: str
    fact: Fact
    fingerprint: str
    kernel_title: str | None = None
    condition: Condition = ALWAYS

    def __post_init__(self) -> None:
        if not self.fact.legs:
            raise ValueError(f"a finding of {self.rule} needs a fact with a witness")

    @property
    def place(self) -> Place:
        """The step of the model that the finding points at."""
        return self.fact.place

    @property
    def at(self) -> str | None:
        """The kernel ``file:line`` of that step, if the model says it."""
        return self.fact.at

    @property
    def locks(self) -> tuple[str, ...]:
        """The lock classes that the fact is about."""
        locks = self.fact.get("locks")
        return locks if isinstance(locks, tuple) else ()

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions that its witness goes through."""
        functions = self.fact.get("functions")
        return functions if isinstance(functions, tuple) else ()

    def sort_key(self) -> tuple[object, ...]:
        """Worst first, then by place, rule and fingerprint: an order that no input order can change."""
        return (-self.severity, self.place, self.rule, self.fingerprint)


@dataclass(frozen=True, slots=True)
class Waived:
    """A finding that a waiver allows, with the waiver's reason."""

    finding: Finding
    reason: str
    place: Place


@dataclass(frozen=True, slots=True, order=True)
class Known:
    """An entry of a baseline: a finding by its meaning, and what people need to know it again.

    ``model``: the file that the finding was in, as the baseline names it. ``severity``: what it was then.
    """

    model: str
    rule: str
    locks: tuple[str, ...]
    functions: tuple[str, ...]
    fingerprint: str
    severity: Severity
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a run's findings were held against: findings that are known do not fail it.

    ``sources``: the file, the revision. ``gone``: entries of the file that nothing matches any more, though their
    model was checked or is there no more; ``unchecked``: entries of models that this run did not read. ``worse``:
    fingerprints of findings that are known, but not as bad as they are now: those are new.
    """

    sources: tuple[str, ...] = ()
    gone: tuple[Known, ...] = ()
    unchecked: tuple[Known, ...] = ()
    worse: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Where findings and expectations differ. ``what``: ``missed`` (expected, not found) or ``unexpected``."""

    what: str
    text: str
    place: Place
    expectation: Expectation | None = None
    finding: Finding | None = None


class Quotable(Protocol):
    """The text of a file, by line."""

    def line(self, number: int) -> str:
        """Line ``number`` (1-based), or an empty text."""


class Analysed(Protocol):
    """What a result needs from an analysis: the finished graph, for reports and for people."""

    def facts(self, kind: str) -> tuple[Fact, ...]:
        """All facts of that kind, sorted."""

    def contexts(self, function: str) -> tuple[Fact, ...]:
        """Every way into one function, the worst first."""

    def dependencies(self) -> tuple[Dependency, ...]:
        """All dependencies, sorted."""

    def usage(self) -> tuple[UsageSummary, ...]:
        """Usage of every lock class, sorted."""

    def usage_leg(self, lock: str, bit: str) -> Leg | None:
        """The witness of one usage bit of a class, by its name; None when the class has no such usage."""

    def functions(self) -> tuple[str, ...]:
        """Names of all functions of the program, sorted."""

    def roles(self) -> Mapping[str, tuple[str, ...]]:
        """The roles of those functions that have any, by name."""


class Described(Protocol):
    """What a report says of a rule."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def category(self) -> str:
        """What it is about, in a word."""

    @property
    def summary(self) -> str:
        """What it finds, in a sentence."""

    @property
    def severity(self) -> Severity:
        """How bad its findings are, unless their replay says otherwise."""

    @property
    def why(self) -> str:
        """How that hangs or breaks."""

    @property
    def help(self) -> str:
        """What to do."""

    @property
    def kernel_title(self) -> str | None:
        """What lockdep calls it."""


NOTHING_COVERED = Coverage(functions=0, entries=0, classes=0, dependencies=0, contexts=0, steps=0)


@dataclass(frozen=True, slots=True)
class Result:
    """What one run found, what it checked and what it could not.

    ``findings`` are sorted worst first. With a ``baseline`` they are the new ones (SARIF: ``new``, or ``updated`` when
    in ``baseline.worse``); ``known`` are the others (``unchanged``). Known findings fail nothing; a format that can
    mark them shows them. ``problems`` are reasons why something could not be analysed: any of them makes the run a
    failure. ``unexercised``: what the named models declare, and rules that are not built in, that the run had no use
    for. ``mismatches`` compare all findings with the models' ``expect:``. ``configs``: the kernel configs that were
    checked. ``rules``: all that judged, sorted; ``rules_off``: ids of those that the caller turned off.
    ``sources``: text of every file that was read, for quoting. ``analysis`` is the analysis of the config that was
    checked, None when nothing could be analysed; of a run over several configs that of the first run, whose facts hold
    with the options that their legs name (``Leg.options``).
    """

    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    waived: tuple[Waived, ...] = ()
    known: tuple[Finding, ...] = ()
    baseline: Baseline | None = None
    coverage: Coverage = NOTHING_COVERED
    configs: Configs = ONE_CONFIG
    files: tuple[str, ...] = ()
    named_files: tuple[str, ...] = ()
    mismatches: tuple[Mismatch, ...] = ()
    expecting: bool = False
    unexercised: tuple[Unexercised, ...] = ()
    rules_off: tuple[str, ...] = ()
    sources: Mapping[str, Quotable] = field(default_factory=dict, compare=False, repr=False)
    analysis: Analysed | None = field(default=None, compare=False, repr=False)
    rules: Sequence[Described] = field(default=(), compare=False, repr=False)

    @property
    def checked_nothing(self) -> bool:
        """True when no function had an entry: such a run proves nothing and is not clean."""
        return self.coverage.entries == 0

    @property
    def failed(self) -> bool:
        """True when something could not be analysed, or nothing was."""
        return bool(self.problems or self.coverage.cut) or self.checked_nothing

    @property
    def ok(self) -> bool:
        """True when everything was analysed and no finding is a warning or worse."""
        return self.exit_code == EXIT_CLEAN

    @property
    def exit_code(self) -> int:
        """0 clean, 1 findings (warnings or errors), 2 could not analyse."""
        return self.exit_code_for(Severity.WARNING)

    def exit_code_for(self, fail_on: Severity, *, compare: bool = False, strict: bool = False) -> int:
        """The exit code when findings below ``fail_on`` are only shown.

        ``compare``: what counts is whether findings and expectations differ; without expectations that is a failure.
        ``strict``: whatever the run had no use for counts as a finding.
        """
        if self.failed or (compare and not self.expecting):
            return EXIT_FAILED
        if strict and self.unexercised:
            return EXIT_FINDINGS
        if compare:
            return EXIT_FINDINGS if self.mismatches else EXIT_CLEAN
        return EXIT_FINDINGS if any(one.severity >= fail_on for one in self.findings) else EXIT_CLEAN

    def only(self, verdict: str) -> Result:
        """The same result with only the findings whose replay came to ``verdict``."""

        def kept(some: Iterable[Finding]) -> tuple[Finding, ...]:
            return tuple(one for one in some if one.fact.replay is not None and one.fact.replay.verdict == verdict)

        return replace(self, findings=kept(self.findings), known=kept(self.known))

    def expectation_mismatches(self) -> tuple[Mismatch, ...]:
        """Expectations that no finding met and findings that no expectation names, sorted by place.

        Empty when no checked model has an ``expect:``.
        """
        return self.mismatches

    def facts(self, kind: str) -> tuple[Fact, ...]:
        """What is true of the models, whatever the rules say about it (docs/reference/facts.md)."""
        return self.analysis.facts(kind) if self.analysis is not None else ()

    def contexts(self, function: str) -> tuple[Fact, ...]:
        """Every way into a function, the worst first: facts of kind ``context``, for functions without a role too."""
        return self.analysis.contexts(function) if self.analysis is not None else ()

    def dependencies(self) -> tuple[Dependency, ...]:
        """The lock-order graph's dependencies, each with its witness; empty when nothing was analysed."""
        return self.analysis.dependencies() if self.analysis is not None else ()

    def usage(self) -> tuple[UsageSummary, ...]:
        """How each lock class is used (lockdep's four characters and their names)."""
        return self.analysis.usage() if self.analysis is not None else ()

    def usage_leg(self, lock: str, bit: str) -> Leg | None:
        """Where a lock class is used as ``bit`` says (a name of :attr:`UsageSummary.bits`); None when it is not."""
        return self.analysis.usage_leg(lock, bit) if self.analysis is not None else None

    def functions(self) -> tuple[str, ...]:
        """Names of all functions that the models declare, sorted; empty when nothing was analysed."""
        return self.analysis.functions() if self.analysis is not None else ()

    def roles(self) -> Mapping[str, tuple[str, ...]]:
        """The roles (``dtor``, ``shrinker``, ``work`` ...) of those functions that have any, by name."""
        return self.analysis.roles() if self.analysis is not None else {}

    def count(self, severity: Severity) -> int:
        """Number of findings of exactly that severity."""
        return sum(1 for one in self.findings if one.severity == severity)
