"""JSON lines: one object per line, for programs that read a stream.

Is: the parts of ``as_json.py``, each on a line of its own with its ``type``: ``run`` first, then ``problem``,
``finding``, ``known``, ``repairs``, ``mismatch`` and ``waived``. Is not: another shape of these parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lockcheck.findings import Result
from lockcheck.report.as_json import document
from lockcheck.report.encode import json_text
from lockcheck.report.view import View


def render(result: Result, view: View) -> str:
    """All lines; the first one says what was checked and how the run ended."""
    return "".join(json_text(line, indent=None) for line in _lines(result, view))


def _lines(result: Result, view: View) -> Iterator[dict[str, Any]]:
    how = {"compare": view.compare, "strict": view.strict, "exit_zero": view.exit_zero}
    whole = document(result, view.fail_on, **how, repairs=view.repairs, since=view.since)
    parts = {name: whole.pop(name) for name in ("problems", "findings", "known", "repairs", "expectations", "waived")}
    yield {"type": "run", **whole}
    for kind, listed in (
        ("problem", parts["problems"]),
        ("finding", parts["findings"]),
        ("known", parts["known"]),
        ("repairs", parts["repairs"]),
        ("mismatch", parts["expectations"]["mismatches"]),
        ("waived", parts["waived"]),
    ):
        yield from ({"type": kind, **one} for one in listed)
