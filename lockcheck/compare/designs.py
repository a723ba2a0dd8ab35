"""Designs side by side: one row for each question, one column for each design, and why a cell is not clean.

Is: a table of values, made of the designs' results. Is not: a rendering (``report/designs.py``), nor a choice between
designs.

Glossary words defined here: design, cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lockcheck.answers import Answer, Verdict
from lockcheck.findings import EXIT_CLEAN, EXIT_FAILED, Finding, Result, Severity
from lockcheck.model.claims import Claim

CLEAN, FAILED = "clean", "failed"
DEADLOCK, CONTRACT = "deadlock", "contract"
"""The two rows that stand for all rules: findings that are errors, and findings that are only warnings."""

DECIDED = (Verdict.HOLDS, Verdict.REFUTED, Verdict.ONLY_IF)


@dataclass(frozen=True, slots=True)
class Design:
    """One design: what it is called, its title, what was found, and what it answers to the claims of a ledger."""

    name: str
    title: str
    result: Result
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """What one question says of one design.

    ``state``: :data:`CLEAN`, a severity's word, or :data:`FAILED` when the design could not be analysed. ``findings``:
    those it speaks of, worst first.
    """

    state: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One question: a rule, or :data:`DEADLOCK` or :data:`CONTRACT`; one cell for each design, in their order."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One claim, with each design's answer, or None where the design could not be asked."""

    claim: Claim
    answers: tuple[Answer | None, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Designs with their rows: the two summary rows, the claims, and each rule that found something in any of them."""

    designs: tuple[Design, ...]
    summary: tuple[Row, ...]
    rules: tuple[Row, ...]
    claims: tuple[ClaimRow, ...] = ()

    @property
    def decided(self) -> tuple[ClaimRow, ...]:
        """The claims that some design decides."""
        return tuple(row for row in self.claims if any(one and one.verdict in DECIDED for one in row.answers))

    @property
    def exit_code(self) -> int:
        """0 when every design was analysed, whatever was found in it; else 2."""
        return EXIT_FAILED if any(one.result.failed for one in self.designs) else EXIT_CLEAN


def compare(designs: Iterable[Design]) -> Comparison:
    """The table of these designs, columns in the order given; rules worst first, then by name."""
    listed = tuple(designs)
    worst: dict[str, Severity] = {}
    for one in listed:
        for finding in one.result.findings:
            worst[finding.rule] = max(worst.get(finding.rule, Severity.NOTE), finding.severity)
    rules = sorted(worst, key=lambda rule: (-worst[rule], rule))
    summary = (
        Row(DEADLOCK, tuple(_cell(one.result, _of(one.result, Severity.ERROR)) for one in listed)),
        Row(CONTRACT, tuple(_cell(one.result, _of(one.result, Severity.WARNING)) for one in listed)),
    )
    return Comparison(listed, summary, tuple(_rule(rule, listed) for rule in rules), tuple(_claims(listed)))


def _claims(designs: Sequence[Design]) -> Iterable[ClaimRow]:
    """One row for each claim, in the order of the ledger."""
    claims = {answer.claim.id: answer.claim for design in designs for answer in design.answers}
    given = [{answer.claim.id: answer for answer in design.answers} for design in designs]
    for name, claim in claims.items():
        yield ClaimRow(claim, tuple(answers.get(name) for answers in given))


def _rule(rule: str, designs: Sequence[Design]) -> Row:
    found = ([one for one in design.result.findings if one.rule == rule] for design in designs)
    return Row(rule, tuple(_cell(design.result, some) for design, some in zip(designs, found, strict=True)))


def _of(result: Result, severity: Severity) -> list[Finding]:
    return [one for one in result.findings if one.severity == severity]


def _cell(result: Result, findings: Sequence[Finding]) -> Cell:
    if result.failed:
        return Cell(FAILED)
    return Cell(findings[0].severity.word, tuple(findings)) if findings else Cell(CLEAN)
