"""A difference in words: new and gone findings, what locks lost or won, new and gone dependencies with witnesses.

Is: text of 80 columns for people. Is not: Markdown (``difference_markdown.py``) nor JSON (``difference_json.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lockcheck.compare.difference import LEAF, Change, ClaimChange, Difference, Turn
from lockcheck.findings import Finding, Severity
from lockcheck.model.facts import Dependency, Fact, Leg, UsageSummary
from lockcheck.report.contexts import lock_words, state_words
from lockcheck.report.layout import clean, count, listing, tree, wrap
from lockcheck.report.legs import leg_lines, rows_of
from lockcheck.report.paint import Paint
from lockcheck.report.text import first_lines, holding

CLASSES = ("lock class", "lock classes")
DEPENDENCIES = ("dependency", "dependencies")
MOST_NAMES = 40


def text(found: Difference, names: tuple[str, str], paint: Paint | None = None, *, short: bool = False) -> str:
    """The whole difference. ``names``: what base and change are called; ``short``: no witnesses."""
    paint = paint or Paint()
    return "".join(f"{line.rstrip()}\n" for line in _lines(found, names, paint, short))


def _lines(found: Difference, names: tuple[str, str], paint: Paint, short: bool) -> Iterator[str]:
    for word, name in zip(("base:", "change:"), names, strict=True):
        yield from wrap(clean(f"{word:<7} {name}", paint.ascii_only), 0, 8)
    yield ""
    sections = (
        _findings(found, paint),
        _altered(found, paint),
        _claims(found, paint),
        _turns(found.turns, paint, short),
        _contexts(found.contexts, paint, short),
        _dependencies(found.dependencies, paint, short),
        _usage(found, paint),
        _locks(found.locks, paint),
        _names(found.functions, paint),
    )
    for section in sections:
        lines = [*section]
        yield from [*lines, ""] if lines else ()
    for line in wrap(summary(found), 0, 2):
        yield paint(line, "good") if not (found.findings or found.altered) else line


def heading(number: int, state: str, noun: tuple[str, str] | str) -> str:
    """``3 new findings``."""
    one, many = (noun, f"{noun}s") if isinstance(noun, str) else noun
    return f"{number} {state} {one if number == 1 else many}"


def _findings(found: Difference, paint: Paint) -> Iterator[str]:
    for state, findings in (("new", found.findings.new), ("gone", found.findings.gone)):
        if findings:
            yield from [""] if state == "gone" and found.findings.new else []
            yield paint(heading(len(findings), state, "finding"), "bold")
            for one in findings:
                yield from (f"  {line}" for line in first_lines(one, paint))


def _altered(found: Difference, paint: Paint) -> Iterator[str]:
    if found.altered:
        yield paint(heading(len(found.altered), "changed", "finding"), "bold")
    for one in found.altered:
        said = f"{one.after.message} [{one.after.rule}]: {how_altered(one.before, one.after, found)}"
        yield from wrap(clean(said, paint.ascii_only), 2, 6)


def how_altered(before: Finding, after: Finding, found: Difference) -> str:
    """What differs between the two sides of a finding."""
    words = []
    if before.severity != after.severity:
        words.append(f"was {before.severity.word}, is {after.severity.word}")
    if before.condition != after.condition:
        sides = [holding(one.condition) for one in (before, after)]
        words.append(f"held with {sides[0]}, now with {sides[1]}")
    return "; ".join(words)


def _claims(found: Difference, paint: Paint) -> Iterator[str]:
    if found.claims:
        yield paint(heading(len(found.claims), "changed", "answer"), "bold")
    for one in found.claims:
        yield from wrap(clean(claim_words(one), paint.ascii_only), 2, 6)


def claim_words(change: ClaimChange) -> str:
    """A claim, its answers on both sides and the first reason of the new one."""
    after = change.after
    shown = after.against or after.support
    why = f" ({shown[0].text})" if shown else f" (missing: {', '.join(after.missing)})" if after.missing else ""
    return f"{after.claim.id}: {after.claim.text}: was {change.before.words}, is {after.words}{why}"


def _contexts(change: Change[Fact], paint: Paint, short: bool) -> Iterator[str]:
    for state, some in (("new", change.new), ("gone", change.gone)):
        if some:
            yield from [""] if state == "gone" and change.new else []
            yield paint(heading(len(some), state, "context"), "bold")
        for one in some:
            yield from wrap(clean(context_words(one), paint.ascii_only), 2, 6)
            if not short:
                yield from tree(rows_of(one.legs[0], paint), 4)


def context_words(context: Fact) -> str:
    """A function with its roles, and the state that it is entered in."""
    inside = context.get("inside")
    roles = ", ".join(inside) if isinstance(inside, tuple) else ""
    of = f" of {context.get('cache')}" if context.get("cache") else ""
    return f"{context.get('role_function')} ({roles}{of}): {'; '.join((*state_words(context), *lock_words(context)))}"


def _turns(turns: Sequence[Turn], paint: Paint, short: bool) -> Iterator[str]:
    if turns:
        lost, won = ([one for one in turns if one.lost is state] for state in (True, False))
        counts = [f"{count(len(some), *CLASSES)} {word} it" for some, word in ((lost, "lost"), (won, "won")) if some]
        yield paint("leaf and irq-safe status: " + ", ".join(counts), "bold")
    for one in turns:
        yield from wrap(clean(turn_words(one), paint.ascii_only), 2, 6)
        if not short and one.leg is not None:
            yield from leg_lines(one.leg, paint)


def turn_words(turn: Turn) -> str:
    """What a lock class lost or won, and by whom."""
    if turn.status == LEAF:
        taken = listing(list(turn.by), 3)
        are = "is" if len(turn.by) == 1 else "are"
        if turn.lost:
            return f"{turn.lock} is no leaf any more: {taken} {are} taken under it"
        return f"{turn.lock} is a leaf now: {taken} {are} no longer taken under it"
    if turn.lost:
        return f"{turn.lock} is not irq-safe any more: it is held with hardirqs enabled"
    return f"{turn.lock} is irq-safe now: nobody holds it with hardirqs enabled"


def _dependencies(change: Change[Dependency], paint: Paint, short: bool) -> Iterator[str]:
    for state, some in (("new", change.new), ("gone", change.gone)):
        if some:
            yield from [""] if state == "gone" and change.new else []
            yield paint(heading(len(some), state, DEPENDENCIES), "bold")
        for one in some:
            yield from wrap(clean(f"{one.outer} -> {one.inner}", paint.ascii_only), 2, 6)
            if not short:
                yield from _leg(one.leg, paint)


def _leg(leg: Leg, paint: Paint) -> Iterable[str]:
    return leg_lines(leg, paint)


def _usage(found: Difference, paint: Paint) -> Iterator[str]:
    if found.usage:
        yield paint("usage in interrupts, and with interrupts enabled, changed", "bold")
    for one in found.usage:
        yield from wrap(clean(usage_words(one.before, one.after), paint.ascii_only), 2, 6)


def usage_words(before: UsageSummary, after: UsageSummary) -> str:
    """``lock: {....} -> {-...}``, with the names of the bits that came and went."""
    came = [f"+{bit}" for bit in after.bits if bit not in before.bits]
    went = [f"-{bit}" for bit in before.bits if bit not in after.bits]
    return f"{after.name}: {{{before.characters}}} -> {{{after.characters}}} ({', '.join((*came, *went))})"


def _locks(change: Change[UsageSummary], paint: Paint) -> Iterator[str]:
    for state, some in (("new", change.new), ("gone", change.gone)):
        if some:
            yield from [""] if state == "gone" and change.new else []
            yield paint(heading(len(some), state, CLASSES), "bold")
        for one in some:
            yield from wrap(clean(class_words(one), paint.ascii_only), 2, 6)


def class_words(lock: UsageSummary) -> str:
    """A lock class with its kind and how it is used."""
    marks = [word for word, on in (("leaf", lock.leaf), ("irq-safe", lock.irq_safe)) if on]
    return f"{lock.name} ({', '.join((lock.kind, *marks))}) {{{lock.characters}}}"


def _names(change: Change[str], paint: Paint) -> Iterator[str]:
    for state, some in (("new", change.new), ("gone", change.gone)):
        if some:
            yield from [""] if state == "gone" and change.new else []
            yield paint(heading(len(some), state, "function"), "bold")
            yield from wrap(clean(listing(list(some), MOST_NAMES), paint.ascii_only), 2)


def summary(found: Difference) -> str:
    """One sentence: how many findings and dependencies came and went."""
    if found.same:
        return "no difference"
    findings = _came_and_went(found.findings, "finding")
    new = [sum(1 for one in found.findings.new if one.severity == severity) for severity in reversed(Severity)]
    told = [count(number, one.word) for number, one in zip(new, reversed(Severity), strict=True) if number]
    detail = f" ({', '.join(told)})" if told else ""
    return f"{findings[0]}{detail}, {findings[1]}; " + ", ".join(_came_and_went(found.dependencies, DEPENDENCIES))


def _came_and_went(change: Change[Finding] | Change[Dependency], noun: tuple[str, str] | str) -> tuple[str, str]:
    new, gone = len(change.new), len(change.gone)
    one = noun if isinstance(noun, str) else noun[0]
    return heading(new, "new", noun) if new else f"no new {one}", f"{gone} gone"
