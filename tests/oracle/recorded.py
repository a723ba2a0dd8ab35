"""Programs that a booted kernel judged: where lockcheck says something else, what explains it, and who is right.

Is: the comparison of three opinions on one case: the recorded verdict of lockdep, lockcheck's, the oracle's. Is not:
the oracle, nor the comparison of kinds (``tests/conformance``), which it asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import lockcheck
from tests.conformance.corpus import Row, rows
from tests.conformance.run import QUEUED_WRITER, judge
from tests.conformance.to_model import model_of
from tests.oracle.campaign import DEADLOCKS, decide
from tests.oracle.search import TooLargeError

IMPLEMENTATION: Final = "edge truncation, visited classes or chain cache"
EVENT_ORDER: Final = "order of events"
UNEXPLAINED: Final = "unexplained"
HANGS, SAFE, TOO_LARGE = "can hang", "cannot hang", "too large"
RECLAIM: Final = "with any reclaim where reclaim begins"
STATES: Final = 60_000


class Told(NamedTuple):
    """One program on which lockdep and lockcheck differ.

    ``effect``: what explains it, or :data:`UNEXPLAINED`. ``verdict``: the best grade of lockcheck's deadlocks, empty
    without any. ``oracle``: one of the three words above. ``reading``: how the program has to be read for that.
    """

    id: str
    kernel: str
    lockcheck: str
    effect: str
    verdict: str
    oracle: str
    reading: str = ""

    @property
    def fault(self) -> str:
        """What is wrong about it on lockcheck's side; empty when nothing is."""
        if self.effect == UNEXPLAINED:
            return "differs from the kernel, and no known effect explains it"
        if self.oracle == HANGS and self.verdict in ("", "guarded"):
            return "can hang, and lockcheck has no finding that says so"
        if self.oracle == SAFE and self.verdict == "demonstrated":
            return "demonstrated, and the oracle finds no way"
        return ""

    def __str__(self) -> str:
        graded = f" ({self.verdict})" if self.verdict else ""
        said = f"{self.id}: lockdep {self.kernel}, lockcheck {self.lockcheck}{graded}"
        return f"{said}: {self.effect}; it {self.oracle}{self.reading}"


def tell(case: Mapping[str, Any]) -> Told | None:
    """How the three differ on a case; None when lockcheck says what lockdep said, in so many words."""
    recorded = {key: value for key, value in case.items() if key not in ("without_artifact", "alt")}
    as_recorded, wanted = next(rows(recorded)), next(rows(case))
    outcome = judge(as_recorded)
    if outcome.state == "agree" and not outcome.why and "without_artifact" not in case:
        return None
    if outcome.state == "not expressible":
        return None
    effect = _effect(wanted, outcome.why == QUEUED_WRITER)
    verdict = _verdict(case)
    told = Told(case["id"], str(as_recorded.wanted), outcome.got, effect, verdict, _oracle(case, verdict))
    if not told.fault or effect == UNEXPLAINED:
        return told
    if told.oracle != SAFE:
        return told
    again = told._replace(oracle=_oracle(_any_reclaim(case), verdict), reading=f", {RECLAIM}")
    return told if again.fault else again


def _any_reclaim(case: Mapping[str, Any]) -> Mapping[str, Any]:
    """Reclaim that begins somewhere runs whatever reclaim runs, not only what is written there."""
    written = [{**one, "ops": [*_with_allocations(one["ops"])]} for one in case["sequences"]]
    bodies = [{"context": "task", "ops": ops} for one in case["sequences"] for ops in _bodies(one["ops"])]
    return {**case, "sequences": [*written, *bodies]}


def _bodies(ops: Sequence[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """What is written between the beginning and the end of reclaim in the middle of a path."""
    begins = [at for at, op in enumerate(ops) if op[0] == "reclaim_enter" and at]
    for begin in begins:
        end = next((at for at in range(begin, len(ops)) if ops[at][0] == "reclaim_exit"), len(ops))
        if end > begin + 1:
            yield ops[begin : end + 1]


def _with_allocations(ops: Sequence[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    for number, op in enumerate(ops):
        if op[0] == "reclaim_enter" and number:
            yield ("might_alloc", op[1])
        yield op


def _effect(wanted: Row, ordered: bool) -> str:
    if ordered:
        return EVENT_ORDER
    explained = "without_artifact" in wanted.case and judge(wanted).state == "agree"
    return IMPLEMENTATION if explained else UNEXPLAINED


def _verdict(case: Mapping[str, Any]) -> str:
    """The best verdict among lockcheck's deadlocks."""
    result = lockcheck.check(lockcheck.ModelText(model_of(case), f"{case['id']}.yaml"))
    found = {str(one.fact.get("verdict")) for one in result.findings if one.fact.kind in DEADLOCKS}
    return next((word for word in ("demonstrated", "undecided", "guarded") if word in found), "")


def _oracle(case: Mapping[str, Any], verdict: str) -> str:
    """The oracle's word; with an actor for each path where fewer find nothing and lockcheck shows a way."""
    try:
        if decide(case, states=STATES).hangs:
            return HANGS
        if verdict != "demonstrated":
            return SAFE
        return HANGS if decide(case, actors=len(case["sequences"]), states=STATES).hangs else SAFE
    except TooLargeError:
        return TOO_LARGE
