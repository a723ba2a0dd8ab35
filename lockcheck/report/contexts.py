"""Ways into functions, for people and for programs (schema ``lockcheck-contexts/1``).

Is: facts of kind ``context`` as bytes. Is not: a report on findings.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from lockcheck.model.facts import Fact, Hold, Leg, WitnessStep
from lockcheck.report.as_json import fact_value
from lockcheck.report.layout import Row, clean, count, listing, tree, wrap
from lockcheck.report.legs import PASSED_ON, where

SCHEMA_ID = "lockcheck-contexts/1"
MOST_CALLERS = 8


def as_json(facts: Sequence[Fact]) -> str:
    """All ways as one JSON document, indented, ending in a newline; all text is ASCII."""
    document = {"schema": SCHEMA_ID, "contexts": [fact_value(fact) for fact in by_rank(facts)]}
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"


def text(facts: Sequence[Fact], *, chains: bool = True) -> str:
    """All ways, by function, the worst first, each with its chain of calls."""
    lines: list[str] = []
    for _, group in groupby(by_rank(facts), key=lambda fact: fact.get("role_function")):
        lines += [*_function(list(group), chains), ""]
    return "".join(f"{line.rstrip()}\n" for line in lines[:-1] or ["no function with a role is entered"])


def by_rank(facts: Iterable[Fact]) -> list[Fact]:
    """By function, the worst way first."""
    return sorted(facts, key=lambda fact: (str(fact.get("role_function")), _number(fact, "rank")))


def _function(facts: list[Fact], chains: bool) -> Iterator[str]:
    routes = {(fact.get("cache"), fact.get("route"), fact.get("ordinal")) for fact in facts}
    ways = f"{count(len(facts), 'way')} in, by {count(len(routes), 'route')}"
    yield from wrap(clean(f"{_title(facts)}: {ways}"), 0, 4)
    yield from wrap(clean(f"at worst: {'; '.join(_worst(facts))}"), 2, 4)
    if not all(fact.get("complete") for fact in facts):
        yield "  not all: a limit cut the search for more ways short"
    for number, fact in enumerate(facts, 1):
        yield ""
        yield from _way(number, fact, chains)


def _title(facts: list[Fact]) -> str:
    roles = ", ".join(_list(facts[0], "inside"))
    caches = sorted({str(fact.get("cache")) for fact in facts if fact.get("cache")})
    of = f" of {', '.join(caches)}" if caches else ""
    name = str(facts[0].get("role_function"))
    return f"{name} ({roles}{of})" if roles else name


def _worst(facts: list[Fact]) -> Iterator[str]:
    """What holds in some way in; a callback must live with all of it."""
    for context in ("nmi", "hardirq", "softirq"):
        if any(fact.get("context") == context for fact in facts):
            yield f"in {context}"
            break
    for name, words in (("irqs", "hardirqs off"), ("bh", "softirqs off"), ("preempt", "preemption off")):
        if any(fact.get(name) == "off" for fact in facts):
            yield words
            break
    yield "must not sleep" if any(not fact.get("may_sleep") for fact in facts) else "may sleep"
    if any(fact.get("reclaim") for fact in facts):
        yield "inside reclaim"
    locks = sorted({lock for fact in facts for lock in _list(fact, "locks")})
    yield f"under {listing(locks, 12)}" if locks else "no lock held"
    waiting = sorted({lock for fact in facts for lock in _list(fact, "waited_under")})
    if waiting:
        yield f"waited for under {listing(waiting, 12)}"


def _way(number: int, fact: Fact, chains: bool) -> Iterator[str]:
    route = " > ".join(_list(fact, "route")) or "an entry of its own"
    yield from wrap(clean(f"{number}. {route}"), 1, 4)
    yield from wrap(clean("; ".join(state_words(fact))), 4, 6)
    yield from wrap(clean("; ".join(lock_words(fact))), 4, 6)
    callers = _list(fact, "callers")
    if callers and not chains:
        yield from wrap(clean(f"called by {listing(callers, MOST_CALLERS)}"), 4, 6)
    elif len(callers) > 1:
        yield from wrap(clean(f"called by {listing(callers, MOST_CALLERS)}; by the first of them:"), 4, 6)
    if chains:
        yield from _chain(fact.legs[0])


def state_words(fact: Fact) -> Iterator[str]:
    """The interrupt and preemption state of a way in, in words."""
    yield str(fact.get("started_as"))
    if fact.get("context") not in (fact.get("started_as"), "task"):
        yield f"in {fact.get('context')}"
    off = [word for name, word in (("irqs", "hardirqs"), ("bh", "softirqs"), ("preempt", "preemption"))
           if fact.get(name) == "off"]  # fmt: skip
    yield f"{', '.join(off)} off" if off else "interrupts and preemption on"
    yield "may sleep" if fact.get("may_sleep") else "must not sleep"
    if fact.get("reclaim"):
        yield "inside reclaim"
    if fact.get("rcu"):
        yield "inside an RCU read side"
    if fact.get("gfp") is not None:
        yield f"gfp {str(fact.get('gfp')).replace('__GFP_', '').replace('|', ' ').lower()}"


def lock_words(fact: Fact) -> Iterator[str]:
    """What is held on a way in, and what others hold who wait for it, in words."""
    own = _list(fact, "own_locks")
    others = [lock for lock in _list(fact, "locks") if lock not in own]
    if own:
        yield f"holds {', '.join(own)}"
    if others:
        yield f"{'and' if own else 'holds'} its caller's {', '.join(others)}"
    if not own and not others:
        yield "no lock held"
    waiting = _list(fact, "waited_under")
    if waiting:
        yield f"others wait for it holding {', '.join(waiting)}"


def _chain(leg: Leg) -> Iterator[str]:
    rows = [_row(step) for step in leg.steps]
    yield from tree(rows, 6)
    if leg.held:
        yield from wrap(clean("held there: " + ", ".join(map(_hold, leg.held))), 6, 8)


def _row(step: WitnessStep) -> Row:
    place, kernel = clean(where(step.place)), clean(step.at or "")
    return Row(step.depth, clean(PASSED_ON.sub("()", step.text)), (place, kernel) if kernel else (place,))


def _hold(hold: Hold) -> str:
    mode = "" if hold.mode == "exclusive" else " (read)"
    return f"{hold.lock}{mode} ({where(hold.place)})" if where(hold.place) else f"{hold.lock}{mode}"


def _list(fact: Fact, name: str) -> tuple[str, ...]:
    value = fact.get(name)
    return value if isinstance(value, tuple) else ()


def _number(fact: Fact, name: str) -> int:
    value = fact.get(name)
    return value if isinstance(value, int) else 0
