"""The text that people read: a line that can be grepped, the witness, the table, the source line, what to do.

Is: 80 columns, ASCII unless a terminal can show more, colour only when asked. Is not: machine-readable: see
``as_json.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lockcheck.compare.repairs import Repairs
from lockcheck.findings import Finding, Mismatch, Quotable, Result, Waived
from lockcheck.model.configs import Condition
from lockcheck.model.facts import GUARDED, UNDECIDED
from lockcheck.model.places import Place
from lockcheck.report.layout import clean, count, wrap
from lockcheck.report.legs import where, witness
from lockcheck.report.paint import Paint
from lockcheck.report.quote import quoted
from lockcheck.report.repairs import repair_lines
from lockcheck.report.replays import replay_lines
from lockcheck.report.scenario import DEADLOCK, drawn, moves_of
from lockcheck.report.summary import summary
from lockcheck.report.view import View
from lockcheck.source.problems import Problem

_HARD = "\x00"
"""A space that no line is broken at; names can't contain it."""


def render(result: Result, view: View) -> str:
    """The report as a view wants it."""
    told = text(result, view.paint, compare=view.compare, strict=view.strict, repairs=view.repairs)
    if view.since is None or result.failed:
        return told
    from lockcheck.report.since import since_lines

    return told + "".join(f"{line}\n" for line in since_lines(*view.since, view.paint))


def text(
    result: Result,
    paint: Paint | None = None,
    *,
    compare: bool = False,
    strict: bool = False,
    repairs: Iterable[Repairs] = (),
) -> str:
    """The whole report. ``compare``: say how findings and expectations differ instead of listing expected findings.

    ``strict``: list what the run had no use for. ``repairs``: those that were tried, told with their findings.
    """
    paint = paint or Paint()
    tried = {one.fingerprint: one for one in repairs}
    return "".join(f"{line.rstrip()}\n" for line in _lines(result, paint, compare, strict, tried))


def _lines(
    result: Result, paint: Paint, compare: bool, strict: bool, tried: Mapping[str, Repairs]
) -> Iterator[str]:
    if compare:
        for mismatch in result.expectation_mismatches():
            yield from _mismatch(mismatch, result, paint)
    else:
        for finding in result.findings:
            yield from finding_lines(finding, result, paint)
            if finding.fingerprint in tried:
                yield from repair_lines(tried[finding.fingerprint], paint)
            yield ""
    for waived in result.waived:
        yield from _waived(waived, paint)
    for one in result.unexercised if strict else ():
        yield from wrap(clean(f"{one.place}: not exercised: {one.what} {one.name}: {one.why}", paint.ascii_only), 0, 4)
    if strict and result.unexercised:
        yield ""
    yield from summary(result, paint, compare=compare)


def finding_lines(finding: Finding, result: Result, paint: Paint) -> Iterator[str]:
    """One finding, from its first line to where to read more."""
    yield from first_lines(finding, paint)
    yield ""
    yield from witness(finding, paint)
    yield from _scenario(finding, paint)
    yield from _remarks(finding, result, paint)
    source = quoted(finding.place, result.sources, paint)
    if source:
        yield ""
        yield from source
    yield from _help(finding.help, paint)
    yield from wrap(clean(f"= more: lockcheck explain {finding.rule}", paint.ascii_only), 2, 10)


def first_lines(finding: Finding, paint: Paint) -> Iterator[str]:
    """Place, severity, message and rule, on one line if it is short enough."""
    word = finding.severity.word
    place = finding.place
    head = clean(f"{place}: {word}:", paint.ascii_only)
    rest = clean(f"{finding.message} [{finding.rule}]", paint.ascii_only)
    # The place and the severity stay on one line, however long the path, for grep's sake.
    joined = head.replace(" ", _HARD)
    lines = [line.replace(_HARD, " ") for line in wrap(f"{joined} {rest}", 0, 4)]
    label = f" {word}:"
    yield lines[0].replace(label, " " + paint(label[1:], word), 1)
    yield from lines[1:]


def _scenario(finding: Finding, paint: Paint) -> Iterator[str]:
    replay = finding.fact.replay
    if replay is not None and replay.verdict != UNDECIDED:
        yield from replay_lines(replay, paint)
        return
    yield from _table(finding, paint)
    if replay is not None:
        yield from replay_lines(replay, paint)


def _table(finding: Finding, paint: Paint) -> Iterator[str]:
    """lockdep's table, which says how it might hang."""
    moves = moves_of(finding.fact)
    if moves:
        yield ""
        yield from (clean(line, paint.ascii_only) for line in drawn(moves))
        yield ""
        yield paint(DEADLOCK, "error")
    elif finding.fact.kind == "circle":
        yield ""
        for cpu, leg in enumerate(finding.fact.legs):
            yield from wrap(clean(f"CPU{cpu} holds {leg.holds}, wants {leg.wants}", paint.ascii_only), 2, 6)
        yield ""
        yield paint(DEADLOCK, "error")


def _remarks(finding: Finding, result: Result, paint: Paint) -> Iterator[str]:
    for remark in remarks(finding, result):
        yield ""
        yield from wrap(clean(remark, paint.ascii_only), 2, 4)


def remarks(finding: Finding, result: Result) -> list[str]:
    """What changes how the finding is to be read: guard locks, and the kernel configs it holds with."""
    found = []
    guards = finding.fact.get("guards")
    replay = finding.fact.replay
    told = replay is not None and replay.verdict == GUARDED
    if isinstance(guards, tuple) and guards and not told:
        held = "is" if len(guards) == 1 else "are"
        guarded = f"{', '.join(guards)} {held} held on every leg: as long as that is so, only one can run at a time"
        found.append(guarded)
    others = finding.fact.get("shared_by")
    if others:
        more = "1 other circle goes" if others == 1 else f"{others} other circles go"
        found.append(f"{more} through {finding.fact.get('shared')} too")
    found += _leaf(finding, result)
    if result.configs.varied:
        found.append(f"holds with: {holding(finding.condition)}")
    return found


def _leaf(finding: Finding, result: Result) -> list[str]:
    """Both questions about a lock that is no leaf, kept apart: is the contract broken here, and can it hang."""
    fact = finding.fact
    lock = fact.get("lock")
    if fact.kind != "acquisition" or fact.get("leaf") is not False or fact.get("role_function") is None:
        return []
    here = fact.get("path_inner")
    path = f"takes {here} under it" if here else "takes nothing under it"
    leaf = f"a leaf? of the class: no, {fact.get('inner')} is taken under it; of this path: {'no' if here else 'yes'}, "
    hangs = [one for one in (*result.findings, *(one.finding for one in result.waived))
             if one.fact.replay is not None and lock in one.locks]  # fmt: skip
    if hangs:
        return [leaf + f"{fact.get('role_function')}() {path}", f"a deadlock follows: {hangs[0].message}"]
    return [
        leaf + f"{fact.get('role_function')}() {path}",
        f"no deadlock follows: no circle, recursion or usage conflict of these models goes through {lock}",
    ]


def holding(condition: Condition) -> str:
    """In words, the kernel configs that a finding holds with: by the options that decide, on unless it says ``=n``."""
    if condition.always:
        return "every config that was checked"
    return ", or ".join(" and ".join(name if on else f"{name}=n" for name, on in one) for one in condition.any_of)


def _help(text: str, paint: Paint) -> Iterator[str]:
    yield from wrap(clean(f"= help: {text}", paint.ascii_only), 2, 10)


def _mismatch(mismatch: Mismatch, result: Result, paint: Paint) -> Iterator[str]:
    line = f"{mismatch.place}: {mismatch.what}: {mismatch.text}"
    yield from wrap(clean(line, paint.ascii_only), 0, 4)
    yield from quoted(mismatch.place, result.sources, paint)
    yield ""


def _waived(waived: Waived, paint: Paint) -> Iterator[str]:
    finding = waived.finding
    line = f"{finding.place}: waived: {finding.message} [{finding.rule}] ({waived.reason}, {where(waived.place)})"
    yield from wrap(clean(line, paint.ascii_only), 0, 4)
    yield ""


def problem_lines(problem: Problem, sources: Mapping[str, Quotable], paint: Paint) -> Iterator[str]:
    """One problem: where, what, the source line, what to do."""
    lines = wrap(clean(str(problem), paint.ascii_only), 0, 4)
    yield lines[0].replace(" error:", " " + paint("error:", "error"), 1)
    yield from lines[1:]
    yield from quoted(Place(problem.file, problem.line, problem.column), sources, paint)
    if problem.hint:
        yield from _help(problem.hint, paint)


def problems_text(result: Result, paint: Paint | None = None) -> str:
    """All problems, for the error stream, and how many there are."""
    paint = paint or Paint()
    lines = [line for problem in result.problems for line in problem_lines(problem, result.sources, paint)]
    if result.problems:
        lines.append(f"{count(len(result.problems), 'problem')}: nothing was analysed")
    return "".join(f"{line.rstrip()}\n" for line in lines)
