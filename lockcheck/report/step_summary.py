"""A check as Markdown: for the summary of a CI job, or a comment on a pull request.

Is: a table of rules, then each finding with a picture of its circle and the witness folded away, within the size that
GitHub takes. Every name is escaped. Is not: a difference (``difference_markdown.py``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from lockcheck.compare.repairs import Repairs
from lockcheck.findings import Result
from lockcheck.report.difference_markdown import code, escaped
from lockcheck.report.entries import FINDING, PROBLEM, WAIVED, Entry, block, closing, entries
from lockcheck.report.graphs import circle_picture
from lockcheck.report.layout import clean, count
from lockcheck.report.legs import where
from lockcheck.report.paths import in_checkout
from lockcheck.report.repairs import effects, headline, shown_diff
from lockcheck.report.view import View

MOST_CHARACTERS: Final = 900_000
"""GitHub takes 1 MiB from a step. All of this is ASCII."""


def render(result: Result, view: View) -> str:
    """The whole text. Findings for which there is no room are counted."""
    told = entries(result, view)
    head = [f"## {_title(result, told)}", "", *_summary(result, view), *_table(told)]
    size = sum(len(line) + 1 for line in head)
    parts, left = list(head), 0
    for entry in told:
        lines = [*_section(entry, result, view), ""] if entry.what != WAIVED else []
        size += sum(len(line) + 1 for line in lines)
        if size > MOST_CHARACTERS:
            left += 1
        else:
            parts += lines
    if left:
        parts += [f"... and {left} more, for which there is no room here", ""]
    parts += _waived(told, MOST_CHARACTERS - size)
    while parts and not parts[-1]:
        parts.pop()
    return "\n".join(parts) + "\n"


def _title(result: Result, told: Iterable[Entry]) -> str:
    kinds = Counter((entry.what == PROBLEM, entry.severity) for entry in told if entry.what != WAIVED)
    problems = sum(number for (problem, _), number in kinds.items() if problem)
    words = [count(problems, "problem")] if problems else []
    found = {severity: number for (problem, severity), number in kinds.items() if not problem}
    words += [count(found[severity], severity.word) for severity in sorted(found, reverse=True)]
    where_found = f" in {escaped(', '.join(result.named_files))}" if len(result.named_files) == 1 else ""
    return f"lockcheck: {', '.join(words) or 'no findings'}{where_found}"


def _summary(result: Result, view: View) -> Iterator[str]:
    said = escaped(" ".join(" ".join(closing(result, view)[1:]).split()))
    if said:
        yield from (said, "")


def _table(told: Iterable[Entry]) -> Iterator[str]:
    """How many findings each rule has, worst first."""
    counted = Counter((entry.severity, entry.rule) for entry in told if entry.what != WAIVED)
    if len(counted) < 2:
        return
    yield from ("| rule | severity | number |", "| --- | --- | ---: |")
    for severity, rule in sorted(counted, key=lambda one: (-one[0], one[1])):
        yield f"| {escaped(rule)} | {severity.word} | {counted[severity, rule]} |"
    yield ""


def _section(entry: Entry, result: Result, view: View) -> Iterator[str]:
    yield f"### {entry.severity.word}: {escaped(entry.message)}"
    yield ""
    place = in_checkout(entry.place.file, view) or entry.place.file
    at = [code(where(entry.place._replace(file=place)))] if place else []
    yield ", ".join([*at, code(entry.rule)])
    yield ""
    if entry.finding is not None and entry.finding.fact.kind == "circle":
        yield from ("```mermaid", *circle_picture(entry.finding.fact).splitlines(), "```", "")
    if entry.help:
        yield from (f"**What to do:** {escaped(entry.help)}", "")
    tried = view.repairs_of(entry.finding) if entry.finding is not None else None
    if tried is not None:
        yield from _repairs(tried)
    if entry.what == FINDING:
        yield from _folded(block(entry, result, view))


def _repairs(tried: Repairs) -> Iterator[str]:
    """What was tried and works, each change with its edited lines."""
    yield from (f"**{escaped(headline(tried).capitalize())}**", "")
    for number, repair in enumerate(tried.best, 1):
        sites = "; ".join(f"{escaped(one.words)} ({code(where(one.place))})" for one in repair.sites)
        yield from (f"{number}. {sites}", *(f"   {escaped(one)}" for one in effects(repair)), "")
        yield from (*fenced([clean(line) for line in shown_diff(repair)], "diff"), "")


def _folded(lines: list[str]) -> Iterator[str]:
    """A block that is shut until somebody opens it."""
    yield from ("<details><summary>witness</summary>", "", *fenced(lines, "text"), "", "</details>")


def fenced(lines: list[str], language: str) -> Iterator[str]:
    """Lines as they are; no run of backticks in them can end the block."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}{language}", *lines, fence)


def _waived(told: Iterable[Entry], room: int) -> Iterator[str]:
    lines = [
        f"- {escaped(entry.message)} ({code(entry.rule)}): {escaped(entry.reason)}"
        for entry in told
        if entry.what == WAIVED
    ]
    if lines and sum(map(len, lines)) + len(lines) <= room:
        yield from ("### waived", "", *lines)
    elif lines:
        yield f"{len(lines)} waived"
