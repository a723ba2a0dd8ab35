"""The verifier, which has the rules of locking a second time, sees in random programs what the analysis sees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lockcheck.graph import Analysis, analyse
from lockcheck.proof.writing import UnprovableError, document
from lockcheck.verifier.check import Verifier
from lockcheck.verifier.locking import RefusedError
from tests.properties.programs import Maker, without_replays

KINDS = (
    "assertion", "depth", "exit", "irq-enable", "irq-state", "nest-lock", "pin", "recursion", "release",
    "usage-conflict", "wait-context",
)  # fmt: skip
CAUSED = frozenset({"irq-state"})
"""Told by the analysis only where it is not the consequence of another mistake in the same step."""


def seen_by_analysis(analysis: Analysis) -> set[str]:
    """The kinds of facts that no clean program has."""
    found = {kind for kind in KINDS if analysis.facts(kind)}
    return found | ({"sleep"} if any(fact.get("atomic") for fact in analysis.facts("sleep")) else set())


def seen_by_verifier(proof: dict[str, Any]) -> set[str]:
    """The same, by the verifier; whatever it is given must follow from the steps."""
    verifier = Verifier(proof)
    verifier.run()
    try:
        verifier.compare(proof)
    except RefusedError as refused:
        assert str(refused).startswith("not clean"), refused
    return {what for what, *_ in verifier.odd}


@pytest.mark.parametrize("open_share", [0.0, 0.1])
@pytest.mark.parametrize("functions", [2, 4])
def test_two_implementations_agree(functions: int, open_share: float) -> None:
    """Exits, dependencies and usage of every function and state, and every kind of mistake, are the same."""
    compared = clean = 0
    for seed in range(150):
        with without_replays():
            analysis = analyse(Maker(seed, functions, open_share=open_share).program())
            try:
                proof = json.loads(json.dumps(document(analysis)))
            except UnprovableError:
                assert analysis.coverage.merged or analysis.facts("circle"), f"seed {seed}"
                continue
            ours, theirs = seen_by_analysis(analysis), seen_by_verifier(proof)
        assert ours - CAUSED <= theirs and theirs - CAUSED <= ours, f"seed {seed}"
        compared, clean = compared + 1, clean + (not theirs)
    assert compared > 20
