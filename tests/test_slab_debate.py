"""The slab debate's design variants, and siblings of them: each model in ``tests/debate`` gets the verdict it is due.

Is: verdict, codes and rules of ``tests/data/kernel/verdicts.json`` against what a check finds. A verdict is FAIL with
an error, WARN with nothing worse than a warning, OK with nothing; QUERY asks about a lock.
Is not: the rules' own cases.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import lockcheck
from lockcheck.findings import Result, Severity

HERE = Path(__file__).parent
TABLE = json.loads((HERE / "data/kernel/verdicts.json").read_text(encoding="utf-8"))
VARIANTS: dict[str, dict[str, Any]] = TABLE["variants"]
FROM_THE_DOCUMENT = [name for name in VARIANTS if name.startswith("V")]
SIBLINGS = [name for name in VARIANTS if name.startswith("S")]


@cache
def checked(name: str) -> Result:
    """One variant under its config."""
    config = {option: on == "y" for option, on in VARIANTS[name].get("config", {}).items()}
    result = lockcheck.check(HERE / "debate" / f"{name}.yaml", config=config)
    assert [str(problem) for problem in result.problems] == []
    return result


def verdict(result: Result) -> str:
    """The verdict in the document's words."""
    if result.count(Severity.ERROR):
        return "FAIL"
    return "WARN" if result.findings else "OK"


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_gets_its_verdict(name: str) -> None:
    """Deadlock, contract or nothing: as argued, unless the table says why not."""
    due = VARIANTS[name]
    wanted = due.get("differs", due["verdict"]).split(":")[0]
    found = verdict(checked(name))
    assert found == ("OK" if wanted == "QUERY" else wanted), [one.message for one in checked(name).findings]


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_found_by_exactly_these_rules(name: str) -> None:
    """Each code of a variant is found by a rule that stands for it, and no other rule finds anything."""
    due = VARIANTS[name]
    rules = {finding.rule for finding in checked(name).findings}
    assert sorted(rules) == due["rules"]
    if "differs" not in due and not due["verdict"].startswith("QUERY"):
        assert [code for code in due["codes"] if not rules & set(TABLE["codes"][code])] == []


@pytest.mark.parametrize("name", [name for name in VARIANTS if "leaf" in VARIANTS[name]])
def test_a_question_about_a_leaf_is_answered(name: str) -> None:
    """Whether anything is ever taken under a class can be asked for."""
    usage = {one.name: one.leaf for one in checked(name).usage()}
    assert {lock: usage[lock] for lock in VARIANTS[name]["leaf"]} == VARIANTS[name]["leaf"]


def test_every_variant_is_there_and_argued() -> None:
    """All 33 variants of the document and at least twenty siblings have a model with a title and an argument."""
    assert len(FROM_THE_DOCUMENT) == 33
    assert len(SIBLINGS) >= 20
    files = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (HERE / "debate").glob("*.yaml")}
    assert sorted(files) == sorted(VARIANTS)
    assert [name for name, model in files.items() if not (model["title"] and model["note"])] == []


def test_every_code_stands_for_rules_that_exist() -> None:
    """The table of codes names shipped rules only."""
    shipped = {path.parent.name for path in (HERE.parent / "rules").glob("*/*/rule.yaml")}
    assert {rule for rules in TABLE["codes"].values() for rule in rules} <= shipped
