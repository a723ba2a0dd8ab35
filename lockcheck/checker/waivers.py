"""Waivers: findings that a model allows, with a reason; and facts about waivers that rot.

Is: the matching. Is not: a judgement about rotten waivers: that is made by rules over ``waiver`` facts.
``today`` comes from outside: nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lockcheck.checker.sources import NoLocks
from lockcheck.findings import Finding, Waived
from lockcheck.model.configs import NEVER, Configs
from lockcheck.model.facts import Attribute, Fact, Leg, WitnessStep
from lockcheck.model.places import Place
from lockcheck.model.program import Waiver

WAIVER = "waiver"
"""The fact kind that is made here, after the judgement of all others."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What waivers did: findings that stay, findings that are waived, waivers in force that waived nothing."""

    kept: tuple[Finding, ...]
    waived: tuple[Waived, ...]
    unused: tuple[Waiver, ...]


def apply_waivers(
    findings: Iterable[Finding], waivers: Sequence[Waiver], today: str | None, configs: Configs
) -> Applied:
    """Take out the findings that are waived.

    ``today`` is an ISO date; a waiver whose last day is before it waives nothing. None: nothing expires. ``configs``:
    those that were checked. A finding that a waiver allows only in some of its configs stays for the others.
    """
    live = [waiver for waiver in waivers if not expired(waiver, today)]
    cubes = [configs.within(waiver.config) for waiver in live]
    unused = dict.fromkeys(range(len(live)))
    kept: list[Finding] = []
    waived: list[Waived] = []
    for finding in findings:
        left = finding.condition
        by: list[Waiver] = []
        for index, waiver in enumerate(live):
            cube = cubes[index]
            if cube is not None and _allows(waiver, finding) and finding.condition.meets(cube):
                unused.pop(index, None)
                by.append(waiver)
                left = left.without(cube)
        if by and left == NEVER:
            waived.append(Waived(finding, by[0].reason, by[0].place))
        else:
            kept.append(finding if left == finding.condition else replace(finding, condition=left))
    rotten = (live[index] for index in unused if _in_play(live[index], configs))
    return Applied(tuple(kept), tuple(waived), tuple(rotten))


def _in_play(waiver: Waiver, configs: Configs) -> bool:
    """Whether the run could have used the waiver: it is for a config that was checked, or for options nobody knows."""
    strange = any(name not in configs.names for name, _ in waiver.config)
    return strange or configs.within(waiver.config) is not None


def expired(waiver: Waiver, today: str | None) -> bool:
    """Whether its last day is over."""
    return waiver.expires is not None and today is not None and waiver.expires < today


def _allows(waiver: Waiver, finding: Finding) -> bool:
    if waiver.step and not _goes_through(finding, waiver.place):
        return False
    if waiver.fingerprint is not None:
        return waiver.fingerprint == finding.fingerprint
    if waiver.rule != finding.rule:
        return False
    if finding.fact.kind == "circle":  # a longer circle over the same locks is another deadlock
        return not waiver.locks or set(waiver.locks) == set(finding.locks)
    return set(waiver.locks) <= set(finding.locks)


def _goes_through(finding: Finding, place: Place) -> bool:
    return finding.place == place or any(step.place == place for leg in finding.fact.legs for step in leg.steps)


class WaiverFacts:
    """A source of ``waiver`` facts, for the rules about them."""

    table = NoLocks()

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
