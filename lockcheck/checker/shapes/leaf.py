"""``leaf:``: locks under which nothing is ever taken.

    leaf: [pcpu_lock, {group: stats}]
    leaf: {locks: [pcpu_lock], but: [console_lock]}       # but these may be
"""

from __future__ import annotations

from collections.abc import Iterator

from lockcheck.checker.kinds import FACT_KINDS
from lockcheck.checker.locks import LockSelector
from lockcheck.checker.rule import Match
from lockcheck.checker.shapes.base import Judged, Reading, Words, keys_of
from lockcheck.checker.sources import FactSource, SeenFact

WORDS = Words(
    summary="something is taken under a lock that is declared a leaf",
    why=(
        "A leaf lock may be taken under any other, because nothing is taken under it and so no order follows. Everybody"
        " who takes it relies on that. With something under it, each of these places becomes part of an order that"
        " nobody wrote down."
    ),
    help="take the inner lock before or after, or give up the declaration (and look at who relies on it)",
    message="{inner} is taken under {outer}, which is declared a leaf",
)


def build(reading: Reading) -> Judged:
    """Compile the leaves of one rule file."""
    value = reading.file.leaf
    parts = keys_of(reading, "leaf", value, ("locks",), ("but",)) if _spelled_out(value) else {"locks": value}
    path = ("leaf", "locks") if _spelled_out(value) else ("leaf",)
    leaves = reading.selector(parts.get("locks"), path)
    but = reading.selector(parts["but"], ("leaf", "but")) if "but" in parts else LockSelector("nothing")
    template = reading.template(FACT_KINDS["dependency"], WORDS.message)

    def matches(source: FactSource) -> Iterator[Match]:
        table = source.table
        allowed = but.classes(table)
        for outer in sorted(leaves.classes(table)):
            for inner in table.inner(outer):
                if inner not in allowed:
                    fact = table.dependency(outer, inner)
                    yield fact, template.fill(SeenFact.of(fact, table))

    return Judged(("dependency",), matches)


def _spelled_out(value: object) -> bool:
    return isinstance(value, dict) and "locks" in value
