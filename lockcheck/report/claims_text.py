"""A ledger's answers for a terminal: each answer first, then who said what, then what shows it.

Is: greppable first lines (``ID: answer``), witness chains, a summary. Is not: a finding's report (``text.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lockcheck.answers import Answer, Answered, Verdict, Witness
from lockcheck.model.facts import Leg
from lockcheck.report.layout import clean, count, listing, tree, wrap
from lockcheck.report.legs import rows_of, where
from lockcheck.report.paint import Paint

INDENT = 4
MOST_OTHERS = 3
STYLES = {
    Verdict.HOLDS: "good",
    Verdict.REFUTED: "error",
    Verdict.ONLY_IF: "warning",
    Verdict.NOTHING: "note",
    Verdict.UNDECIDED: "note",
}
SUMMED = (
    (Verdict.HOLDS, "holds", "hold"),
    (Verdict.ONLY_IF, "holds only under a condition", "hold only under a condition"),
    (Verdict.REFUTED, "is refuted", "are refuted"),
    (Verdict.NOTHING, "has nothing to prove", "have nothing to prove"),
    (Verdict.UNDECIDED, "is undecided", "are undecided"),
)


def claims_text(answered: Answered, paint: Paint | None = None, *, brief: bool = False) -> str:
    """The whole report. ``brief``: one line for each claim, without witnesses."""
    paint = paint or Paint()
    lines: list[str] = []
    for answer in answered.answers:
        lines += _head(answer, paint) if brief else [*_answer(answer, paint), ""]
    lines += [""] if brief else []
    lines += summary(answered)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _head(answer: Answer, paint: Paint) -> Iterator[str]:
    lines = wrap(clean(f"{answer.claim.id}: {answer.words}", paint.ascii_only), 0, INDENT)
    label = answer.verdict.value
    yield lines[0].replace(label, paint(label, STYLES[answer.verdict]), 1)
    yield from lines[1:]


def _answer(answer: Answer, paint: Paint) -> Iterator[str]:
    """One claim: answer, words, reason, witness, what the ledger expected if that differs."""
    claim = answer.claim
    yield from _head(answer, paint)
    yield from wrap(clean(f"claim: {claim.text}", paint.ascii_only), 2, INDENT)
    said = attribution(answer)
    if said:
        yield from wrap(clean(f"by: {said}", paint.ascii_only), 2, INDENT)
    if answer.asked_of and claim.models:
        yield from wrap(clean(f"asked of: {', '.join(answer.asked_of)}", paint.ascii_only), 2, INDENT)
    for line in reasons(answer):
        yield from wrap(clean(line, paint.ascii_only), 2, INDENT)
    witness = shown(answer)
    if witness is not None:
        yield from chain(witness, paint)
    if claim.note:
        yield from wrap(clean(f"note: {claim.note}", paint.ascii_only), 2, INDENT)
    if not answer.as_expected:
        expected = claim.expect or "holds (a claim without 'expect' has to)"
        text = f"NOT AS EXPECTED: the ledger ({where(claim.place)}) says: {expected}"
        yield from (paint(line, "error") for line in wrap(clean(text, paint.ascii_only), 2, INDENT))


def attribution(answer: Answer) -> str:
    """Who said it, and in which message."""
    claim = answer.claim
    message = f"<{claim.message}>" if claim.message else ""
    return ", ".join(part for part in (claim.who, message) if part)


def reasons(answer: Answer) -> Iterator[str]:
    """Why the answer is as it is, in words."""
    claim = answer.claim
    if claim.rule:
        yield f"because: {claim.rule}"
    if answer.verdict is Verdict.UNDECIDED:
        yield f"missing: {'; '.join(answer.missing)}"
    conditional = answer.verdict is Verdict.ONLY_IF
    for word, witnesses in (("then", answer.support), ("otherwise", answer.against)):
        if witnesses:
            yield f"{word if conditional else 'because'}: {told(witnesses, conditional)}"


def told(witnesses: tuple[Witness, ...], conditional: bool = False) -> str:
    """The first witness in full, the others in short. ``conditional``: the answer says the options already."""
    first, *others = witnesses
    text = f"{first.text} (with {first.config})" if first.config and not conditional else first.text
    if others:
        names = [one.text for one in others[:MOST_OTHERS]]
        more = len(others) - len(names)
        text += "; also " + "; ".join(names) + (f"; and {more} more" if more else "")
    return text


def shown(answer: Answer) -> Witness | None:
    """The witness whose chain is worth its lines: what refutes, else what shows that something is there."""
    for witnesses in (answer.against, answer.support):
        for one in witnesses:
            if one.fact is not None:
                return one
    return None


def chain(witness: Witness, paint: Paint) -> Iterator[str]:
    """The steps of a witness, each with its place in the model and in the kernel."""
    legs = witness.fact.legs if witness.fact is not None else ()
    for leg in legs:
        if len(legs) > 1:
            yield from wrap(clean(_title(leg), paint.ascii_only), INDENT, INDENT + 2)
        yield from tree(rows_of(leg, paint), INDENT)


def _title(leg: Leg) -> str:
    who = "" if leg.title == "task" else f"  ({leg.title})"
    return f"{leg.holds} -> {leg.wants}{who}" if leg.holds and leg.wants else f"{leg.wants or leg.title}{who}"


def summary(answered: Answered) -> Iterator[str]:
    """How many of each, and whether that is what the ledger says."""
    counts = Counter(one.verdict for one in answered.answers)
    parts = [f"{counts[v]} {single if counts[v] == 1 else many}" for v, single, many in SUMMED if counts[v]]
    yield from wrap(f"{count(len(answered.answers), 'claim')}: {', '.join(parts)}", 0, 2)
    wrong = answered.unexpected
    if wrong:
        names = listing([one.claim.id for one in wrong])
        yield from wrap(f"not as expected: {names}", 0, 2)
    elif any(one.claim.expect for one in answered.answers):
        yield "every answer is as the ledger expects"
