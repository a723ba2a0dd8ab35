"""A reader of KTAP version 1, written from the kernel's description of it, for tests.

Is: strict: numbers count up, plans are kept, a test with a failed subtest fails. Is not: part of the package.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

RESULT = re.compile(r"(?P<result>ok|not ok) (?P<number>\d+)(?: (?P<description>[^#\n]*?))?(?: # (?P<rest>.*))?")
DIRECTIVE = re.compile(r"(SKIP|TODO|XFAIL|TIMEOUT|ERROR)(?: (.*))?")


@dataclass
class Test:
    __test__ = False  # not for pytest

    passed: bool
    description: str
    directive: str = ""
    said: str = ""
    notes: list[str] = field(default_factory=list)
    subtests: list[Test] = field(default_factory=list)


def read(text: str) -> list[Test]:
    """The tests of a report. Raises ValueError where it is not KTAP."""
    lines = text.split("\n")
    if lines.pop() != "":
        raise ValueError("the last line has no end")
    tests, rest = _tests(lines, "")
    left = [line for line in rest if not line.startswith("#")]
    if left:
        raise ValueError(f"after the report: {left[0]!r}")
    return tests


def _tests(lines: list[str], indent: str) -> tuple[list[Test], list[str]]:
    """The tests of one level, and the lines after them."""
    if lines[0] != f"{indent}KTAP version 1":
        raise ValueError(f"no version line: {lines[0]!r}")
    at, planned = 1, None
    tests: list[Test] = []
    notes: list[str] = []
    subtests: list[Test] = []
    while at < len(lines) and (planned is None or len(tests) < planned):
        line = lines[at]
        if line == f"{indent}  KTAP version 1":
            subtests, rest = _tests(lines[at:], indent + "  ")
            at = len(lines) - len(rest)
            continue
        at += 1
        body = line.removeprefix(indent)
        if not line.startswith(indent) or body.startswith(" "):
            raise ValueError(f"a line of another level: {line!r}")
        if body.startswith("#"):
            notes.append(body)
        elif re.fullmatch(r"1\.\.\d+", body) and planned is None and not tests:
            planned = int(body[3:])
        else:
            tests.append(_test(body, len(tests) + 1, notes, subtests))
            notes, subtests = [], []
    if planned != len(tests):
        raise ValueError(f"{len(tests)} tests of {planned} planned")
    return tests, lines[at:]


def _test(line: str, number: int, notes: list[str], subtests: list[Test]) -> Test:
    found = RESULT.fullmatch(line)
    if found is None or int(found["number"]) != number:
        raise ValueError(f"not result number {number}: {line!r}")
    directive = DIRECTIVE.fullmatch(found["rest"] or "")
    word, said = (directive[1], directive[2] or "") if directive else ("", found["rest"] or "")
    passed = found["result"] == "ok"
    if passed and any(not one.passed and one.directive != "SKIP" for one in subtests):
        raise ValueError(f"a subtest of {line!r} has failed")
    return Test(passed, (found["description"] or "").strip(), word, said, notes, subtests)
