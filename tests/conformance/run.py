"""Judging rows: model text, the public API, and whether verdict and kind agree.

Is: what one row comes to, and how many are judged at once. Is not: the format of a corpus, nor what is printed.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import lockcheck
from tests.conformance.corpus import BOOKKEEPING, NotExpressibleError, Row, Wanted
from tests.conformance.kinds import kinds_of
from tests.conformance.to_model import model_of

CHUNK = 32
"""Rows handed to a worker at a time: enough to make passing them cheap, few enough to keep all workers busy."""


class Outcome(NamedTuple):
    """What became of a row. ``state``: ``agree``, ``differ`` or ``not expressible``.

    ``got``: kinds of the findings, or the error that stopped the check. ``why``: what could not be said, and
    ``excused`` whether that is bookkeeping which no model has to say.
    """

    id: str
    family: str
    state: str
    wanted: Wanted
    got: str = ""
    why: str = ""
    excused: bool = False


def found(text: str, name: str) -> tuple[str, ...]:
    """Rule ids of what lockcheck finds in a model. Raises :class:`lockcheck.LockcheckError` when it is not a model."""
    result = lockcheck.check(lockcheck.ModelText(text, name))
    return tuple(finding.rule for finding in result.findings)


def agrees(wanted: Wanted, kinds: Sequence[str]) -> bool:
    """Does a set of kinds meet the verdict? Nothing where nothing is wanted, else the wanted kind among them."""
    if not wanted.bug:
        return not kinds
    return wanted.kind in kinds if wanted.kind else bool(kinds)


def judge(row: Row) -> Outcome:
    """Check one row's model."""
    try:
        kinds = kinds_of(found(model_of(row.case), f"{row.id}.yaml"))
    except NotExpressibleError as problem:
        return Outcome(row.id, row.family, "not expressible", row.wanted, why=str(problem))
    except lockcheck.LockcheckError as problem:
        return Outcome(row.id, row.family, "differ", row.wanted, got=str(problem))
    if agrees(row.wanted, kinds):
        return Outcome(row.id, row.family, "agree", row.wanted, ", ".join(kinds))
    if row.wanted.kind in BOOKKEEPING:
        return Outcome(row.id, row.family, "not expressible", row.wanted, why=row.wanted.kind or "", excused=True)
    return Outcome(row.id, row.family, "differ", row.wanted, ", ".join(kinds) or "ok")


def judge_all(rows: Iterable[Row], jobs: int) -> Iterator[Outcome]:
    """Outcomes in the order of the rows, computed by ``jobs`` processes."""
    todo = list(rows)
    if jobs < 2 or len(todo) < 2 * CHUNK:
        yield from map(judge, todo)
        return
    with multiprocessing.Pool(jobs) as pool:
        yield from pool.imap(judge, todo, CHUNK)
