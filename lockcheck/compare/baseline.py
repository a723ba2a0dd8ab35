"""A result held against what was known before: known findings leave it, those that are new or worse stay.

Is: findings by fingerprint, so that moved lines make nothing new. Is not: a reader of baseline files
(``loading/baseline.py``), nor a waiver, which is for ever and has a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from lockcheck.findings import Baseline, Finding, Known, Result, Severity

MOST_FUNCTIONS = 8
"""Functions that an entry names: enough to know the finding again."""


def entry_of(finding: Finding, names: Mapping[str, str]) -> Known:
    """A finding as a baseline has it. ``names``: what the baseline calls files; others keep their name."""
    file = finding.place.file
    return Known(
        model=names.get(file, file),
        rule=finding.rule,
        locks=finding.locks,
        functions=finding.functions[:MOST_FUNCTIONS],
        fingerprint=finding.fingerprint,
        severity=finding.severity,
    )


def against_entries(
    result: Result, entries: Iterable[Known], source: str, names: Mapping[str, str], is_there: Callable[[str], bool]
) -> Result:
    """``result`` held against a baseline's entries.

    ``source``: what the baseline is called. ``names``: what it calls the files that were read. ``is_there``: whether a
    model still exists. A result that failed is left as it is.
    """
    if result.failed:
        return result
    listed = sorted(set(entries))
    worst = {one.fingerprint: one.severity for one in sorted(listed, key=lambda one: one.severity)}
    held = _held(result, worst, source)
    found = {one.fingerprint for one in (*result.findings, *result.known)}
    read = {names.get(file, file) for file in result.files}
    absent = [one for one in listed if one.fingerprint not in found]
    gone = tuple(one for one in absent if one.model in read or not is_there(one.model))
    unchecked = tuple(one for one in absent if one not in gone)
    assert held.baseline is not None
    return replace(held, baseline=replace(held.baseline, gone=gone, unchecked=unchecked))


def against_base(result: Result, base: Result, source: str) -> Result:
    """``result`` held against the findings of another run, waived ones too. A result that failed is left as it is."""
    if result.failed:
        return result
    before = (*base.findings, *base.known, *(one.finding for one in base.waived))
    return _held(result, {one.fingerprint: one.severity for one in before}, source)


def _held(result: Result, known: Mapping[str, Severity], source: str) -> Result:
    """The findings parted; what an earlier baseline knew stays known."""
    before = result.baseline or Baseline()
    old = tuple(one for one in result.findings if one.severity <= known.get(one.fingerprint, 0))
    new = tuple(one for one in result.findings if one not in old)
    worse = frozenset(one.fingerprint for one in new if one.fingerprint in known or one.fingerprint in before.worse)
    return replace(
        result,
        findings=new,
        known=tuple(sorted((*result.known, *old), key=Finding.sort_key)),
        baseline=replace(before, sources=(*before.sources, source), worse=worse),
    )
