"""What one result has that another has not: the difference of a change to its base.

Is: findings by fingerprint, dependencies and lock classes by name, what became of leaf and irq-safe status, usage, and
the contexts of role functions; each with the witness of the side that has it. All keys are names that mean something
in the models, so that moved lines are no difference. Is not: a judgement of its own, nor words for people.

Glossary words defined here: difference, base, change, turn.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from lockcheck.answers import Answer
from lockcheck.findings import EXIT_CLEAN, EXIT_FAILED, EXIT_FINDINGS, Finding, Result, Severity
from lockcheck.model.facts import Attribute, Dependency, Fact, Leg, UsageSummary

T = TypeVar("T")

LEAF = "leaf"
IRQ_SAFE = "irq-safe"
IRQS_ENABLED = ("HARDIRQ-ON-W", "HARDIRQ-ON-R")
"""Usage that ends irq safety: some path takes the class, or goes on with it, while hardirqs are enabled."""

STATE = ("role_function", "cache", "context", "irqs", "bh", "preempt", "reclaim", "rcu", "gfp", "locks", "inside")
"""The attributes of a context that say in which state a function is entered."""


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """What only the change has (``new``) and what only the base has (``gone``); each in the order of its own side."""

    new: tuple[T, ...] = ()
    gone: tuple[T, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.gone)


@dataclass(frozen=True, slots=True)
class Altered:
    """A finding that both sides have, but not alike: another severity, other kernel configs."""

    before: Finding
    after: Finding


@dataclass(frozen=True, slots=True)
class Turn:
    """A lock class of both sides that lost or won a status.

    ``status``: :data:`LEAF` or :data:`IRQ_SAFE`. ``by``: for a leaf, the classes taken under it on the side where it
    is none. ``leg``: the witness of that side.
    """

    lock: str
    status: str
    lost: bool
    by: tuple[str, ...]
    leg: Leg | None


@dataclass(frozen=True, slots=True)
class UsageChange:
    """A lock class of both sides whose usage differs: what each side says of it."""

    before: UsageSummary
    after: UsageSummary


@dataclass(frozen=True, slots=True)
class ClaimChange:
    """A claim whose answer differs between the sides."""

    before: Answer
    after: Answer


@dataclass(frozen=True, slots=True)
class Difference:
    """How a change differs from its base.

    ``locks`` and ``functions``: lock classes that some path takes, and names of functions that are modelled.
    ``contexts``: facts of that kind, one for each state in which a function with a role is entered.
    """

    base: Result
    change: Result
    findings: Change[Finding] = Change()
    altered: tuple[Altered, ...] = ()
    turns: tuple[Turn, ...] = ()
    dependencies: Change[Dependency] = Change()
    usage: tuple[UsageChange, ...] = ()
    contexts: Change[Fact] = Change()
    locks: Change[UsageSummary] = Change()
    functions: Change[str] = Change()
    claims: tuple[ClaimChange, ...] = ()

    @property
    def failed(self) -> bool:
        """True when one side could not be analysed, so that nothing can be said of the difference."""
        sides = (self.base, self.change)
        return any(bool(one.problems or one.coverage.cut) for one in sides) or self.change.checked_nothing

    @property
    def same(self) -> bool:
        """True when there is no difference at all."""
        parts = (self.findings, self.altered, self.turns, self.dependencies, self.usage, self.contexts, self.locks)
        return not (any(parts) or self.functions or self.claims)

    def exit_code_for(self, fail_on: Severity) -> int:
        """0 no new finding, 1 a new finding (or one that became as bad) from ``fail_on`` on, 2 not analysed."""
        if self.failed:
            return EXIT_FAILED
        worse = [one.after for one in self.altered if one.after.severity > one.before.severity]
        return EXIT_FINDINGS if any(one.severity >= fail_on for one in (*self.findings.new, *worse)) else EXIT_CLEAN


def difference(
    base: Result, change: Result, answers: tuple[Iterable[Answer], Iterable[Answer]] = ((), ())
) -> Difference:
    """How ``change`` differs from ``base``. Dependencies, usage and contexts are those of each run's first config.

    ``answers``: what each side says to the claims of one ledger.
    """
    before, after = ({one.fingerprint: one for one in side.findings} for side in (base, change))
    waived = {one.finding.fingerprint for one in change.waived}
    gone = tuple(one for one in base.findings if one.fingerprint not in after and one.fingerprint not in waived)
    new = tuple(one for one in change.findings if one.fingerprint not in before)
    used = {one.name: one for one in base.usage()}, {one.name: one for one in change.usage()}
    return Difference(
        base=base,
        change=change,
        findings=Change(new, gone),
        altered=tuple(_altered(before, after)),
        turns=tuple(_turns(base, change, *used)),
        dependencies=_change(base.dependencies(), change.dependencies(), lambda one: (one.outer, one.inner)),
        usage=tuple(_usage(*used)),
        contexts=_change(_worst_first(base), _worst_first(change), state_of),
        locks=_change(base.usage(), change.usage(), lambda one: one.name),
        functions=_change(base.functions(), change.functions(), lambda one: one),
        claims=tuple(_claims(*answers)),
    )


def _worst_first(result: Result) -> list[Fact]:
    """Ways into functions with a role: by function, the worst first."""
    return sorted(result.facts("context"), key=lambda one: (str(one.get("role_function")), int(str(one.get("rank")))))


def state_of(context: Fact) -> tuple[Attribute, ...]:
    """What makes two ways into a function the same: the state it is entered in and what is held, not the route."""
    return tuple(context.get(name) for name in STATE)


def _claims(before: Iterable[Answer], after: Iterable[Answer]) -> Iterable[ClaimChange]:
    """Claims that both sides answer, but not alike."""
    old = {one.claim.id: one for one in before}
    for new in after:
        if new.claim.id in old and old[new.claim.id].words != new.words:
            yield ClaimChange(old[new.claim.id], new)


def _change(before: Iterable[T], after: Iterable[T], key: Callable[[T], Hashable]) -> Change[T]:
    """What only one side has, by key."""
    old, new = _keyed(before, key), _keyed(after, key)
    return Change(
        tuple(one for name, one in new.items() if name not in old),
        tuple(one for name, one in old.items() if name not in new),
    )


def _keyed(some: Iterable[T], key: Callable[[T], Hashable]) -> dict[Hashable, T]:
    """The first of each key, in the order given."""
    found: dict[Hashable, T] = {}
    for one in some:
        found.setdefault(key(one), one)
    return found


def _altered(before: Mapping[str, Finding], after: Mapping[str, Finding]) -> Iterable[Altered]:
    """Findings of both sides that differ in what they say of themselves."""
    for name, new in after.items():
        old = before.get(name)
        if old is not None and (old.severity, old.condition) != (new.severity, new.condition):
            yield Altered(old, new)


def _turns(
    base: Result, change: Result, before: Mapping[str, UsageSummary], after: Mapping[str, UsageSummary]
) -> Iterable[Turn]:
    """What became of leaf and irq-safe status, by lock class."""
    both = [name for name in after if name in before]
    under = {False: _first_inner(base), True: _first_inner(change)}
    for name in both:
        if before[name].leaf != after[name].leaf:
            lost = before[name].leaf
            inner = under[lost].get(name, [])
            yield Turn(name, LEAF, lost, tuple(one.inner for one in inner), inner[0].leg if inner else None)
    for name in both:
        if before[name].irq_safe != after[name].irq_safe:
            lost = before[name].irq_safe
            yield Turn(name, IRQ_SAFE, lost, (), _enabled(change if lost else base, name))


def _first_inner(result: Result) -> dict[str, list[Dependency]]:
    """Dependencies by their outer class."""
    found: dict[str, list[Dependency]] = {}
    for one in result.dependencies():
        found.setdefault(one.outer, []).append(one)
    return found


def _enabled(result: Result, lock: str) -> Leg | None:
    """Where a class is held with hardirqs enabled."""
    legs = (result.usage_leg(lock, bit) for bit in IRQS_ENABLED)
    return next((leg for leg in legs if leg is not None), None)


def _usage(before: Mapping[str, UsageSummary], after: Mapping[str, UsageSummary]) -> Iterable[UsageChange]:
    """Classes of both sides that are used in other states."""
    for name, new in after.items():
        old = before.get(name)
        if old is not None and old.bits != new.bits:
            yield UsageChange(old, new)
