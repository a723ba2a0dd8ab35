"""A verb's effects, with its operands put in: from the dialect's table to the model's values.

Is: one small builder per kind of effect. Is not: a check of operands (``plans``) nor any verb's meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from lockcheck.loading import gfp
from lockcheck.loading.dialect import Verb
from lockcheck.loading.shapes import EffectShape
from lockcheck.loading.world import World
from lockcheck.model.locks import Mode
from lockcheck.model.steps import (
    Acquire,
    Allocate,
    Assert,
    Count,
    Downgrade,
    Effect,
    Enter,
    Free,
    Irq,
    Leave,
    LockMemory,
    Owns,
    Pin,
    Reclaim,
    Reclass,
    Ref,
    Release,
    ReturnToUser,
    Scope,
    Signal,
    Sleep,
    Value,
    Wait,
)


class Bound(NamedTuple):
    """A verb with its operands. ``refs``: operands by name; ``names``: them as written; ``numbers``: plain numbers.

    ``nested``, ``nest``, ``threaded``: from the step's own options. ``modelled``: the function it calls is declared.
    """

    verb: Verb
    refs: Mapping[str, Ref]
    names: Mapping[str, str]
    numbers: Mapping[str, int]
    nested: int = 0
    nest: Ref | None = None
    threaded: bool = True
    modelled: bool = False


def build(bound: Bound, world: World) -> tuple[Effect, ...]:
    """The effects of a step, in order, for the world's config."""
    made: list[Effect] = []
    for kind, effect in bound.verb.effects:
        if not world.on(effect.when, effect.unless) or (effect.only_unmodelled and bound.modelled):
            continue
        one = _BUILDERS[kind](effect, bound, world)
        if one is not None:
            made.append(one)
    return tuple(made)


def _lock(effect: EffectShape, bound: Bound, world: World) -> Ref | None:
    """The lock an effect is about: an operand (``lock``), the queue of a work item (``lock.queue``), an implicit lock
    (``local_bh``), or an operand that defaults to an implicit lock (``lock|rcu_read_lock``)."""
    name, _, otherwise = (effect.of or "lock").partition("|")
    if name in bound.refs:
        return bound.refs[name]
    if otherwise:
        return world.lock(otherwise)
    operand, _, part = name.partition(".")
    if part == "queue":
        index, serial = world.queues.get(bound.names.get(operand, ""), (None, False))
        return None if index is None or (effect.only_serial and not serial) else Value("lock", index)
    return world.lock(name)


def _acquire(effect: EffectShape, bound: Bound, world: World) -> Effect | None:
    lock = _lock(effect, bound, world)
    if lock is None:
        return None
    nest = bound.nest
    if effect.nest is not None:
        nest = bound.refs.get(effect.nest.lstrip("$"), nest)
    subclass = bound.nested or _number(effect.subclass, bound)
    return Acquire(lock, Mode[str(effect.acquire).upper()], effect.try_, effect.sync, subclass, nest)


def _number(given: str | int | None, bound: Bound) -> int:
    return bound.numbers.get(given.lstrip("$"), 0) if isinstance(given, str) else given or 0


def _reclass(effect: EffectShape, bound: Bound, world: World) -> Effect | None:
    lock = _lock(effect, bound, world)
    like = bound.refs.get(effect.like.lstrip("$")) if effect.like else None
    return lock and Reclass(lock, _number(effect.subclass, bound), like)


def _assert(effect: EffectShape, bound: Bound, world: World) -> Effect | None:
    lock = _lock(effect, bound, world)
    modes = {"held_read": Mode.SHARED, "held_write": Mode.EXCLUSIVE}
    return lock and Assert(lock, effect.assert_ != "not_held", modes.get(str(effect.assert_)))


def _gfp(text: str | None, bound: Bound, world: World) -> Ref | None:
    if text is None or text.startswith("$"):
        return bound.refs.get((text or "$gfp")[1:])
    return Value("gfp", gfp.parse(text, world.dialect.gfp)[1])


def _allocate(effect: EffectShape, bound: Bound, world: World) -> Effect | None:
    flags = _gfp(effect.allocate, bound, world)
    return flags and Allocate(flags, bound.verb.name)


def _frees(effect: EffectShape, bound: Bound, world: World) -> Effect:
    return Free(bound.verb.name, bound.refs.get("cache"))


def _reclaim(effect: EffectShape, bound: Bound, world: World) -> Effect | None:
    flags = _gfp(None, bound, world)
    return flags and Reclaim(flags, effect.reclaim == "begin")


def _resource(effect: EffectShape, bound: Bound, world: World) -> Effect:
    return Owns(str(effect.resource), bound.names.get("resource", ""), bound.names.get("until", "dtor"))


def _on_lock(make: Callable[[Ref, EffectShape], Effect]) -> Callable[[EffectShape, Bound, World], Effect | None]:
    def builder(effect: EffectShape, bound: Bound, world: World) -> Effect | None:
        lock = _lock(effect, bound, world)
        return lock and make(lock, effect)

    return builder


def _plain(make: Callable[[Any], Effect]) -> Callable[[EffectShape, Bound, World], Effect | None]:
    return lambda effect, bound, world: make(effect)


_BUILDERS: Final[dict[str, Callable[[EffectShape, Bound, World], Effect | None]]] = {
    "acquire": _acquire,
    "release": _on_lock(lambda lock, _: Release(lock)),
    "downgrade": _on_lock(lambda lock, _: Downgrade(lock)),
    "reclass": _reclass,
    "init": _on_lock(lambda lock, _: LockMemory(lock, "init")),
    "free": _on_lock(lambda lock, _: LockMemory(lock, "free")),
    "assert_": _assert,
    "pin": _on_lock(lambda lock, effect: Pin(lock, effect.pin == "on")),
    "irq": _plain(lambda effect: Irq(effect.irq)),
    "softirq": _plain(lambda effect: Count("softirq", 1 if effect.softirq == "off" else -1)),
    "preempt": _plain(lambda effect: Count("preempt", 1 if effect.preempt == "off" else -1)),
    "scope": _plain(lambda effect: Scope(effect.scope, -1 if effect.ends else 1)),
    "allocate": _allocate,
    "frees": _frees,
    "reclaim": _reclaim,
    "sleep": _plain(lambda effect: Sleep(effect.sleep)),
    "wait": _on_lock(lambda lock, _: Wait(lock)),
    "signal": _on_lock(lambda lock, _: Signal(lock)),
    "enter": lambda effect, bound, world: Enter(str(effect.enter), bound.threaded),
    "leave": _plain(lambda effect: Leave(effect.leave)),
    "resource": _resource,
    "return_to_user": lambda effect, bound, world: ReturnToUser(),
}
