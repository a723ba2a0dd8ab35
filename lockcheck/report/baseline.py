"""A baseline as text: one finding on each line, sorted, so that branches merge line by line.

Is: YAML that ``loading/baseline.py`` reads, and that people read too. Is not: a report of a run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from lockcheck.findings import Known
from lockcheck.report.layout import Row, clean, table

HEAD: Final = """\
# Findings that were there before: only new ones fail a check. One line each, known by 'id', whatever moves.
# Written by 'lockcheck baseline update'; 'lockcheck baseline prune' takes out what is gone.
lockcheck-baseline: 1
"""
_PLAIN: Final = re.compile(r"(?!(?:true|false|null|[yn]|yes|no|on|off)$)[A-Za-z_][\w./-]*", re.ASCII | re.IGNORECASE)


def baseline_text(entries: Iterable[Known]) -> str:
    """The file, ending in a newline; each finding once, at its worst."""
    best = {one.fingerprint: one for one in sorted(entries, key=lambda one: one.severity)}
    lines = [_line(one) for one in sorted(best.values())]
    return HEAD + ("findings:\n" + "".join(lines) if lines else "findings: []\n")


def _line(one: Known) -> str:
    values = [f'id: "{one.fingerprint}"', f"severity: {one.severity.word}", f"rule: {_scalar(one.rule)}"]
    values += [f"locks: {_listed(one.locks)}", f"functions: {_listed(one.functions)}", f"model: {_scalar(one.model)}"]
    return f"- {{{', '.join(values)}}}\n"


def _listed(names: Sequence[str]) -> str:
    return f"[{', '.join(map(_scalar, names))}]"


def _scalar(text: str) -> str:
    """A YAML scalar on one line."""
    if _PLAIN.fullmatch(text):
        return text
    return '"' + "".join(one if one.isprintable() and one not in '"\\' else f"\\U{ord(one):08x}" for one in text) + '"'


def shown(entries: Iterable[Known]) -> str:
    """The entries for people, by model."""
    lines: list[str] = []
    model = None
    for one in sorted(entries):
        if one.model != model:
            model = one.model
            lines.append(f"{clean(model)}:")
        text = f"{one.rule}: {', '.join(one.locks)}"
        cells = (one.severity.word, one.fingerprint)
        lines += table([Row(2, clean(text), cells)])
        if one.functions:
            lines += table([Row(4, clean("in " + ", ".join(one.functions)))])
    return "".join(f"{line.rstrip()}\n" for line in lines)
