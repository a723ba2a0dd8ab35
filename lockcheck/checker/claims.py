"""Claims x outcomes -> answers: several kernel configs and assumptions put together.

Is: the one place that builds an answer. Is not: a loader: somebody else makes the programs and asks them.

Glossary words defined here: cube.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import TypeAlias

from lockcheck.answers import Answer, Verdict, Witness
from lockcheck.checker.questions import Outcome
from lockcheck.model.claims import Assumption, Claim
from lockcheck.model.facts import Fact

Options: TypeAlias = "tuple[tuple[str, bool], ...]"
"""Kernel options and whether they are on, sorted by name."""

MOST_MISSING = 5


def variants(claim: Claim) -> list[Options]:
    """Every combination of the options that a claim varies; one empty one when it varies none."""
    return [tuple(zip(claim.vary, values, strict=True)) for values in product((False, True), repeat=len(claim.vary))]


def without_question(claim: Claim) -> Answer:
    """The answer to a claim that asks nothing: its author says why."""
    if claim.rule is not None:
        return Answer(claim, Verdict.NOTHING)
    return Answer(claim, Verdict.UNDECIDED, missing=(claim.missing or "a question",))


def answer(
    claim: Claim,
    outcomes: Mapping[Options, Outcome],
    assumed: Sequence[tuple[Assumption, Outcome]] = (),
    asked_of: tuple[str, ...] = (),
) -> Answer:
    """The answer from the outcome under each variant, and under each assumption (asked when it does not hold)."""
    if any(one.value is not None for one in outcomes.values()):
        outcomes = {options: replace(one, value=_anyway(one)) for options, one in outcomes.items()}
    against, support = _witnesses(outcomes, False), _witnesses(outcomes, True)
    values = {one.value for one in outcomes.values()}
    missing = tuple(dict.fromkeys(text for one in outcomes.values() for text in one.missing))[:MOST_MISSING]
    if not values - {None}:
        return Answer(claim, Verdict.UNDECIDED, missing=missing, asked_of=asked_of)
    if False not in values:
        return Answer(claim, Verdict.HOLDS, None, (), support, missing, asked_of)
    if True in values:
        holds = [options for options, one in outcomes.items() if one.value]
        fails = [options for options, one in outcomes.items() if one.value is False]
        return Answer(claim, Verdict.ONLY_IF, condition(holds, fails), against, support, missing, asked_of)
    for assumption, outcome in assumed:
        if outcome.value:
            support = _witnesses({(): outcome}, True)
            return Answer(claim, Verdict.ONLY_IF, assumption.text, against, support, missing, asked_of)
    return Answer(claim, Verdict.REFUTED, None, against, (), missing, asked_of)


def _anyway(outcome: Outcome) -> bool | None:
    return outcome.vacuous if outcome.value is None else outcome.value


def _witnesses(outcomes: Mapping[Options, Outcome], value: bool) -> tuple[Witness, ...]:
    """What shows the outcomes with that value, each once with the options it needs: the nearest to see first."""
    facts: dict[str, Fact | None] = {}
    seen: dict[str, list[Options]] = {}
    for options, outcome in outcomes.items():
        if outcome.value is not value:
            continue
        found: list[tuple[Fact | None, str]] = [*outcome.matches]
        if outcome.absent:
            found.append((None, outcome.absent))
        for fact, text in found:
            facts.setdefault(text, fact)
            if options not in seen.setdefault(text, []):
                seen[text].append(options)
    made = (Witness(text, fact, _needed(seen[text], outcomes)) for text, fact in facts.items())
    return tuple(sorted(made, key=_plainest))


def _needed(seen: Sequence[Options], outcomes: Iterable[Options]) -> str:
    """The options with which a witness was found, in short; empty when it was always."""
    others = [options for options in outcomes if options not in seen]
    return condition(seen, others) if others else ""


def _plainest(witness: Witness) -> tuple[bool, bool, int, str]:
    """What always holds before what needs an option, real locks before reclaim and waits, short ways before long."""
    fact = witness.fact
    if fact is None:
        return bool(witness.config), False, 0, witness.text
    odd = fact.get("inner_category") not in (None, "lock")
    return bool(witness.config), odd, sum(len(leg.steps) for leg in fact.legs), witness.text


def spelled(options: Options, joint: str = " ") -> str:
    """``CONFIG_A=y CONFIG_B=n``."""
    return joint.join(f"{name}={'y' if on else 'n'}" for name, on in options)


def condition(holds: Sequence[Options], fails: Sequence[Options]) -> str:
    """The shortest words for the variants in ``holds`` that are true of none in ``fails``.

    A cube is a part of the options, each on or off; the largest cubes that fit are taken until all are covered.
    """
    left = [frozenset(options) for options in holds]
    bad = [frozenset(options) for options in fails]
    chosen: list[Options] = []
    for size in range(1, len(holds[0]) + 1):
        cubes = sorted({cube for options in holds for cube in combinations(options, size)})
        for cube in cubes:
            part = frozenset(cube)
            if any(part <= one for one in left) and not any(part <= one for one in bad):
                chosen.append(cube)
                left = [one for one in left if not part <= one]
    return " or ".join(spelled(cube, " and ") for cube in chosen)
