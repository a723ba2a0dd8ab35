"""One input through everything: load, rules, analysis, judgement, every report and the graph.

Is: what a seed stands for, and the bytes that all of lockcheck says about it. Is not: limits on it (``worker``).
"""

from __future__ import annotations

import datetime
import random
import re
import tempfile
from pathlib import Path
from typing import NamedTuple

from lockcheck import Limits, ModelText, check
from lockcheck.loading import library
from lockcheck.report import graphs
from lockcheck.report.as_json import as_json
from lockcheck.report.lockdep import lockdep
from lockcheck.report.text import problems_text, text
from tests.fuzz.grammar import weird
from tests.fuzz.mutate import edited, rearranged

TODAY = datetime.date(2026, 1, 1)
MAKERS = (*[edited] * 4, *[rearranged] * 6, *[weird] * 2)


class Input(NamedTuple):
    """``kind``: ``model``, ``rule`` or ``weird``; ``data``: its text; ``config`` and ``every``: how it is checked."""

    kind: str
    data: bytes
    config: dict[str, bool]
    every: bool


def made(seed: int) -> Input:
    """The input of a seed."""
    choose = random.Random(seed)
    kind, data = choose.choice(MAKERS)(choose)
    config = {"CONFIG_PREEMPT_RT": True} if choose.random() < 0.2 else {}
    return Input(kind, data, config, kind == "model" and choose.random() < 0.1)


def said(one: Input) -> tuple[int, str]:
    """(exit status, all that is printed about it in every format)."""
    if one.kind != "rule":
        return _said([ModelText(one.data, "m.yaml")], one, [])
    with tempfile.TemporaryDirectory() as folder:
        # The folder has to be named as the rule; where it is must not be part of what is said.
        name = re.search(rb'\brule"?: *"?([a-z-]{3,40})', one.data)
        path = Path(folder) / "rules" / "any" / (name[1].decode() if name else "fuzzed") / "rule.yaml"
        path.parent.mkdir(parents=True)
        path.write_bytes(one.data)
        status, words = _said([library()["examples/dtor-allocates"]], one, [Path(folder) / "rules"])
        return status, words.replace(folder, "")


def _said(models: list[ModelText | Path], one: Input, rules: list[Path]) -> tuple[int, str]:
    limits = Limits(max_configs=8) if one.every else None  # each is a run of its own
    result = check(models, config=one.config, all_configs=one.every, rules=rules, limits=limits, today=TODAY)
    words = [as_json(result), problems_text(result), lockdep(result), text(result, compare=True)]
    if not result.problems:
        words.append(text(result))
        circles = result.facts("circle")
        stressed = frozenset().union(*(graphs.pairs_of(circle) for circle in circles))
        drawing = graphs.Drawing(result.dependencies(), {u.name: u for u in result.usage()}, stressed)
        words += [graphs.dot(drawing), graphs.mermaid(drawing)]
    if (result.exit_code == 2) != bool(result.problems or result.checked_nothing or result.coverage.cut):
        raise AssertionError(f"exit status {result.exit_code} with {len(result.problems)} problems")
    if any(not problem.file or not problem.message for problem in result.problems):
        raise AssertionError("a problem without a file or a message")
    return result.exit_code, "\n".join(words)
