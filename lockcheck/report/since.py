"""What differs since a revision, in the few lines that end a check: counts first, then names.

Is: the short form of a difference. Is not: its witnesses: ``lockcheck diff --rev`` prints these.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lockcheck.compare.difference import Difference
from lockcheck.report.difference import summary, turn_words, usage_words
from lockcheck.report.layout import clean, listing, wrap
from lockcheck.report.paint import Paint

MOST_NAMES = 6
MOST_TURNS = 5


def since_lines(name: str, found: Difference, paint: Paint) -> Iterator[str]:
    """The lines, wrapped. ``name``: what the revision is called."""
    yield from wrap(clean(f"since {name}: {summary(found)}", paint.ascii_only), 0, 2)
    for line in details(found):
        yield from wrap(clean(line, paint.ascii_only), 2, 4)


def since_value(name: str, found: Difference) -> dict[str, Any]:
    """The same as plain values, for JSON."""
    pairs = [[[one.outer, one.inner] for one in some] for some in (found.dependencies.new, found.dependencies.gone)]
    return {
        "revision": name,
        "dependencies": {"new": pairs[0], "gone": pairs[1]},
        "locks": {"new": [one.name for one in found.locks.new], "gone": [one.name for one in found.locks.gone]},
        "functions": {"new": list(found.functions.new), "gone": list(found.functions.gone)},
        "lost": [{"lock": one.lock, "status": one.status} for one in found.turns if one.lost],
        "gone": [one.fingerprint for one in found.findings.gone],
    }


def details(found: Difference) -> Iterator[str]:
    """One text for each kind of thing that differs in the lock-order graph."""
    for state, some in (("new", found.dependencies.new), ("gone", found.dependencies.gone)):
        if some:
            yield f"{state}: " + listing([f"{one.outer} -> {one.inner}" for one in some], MOST_NAMES)
    for state, locks in (("new", found.locks.new), ("gone", found.locks.gone)):
        if locks:
            yield f"{state} lock classes: " + listing([one.name for one in locks], MOST_NAMES)
    lost = [one for one in found.turns if one.lost]
    yield from (turn_words(one) for one in lost[:MOST_TURNS])
    if len(lost) > MOST_TURNS:
        yield f"{len(lost) - MOST_TURNS} more lock classes lost their status"
    changed = [usage_words(one.before, one.after) for one in found.usage]
    if changed:
        yield "usage: " + listing(changed, 3)
