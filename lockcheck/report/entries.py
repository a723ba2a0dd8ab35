"""What a run has to tell, as one list: for the formats that put one thing after the other.

Is: findings (or, with ``--expect``, where they differ from what was expected), what is waived, what the run had no use
for, and what could not be analysed, each with a severity and whether it fails the run. Is not: a format.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lockcheck.findings import Finding, Mismatch, Result, Severity, fingerprint
from lockcheck.model.places import NOWHERE, Place
from lockcheck.report.layout import clean, harmless
from lockcheck.report.paint import Paint
from lockcheck.report.repairs import repair_lines
from lockcheck.report.summary import NOTHING, summary
from lockcheck.report.text import finding_lines
from lockcheck.report.view import View

FINDING, WAIVED, MISSED, UNUSED, PROBLEM = "finding", "waived", "missed", "not-exercised", "problem"
NOT_EXPECTING = "no model says what to expect; add an 'expect:' list, 'expect: []' for none"
PLAIN = Paint()


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to tell. ``what``: one of the five above. ``rule``: of a finding; else a word for what it is.

    ``fails``: it is a reason for an exit status other than 0. ``finding``: of what is a finding or waived. ``reason``
    and ``waiver``: why that is allowed, and where that is said. What a baseline knows is told as waived, and ``known``.
    """

    what: str
    rule: str
    severity: Severity
    message: str
    help: str
    place: Place
    fingerprint: str
    fails: bool
    finding: Finding | None = None
    reason: str = ""
    waiver: Place = NOWHERE
    known: bool = False

    @property
    def allowed(self) -> str:
        """In words, why it does not fail the run."""
        return self.reason if self.known else f"waived: {self.reason}"


def entries(result: Result, view: View) -> tuple[Entry, ...]:
    """All entries: problems first, then findings, worst first, then what does not fail a run."""
    return (*_problems(result, view), *_findings(result, view), *_unused(result, view), *_waived(result))


def _problems(result: Result, view: View) -> Iterator[Entry]:
    for problem in result.problems:
        place = Place(problem.file, problem.line, problem.column)
        yield _other(PROBLEM, problem.code, problem.message, problem.hint or "", place)
    if result.problems:
        return
    first = Place(result.named_files[0] if result.named_files else "", 0, 0)
    if result.checked_nothing:
        yield _other(PROBLEM, "nothing-checked", NOTHING, "say where the world calls in, such as entry: task", first)
    for why, place in result.coverage.cut:
        message = f"could not analyse all of it: {why}"
        yield _other(PROBLEM, "cut", message, "limits can be raised: --limit NAME=N", place)
    if view.compare and not result.expecting:
        yield _other(PROBLEM, "not-expecting", NOT_EXPECTING, "", first)


def _findings(result: Result, view: View) -> Iterator[Entry]:
    if view.compare:
        yield from (_mismatch(one) for one in result.expectation_mismatches())
        return
    for finding in result.findings:
        yield _finding(finding, finding.severity >= view.fail_on)


def _finding(finding: Finding, fails: bool) -> Entry:
    return Entry(FINDING, finding.rule, finding.severity, finding.message, finding.help, finding.place,
                 finding.fingerprint, fails, finding)  # fmt: skip


def _mismatch(mismatch: Mismatch) -> Entry:
    if mismatch.finding is not None:
        return _finding(mismatch.finding, fails=True)
    return _other(MISSED, MISSED, f"missed: {mismatch.text}", "", mismatch.place)


def _unused(result: Result, view: View) -> Iterator[Entry]:
    for one in result.unexercised if view.strict else ():
        message = f"not exercised: {one.what} {one.name}: {one.why}"
        yield _other(UNUSED, UNUSED, message, "", one.place, Severity.WARNING)


def _waived(result: Result) -> Iterator[Entry]:
    for one in result.waived:
        found = one.finding
        yield Entry(WAIVED, found.rule, found.severity, found.message, found.help, found.place, found.fingerprint,
                    False, found, one.reason, one.place)  # fmt: skip
    sources = ", ".join(result.baseline.sources) if result.baseline is not None else ""
    for found in result.known:
        yield Entry(WAIVED, found.rule, found.severity, found.message, found.help, found.place, found.fingerprint,
                    False, found, f"known in {sources}", known=True)  # fmt: skip


def _other(
    what: str, rule: str, message: str, help_text: str, place: Place, severity: Severity = Severity.ERROR
) -> Entry:
    """What is no finding; its fingerprint does not depend on its line either."""
    return Entry(what, rule, severity, message, help_text, place, fingerprint(rule, (place.file, message)), True)


def block(entry: Entry, result: Result, view: View) -> list[str]:
    """All that is known of an entry as lines of ASCII: those of the text format, where it is a finding."""
    if entry.finding is not None:
        tried = (repair_lines(one, PLAIN) for one in view.repairs if one.fingerprint == entry.fingerprint)
        told = (finding_lines(entry.finding, result, PLAIN), *tried)
        return [line.rstrip() for part in told for line in part]
    at = f"{_where(entry.place)}: " if entry.place.file else ""
    lines = [harmless(clean(f"{at}{entry.severity.word}: {entry.message}"))]
    return [*lines, clean(f"  = help: {entry.help}")] if entry.help else lines


def _where(place: Place) -> str:
    return str(place) if place.line else place.file


def closing(result: Result, view: View) -> list[str]:
    """The summary of the run as lines of ASCII; nothing when nothing was analysed."""
    if result.problems:
        return []
    lines = [line.rstrip() for line in summary(result, PLAIN)]
    if view.since is None or result.failed:
        return lines
    from lockcheck.report.since import since_lines

    return [*lines, *since_lines(*view.since, PLAIN)]


def by_file(told: tuple[Entry, ...], result: Result) -> dict[str, list[Entry]]:
    """Entries by the file that they point at; a model that was named and has none is there too. Sorted by name."""
    files: dict[str, list[Entry]] = {name: [] for name in result.named_files}
    for entry in told:
        files.setdefault(entry.place.file or "lockcheck", []).append(entry)
    return dict(sorted(files.items()))
