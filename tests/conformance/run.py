"""Judging rows: model text, the public API, and whether verdict and kind agree.

Is: what one row comes to, and how many are judged at once. Is not: a format, nor what is printed.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import lockcheck
from tests.conformance.corpus import BOOKKEEPING, NotExpressibleError, Row, Wanted
from tests.conformance.formats import Accepted, text_of
from tests.conformance.kinds import kinds_of
from tests.conformance.scenarios import is_scenario

CHUNK = 32
"""Rows handed to a worker at a time: enough to make passing them cheap, few enough to keep all workers busy."""

STATES = ("agree", "differ", "not expressible")


class Outcome(NamedTuple):
    """What became of a row. ``state`` is one of :data:`STATES`.

    ``got``: kinds of the findings, or the error that stopped the check. ``why``: what could not be said (``excused``
    when it is bookkeeping that no model has to say), or the reason why it may differ (``listed``).
    """

    id: str
    family: str
    state: str
    wanted: Wanted
    got: str = ""
    why: str = ""
    excused: bool = False
    listed: bool = False


class BadModelError(Exception):
    """The model of a row could not be analysed; the argument is the first problem."""


def found(text: str, name: str) -> tuple[str, ...]:
    """Rule ids of what lockcheck finds in a model, those aside that go through a wait, which lockdep can't see.

    Raises :class:`BadModelError` when it can't be analysed.
    """
    result = lockcheck.check(lockcheck.ModelText(text, name))
    for problem in result.problems:
        raise BadModelError(str(problem))
    return tuple(one.rule for one in result.findings if not _waits(one.fact.get("categories")))


def _waits(categories: object) -> bool:
    return isinstance(categories, tuple) and "wait" in categories


def agrees(wanted: Wanted, kinds: Sequence[str]) -> bool:
    """Do the kinds found meet the verdict? None where nothing is wanted, else all wanted ones among them."""
    if not wanted.bug:
        return not kinds
    return set(wanted.kinds) <= set(kinds) if wanted.kinds else bool(kinds)


def judge(row: Row, accepted: Mapping[str, Accepted] | None = None) -> Outcome:
    """Check one row's model."""
    try:
        kinds = kinds_of(found(text_of(row), f"{row.id}.yaml"), kernel=is_scenario(row.case))
    except NotExpressibleError as problem:
        return Outcome(row.id, row.family, "not expressible", row.wanted, why=str(problem))
    except BadModelError as problem:
        return Outcome(row.id, row.family, "differ", row.wanted, got=str(problem))
    got = ", ".join(kinds) or "ok"
    if agrees(row.wanted, kinds):
        return Outcome(row.id, row.family, "agree", row.wanted, got)
    beyond = tuple(kind for kind in kinds if kind not in row.wanted.kinds)
    listed = (accepted or {}).get(row.id)
    if listed and beyond == listed.says and set(row.wanted.kinds) <= set(kinds):
        return Outcome(row.id, row.family, "agree", row.wanted, got, why=listed.reason, listed=True)
    if BOOKKEEPING.intersection(row.wanted.kinds):
        return Outcome(row.id, row.family, "not expressible", row.wanted, why=str(row.wanted), excused=True)
    return Outcome(row.id, row.family, "differ", row.wanted, got)


def judge_all(rows: Iterable[Row], accepted: Mapping[str, Accepted], jobs: int) -> Iterator[Outcome]:
    """Outcomes in the order of the rows, computed by ``jobs`` processes."""
    todo = list(rows)
    one = partial(judge, accepted=accepted)
    if jobs < 2 or len(todo) < 2 * CHUNK:
        yield from map(one, todo)
        return
    with multiprocessing.Pool(jobs) as pool:
        yield from pool.imap(one, todo, CHUNK)
