"""The oracle against argued ground truth and against Spin; lockcheck against the oracle."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import spin
from tests.oracle.__main__ import second_opinion
from tests.oracle.campaign import compare_seed, decide

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
