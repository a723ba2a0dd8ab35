"""A ledger's answers as a Markdown page: a table of all answers, then each with its witness.

Is: GitHub's dialect, without HTML: model texts come from strangers and are escaped. Is not: a page of the docs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lockcheck.answers import Answer, Answered
from lockcheck.report.claims_text import attribution, chain, reasons, shown, summary
from lockcheck.report.layout import clean
from lockcheck.report.paint import Paint

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~!&])")


def claims_markdown(answered: Answered) -> str:
    """The whole page."""
    lines = ["# Claims and answers", "", *summary(answered), "", "| claim | answer | |", "| --- | --- | --- |"]
    lines += [
        f"| {_text(one.claim.id)} | {_text(one.words)} | {_text(one.claim.text)} |" for one in answered.answers
    ]
    for answer in answered.answers:
        lines += ["", *_section(answer)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _text(text: str) -> str:
    """Words that mean nothing to Markdown."""
    return _SPECIAL.sub(r"\\\1", clean(" ".join(text.split()), ascii_only=False))


def _section(answer: Answer) -> Iterator[str]:
    claim = answer.claim
    yield f"## {_text(claim.id)}: {_text(answer.words)}"
    yield ""
    yield f"> {_text(claim.text)}"
    said = attribution(answer)
    if said:
        yield ">"
        yield f"> {_text(said)}"
    if claim.models:
        yield ""
        yield f"Asked of {_text(', '.join(answer.asked_of))}."
    for reason in reasons(answer):
        yield ""
        word, _, rest = reason.partition(": ")
        yield f"*{_text(word)}*: {_text(rest)}"
    witness = shown(answer)
    if witness is not None:
        yield ""
        yield from (f"    {line}" for line in chain(witness, Paint()))
    if claim.note:
        yield ""
        yield f"*note*: {_text(claim.note)}"
    if not answer.as_expected:
        yield ""
        yield f"**Not as expected:** {_text(claim.expect or 'holds')}"
