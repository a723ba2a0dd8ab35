"""Scenario models: each argues in its ``note`` what is true of it, and says in ``expect`` what must be found, exactly.

Is: one loop over ``tests/scenarios/AREA/NAME.yaml``; those of the area ``configs`` are checked in every config.
Is not: the corpora of tests.conformance, nor the rules' own cases.
"""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
import yaml

import lockcheck

SCENARIOS = Path(__file__).with_name("scenarios")
NAMES = sorted(path.relative_to(SCENARIOS).as_posix() for path in SCENARIOS.glob("*/*.yaml"))
TODAY = datetime.date(2026, 6, 30)


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_finds_exactly_what_its_note_argues(name: str) -> None:
    """Every expectation is met, nothing else is found, and nothing is found twice."""
    path = SCENARIOS / name
    model = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert model["title"] and model["note"], "a scenario argues its truth"
    result = lockcheck.check(path, all_configs=name.startswith("configs/"), today=TODAY)
    assert [problem.message for problem in result.problems] == []
    found = [(finding.rule, finding.locks, finding.message) for finding in result.findings]
    assert [mismatch.text for mismatch in result.mismatches] == [], found
    assert len(found) == len(model["expect"]), found


def test_there_are_scenarios() -> None:
    """The loop above runs over something."""
    assert len(NAMES) > 100
