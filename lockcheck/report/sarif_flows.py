"""Witnesses in SARIF's words: one thread flow per leg; and the schedule of a replay that hangs, one per actor.

Is: ``codeFlows`` objects, bounded in steps. Is not: a result (``sarif.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from lockcheck.model.facts import DEMONSTRATED, Fact, Leg, Replay, ReplayStep, WitnessStep
from lockcheck.report.legs import heading_of, step_text, told
from lockcheck.report.sarif_places import location, message
from lockcheck.report.scenario import lock
from lockcheck.report.view import View

MOST_STEPS: Final = 1_000
"""GitHub shows as many thread flow locations of a result."""

KINDS: Final = {"call": "call", "enter": "enter", "acquire": "acquire", "release": "release", "lock": "acquire"}
"""SARIF's words for what a step does, where it has one."""


def code_flows(fact: Fact, view: View) -> list[dict[str, Any]]:
    """The legs, and the schedule that hangs where a replay has found one."""
    most = MOST_STEPS // (2 if fact.replay is not None else 1)
    share = max(1, most // len(fact.legs))
    legs = {
        "message": message("what each task or interrupt does"),
        "threadFlows": [_leg(fact, index, leg, view, share) for index, leg in enumerate(fact.legs)],
    }
    replay = fact.replay
    if replay is None or replay.verdict != DEMONSTRATED or len(replay.steps) > most:
        return [legs]
    return [legs, _schedule(replay, view)]


def _leg(fact: Fact, index: int, leg: Leg, view: View, most: int) -> dict[str, Any]:
    """One leg; of a longer one than there is room for, the end."""
    steps = [*told(leg)]
    after: Sequence[WitnessStep | None] = [*steps[1:], None]
    pairs = [*zip(steps, after, strict=True)][-most:]
    title = heading_of(fact, index, leg)
    return {
        "id": f"leg {index + 1}",
        "message": message(title),
        "locations": [_step(step, following, view) for step, following in pairs] or [_nowhere(title)],
    }


def _step(step: WitnessStep, after: WitnessStep | None, view: View) -> dict[str, Any]:
    said = step_text(step, after)
    value: dict[str, Any] = {
        "location": location(step.place, view, said=f"{said} ({step.at})" if step.at else said, function=step.function),
        "nestingLevel": step.depth,
        "importance": "essential" if after is None or step.action == "acquire" else "important",
    }
    return {**value, "kinds": [KINDS[step.action]]} if step.action in KINDS else value


def _nowhere(said: str) -> dict[str, Any]:
    """A thread flow may not be empty."""
    return {"location": {"message": message(said)}}


def _schedule(replay: Replay, view: View) -> dict[str, Any]:
    """All actors' steps, numbered in the order in which they happen."""
    flows: list[dict[str, Any]] = []
    for number, actor in enumerate(replay.actors):
        own = [
            {
                "location": location(step.place, view, said=_said(step, replay), function=step.function),
                "executionOrder": order,
                "importance": "essential",
            }
            for order, step in enumerate(replay.steps, 1)
            if step.actor == number
        ]
        flows.append({"id": actor, "message": message(actor), "locations": own or [_nowhere(actor)]})
    return {"message": message("the schedule that hangs, found by replaying the paths"), "threadFlows": flows}


def _said(step: ReplayStep, replay: Replay) -> str:
    if step.action in ("interrupt", "reclaim"):
        on = replay.actors[step.host] if step.host is not None else "it"
        return f"{'strikes' if step.action == 'interrupt' else 'is run by'} {on}"
    text = lock(step.lock, step.mode)
    if step.action == "wait":
        others = ", ".join(replay.actors[one] for one in sorted(step.waits_for))
        return f"{text} waits for {others}"
    return text
