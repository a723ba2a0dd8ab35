"""Conditions with their names resolved: from words to the model's tests, with options already decided.

Is: the step from :mod:`conditions` to :class:`~lockcheck.model.steps.Cond`. Is not: evaluation of anything that only a
path decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lockcheck.loading.conditions import Atom, ConditionError, parse
from lockcheck.loading.world import World
from lockcheck.model.gfp import ACCOUNT, DIRECT_RECLAIM, FS, IO, KSWAPD_RECLAIM
from lockcheck.model.steps import Cond, Param, Value
from lockcheck.source.problems import quote

_ALLOWS: Final = {"sleeping": DIRECT_RECLAIM, "io": IO, "fs": FS, "kswapd": KSWAPD_RECLAIM, "account": ACCOUNT}


def lower_condition(text: Any, world: World, params: tuple[str, ...]) -> Cond:
    """The condition, with ``const`` in place of all that the config decides. Raises :class:`ConditionError`."""
    if not isinstance(text, str):
        raise ConditionError(f"expected a condition, found {quote(text)}")
    whole: Cond | None = None
    for alternative in parse(text):
        both: Cond | None = None
        for atom in alternative:
            one = _atom(atom, world, params)
            both = one if both is None else _join("and", both, one)
        assert both is not None
        whole = both if whole is None else _join("or", whole, both)
    assert whole is not None
    return whole


def condition(options: Mapping[str, bool]) -> Cond:
    """That open options are these; there is at least one."""
    whole: Cond | None = None
    for name, value in sorted(options.items()):
        one = Cond("option", name) if value else Cond("not", Cond("option", name))
        whole = one if whole is None else Cond("and", whole, one)
    assert whole is not None
    return whole


def options_in(cond: Cond) -> tuple[str, ...]:
    """The open options that a condition tests."""
    if cond.op == "option":
        return (str(cond.a),)
    return tuple(name for part in (cond.a, cond.b) if isinstance(part, Cond) for name in options_in(part))


def _join(op: str, left: Cond, right: Cond) -> Cond:
    """``left and/or right``, simplified when one side is decided."""
    neutral = op == "and"
    for one, other in ((left, right), (right, left)):
        if one.op == "const":
            return other if one.a is neutral else one
    return Cond(op, left, right)


def _atom(atom: Atom, world: World, params: tuple[str, ...]) -> Cond:
    cond = _test(atom, world, params)
    if not atom.negated:
        return cond
    return Cond("const", not cond.a) if cond.op == "const" else Cond("not", cond)


def _test(atom: Atom, world: World, params: tuple[str, ...]) -> Cond:
    if atom.op == "config":
        if atom.a not in world.config:
            raise ConditionError(f"unknown kernel option '{atom.a}'", atom.a, sorted(world.config))
        return Cond("option", atom.a) if atom.a in world.open else Cond("const", world.config[atom.a])
    if atom.op in ("is", "gfp", "has"):
        if atom.a not in params:
            raise ConditionError(f"unknown parameter '${atom.a}'", atom.a, params)
        if atom.op == "gfp":
            return Cond("gfp", Param(atom.a), _ALLOWS[atom.b])
        return (
            Cond("has", Param(atom.a), atom.b) if atom.op == "has" else Cond("is", Param(atom.a), _value(atom.b, world))
        )
    if atom.op == "irqs":
        return Cond("irqs", atom.a == "off")
    return Cond(atom.op, atom.a or None)


def _value(text: str, world: World) -> Value:
    found = world.value(text)
    if not isinstance(found, Value):
        close = world.nearest_value(text)
        raise ConditionError(f"unknown name '{text}'", text, [close] if close else [])
    return found
