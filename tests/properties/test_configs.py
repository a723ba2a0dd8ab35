"""What a run over all kernel configs says of each is what a run of that config alone says."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest

import lockcheck
from lockcheck.findings import Result
from tests.properties.optional import Maker


def alone(text: str, varied: tuple[str, ...]) -> dict[tuple[bool, ...], Result]:
    """The result of every config by itself."""
    combinations = product((False, True), repeat=len(varied))
    return {values: lockcheck.check(text, config=dict(zip(varied, values, strict=True))) for values in combinations}


ONCE_WRONG = [66]
"""With three options: a wait context that stood for another one was missed in one config."""
BLOCKS = [*(range(start, start + 10) for start in range(0, 40, 10)), ONCE_WRONG]


@pytest.mark.parametrize("options", [2, 3])
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: str(block[0]))
def test_all_configs_say_what_each_says(block: Sequence[int], options: int) -> None:
    """Finding by finding and config by config, conditions agree with an enumeration of random models."""
    for seed in block:
        text = Maker(seed, options).text()

        together = lockcheck.check(text, all_configs=True)
        each = alone(text, tuple(sorted(Maker(seed, options).options)))

        if any(one.problems for one in each.values()):
            assert together.problems, f"seed {seed}"
            continue
        assert not together.problems, f"seed {seed}: {together.problems}"
        for values, one in each.items():
            config = dict(zip(together.configs.varied, values, strict=True))
            told = {finding.fingerprint for finding in together.findings if finding.condition.holds(config)}
            assert told == {finding.fingerprint for finding in one.findings}, f"seed {seed} {config}"
