"""A call means what its callee's steps mean: composing summaries finds what following the inlined program finds."""

from __future__ import annotations

import pytest

from lockcheck.graph import analyse
from lockcheck.model.program import Program
from tests.properties.programs import Maker, inlined, without_replays

ABOUT = {
    "recursion": ("lock",),
    "usage-conflict": ("irq", "safe", "unsafe", "form", "by_writer"),
    "wait-context": ("lock", "outer", "limit"),
    "sleep": ("atomic",),
    "release": ("lock",),
    "nest-lock": ("lock", "nest"),
    "exit": ("lock",),
    "irq-enable": (),
    "assertion": ("lock",),
}


def verdicts(program: Program) -> dict[str, set[tuple[object, ...]]] | None:
    """What a program's facts say, without who says it; None when its states were merged, which may say more."""
    analysis = analyse(program)
    if analysis.coverage.merged:
        return None
    found = {
        kind: {tuple(fact.get(name) for name in names) for fact in analysis.facts(kind)}
        for kind, names in ABOUT.items()
    }
    tangled = {lock for fact in analysis.facts("circle") for lock in dict(fact.attributes)["locks"]}  # type: ignore[union-attr]
    return {**found, "circle": {tuple(sorted(tangled))}}


@pytest.mark.parametrize("open_share", [0.0, 0.1])
@pytest.mark.parametrize("block", range(8))
def test_a_call_is_what_its_callee_does(block: int, open_share: float) -> None:
    """Dependencies, usage, wait types and imbalance of random programs survive inlining of every call."""
    for seed in range(block * 100, block * 100 + 100):
        program = Maker(seed, open_share=open_share).program()

        with without_replays():
            composed, followed = verdicts(program), verdicts(inlined(program))

        if composed is not None and followed is not None:
            assert composed == followed, f"seed {seed}"
