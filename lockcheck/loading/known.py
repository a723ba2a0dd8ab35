"""Steps like one that was seen before: nine of ten, made without looking at anything but their verb and operand.

Is: the fast half of lowering. Is not: a check of anything: what it knows was checked when it was seen first.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from lockcheck.model.steps import Call, Do, Effect, Ref, Step
from lockcheck.source.reader import AT

Known: TypeAlias = "tuple[tuple[Effect, ...], str, tuple[Ref, ...] | None]"
"""Effects (or, for a call, targets) and text of the plainest steps, by verb and operand."""

_new: Final = tuple.__new__
"""What ``Do(...)`` ends in: a third of its time, for what is made of every step."""


def known_step(raw: dict[str, Any], simple: dict[str, dict[Any, Known]]) -> Step | None:
    """A step with the verb and operand of an earlier one and nothing beside it but perhaps ``at``, or None."""
    at = None
    verb: str | None
    if len(raw) == 2:
        verb = next(reversed(raw))
    elif len(raw) == 3:
        at = raw.get("at")
        verb = next((key for key in raw if key in simple), None) if at.__class__ is str else None
    else:
        return None
    known = simple.get(verb) if verb is not None else None
    if known is None or verb is None:
        return None
    operand = raw[verb]
    plan = known.get(operand) if operand.__class__ is str or operand is None else None
    if plan is None:
        return None
    effects, text, targets = plan
    if targets is None:
        return _new(Do, (effects, raw[AT], text, at))
    return _new(Call, (targets, (), raw[AT], text, at))
