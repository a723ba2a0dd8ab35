"""Certificates as files, and what re-checking them came to, for people.

Is: bytes and lines. Is not: a judgement.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lockcheck.report.layout import clean, wrap

if TYPE_CHECKING:
    from lockcheck.model.verdicts import Verdict


def certificate_text(certificate: Mapping[str, Any]) -> str:
    """A certificate as JSON, one entry a line, so that two of them can be compared line by line."""
    return (
        "{\n"
        + ",\n".join(f"{json.dumps(key)}: {_value(value)}" for key, value in sorted(certificate.items()))
        + "\n}\n"
    )


def _value(value: Any) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(_compact(one) for one in value) + "\n]"
    if isinstance(value, dict) and value:
        rows = (
            f"{json.dumps(key)}: {_value(one) if key == 'functions' else _compact(one)}" for key, one in value.items()
        )
        return "{\n" + ",\n".join(rows) + "\n}"
    return _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def verdict_text(name: str, verdict: Verdict) -> str:
    """What re-checking came to."""
    if verdict.refusals:
        lines = [f"{clean(name)}: refused"]
        for refusal in verdict.refusals:
            lines += wrap(clean(refusal), 2, 4)
        return "\n".join(lines) + "\n"
    lines = [f"{clean(name)}: holds"]
    counts = (counted(verdict.summaries, "summary", "summaries"), counted(verdict.steps, "step", "steps"),
              counted(verdict.dependencies, "dependency", "dependencies"))  # fmt: skip
    lines += wrap(f"re-checked {', '.join(counts)}; the inputs are as they were", 2, 2)
    for title, sentences in (("established:", verdict.established), ("not covered:", verdict.not_covered)):
        lines += ["", f"  {title}"]
        for sentence in sentences:
            lines += wrap(clean(sentence), 4, 6)
    return "\n".join(lines) + "\n"


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else many}"
