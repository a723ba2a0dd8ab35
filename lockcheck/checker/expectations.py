"""Expectations: what a model says must be found, compared with what was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lockcheck.findings import Finding, Mismatch
from lockcheck.model.program import Expectation


def compare(findings: Sequence[Finding], expectations: Iterable[Expectation]) -> tuple[Mismatch, ...]:
    """Expectations that no finding meets, and findings that meet no expectation, sorted by place."""
    wanted = list(dict.fromkeys(expectations))
    missed = [
        Mismatch("missed", f"expected {described(one)}, but nothing such was found", one.place, expectation=one)
        for one in wanted
        if not any(_meets(finding, one) for finding in findings)
    ]
    unexpected = [
        Mismatch("unexpected", f"found what 'expect' does not name: {one.rule}: {one.message}", one.place, finding=one)
        for one in findings
        if not any(_meets(one, expectation) for expectation in wanted)
    ]
    return tuple(sorted(missed + unexpected, key=lambda one: (one.place, one.what, one.text)))


def _meets(finding: Finding, expectation: Expectation) -> bool:
    return (
        finding.rule == expectation.rule
        and set(expectation.locks) <= set(finding.locks)
        and (expectation.function is None or expectation.function in finding.functions)
    )


def described(expectation: Expectation) -> str:
    """An expectation in words: ``circular-dependency with A, B in f``."""
    text = expectation.rule
    if expectation.locks:
        text += " with " + ", ".join(expectation.locks)
    return f"{text} in {expectation.function}" if expectation.function else text
