"""The judgement of a run: fingerprints, several configs, waivers, expectations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lockcheck.checker.judge import Judgement
from lockcheck.checker.reading import built_in, read_rules
from lockcheck.findings import Finding, Result, Severity, fingerprint
from lockcheck.model.configs import Configs
from lockcheck.model.program import Expectation, Program, Waiver
from tests.unit.samples import Facts, circle, finding, place

RULES = read_rules([built_in()]).sorted()
PROGRAM = Program((), (), (), (), 0, 0, named_files=("m.yaml",), files=("m.yaml",))


def judged(*facts: object, today: str | None = None, **program: object) -> Result:
    """The result over hand-made facts of one program."""
    judgement = Judgement(RULES, today)
    found = judgement.judge(replace(PROGRAM, **program), Facts(*facts))  # type: ignore[arg-type]
    return judgement.result(found, Configs(), {})


def waiver(**parts: object) -> Waiver:
    """A waiver of the circle through A and B, changed by ``parts``."""
    known = {"rule": "circular-dependency", "locks": ("A", "B"), "fingerprint": None, "reason": "one thread",
             "expires": None, "place": place(90)}  # fmt: skip
    return Waiver(**{**known, **parts})  # type: ignore[arg-type]


def test_finding_needs_a_witness() -> None:
    """A finding cannot be made of a fact without legs."""
    fact = circle("A", "B")
    object.__setattr__(fact, "legs", ())

    with pytest.raises(ValueError, match="witness"):
        finding(fact)


def test_fingerprint_survives_moved_lines() -> None:
    """The fingerprint is made of rule and identity; where it stands plays no part."""
    fact = circle("A", "B")
    moved = replace(fact, place=place(99), legs=fact.legs[::-1])

    assert judged(fact).findings[0].fingerprint == judged(moved).findings[0].fingerprint
    assert judged(fact).findings[0].fingerprint != judged(circle("A", "C")).findings[0].fingerprint
    assert fingerprint("r", ("ab", "c")) != fingerprint("r", ("a", "bc"))


def test_every_circle_has_exactly_one_rule() -> None:
    """Whatever a circle goes through, one of the built-in rules reports it, and only one."""
    words = ("lock", "reclaim", "wait", "work", "timer", "rcu")
    sets = [tuple(word for bit, word in enumerate(words) if mask >> bit & 1) for mask in range(1, 64)]

    assert {len(judged(circle("A", "B", categories=one)).findings) for one in sets} == {1}


def test_same_fact_is_one_finding() -> None:
    """Two facts of one identity are one finding, at the first place."""
    fact = circle("A", "B")
    found = judged(replace(fact, place=place(50)), fact).findings

    assert [one.place for one in found] == [fact.place]


def test_programs_of_several_configs_are_put_together() -> None:
    """What the models of any config cover, and what they waive, counts for the whole run."""
    judgement = Judgement(RULES, None)
    for on in (False, True):
        waivers = (waiver(),) if on else ()
        judgement.add(replace(PROGRAM, config=(("CONFIG_X", on),), waivers=waivers), Facts())
    found = judgement.judge(PROGRAM, Facts(circle("A", "B"), circle("A", "C")))
    result = judgement.result(found, Configs(varied=("CONFIG_X",)), {})

    assert [one.locks for one in result.findings] == [("A", "C")]
    assert [one.finding.locks for one in result.waived] == [("A", "B")]
    assert result.configs.count == 2


def rules_of(findings: tuple[Finding, ...]) -> list[str]:
    """Ids of the rules that fired."""
    return [one.rule for one in findings]


def test_waiver_takes_its_finding_away() -> None:
    """A waiver by rule and locks, or by fingerprint, moves the finding to the waived ones with its reason."""
    mark = judged(circle("A", "B")).findings[0].fingerprint
    for one in (waiver(), waiver(rule=None, locks=(), fingerprint=mark)):
        result = judged(circle("A", "B"), circle("A", "C"), waivers=(one,))

        assert [(w.finding.locks, w.reason) for w in result.waived] == [(("A", "B"), "one thread")]
        assert [one.locks for one in result.findings] == [("A", "C")]


def test_unused_waiver_is_a_finding() -> None:
    """A waiver that matches nothing is reported, but only in a file that was asked for."""
    elsewhere = waiver(place=place(1, "shipped.yaml"))
    result = judged(waivers=(waiver(), elsewhere))

    assert rules_of(result.findings) == ["unused-waiver"]
    assert result.findings[0].place == place(90)


def test_expired_waiver_waives_nothing() -> None:
    """After its last day the finding counts again and the waiver is reported; without a date nothing expires."""
    late = waiver(expires="2026-01-31")

    assert rules_of(judged(circle("A", "B"), waivers=(late,), today="2026-01-31").findings) == []
    assert rules_of(judged(circle("A", "B"), waivers=(late,)).findings) == []
    assert rules_of(judged(circle("A", "B"), waivers=(late,), today="2026-02-01").findings) == [
        "circular-dependency",
        "expired-waiver",
    ]


def expectation(rule: str, *locks: str, function: str | None = None) -> Expectation:
    """An expectation at line 80."""
    return Expectation(rule, locks, function, place(80))


def test_expectations_are_compared() -> None:
    """What is expected and not found is missed; what is found and not named is unexpected."""
    wanted = (expectation("circular-dependency", "B", function="f1"), expectation("recursive-locking"))
    result = judged(circle("A", "B"), circle("A", "C"), expectations=wanted, expecting=True)

    assert [(one.what, one.text) for one in result.expectation_mismatches()] == [
        ("unexpected", "found what 'expect' does not name: circular-dependency: circular dependency: A -> C -> A"),
        ("missed", "expected recursive-locking, but nothing such was found"),
    ]
    assert result.exit_code_for(Severity.WARNING, compare=True) == 1


def test_nothing_expected_means_clean() -> None:
    """`expect: []` is met by a clean run only; without `expect` there is nothing to compare with."""
    assert judged(expecting=True).exit_code_for(Severity.WARNING, compare=True) == 0
    assert judged(circle("A", "B"), expecting=True).exit_code_for(Severity.WARNING, compare=True) == 1
    assert judged().exit_code_for(Severity.WARNING, compare=True) == 2


def test_unknown_rule_is_a_problem() -> None:
    """An expectation or a waiver of a rule that does not exist is a mistake, with the nearest name."""
    result = judged(expectations=(expectation("circular-dependancy"),), waivers=(waiver(rule="nonsense"),))

    assert [(one.line, one.message, one.hint) for one in result.problems] == [
        (80, "unknown rule 'circular-dependancy'", "did you mean 'circular-dependency'?"),
        (90, "unknown rule 'nonsense'", None),
    ]
    assert result.exit_code == 2


def test_checked_nothing_is_not_clean() -> None:
    """A run without an entry proves nothing and fails."""
    assert Result().exit_code == 2
    assert not Result().ok
