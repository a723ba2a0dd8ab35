"""JUnit XML: each model a suite, each finding a failed case, each waived one a skipped case.

Is: what test reporters of CI systems read. Is not: timed: the same run gives the same bytes.
A model without findings has one case that passes, so that a green run is not an empty one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from lockcheck.findings import Result
from lockcheck.report.entries import PROBLEM, WAIVED, Entry, block, by_file, entries
from lockcheck.report.layout import clean
from lockcheck.report.view import View

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
CLEAN: Final = "no findings"
_NO_XML: Final = re.compile("[\ufffe\uffff\ud800-\udfff]")


def render(result: Result, view: View) -> str:
    """The document, in ASCII: other characters are references."""
    from xml.etree import ElementTree

    suites = ElementTree.Element("testsuites", {"name": "lockcheck"})
    told = by_file(entries(result, view), result)
    for file, listed in told.items():
        suites.append(_suite(file, listed, result, view))
    for name in ("tests", "failures", "errors", "skipped"):
        suites.set(name, str(sum(int(one.get(name, "0")) for one in suites)))
    ElementTree.indent(suites, " ")
    body: bytes = ElementTree.tostring(suites, encoding="us-ascii")
    return f"{HEAD}{body.decode()}\n"


def _suite(file: str, listed: Sequence[Entry], result: Result, view: View) -> Element:
    from xml.etree.ElementTree import Element, SubElement

    counts = {
        "tests": len(listed) or 1,
        "failures": sum(1 for one in listed if one.fails and one.what != PROBLEM),
        "errors": sum(1 for one in listed if one.what == PROBLEM),
        "skipped": sum(1 for one in listed if one.what == WAIVED),
    }
    suite = Element("testsuite", {"name": _text(file), **{name: str(number) for name, number in counts.items()}})
    for entry in listed:
        suite.append(_case(entry, result, view))
    if not listed:
        SubElement(suite, "testcase", {"classname": _text(file), "name": CLEAN, "file": _text(file)})
    return suite


def _case(entry: Entry, result: Result, view: View) -> Element:
    """One case. Its names hold no line: a finding stays the same test when lines move."""
    from xml.etree.ElementTree import Element, SubElement

    file = _text(entry.place.file)
    names = {"classname": file or "lockcheck", "name": _text(f"{entry.rule}: {entry.message}"), "file": file}
    if entry.place.line:
        names["line"] = str(entry.place.line)
    case = Element("testcase", names)
    if entry.what == WAIVED:
        SubElement(case, "skipped", {"message": _text(entry.allowed)})
        return case
    kind = "error" if entry.what == PROBLEM else "failure" if entry.fails else "system-out"
    said = {} if kind == "system-out" else {"message": _text(entry.message), "type": entry.severity.word}
    SubElement(case, kind, said).text = _text("\n".join(block(entry, result, view)), lines=True)
    return case


def _text(text: str, *, lines: bool = False) -> str:
    """``text`` without what XML can't hold: control characters are written out."""
    parts = text.split("\n") if lines else [text]
    return _NO_XML.sub("?", "\n".join(clean(part, ascii_only=False) for part in parts))
