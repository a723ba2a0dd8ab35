"""``never:``, ``only:``, ``requires_held:``, ``independent:``: what may be done where.

Is: the reading of regions (``role``, ``function``, ``under``) and of what is done there. Is not: the search for it
(``graph/facts_regions.py``).

    never: {under: pcpu_lock, do: allocation, that: {may_reclaim: true}}
    only: {role: dtor, locks: {leaf: true, irq_safe: true}}
    requires_held: {locks: slab_mutex, do: call, that: {callee: {glob: "__kmem_cache_*"}}}
    independent: [[rx_lock, {group: rx}], tx_lock]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from lockcheck.checker.kinds import FACT_KINDS
from lockcheck.checker.locks import LockSelector
from lockcheck.checker.rule import Match
from lockcheck.checker.select import Predicate, compile_where
from lockcheck.checker.shapes.base import Judged, Reading, Words, keys_of, nothing
from lockcheck.checker.sources import FactSource, SeenFact, selected
from lockcheck.checker.words import either
from lockcheck.graph.drafts import Draft
from lockcheck.model.facts import Fact
from lockcheck.source.problems import did_you_mean, quote

SAYS = {
    "acquisition": "{lock} is taken",
    "allocation": "{what} allocates with {gfp}",
    "call": "{callee} is called",
    "free": "{what} gives memory back",
    "signal": "{lock} is signalled",
    "sleep": "{what} may sleep",
    "wait": "{lock} is waited for",
}
"""What can be done in a region, by fact kind, and what a finding says of it."""
REGIONS = ("role", "function", "under")

NEVER = Words(
    summary="something is done where it never may be",
    why="The rule says that this is never done there. What follows from it depends on what its author relied on.",
    help="do it before or after, or where the rule allows it",
    message="",
)
ONLY = Words(
    summary="a lock is taken where only others may be",
    why=(
        "A callback, or a function that everybody calls, is entered with locks held that it knows nothing of. A"
        " contract about the locks that it takes keeps every one of its callers out of an order that nobody wrote down."
    ),
    help="take one of the locks that the contract allows, or do it outside",
    message="",
)
REQUIRED = Words(
    summary="something is done without the lock that it needs",
    why=(
        "What a lock protects is only protected if everybody who touches it holds the lock. A path that does without"
        " works until it meets one of the others."
    ),
    help="take the lock around it, or in every caller; see the chain of calls that comes without it",
    message="",
)
INDEPENDENT = Words(
    summary="locks that are declared independent are taken under each other",
    why=(
        "Independent groups of locks are never nested, so nothing has to be known about their order. One place where"
        " they are makes an order, and the next one that turns it round a deadlock."
    ),
    help="drop the one before the other is taken, or give both a place in an order",
    message="",
)


@dataclass(frozen=True, slots=True)
class Region:
    """Where something is done. ``how``: one of :data:`REGIONS`, or ``anywhere``; ``text``: as people read it."""

    how: str
    text: str
    locks: LockSelector | None = None
    names: tuple[str, ...] = ()

    def done(self, source: FactSource, kind: str, selects: Predicate) -> Iterator[tuple[Fact, str]]:
        """What is done there and selected, as facts, each with words for where."""
        table = source.table
        if self.how == "role":
            roles = frozenset(self.names)
            inside = selected(source, kind, lambda one: _meets(one.get("inside"), roles) and selects(one))
            yield from ((fact, f"in {fact.get('role_function')}") for fact in inside)
        elif self.how == "function":
            named = frozenset(one for one in table.functions if any(fnmatchcase(one, name) for name in self.names))
            for fact in _chosen(source, table.below(kind, named) if named else (), selects):
                yield fact, f"below {fact.get('role_function')}"
        elif self.locks is not None:
            for name in sorted(self.locks.classes(table)):
                for fact in _chosen(source, table.under(kind, name), selects):
                    yield fact, f"under {name}"
        else:
            yield from ((fact, "") for fact in _chosen(source, table.without(kind, frozenset()), selects))


def _meets(value: object, wanted: frozenset[str]) -> bool:
    return isinstance(value, tuple) and not wanted.isdisjoint(value)


def _chosen(source: FactSource, drafts: Iterable[Draft], selects: Predicate) -> list[Fact]:
    """The drafts that are selected, made, in order."""
    facts = [draft.fact for draft in drafts if selects(SeenFact(draft, source.table))]
    return sorted(facts, key=lambda fact: (fact.place, fact.identity))


def _region(reading: Reading, shape: str, parts: Mapping[str, object], *, needed: bool) -> Region:
    """The region of a shape: one of ``role``, ``function`` and ``under``."""
    named = [key for key in REGIONS if key in parts]
    if len(named) > 1 or (needed and not named):
        reading.report((shape,), f"'{shape}' needs one of {either(REGIONS)}", None)
    if not named:
        return Region("anywhere", "")
    how, value = named[0], parts[named[0]]
    if how == "under":
        locks = reading.selector(value, (shape, how))
        return Region(how, f"under {locks.text}", locks)
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(one, str) and one for one in names):
        reading.report((shape, how), f"'{how}' needs a name or a list of names, not {quote(value)}", None)
        names = []
    return Region(how, f"{how} {', '.join(map(str, names))}", None, tuple(map(str, names)))


def _doing(reading: Reading, shape: str, parts: Mapping[str, object]) -> tuple[str, Predicate] | None:
    """The fact kind of ``do:`` and the conditions of ``that:``."""
    do = parts.get("do")
    if not isinstance(do, str) or do not in SAYS:
        if "do" in parts:
            hint = did_you_mean(str(do), SAYS) or f"expected {either(SAYS)}"
            reading.report((shape, "do"), f"nobody does {quote(do)}", hint)
        return None
    return do, compile_where(parts.get("that", {}), FACT_KINDS[do], (shape, "that"), reading.report)


def _plainly(fact: Fact) -> Fact:
    """The fact with its main legs only: what others do with the lock is beside the point."""
    return replace(fact, legs=tuple(leg for leg in fact.legs if not leg.about))


def _says(reading: Reading, kind: str, default: str) -> Callable[[FactSource, Fact, str], str]:
    """The message of a finding: the rule's own, or the shape's with words for where."""
    template = reading.template(FACT_KINDS[kind], default)
    own = reading.file.message is not None and reading.alone

    def say(source: FactSource, fact: Fact, where: str) -> str:
        text = template.fill(SeenFact.of(fact, source.table))
        return text if own or not where else f"{text} {where}"

    return say


def build_never(reading: Reading) -> Judged:
    """Compile ``never:``."""
    parts = keys_of(reading, "never", reading.file.never, ("do",), ("that", *REGIONS))
    region = _region(reading, "never", parts, needed=False)
    doing = _doing(reading, "never", parts)
    if doing is None:
        return Judged((), nothing)
    kind, selects = doing
    say = _says(reading, kind, SAYS[kind])

    def matches(source: FactSource) -> Iterator[Match]:
        for fact, where in region.done(source, kind, selects):
            yield _plainly(fact), say(source, fact, f"{where}, which {reading.file.rule} forbids" if where else "")

    return Judged((kind,), matches)


def build_only(reading: Reading) -> Judged:
    """Compile ``only:``."""
    parts = keys_of(reading, "only", reading.file.only, ("locks",), REGIONS)
    region = _region(reading, "only", parts, needed=True)
    allowed = reading.selector(parts.get("locks"), ("only", "locks"))
    say = _says(reading, "acquisition", SAYS["acquisition"])

    def matches(source: FactSource) -> Iterator[Match]:
        free = allowed.classes(source.table)
        taken = region.done(source, "acquisition", lambda one: _waits_for_lock(one) and one.get("lock") not in free)
        for fact, where in taken:
            told = fact if allowed.conditions else _plainly(fact)
            yield told, say(source, fact, f"{where}, where only {allowed.text} may be")

    return Judged(("acquisition",), matches)


def _waits_for_lock(one: Mapping[str, object]) -> bool:
    """A lock, not a map for something else, and not an attempt."""
    return one.get("category") == "lock" and one.get("trylock") is False


def build_required(reading: Reading) -> Judged:
    """Compile ``requires_held:``. About a lock that no path takes nothing is said."""
    parts = keys_of(reading, "requires_held", reading.file.requires_held, ("locks", "do"), ("that",))
    locks = reading.selector(parts.get("locks"), ("requires_held", "locks"))
    doing = _doing(reading, "requires_held", parts)
    if doing is None:
        return Judged((), nothing)
    kind, selects = doing
    say = _says(reading, kind, SAYS[kind])

    def matches(source: FactSource) -> Iterator[Match]:
        held = locks.classes(source.table)
        for fact in _chosen(source, source.table.without(kind, held) if held else (), selects):
            yield _plainly(fact), say(source, fact, f"without {locks.text}")

    return Judged((kind,), matches)


def build_independent(reading: Reading) -> Judged:
    """Compile ``independent:``: a list of groups, none of which is ever taken under another."""
    value = reading.file.independent
    if not isinstance(value, list) or len(value) < 2:
        reading.report(("independent",), "'independent' needs a list of two groups of locks or more", None)
        return Judged((), nothing)
    groups = [reading.selector(one, ("independent", index)) for index, one in enumerate(value)]
    say = _says(reading, "acquisition", SAYS["acquisition"])

    def matches(source: FactSource) -> Iterator[Match]:
        classes = [group.classes(source.table) for group in groups]
        for index, group in enumerate(groups):
            others = frozenset().union(*classes[:index], *classes[index + 1 :]) - classes[index]
            region = Region("under", "", group)
            if others:
                for fact, where in region.done(source, "acquisition", _blocking_of(others)):
                    yield _plainly(fact), say(source, fact, f"{where}, though they are declared independent")

    return Judged(("acquisition",), matches)


def _blocking_of(names: frozenset[str]) -> Predicate:
    return lambda one: one.get("lock") in names and one.get("trylock") is False
