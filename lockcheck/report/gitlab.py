"""GitLab's code quality report: findings in the merge request and beside its lines.

Is: the JSON list that ``artifacts: reports: codequality`` reads. Is not: GitLab's security reports.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from lockcheck.findings import Result, Severity
from lockcheck.report.encode import json_text
from lockcheck.report.entries import PROBLEM, WAIVED, Entry, entries
from lockcheck.report.layout import clean
from lockcheck.report.paths import in_checkout
from lockcheck.report.view import View

SEVERITIES: Final = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.NOTE: "info"}
UNREAD: Final = "blocker"
"""What could not be analysed comes before every finding."""


def render(result: Result, view: View) -> str:
    """The list, findings that are waived left out; an empty list when there is nothing."""
    seen: Counter[str] = Counter()
    issues = [_issue(entry, view, seen) for entry in entries(result, view) if entry.what != WAIVED]
    return json_text(issues)


def _issue(entry: Entry, view: View, seen: Counter[str]) -> dict[str, Any]:
    """One issue. GitLab shows only one of those that share a fingerprint, so a repeated one is numbered."""
    seen[entry.fingerprint] += 1
    number = seen[entry.fingerprint]
    path = in_checkout(entry.place.file, view) or entry.place.file
    return {
        "description": clean(entry.message, ascii_only=False),
        "check_name": clean(f"lockcheck/{entry.rule}", ascii_only=False),
        "fingerprint": entry.fingerprint if number == 1 else f"{entry.fingerprint}-{number}",
        "severity": UNREAD if entry.what == PROBLEM else SEVERITIES[entry.severity],
        "location": {"path": clean(path, ascii_only=False), "lines": {"begin": max(1, entry.place.line)}},
    }
