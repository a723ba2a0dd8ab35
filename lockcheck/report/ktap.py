"""KTAP version 1: the kernel's own test protocol, for its CI systems and ``kunit.py parse``.

Is: each model a test, each finding below it a subtest with the witness as diagnostic lines before its result. Is not:
a test plan: what is found is what is counted. A finding that is waived is skipped, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from lockcheck.findings import Result
from lockcheck.report.entries import PROBLEM, WAIVED, Entry, block, by_file, closing, entries
from lockcheck.report.layout import clean
from lockcheck.report.view import View

VERSION: Final = "KTAP version 1"
INDENT: Final = "  "
CLEAN: Final = "no findings"


def render(result: Result, view: View) -> str:
    """The whole report."""
    return "".join(f"{line.rstrip()}\n" for line in _lines(result, view))


def _lines(result: Result, view: View) -> Iterator[str]:
    files = by_file(entries(result, view), result)
    yield VERSION
    yield f"1..{len(files)}"
    for number, (file, listed) in enumerate(files.items(), 1):
        yield from (f"{INDENT}{line}" for line in _subtests(file, listed, result, view))
        yield _result(number, not any(one.fails for one in listed), file)
    yield from (f"# {line}" for line in closing(result, view))


def _subtests(file: str, listed: Sequence[Entry], result: Result, view: View) -> Iterator[str]:
    yield VERSION
    yield f"# Subtest: {clean(file)}"
    yield f"1..{len(listed) or 1}"
    if not listed:
        yield _result(1, True, CLEAN)
    for number, entry in enumerate(listed, 1):
        if entry.what != WAIVED:
            yield from (f"# {line}" for line in block(entry, result, view))
        yield _result(number, not entry.fails, f"{entry.rule}: {entry.message}", _directive(entry))


def _directive(entry: Entry) -> str:
    if entry.what == WAIVED:
        return f" # SKIP {clean(entry.allowed)}"
    return f" # ERROR {clean(entry.help)}" if entry.what == PROBLEM else ""


def _result(number: int, passed: bool, description: str, directive: str = "") -> str:
    """A result line. A hash sign would end the description."""
    return f"{'ok' if passed else 'not ok'} {number} {clean(description).replace('#', chr(92) + 'x23')}{directive}"
