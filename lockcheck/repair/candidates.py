"""Candidates for a repair, from the witness of a deadlock: what people do about one, where its legs say so.

Is: proposals, each an edit of steps that some leg goes through. Is not: a promise that one works; ``search`` tries
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lockcheck.compare.repairs import Site
from lockcheck.model.facts import Hold, Leg, WitnessStep
from lockcheck.repair.document import Document, Edit, Step
from lockcheck.source.spans import SCALAR, Node


@dataclass(frozen=True, slots=True)
class Candidate:
    """Edits of one file. ``sort`` and ``detail`` name what is done; a change at several sites does the same at each."""

    sort: str
    detail: str
    file: str
    site: Site
    edits: tuple[Edit, ...]


Find = Callable[[Document, Leg], Iterator[Candidate]]
"""Finds the candidates of one sort in the part of a leg that stands in one file."""


def candidates(documents: Mapping[str, Document], legs: tuple[Leg, ...]) -> Iterator[Candidate]:
    """All candidates, by sort, then by leg; none twice."""
    seen: set[tuple[str, tuple[Edit, ...]]] = set()
    for find in SORTS:
        for leg in legs:
            for file in dict.fromkeys(step.place.file for step in leg.steps):
                if file not in documents:
                    continue
                for one in find(documents[file], leg):
                    if (one.file, one.edits) not in seen:
                        seen.add((one.file, one.edits))
                        yield one


def _candidate(
    document: Document, sort: str, detail: str, words: str, step: WitnessStep | Hold, edits: tuple[Edit, ...]
) -> Candidate:
    return Candidate(sort, detail, document.file, Site(words, step.place, step.at), edits)


# ------------------------------------------------------------ where a leg holds and wants


def _hold(leg: Leg) -> Hold | None:
    """The acquisition that the leg holds while it wants; nobody moves what reclaim does out of reclaim."""
    return next((one for one in reversed(leg.held) if one.lock == leg.holds and one.lock not in RECLAIM), None)


def _under(leg: Leg, hold: Hold) -> WitnessStep | None:
    """The step of the function that took ``hold`` on the way to what the leg wants; None when that function ended."""
    taken = next((n for n, one in enumerate(leg.steps) if one.place == hold.place and one.action == "acquire"), None)
    if taken is None:
        return None
    depth = leg.steps[taken].depth
    later = leg.steps[taken + 1 :]
    if any(one.depth < depth for one in later):
        return None
    return next((one for one in reversed(later) if one.depth == depth), None)


def _step(document: Document, at: WitnessStep | Hold) -> Step | None:
    return document.step(at.place) if at.place.file == document.file else None


# ------------------------------------------------------------ the sorts


def _swap(document: Document, leg: Leg) -> Iterator[Candidate]:
    """The two locks in the other order, where one function takes both.

    Each with its verb; or, where the verbs differ, the locks alone, so that the outer section goes on to do what it
    does to interrupts.
    """
    for hold, inner, outer, step in _sections(document, leg):
        if inner is not leg.steps[-1] or not _waits(document, outer) or not _waits(document, step):
            return
        words = f"take {inner.lock} before {hold.lock}"
        one, other = document.head(outer), document.head(step)
        if one is not None and other is not None:
            yield _candidate(document, "order", words, words, hold, _exchanged(document, one, other))
        if _verb(document, outer) != _verb(document, step):
            edits = tuple(_locks_exchanged(document, outer, step))
            yield _candidate(document, "order", words, words, hold, edits)


def _exchanged(document: Document, one: Node, other: Node) -> tuple[Edit, Edit]:
    first, second = document.text[one.start : one.end], document.text[other.start : other.end]
    return Edit(one.start, one.end, second), Edit(other.start, other.end, first)


def _locks_exchanged(document: Document, outer: Step, inner: Step) -> Iterator[Edit]:
    """The operands of two verbs, and those of the verbs that end them, all through the function."""
    locks = document.operand(outer), document.operand(inner)
    if None in locks:
        return
    for step, mine, others in ((outer, *locks), (inner, *locks[::-1])):
        ends = document.verbs.ends(_verb(document, step))
        same = [one for one in document.beside(step) if document.operand(one) == mine and _verb(document, one) == ends]
        for one in (step, *same):
            value = one.node.get(_verb(document, one))
            if value is not None:
                yield Edit(value.start, value.end, str(others))


def _move(document: Document, leg: Leg) -> Iterator[Candidate]:
    """What wants the second lock moved out from under the first."""
    for hold, inner, outer, step in _sections(document, leg):
        if _acquires(document, step) and step.node.get("do") is None:
            continue
        ends = _end_of(document, outer, step)
        for goal, after in ((outer, False), (ends, True)):
            edits = document.moved(step, goal, after=after) if goal is not None else None
            if edits is not None:
                where = "after" if after else "before"
                words = f"move {document.said(step)} {where} the section of {hold.lock}"
                yield _candidate(document, f"move {where}", hold.lock, words, inner, edits)


def _sections(document: Document, leg: Leg) -> Iterator[tuple[Hold, WitnessStep, Step, Step]]:
    """Where a function takes what the leg holds and goes on to what it wants: both as steps of this file."""
    hold = _hold(leg)
    inner = _under(leg, hold) if hold is not None else None
    if hold is None or inner is None:
        return
    outer, step = _step(document, hold), _step(document, inner)
    if outer is not None and step is not None:
        yield hold, inner, outer, step


def _end_of(document: Document, outer: Step, step: Step) -> Step | None:
    """The step after which the section of ``outer`` is over: itself, with its block, or its release."""
    if any(block is outer.block and number == outer.number for block, number in step.path):
        return outer
    verb, operand = document.verb(outer), document.operand(outer)
    end = document.verbs.ends(verb.value) if verb is not None else None
    for one in document.beside(outer):
        found = document.verb(one)
        later = one.block is outer.block and one.number > outer.number
        if later and found is not None and found.value == end and document.operand(one) == operand:
            return one
    return None


def _drop(document: Document, leg: Leg) -> Iterator[Candidate]:
    """The first lock dropped while that is done which wants the second."""
    for hold, inner, outer, step in _sections(document, leg):
        verb, operand = document.verb(outer), document.operand(outer)
        end = document.verbs.ends(verb.value) if verb is not None else None
        bare = _acquires(document, step) and step.node.get("do") is None
        if verb is None or operand is None or end is None or bare or document.verbs.tries(verb.value):
            continue
        edits = document.around(step, f"{end}: {operand}", f"{verb.value}: {operand}")
        yield _candidate(document, "drop", hold.lock, f"drop {hold.lock} around {document.said(step)}", inner, edits)


def _mask(document: Document, leg: Leg) -> Iterator[Candidate]:
    """Interrupts, or softirqs, off where the lock is held; not in interrupts themselves."""
    if leg.context in INTERRUPTS:
        return
    for taken, step in _taken(document, leg):
        verb = _verb(document, step)
        for name in document.verbs.masked(verb):
            words = f"{name}({taken.lock}) instead of {verb}"
            edits = _renamed(document, step, name)
            yield _candidate(document, "mask", f"{taken.lock} {name}", words, taken, edits)


def _taken(document: Document, leg: Leg) -> Iterator[tuple[WitnessStep, Step]]:
    """The acquisitions of a leg that stand in this file."""
    for taken in leg.steps:
        step = _step(document, taken)
        if taken.action == "acquire" and step is not None and _acquires(document, step):
            yield taken, step


def _renamed(document: Document, step: Step, name: str) -> tuple[Edit, ...]:
    """The verb of all sections of one lock in one function, and of what ends them."""
    verb, operand = _verb(document, step), document.operand(step)
    names = {verb: name, str(document.verbs.ends(verb)): str(document.verbs.ends(name))}
    found = [one for one in document.beside(step) if document.operand(one) == operand and _verb(document, one) in names]
    keys = [document.verb(one) for one in found]
    return tuple(Edit(key.start, key.end, names[key.value]) for key in keys if key is not None)


def _try(document: Document, leg: Leg) -> Iterator[Candidate]:
    """The wanted lock is only tried; who does not get it gives up."""
    taken = leg.steps[-1]
    step = _step(document, taken)
    if taken.action != "acquire" or step is None:
        return
    verb = document.verb(step)
    name = document.verbs.trying(verb.value) if verb is not None else None
    if verb is None or name is None:
        return
    edits: tuple[Edit, ...] = (Edit(verb.start, verb.end, name),)
    words = f"only try {taken.lock}, or skip its section"
    if step.node.get("do") is None:
        edits = _with_return(document, step, edits[0])
        words = f"only try {taken.lock}, or return"
    yield _candidate(document, "try", str(taken.lock), words, taken, edits)


def _with_return(document: Document, step: Step, renamed: Edit) -> tuple[Edit, ...]:
    more = document.beside_key(step, "else: [return]")
    if more.start <= renamed.start:  # the whole step is written anew
        text = more.text.replace(document.text[renamed.start : renamed.end], renamed.text, 1)
        return (more._replace(text=text),)
    return (renamed, more)


def _narrow(document: Document, leg: Leg) -> Iterator[Candidate]:
    """Flags that allow less, at the allocation or at a call that passes them on."""
    for taken in reversed(leg.steps):
        step = _step(document, taken)
        if step is None or taken.action not in ("acquire", "call", "allocate") or not _reclaims(leg):
            continue
        for scalar in _scalars(step):
            flags = document.text[scalar.start : scalar.end]
            for narrow in document.verbs.narrower(flags):
                words = f"{document.said(step)}: {flags} -> {narrow}"
                edits = (Edit(scalar.start, scalar.end, narrow),)
                yield _candidate(document, "gfp", narrow, words, taken, edits)


def _scalars(step: Step) -> Iterator[Node]:
    """The words of one step, without those of steps in its blocks."""
    todo = [value for key, value in step.node.pairs if key.value not in BLOCKS]
    while todo:
        node = todo.pop(0)
        if node.kind == SCALAR:
            yield node
        todo.extend([*node.items, *(value for _, value in node.pairs)])


def _scope(document: Document, leg: Leg) -> Iterator[Candidate]:
    """An allocation scope around what allocates under the lock."""
    if not _reclaims(leg):
        return
    for _, inner, _, step in _sections(document, leg):
        for begin, end in document.verbs.scopes():
            edits = document.around(step, begin, end)
            yield _candidate(document, "scope", begin, f"{begin} around {document.said(step)}", inner, edits)


def _reclaims(leg: Leg) -> bool:
    """Whether a leg ends in an allocation point: what it wants is no lock that a verb there names."""
    return leg.steps[-1].lock in RECLAIM


def _acquires(document: Document, step: Step) -> bool:
    verb = document.verb(step)
    return verb is not None and document.verbs.acquires(verb.value)


def _waits(document: Document, step: Step) -> bool:
    return _acquires(document, step) and not document.verbs.tries(_verb(document, step))


def _verb(document: Document, step: Step) -> str:
    verb = document.verb(step)
    return verb.value if verb is not None else ""


BLOCKS: Final = frozenset({"do", "then", "else", "loop", "optional", "either"})
INTERRUPTS: Final = frozenset({"hardirq", "nmi"})
RECLAIM: Final = frozenset({"fs_reclaim", "mmu_notifier"})
"""The lock classes that stand for reclaim in every model."""

SORTS: Final[tuple[Find, ...]] = (_swap, _mask, _narrow, _scope, _move, _drop, _try)
