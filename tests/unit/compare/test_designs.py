"""Designs side by side: the two summary questions, a row for each rule, a reason for each cell, 80 columns."""

from __future__ import annotations

import json

import jsonschema
import pytest

import lockcheck
from lockcheck import Result
from lockcheck.compare.designs import CLEAN, CONTRACT, DEADLOCK, FAILED, Comparison, Design, compare
from lockcheck.ledger import ask
from lockcheck.report import designs as words
from lockcheck.report.designs_json import as_json, json_schema

BROKEN = lockcheck.check("lockcheck: 1\nlocks: 7\n")


def table(*results: Result) -> Comparison:
    """These results as designs."""
    return compare(Design(f"design-{number}", f"title {number}", one) for number, one in enumerate(results))


def states(comparison: Comparison, name: str) -> list[str]:
    """The cells of one row."""
    (row,) = [one for one in (*comparison.summary, *comparison.rules) if one.name == name]
    return [cell.state for cell in row.cells]


def test_errors_and_warnings_are_two_questions() -> None:
    """A design that only breaks contracts does not deadlock; one that deadlocks may break none."""
    names = ("examples/abba-fixed", "examples/dtor-non-leaf-lock", "examples/ctor-dtor-reclaim")
    found = table(*map(lockcheck.check, names))

    assert states(found, DEADLOCK) == [CLEAN, CLEAN, "error"]
    assert states(found, CONTRACT) == [CLEAN, "warning", "warning"]
    assert states(found, "dtor-takes-non-leaf-lock") == [CLEAN, "warning", "warning"]
    assert found.rules[0].name == "reclaim-recursion"


def test_only_rules_that_found_something_have_a_row() -> None:
    """Rows are the rules that fired in some design, errors first."""
    assert table(Result(), Result()).rules == ()
    found = table(lockcheck.check("examples/dtor-sleeping-lock"), lockcheck.check("examples/abba"))
    fired = {one.rule for design in found.designs for one in design.result.findings}

    assert {row.name for row in found.rules} == fired
    worst = [max(cell.findings[0].severity for cell in row.cells if cell.findings) for row in found.rules]
    assert worst == sorted(worst, reverse=True)


def test_design_that_cannot_be_analysed_is_not_clean() -> None:
    """A broken design has no clean cell, and the whole exits with 2; findings alone are no failure."""
    bad = lockcheck.check("examples/abba")
    found = table(bad, BROKEN)

    assert found.exit_code == 2
    assert {row.cells[1].state for row in (*found.summary, *found.rules)} == {FAILED}
    assert table(bad).exit_code == 0
    assert " ?" in words.text(found)


@pytest.mark.parametrize("number", [1, 6, 7, 13, 30])
def test_table_fits_80_columns(number: int) -> None:
    """However many designs: no line is longer than 80 columns, every design has one column, in order."""
    found = table(*[lockcheck.check("examples/abba")] * number)
    lines = words.text(found).splitlines()
    heads = [line.split() for line in lines if line.startswith(" " * 20)]

    assert max(len(line) for line in lines) <= 80
    assert [name for head in heads for name in head] == words.letters(number)
    assert max(map(len, heads)) - min(map(len, heads)) <= 1


def test_reason_names_the_first_and_counts_the_others() -> None:
    """Below the table each cell that is not clean has its reason, and the other locks it is about."""
    found = table(lockcheck.check("examples/dtor-non-leaf-lock"))
    shown = " ".join(words.text(found).split())

    assert "dtor-takes-non-leaf-lock: mm_struct_dtor takes pcpu_lock, which is not a leaf" in shown
    assert "(and 2 more: pool.lock, percpu_counters_lock)" in shown


def test_claims_are_rows_with_reasons() -> None:
    """Each design answers a ledger's claims; a refuted one says by what, one that lacks the lock says so."""
    names = ("examples/ctor-dtor-reclaim", "examples/ctor-dtor-reclaim-fixed", "examples/abba")
    designs = [Design(name, "", lockcheck.check(name), ask("designs/today", of=name).answers) for name in names]
    found = compare([*designs, Design("broken", "", BROKEN)])
    shown = words.text(found)

    assert "takes-no-lock refuted refuted - -" in [" ".join(line.split()) for line in shown.splitlines()]
    assert "never-in-reclaim: refuted: mm_struct_dtor is reached through slab_shrinker_scan" in " ".join(shown.split())
    assert "undecided, missing: a function with the role 'dtor'" in " ".join(shown.split())
    jsonschema.validate(json.loads(as_json(found)), json_schema())
    assert "| `never-in-reclaim` no destructor runs inside memory reclaim | refuted | refuted | - | - |" in (
        words.markdown(found).splitlines()
    )


def test_claims_that_no_design_decides_have_no_row() -> None:
    """A claim that is undecided everywhere is counted, not shown: it says nothing of the designs."""
    designs = [Design("abba", "", lockcheck.check("examples/abba"), ask("designs/today", of="examples/abba").answers)]
    shown = words.text(compare(designs))

    assert "decided for none of these designs: 4 claims (mm-without-mutex, never-in-reclaim," in shown
    assert "undecided" not in shown
    assert "decided for none of these designs: 4 claims" in words.markdown(compare(designs))


def test_json_follows_its_schema() -> None:
    """The document validates against the published schema, which is valid; cells name findings by fingerprint."""
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    found = table(lockcheck.check("examples/abba"), BROKEN, Result())
    document = json.loads(as_json(found))

    jsonschema.validate(document, schema)
    fingerprints = {one["fingerprint"] for one in document["designs"][0]["findings"]}
    assert {name for row in document["rules"] for name in row["cells"][0]["fingerprints"]} == fingerprints


def test_markdown_has_the_same_cells() -> None:
    """The Markdown table has one row for each row of the text, with the same words."""
    found = table(lockcheck.check("examples/abba"), lockcheck.check("examples/abba-fixed"))
    rows = [line for line in words.markdown(found).splitlines() if line.startswith("|")]

    assert rows[0] == "| | A | B |"
    assert rows[2:] == [
        "| can deadlock or crash | 1 err | clean |",
        "| breaks a contract | clean | clean |",
        "| `circular-dependency` | 1 err | clean |",
    ]
