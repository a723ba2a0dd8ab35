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
from tests.conformance.kinds import KINDS, kinds_of
from tests.conformance.order import moments
from tests.conformance.scenarios import is_scenario
from tests.conformance.to_model import model_of

CHUNK = 32
"""Rows handed to a worker at a time: enough to make passing them cheap, few enough to keep all workers busy."""

QUEUED_WRITER = "a reader that waits for a queued writer is also found, which the kernel asks for too early to see"

UNLISTED = "says more than the kernel did in that run"

STATES = ("agree", "differ", "not expressible")


class Outcome(NamedTuple):
    """What became of a row. ``state`` is one of :data:`STATES`.

    ``got``: kinds of the findings, or the error that stopped the check. ``why``: what could not be said (``excused``
    when it is bookkeeping that no model has to say), or why it agrees although lockcheck says more.
    """

    id: str
    family: str
    state: str
    wanted: Wanted
    got: str = ""
    why: str = ""
    excused: bool = False


class BadModelError(Exception):
    """The model of a row could not be analysed; the argument is the first problem."""


def checked(text: str, name: str) -> lockcheck.Result:
    """A model's result. Raises :class:`BadModelError` when it can't be analysed."""
    result = lockcheck.check(lockcheck.ModelText(text, name))
    for problem in result.problems:
        raise BadModelError(str(problem))
    return result


def implied(result: lockcheck.Result) -> set[str]:
    """Kinds of what lockcheck knows but does not tell, since another finding implies it; lockdep may tell it first."""
    return {"irq_inversion" for fact in result.facts("usage-conflict") if fact.get("implied")}


def findings(result: lockcheck.Result) -> list[lockcheck.Finding]:
    """What lockcheck finds in a model, circles through a wait aside: lockdep can't see those."""
    return [one for one in result.findings if "wait" not in _words(one.fact.get("categories"))]


def _words(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


def agrees(wanted: Wanted, kinds: Sequence[str]) -> bool:
    """Do the kinds found meet the verdict? None where nothing is wanted, else all wanted ones among them."""
    if not wanted.bug:
        return not kinds
    return set(wanted.kinds) <= set(kinds) if wanted.kinds else bool(kinds)


def _queued_writer(finding: lockcheck.Finding) -> bool:
    return bool(finding.fact.get("by_writer"))


def _question(finding: lockcheck.Finding) -> tuple[object, object]:
    """What the kernel would have to ask to see it: for a reader of which class, in which interrupt."""
    return finding.fact.get("irq"), finding.fact.get("safe")


def _asked_in_time(row: Row, found: Sequence[lockcheck.Finding]) -> bool:
    """Could the kernel know enough for one of these findings when it asked for it? (see ``order``)."""
    questions = {_question(one) for one in found}
    for moment in moments(row.case):
        question = (moment.irq, moment.class_name)
        if question in questions:
            known = findings(checked(model_of(moment.case), f"{row.id}.yaml"))
            if any(_queued_writer(one) and _question(one) == question for one in known):
                return True
    return False


def _kinds(row: Row) -> tuple[tuple[str, ...], bool]:
    """Kinds found in a row's model, and whether some were left out because of the order of events."""
    result = checked(text_of(row), f"{row.id}.yaml")
    found = findings(result)
    always = [one for one in found if not _queued_writer(one)]
    kernel = is_scenario(row.case)
    more = implied(result)
    kinds, sure = (tuple(sorted({*kinds_of((one.rule for one in ones), kernel), *more})) for ones in (found, always))
    if kernel or agrees(row.wanted, kinds) == agrees(row.wanted, sure):
        return kinds, False
    in_time = _asked_in_time(row, [one for one in found if _queued_writer(one)])
    return (kinds, False) if in_time else (sure, True)


def _unknown(wanted: Wanted) -> list[str]:
    """Wanted kinds that no table knows."""
    return sorted({*wanted.kinds} - KINDS - BOOKKEEPING)


def judge(row: Row, accepted: Mapping[str, Accepted] | None = None) -> Outcome:
    """Check one row's model."""
    if _unknown(row.wanted):
        return Outcome(row.id, row.family, "not expressible", row.wanted, why=f"kind {_unknown(row.wanted)[0]}")
    try:
        kinds, ordered = _kinds(row)
    except NotExpressibleError as problem:
        return Outcome(row.id, row.family, "not expressible", row.wanted, why=str(problem))
    except BadModelError as problem:
        return Outcome(row.id, row.family, "differ", row.wanted, got=str(problem))
    except Exception as fault:  # a fault of lockcheck is a difference too, and the other rows are worth knowing
        return Outcome(row.id, row.family, "differ", row.wanted, got=f"a fault: {fault!r}")
    return _compare(row, kinds, ordered, (accepted or {}).get(row.id))


def _compare(row: Row, kinds: tuple[str, ...], ordered: bool, listed: Accepted | None) -> Outcome:
    wanted = row.wanted
    outcome = Outcome(row.id, row.family, "differ", wanted, ", ".join(kinds) or "ok")
    beyond = tuple(kind for kind in kinds if kind not in wanted.kinds)
    known = listed is not None and beyond == listed.says
    if agrees(wanted, kinds):
        more = UNLISTED if is_scenario(row.case) and beyond else QUEUED_WRITER if ordered else ""
        return outcome._replace(state="agree", why=listed.reason if listed and known else more)
    if listed and known and set(wanted.kinds) <= set(kinds):
        return outcome._replace(state="agree", why=listed.reason)
    if BOOKKEEPING.intersection(wanted.kinds):
        return outcome._replace(state="not expressible", why=str(wanted), excused=True)
    return outcome


def judge_all(rows: Iterable[Row], accepted: Mapping[str, Accepted], jobs: int) -> Iterator[Outcome]:
    """Outcomes in the order of the rows, computed by ``jobs`` processes."""
    todo = list(rows)
    one = partial(judge, accepted=accepted)
    if jobs < 2 or len(todo) < 2 * CHUNK:
        yield from map(one, todo)
        return
    with multiprocessing.Pool(jobs) as pool:
        yield from pool.imap(one, todo, CHUNK)
