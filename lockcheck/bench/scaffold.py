"""A new rule: a rule file and its three cases that run as they are, to be changed into what the author means.

Is: the texts. Is not: a writer of files (``cli/``).
"""

from __future__ import annotations

from pathlib import Path

SAMPLE = "new-rule"
FILES = ("rule.yaml", "bad.yaml", "repaired.yaml", "near-miss.yaml")


def scaffold(rule: str) -> dict[str, str]:
    """The files of a new rule of that id, by name."""
    folder = Path(__file__).parent / SAMPLE
    return {name: (folder / name).read_text(encoding="utf-8").replace(SAMPLE, rule) for name in FILES}
