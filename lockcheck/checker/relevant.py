"""Facts that a rule lets pass now and may not in another config, of a run that leaves kernel options open.

Is: for facts whose witness takes an option one way, the question whether their rules could judge otherwise where that
witness is missing: attributes that say what all paths do may then say something else. Is not: a judgement.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from types import MappingProxyType
from typing import TypeAlias

from lockcheck.checker.evaluate import in_orders
from lockcheck.checker.kinds import FACT_KINDS
from lockcheck.checker.rule import Rule
from lockcheck.checker.sources import FactSource, LockTable, selected
from lockcheck.model.facts import Attribute, Fact

ELSEWHERE: Mapping[str, tuple[Attribute, ...]] = MappingProxyType({
    "leaf": (True,),
    "irq_safe": (True,),
    "softirq_safe": (True,),
    "inner": (None,),
    "implied": (False,),
    "outermost": (True, False),
})  # fmt: skip
"""Attributes that more than the fact's own leg decides, with what they may be where some path is missing."""


Key: TypeAlias = tuple[str, ...]
"""What facts have in common that may be each other in another config."""

STANDING_ALONE = frozenset({"acquisition", "allocation", "call"})
"""Fact kinds of which no fact is left out, or told otherwise, because of another one: each can be settled by itself."""


REASONS = MappingProxyType({"leaf": "inner", "inner": "inner", "irq_safe": "enabled"})
"""Attributes of acquisitions that a leg beside the main one gives the reason of, with what that leg is about."""


def key_of(rule: str, fact: Fact) -> Key:
    """The rule, the fact's kind, and its identity without what the choice of its witness decides (``outermost``)."""
    return (rule, fact.kind, *(fact.identity[:-1] if fact.kind == "acquisition" else fact.identity))


def reasons_of(rule: Rule) -> frozenset[str] | None:
    """The legs beside the main one on which a rule's judgement may depend; None for all."""
    if rule.kinds != ("acquisition",) or "forbid" not in rule.document:
        return None
    return frozenset(REASONS[name] for name in names_in(rule.document.get("where")) if name in REASONS)


OF_ALL_PATHS = frozenset({"leaf", "inner", "outer", "irq_safe", "softirq_safe", "in_irqs"})
"""Attributes of lock classes that all paths together decide."""

OF_ONE_WITNESS = frozenset({"held", "entry", "call_chain", "contexts", "configs"})


def asks_of_configs(rule: Rule) -> bool:
    """Whether a rule asks what a run that leaves options open cannot answer for all of them: which are on, what all
    paths do with a lock class beside the fact's own, or how just this witness goes."""
    where = rule.document.get("where")
    parts = [value for key, value in rule.document.items() if key not in ("where", "witness")]
    parts += list(where.values()) if isinstance(where, Mapping) else []
    return not OF_ALL_PATHS.isdisjoint(name for part in parts for name in names_in(part)) or (
        not OF_ONE_WITNESS.isdisjoint(names_in(rule.document))
    )


def names_in(where: object) -> Iterator[str]:
    """Every key of a condition, nested ones too."""
    if isinstance(where, Mapping):
        for key, value in where.items():
            yield str(key)
            yield from names_in(value)
    elif isinstance(where, list):
        for one in where:
            yield from names_in(one)


class _Relaxed:
    """The facts of a source, selected as if each such attribute could have its other values too."""

    def __init__(self, source: FactSource) -> None:
        self._source = source

    @property
    def table(self) -> LockTable:
        """The lock classes of the source."""
        return self._source.table

    def facts(self, kind: str) -> tuple[Fact, ...]:
        """All facts of that kind."""
        return self._source.facts(kind)

    def selected(
        self, kind: str, selects: Callable[[Mapping[str, Attribute]], bool], needs: frozenset[str] = frozenset()
    ) -> tuple[Fact, ...]:
        """Facts that ``selects`` takes in some variant."""
        names = [name for name in ELSEWHERE if name in FACT_KINDS[kind].attributes]
        relaxed = needs - frozenset(ELSEWHERE)
        return tuple(selected(self._source, kind, lambda known: any(map(selects, variants_of(known, names))), relaxed))


def undecided(rules: Sequence[Rule], source: FactSource, left_open: frozenset[str]) -> Iterator[tuple[Rule, Fact]]:
    """Rules with facts whose witness takes one of these options one way and that some rule matches in some variant."""
    relaxed = _Relaxed(in_orders(rules, source))
    for rule in rules:
        for fact in (fact for matches, _ in rule.judgements for fact, _ in matches(relaxed)):
            if any(name in left_open for leg in fact.legs for name, _ in leg.options):
                yield rule, fact


def variants_of(attributes: Mapping[str, Attribute], names: Sequence[str]) -> Iterator[Mapping[str, Attribute]]:
    """The attributes with every combination of other values of those that more than the fact's own leg decides."""
    values = [tuple(dict.fromkeys((attributes[name], *ELSEWHERE[name]))) for name in names]
    for chosen in product(*values):
        yield ChainMap(dict(zip(names, chosen, strict=True)), attributes)  # type: ignore[arg-type]
