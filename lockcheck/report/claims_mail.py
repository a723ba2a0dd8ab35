"""A ledger's answers as a mail: plain text in 72 columns, fit to paste into a reply on a mailing list.

Is: who wrote, what was claimed (quoted, in the ledger's words), the answer with its chain. Claims of one message in a
row share one attribution. Is not: headers of a mail; who sends it writes those.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from lockcheck.answers import Answer, Answered, Verdict, Witness
from lockcheck.model.facts import Leg, WitnessStep
from lockcheck.report.claims_text import reasons, shown, summary
from lockcheck.report.layout import clean, wrap
from lockcheck.report.legs import step_text, told

WIDTH = 72
QUOTE = "> "
INDENT = 2
INTRO = (
    "Answers by lockcheck, from models of the code paths (file:line as in the "
    "sources that the models were made from). Quoted lines are paraphrases; "
    "the messages named have the words."
)


def claims_mail(answered: Answered) -> str:
    """The whole mail."""
    lines = [*wrap(INTRO, 0, width=WIDTH), ""]
    for _, group in groupby(answered.answers, key=lambda one: (one.claim.who, one.claim.message)):
        answers = list(group)
        lines += [*_attribution(answers[0]), ""]
        for answer in answers:
            lines += [*_answer(answer), ""]
    for line in summary(answered):
        lines += wrap(line, 0, 2, WIDTH)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _attribution(answer: Answer) -> Iterator[str]:
    claim = answer.claim
    yield f"{clean(claim.who)} wrote:" if claim.who else "Not in the thread:"
    if claim.message:
        yield f"[<{clean(claim.message)}>]"


def _answer(answer: Answer) -> Iterator[str]:
    """One claim: quoted, answered, shown."""
    for line in wrap(clean(f"[{answer.claim.id}] {answer.claim.text}"), 0, width=WIDTH - len(QUOTE)):
        yield QUOTE + line
    yield ""
    yield from wrap(clean(_sentence(answer)), 0, width=WIDTH)
    for reason in reasons(answer):
        yield from wrap(clean(reason), 0, INDENT, WIDTH)
    witness = shown(answer)
    if witness is not None:
        yield ""
        yield from _chain(witness)
    if answer.claim.note:
        yield ""
        yield from wrap(clean(f"({answer.claim.note})"), 0, width=WIDTH)


def _sentence(answer: Answer) -> str:
    words = answer.words[0].upper() + answer.words[1:]
    models = ", ".join(answer.asked_of)
    if answer.verdict in (Verdict.NOTHING, Verdict.UNDECIDED) or not answer.claim.models:
        return f"{words}."
    return f"{words}. (Asked of {models}.)"


def _chain(witness: Witness) -> Iterator[str]:
    """The steps of a witness, with the kernel's places; the model's where the kernel has none."""
    legs = witness.fact.legs if witness.fact is not None else ()
    for number, leg in enumerate(legs):
        if number:
            yield ""
        if len(legs) > 1 and leg.holds and leg.wants:
            yield from wrap(clean(f"{leg.holds} -> {leg.wants}:"), INDENT, INDENT + 2, WIDTH)
        yield from _leg(leg)


def _leg(leg: Leg) -> Iterator[str]:
    steps = [*told(leg)]
    after: list[WitnessStep | None] = [*steps[1:], None]
    for step, following in zip(steps, after, strict=True):
        text = " " * min(INDENT + step.depth, WIDTH // 3) + clean(step_text(step, following))
        place = clean(step.at or f"{step.place.file}:{step.place.line}")
        if len(text) + 2 + len(place) <= WIDTH:
            yield text.ljust(WIDTH - len(place)) + place
        else:
            yield text
            yield place.rjust(WIDTH)
