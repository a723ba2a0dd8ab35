"""Waivers: findings that a model allows, with a reason; and facts about waivers that rot.

Is: the matching. Is not: a judgement about rotten waivers: that is made by rules over ``waiver`` facts.
``today`` comes from outside: nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lockcheck.findings import Finding, Waived
from lockcheck.model.facts import Attribute, Fact, Leg, WitnessStep
from lockcheck.model.program import Waiver

WAIVER = "waiver"
"""The fact kind that is made here, after the judgement of all others."""


def apply_waivers(
    findings: Iterable[Finding], waivers: Sequence[Waiver], today: str | None
) -> tuple[tuple[Finding, ...], tuple[Waived, ...], tuple[Waiver, ...]]:
    """The findings that stay, those that are waived, and the waivers that are in force but waived nothing.

    ``today`` is an ISO date; a waiver whose last day is before it waives nothing. None: nothing expires.
    """
    live = [waiver for waiver in waivers if not expired(waiver, today)]
    unused = dict.fromkeys(range(len(live)))
    kept: list[Finding] = []
    waived: list[Waived] = []
    for finding in findings:
        matching = [index for index, waiver in enumerate(live) if _allows(waiver, finding)]
        for index in matching:
            unused.pop(index, None)
        if matching:
            waiver = live[matching[0]]
            waived.append(Waived(finding, waiver.reason, waiver.place))
        else:
            kept.append(finding)
    return tuple(kept), tuple(waived), tuple(live[index] for index in unused)


def expired(waiver: Waiver, today: str | None) -> bool:
    """Whether its last day is over."""
    return waiver.expires is not None and today is not None and waiver.expires < today


def _allows(waiver: Waiver, finding: Finding) -> bool:
    if waiver.fingerprint is not None:
        return waiver.fingerprint == finding.fingerprint
    if waiver.rule != finding.rule:
        return False
    if finding.fact.kind == "circle":  # a longer circle over the same locks is another deadlock
        return not waiver.locks or set(waiver.locks) == set(finding.locks)
    return set(waiver.locks) <= set(finding.locks)


class WaiverFacts:
    """A source of ``waiver`` facts, for the rules about them."""

    def __init__(self, unused: Iterable[Waiver], over: Iterable[Waiver]) -> None:
        facts = [_fact(waiver, "unused") for waiver in unused]
        facts += [_fact(waiver, "expired") for waiver in over]
        self._facts = tuple(sorted(facts, key=lambda fact: (fact.place, fact.identity)))

    def facts(self, kind: str) -> tuple[Fact, ...]:
        """The waiver facts; nothing for any other kind."""
        return self._facts if kind == WAIVER else ()


def _fact(waiver: Waiver, state: str) -> Fact:
    waives = f"fingerprint {waiver.fingerprint}" if waiver.fingerprint else _named(waiver)
    attributes: dict[str, Attribute] = {
        "state": state,
        "waives": waives,
        "expires": waiver.expires,
        "locks": waiver.locks,
        "functions": (),
    }
    step = WitnessStep(0, "waivers", f"waives {waives}: {waiver.reason}", "note", waiver.place)
    return Fact(
        kind=WAIVER,
        identity=(state, waives),
        attributes=tuple(sorted(attributes.items())),
        place=waiver.place,
        legs=(Leg(title="waiver", entry="waivers", steps=(step,)),),
    )


def _named(waiver: Waiver) -> str:
    return f"{waiver.rule} ({', '.join(waiver.locks)})" if waiver.locks else str(waiver.rule)
