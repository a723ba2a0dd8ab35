"""lockcheck against the oracle, program by program.

Is: the comparison and its words. Is not: the oracle, nor the analysis. A *miss* is a program that can hang and about
which lockcheck says nothing; that is a fault. A *doubt* is a finding in a program that cannot hang: lockdep's
notion of a deadlock is an order of classes, so gates and single threads are reported too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import lockcheck
from tests.conformance.to_model import model_of
from tests.oracle.paths import programme
from tests.oracle.programs import random_case
from tests.oracle.search import ACTORS, Answer, Search, TooLargeError
from tests.oracle.waits import WaitSearch

DEADLOCKS: Final = frozenset({"circle", "recursion", "usage-conflict"})
"""Fact kinds that say that something can hang."""


class Compared(NamedTuple):
    """``state``: ``hangs`` or ``doubt`` with the best verdict of its findings, ``safe``, ``miss``, ``false alarm`` (a
    demonstrated one) or ``too large``."""

    state: str
    name: str
    detail: str = ""


def decide(case: Mapping[str, Any], actors: int = ACTORS, states: int = 60_000) -> Answer:
    """The oracle's answer. Raises :class:`TooLargeError`."""
    program = programme(case)
    return WaitSearch(program, states).run() if program.waits else Search(program, actors, states).run()


def compare(case: Mapping[str, Any]) -> Compared:
    """One program, asked of both."""
    try:
        answer = decide(case)
    except TooLargeError:
        return Compared("too large", case["id"])
    result = lockcheck.check(lockcheck.ModelText(model_of(case), f"{case['id']}.yaml"))
    if result.problems:
        return Compared("miss", case["id"], str(result.problems[0]))
    return _graded(case, answer.hangs, [one for one in result.findings if one.fact.kind in DEADLOCKS])


def _graded(case: Mapping[str, Any], hangs: bool, found: list[lockcheck.Finding]) -> Compared:
    """The state of a program, given the truth and the findings."""
    verdicts = {one.fact.get("verdict") for one in found}
    text = json.dumps(case)
    if hangs:
        if not verdicts - {"guarded"}:
            return Compared("miss", case["id"], text)
        return Compared("hangs, demonstrated" if "demonstrated" in verdicts else "hangs, undecided", case["id"])
    if "demonstrated" in verdicts:
        wider = decide(case, actors=5, states=2_000_000)  # a queued writer for each of two readers makes four
        return Compared("hangs, demonstrated" if wider.hangs else "false alarm", case["id"], text)
    if not found:
        return Compared("safe", case["id"])
    return Compared("doubt, undecided" if "undecided" in verdicts else "doubt, guarded", case["id"])


def compare_seed(seed: int) -> Compared:
    """The random program of that seed, asked of both."""
    return compare(random_case(seed))
