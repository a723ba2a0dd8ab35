"""The oracle against argued ground truth and against Spin; lockcheck against the oracle."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import spin
from tests.oracle.__main__ import second_opinion
from tests.oracle.campaign import compare_seed, decide
from tests.oracle.recorded import HANGS, IMPLEMENTATION, RECLAIM, SAFE, TOO_LARGE, tell

RANDOM = Path(__file__).parent / "data" / "conformance" / "random-sample.json.gz"
EXTRA = Path(__file__).parent / "data" / "conformance" / "extra.json"


def argued() -> list[dict[str, Any]]:
    """Cases whose ground truth was argued, each with the argument."""
    cases = json.loads(EXTRA.read_text(encoding="utf-8"))
    return [case for case in cases if "true_deadlock" in case]


def test_the_oracle_meets_the_argued_truth() -> None:
    """Whether the modelled code can really hang, decided by trying every interleaving, is what was argued."""
    different = [
        (case["id"], case["argument"])
        for case in argued()
        if decide(case, actors=max(4, len(case["sequences"])), states=500_000).hangs != case["true_deadlock"]
    ]

    assert different == []
    assert len(argued()) > 100


def test_a_hang_comes_with_the_way_to_it() -> None:
    """The oracle's trace starts with nobody running and ends in the hang."""
    case = next(case for case in argued() if case["id"] == "x_gate/one_sided")
    answer = decide(case)

    assert answer.trace[0] == () and len(answer.trace[-1]) == 2


@pytest.mark.parametrize("first", range(0, 200, 100))
def test_no_deadlock_is_missed(first: int) -> None:
    """What can hang, by the oracle, has a finding that no guard excuses; what is demonstrated can hang; both occur."""
    found = [compare_seed(seed) for seed in range(first, first + 100)]
    states = Counter(one.state for one in found)

    assert [one for one in found if one.state in ("miss", "false alarm")] == []
    assert states["hangs, demonstrated"] > 20 and states["safe"] > 20 and states["doubt, guarded"]


@pytest.mark.skipif(not spin.available(), reason="needs spin and cc")
def test_spin_agrees() -> None:
    """Spin's exhaustive search of the same programs comes to the oracle's answers."""
    found = [second_opinion(seed) for seed in range(3)]

    assert {one.state for one in found} == {"hangs", "safe"}


def recorded() -> list[dict[str, Any]]:
    """Random programs whose recorded verdict suffers from an effect of the kernel's implementation."""
    cases = json.loads(gzip.decompress(RANDOM.read_bytes()))
    return [case for case in cases if "without_artifact" in case]


@pytest.mark.parametrize("part", range(4))
def test_differences_from_the_kernel_are_explained(part: int) -> None:
    """Where a booted kernel says something else, a named effect explains it, and the oracle finds lockcheck right."""
    quick = [case for case in recorded() if sum(len(one["ops"]) for one in case["sequences"]) < 40]
    told = [one for case in quick[part::4] if (one := tell(case)) is not None]

    assert [(one.id, one.fault) for one in told if one.fault] == []
    assert {one.effect for one in told} == {IMPLEMENTATION}
    assert {HANGS, SAFE} <= {one.oracle for one in told} <= {HANGS, SAFE, TOO_LARGE}


def test_a_disputed_reading_is_named() -> None:
    """Two programs hang only if reclaim runs all that reclaim runs wherever it begins; that reading is said."""
    disputed = {"random/fz-302142", "random/fz-201355"}
    told = [tell(case) for case in recorded() if case["id"] in disputed]

    assert sorted((one.id, one.oracle, one.reading) for one in told if one is not None) == [
        ("random/fz-201355", HANGS, f", {RECLAIM}"),
        ("random/fz-302142", HANGS, f", {RECLAIM}"),
    ]


def test_subclasses_are_no_gate() -> None:
    """A lock taken with two subclasses stands for two locks, so that it keeps no two legs apart: the program hangs."""
    [case] = [case for case in recorded() if case["id"] == "random/fz-401177"]
    told = tell(case)

    assert told is not None and (told.oracle, told.verdict, told.fault) == (HANGS, "undecided", "")
