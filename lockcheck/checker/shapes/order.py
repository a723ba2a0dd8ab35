"""``order:``: locks in the order in which they are taken, outermost first; ``exhaustive:``: every lock has a place.

Is: the reading of chains and their places, and the judgement of what breaks them. Is not: the composition of several
rules' orders (``checker/orders.py``).

    order: [mmap_lock, i_mmap_rwsem, [page_table_lock, ptl]]      # one chain; inner lists and conditions are groups
    order:                                                        # several chains: a partial order
      - [i_rwsem, mmap_lock]
      - {chain: [mmap_lock, folio_lock], at: "mm/rmap.c:23", note: filemap_fault}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from lockcheck.checker.kinds import FACT_KINDS
from lockcheck.checker.locks import LockSelector
from lockcheck.checker.orders import ORDER, UNPLACED, Chain, OrderDocument
from lockcheck.checker.rule import Match
from lockcheck.checker.select import Path
from lockcheck.checker.shapes.base import Judged, Reading, Words
from lockcheck.checker.sources import FactSource, SeenFact
from lockcheck.checker.words import either
from lockcheck.source.problems import did_you_mean, quote

WORDS = Words(
    summary="locks are taken against a declared order",
    why=(
        "A declared order is what everybody relies on who takes several of these locks. One path that takes them the"
        " other way round is half of a deadlock: the other half is any path that keeps to the order."
    ),
    help="take them in the declared order, or drop the inner one first; if the order is wrong, change its declaration",
    message="{chain} goes against the declared order {declared} ({source})",
)
EXHAUSTIVE = Words(
    summary="a lock has no place in the declared order",
    why=(
        "An order protects only the locks that it names. A lock without a place may be taken anywhere, and nobody who"
        " reads the order will know under what."
    ),
    help="give it a place in the order, above or below what it is taken with",
    message="{lock} has no place in the declared order",
)
CHAIN_KEYS = ("chain", "at", "note")
MAX_LINKS = 20_000


def build(reading: Reading) -> Judged:
    """Compile the order of one rule file."""
    document = OrderDocument(reading.file.rule, tuple(_chains(reading)))
    _check_names(reading, document)
    _check_circles(reading, document)
    template = reading.template(FACT_KINDS[ORDER], WORDS.message)
    rule = reading.file.rule

    def matches(source: FactSource) -> Iterator[Match]:
        for fact in source.facts(ORDER):
            if fact.get("rule") == rule:
                yield fact, template.fill(SeenFact.of(fact, source.table))

    return Judged((ORDER,), matches, document)


def _chains(reading: Reading) -> Iterator[Chain]:
    """The chains of ``order:``; what is wrong with them is reported."""
    value = reading.file.order
    if not isinstance(value, list) or not value:
        reading.report(("order",), f"expected locks, outermost first, not {quote(value)}", "write order: [A, B]")
        return
    if any(not _is_chain(one) for one in value):
        yield _chain(reading, value, ("order",), {})
        return
    for index, one in enumerate(value):
        path: Path = ("order", index)
        if isinstance(one, Mapping):
            yield _described(reading, one, path)
        else:
            yield _chain(reading, one, path, {})


def _is_chain(value: object) -> bool:
    return isinstance(value, list) or (isinstance(value, Mapping) and "chain" in value)


def _described(reading: Reading, value: Mapping[str, object], path: Path) -> Chain:
    """``{chain: [...], at: ..., note: ...}``."""
    texts: dict[str, str] = {}
    for key, one in value.items():
        if key not in CHAIN_KEYS:
            hint = did_you_mean(key, CHAIN_KEYS) or f"expected {either(CHAIN_KEYS)}"
            reading.report((*path, key), f"unknown key '{key}'", hint)
        elif key != "chain":
            if isinstance(one, str) and one:
                texts[key] = one
            else:
                reading.report((*path, key), f"'{key}' has to be a text, not {quote(one)}", None)
    return _chain(reading, value["chain"], (*path, "chain"), texts)


def _chain(reading: Reading, value: object, path: Path, texts: Mapping[str, str]) -> Chain:
    elements: Sequence[LockSelector] = ()
    if isinstance(value, list) and len(value) > 1:
        elements = [reading.selector(one, (*path, index)) for index, one in enumerate(value)]
    else:
        reading.report(path, "an order needs two locks at least", "write [A, B]: A is taken before B")
    place = reading.place(path)
    found = Chain(tuple(elements), texts.get("at") or f"{place.file}:{place.line}", place)
    links = sum(len(a.names) * len(b.names) for a, b in pairwise(found.elements))
    if links > MAX_LINKS:
        reading.report(path, f"this order has {links} pairs of names; the limit is {MAX_LINKS}", None)
    return found


def _check_names(reading: Reading, document: OrderDocument) -> None:
    """A lock that has two places in one chain, and short names that nothing uses."""
    for chain in document.chains:
        seen: dict[str, str] = {}
        for element in chain.elements:
            for name in element.names:
                if name in seen and seen[name] != element.text:
                    text = f"'{name}' has two places in this order: as '{seen[name]}' and as '{element.text}'"
                    reading.report(_path_of(reading, chain), text, None)
                elif name in seen:
                    reading.report(_path_of(reading, chain), f"'{name}' has two places in this order", None)
            seen.update(dict.fromkeys(element.names, element.text))


def _path_of(reading: Reading, chain: Chain) -> Path:
    """The keys that lead to a chain."""
    value = reading.file.order
    for index in range(len(value) if isinstance(value, list) else 0):
        for path in (("order", index), ("order", index, "chain")):
            if reading.place(path) == chain.place:
                return path
    return ("order",)


def _check_circles(reading: Reading, document: OrderDocument) -> None:
    """Chains of one file that contradict each other by the names they give: nobody could keep to them."""
    after: dict[str, dict[str, Chain]] = {}
    for chain in document.chains:
        for first, second in pairwise(chain.elements):
            for name in first.names:
                after.setdefault(name, {}).update({one: chain for one in second.names if one != name})
    for chain in document.chains:
        for first, second in pairwise(chain.elements):
            back = _way(after, second.names, first.names)
            if back is not None:
                text = f"'{first.text}' before '{second.text}' contradicts {back.source}"
                reading.report(_path_of(reading, chain), text, "nobody can keep to both: drop one of them")
                return


def _way(after: Mapping[str, Mapping[str, Chain]], starts: Sequence[str], ends: Sequence[str]) -> Chain | None:
    """The chain over which a declared way from one of ``starts`` arrives at one of ``ends``, or None."""
    todo, seen = list(starts), set(starts)
    while todo:
        for name, chain in after.get(todo.pop(), {}).items():
            if name in ends:
                return chain
            if name not in seen:
                seen.add(name)
                todo.append(name)
    return None


def build_exhaustive(reading: Reading) -> Judged:
    """Compile ``exhaustive:``: true for every lock class, or a selector."""
    value = reading.file.exhaustive
    chosen = None if value is True else reading.selector(value, ("exhaustive",))
    template = reading.template(FACT_KINDS[UNPLACED], EXHAUSTIVE.message)

    def matches(source: FactSource) -> Iterator[Match]:
        wanted = source.table.names if chosen is None else chosen.classes(source.table)
        for fact in source.facts(UNPLACED):
            if fact.get("lock") in wanted:
                yield fact, template.fill(SeenFact.of(fact, source.table))

    return Judged((UNPLACED,), matches)
