"""A difference as Markdown, for a comment on a pull request or a mail: witnesses fold away.

Is: text whose every name is escaped. Is not: for terminals (``difference.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lockcheck.compare.difference import Difference
from lockcheck.findings import Finding
from lockcheck.model.facts import Leg
from lockcheck.report.difference import (
    CLASSES,
    DEPENDENCIES,
    claim_words,
    class_words,
    context_words,
    heading,
    how_altered,
    summary,
    turn_words,
    usage_words,
)
from lockcheck.report.layout import clean
from lockcheck.report.legs import leg_lines, witness
from lockcheck.report.paint import Paint

PLAIN = Paint()
MARKUP = "\\`*_{}[]<>#|~&"


def escaped(text: str) -> str:
    """``text`` with no meaning to Markdown or HTML, and no control characters."""
    return "".join(f"\\{one}" if one in MARKUP else one for one in clean(text))


def code(text: str) -> str:
    """``text`` as a code span: its fence is longer than any run of backticks in it."""
    shown = clean(text)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    if not longest:
        return f"`{shown}`"
    ticks = "`" * (longest + 1)
    return f"{ticks} {shown} {ticks}"


def markdown(found: Difference, names: tuple[str, str], *, short: bool = False) -> str:
    """The whole difference. ``names``: what base and change are called; ``short``: no witnesses."""
    lines = [f"**{escaped(summary(found))}**", "", f"base: {code(names[0])}, change: {code(names[1])}", ""]
    lines += [*_findings(found, short), *_turns(found, short), *_contexts(found, short), *_dependencies(found, short)]
    lines += _rest(found)
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines) + "\n"


def _section(title: str, items: Iterable[str]) -> Iterator[str]:
    """A heading and its items, or nothing."""
    listed = list(items)
    if listed:
        yield from (f"### {title}", "", *listed, "")


def _findings(found: Difference, short: bool) -> Iterator[str]:
    for state, findings in (("new", found.findings.new), ("gone", found.findings.gone)):
        items = [line for one in findings for line in _finding(one, short)]
        yield from _section(heading(len(findings), state, "finding"), items)
    altered = [f"- {_said(one.after)}: {escaped(how_altered(one.before, one.after, found))}" for one in found.altered]
    yield from _section(heading(len(altered), "changed", "finding"), altered)
    claims = [f"- {escaped(claim_words(one))}" for one in found.claims]
    yield from _section(heading(len(claims), "changed", "answer"), claims)


def _finding(finding: Finding, short: bool) -> Iterator[str]:
    yield f"- {_said(finding)} at {code(str(finding.place))}"
    if not short:
        yield from _folded(witness(finding, PLAIN))


def _said(finding: Finding) -> str:
    return f"**{finding.severity.word}**: {escaped(finding.message)} ({code(finding.rule)})"


def _turns(found: Difference, short: bool) -> Iterator[str]:
    items = []
    for one in found.turns:
        items += [f"- {escaped(turn_words(one))}", *_witness(one.leg, short)]
    yield from _section("leaf and irq-safe status", items)


def _contexts(found: Difference, short: bool) -> Iterator[str]:
    for state, some in (("new", found.contexts.new), ("gone", found.contexts.gone)):
        items = []
        for one in some:
            items += [f"- {escaped(context_words(one))}", *_witness(one.legs[0], short)]
        yield from _section(heading(len(some), state, "context"), items)


def _dependencies(found: Difference, short: bool) -> Iterator[str]:
    for state, some in (("new", found.dependencies.new), ("gone", found.dependencies.gone)):
        items = []
        for one in some:
            items += [f"- {code(f'{one.outer} -> {one.inner}')}", *_witness(one.leg, short)]
        yield from _section(heading(len(some), state, DEPENDENCIES), items)


def _rest(found: Difference) -> Iterator[str]:
    yield from _section("usage", (f"- {escaped(usage_words(one.before, one.after))}" for one in found.usage))
    for state, locks, functions in (
        ("new", found.locks.new, found.functions.new),
        ("gone", found.locks.gone, found.functions.gone),
    ):
        yield from _section(heading(len(locks), state, CLASSES), (f"- {escaped(class_words(one))}" for one in locks))
        names = [", ".join(code(name) for name in functions)] if functions else []
        yield from _section(heading(len(functions), state, "function"), names)


def _witness(leg: Leg | None, short: bool) -> Iterator[str]:
    if leg is not None and not short:
        yield from _folded(leg_lines(leg, PLAIN))


def _folded(lines: Iterable[str]) -> Iterator[str]:
    """A block that is shut until somebody opens it, inside an item of a list."""
    yield from ("  <details><summary>witness</summary>", "", "  ````text")
    yield from (f"  {line}".rstrip() for line in lines)
    yield from ("  ````", "  </details>")
