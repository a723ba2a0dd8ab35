"""Control words: calls, branches, loops, jumps and interrupts, from mappings to the model's steps.

Is: one function for each control word, in :data:`CONTROL`. Is not: verbs, nor the walking of blocks (``body``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lockcheck.loading.conditions import ConditionError
from lockcheck.loading.decide import condition, lower_condition
from lockcheck.loading.plans import PlanError
from lockcheck.loading.world import OFF
from lockcheck.model.steps import (
    Branch,
    Call,
    Choice,
    Cond,
    Do,
    Effect,
    Enter,
    Hook,
    Jump,
    Label,
    Leave,
    Loop,
    Ref,
    Step,
    Value,
)
from lockcheck.source.problems import did_you_mean, quote
from lockcheck.source.reader import AT, STEP_LISTS

if TYPE_CHECKING:
    from lockcheck.loading.body import Body

_MOST_GUARDS: Final = 4
"""Different conditions of functions of which any may be called, up to which their combinations are spelled out."""


class Scope(NamedTuple):
    """An open block. ``end``: what runs when it is left (None for a loop). ``owner``: id of the step that opened it."""

    owner: int
    end: tuple[tuple[Effect, ...], str] | None
    loop: bool


def _call(body: Body, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
    world = body.shared.world
    if operand.__class__ is str and "with" not in raw:
        index = world.functions.get(operand, OFF)
        if index != OFF and not world.params[operand]:
            targets = (Value("function", index),)
            text = f"{operand}()"
            call = Call(targets, (), raw[AT], text, raw.get("at"))
            if operand in world.guarded:
                body.guard.calls(operand, [call], raw[AT], out)
            else:
                body.remember("call", operand, ((), text, targets))
                out.append(call)
            return
    _call_targets(body, raw, operand, [operand], (("call",),), out)


def _call_any(body: Body, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
    callbacks = body.shared.world.callbacks
    if isinstance(operand, str) and operand in callbacks:
        names = list(callbacks[operand])
        _call_targets(body, raw, operand, names, (("call_any",),) * len(names), out)
    elif isinstance(operand, str):
        hint = did_you_mean(operand, callbacks) or "name a list of `callbacks:`, or give a list of functions"
        body.say(raw, ("call_any",), f"unknown callbacks '{operand}'", "unknown-callbacks", hint)
    elif isinstance(operand, list):
        paths = tuple(("call_any", index) for index in range(len(operand)))
        _call_targets(body, raw, operand, operand, paths, out)
    else:
        body.say(raw, ("call_any",), f"expected functions to call, found {quote(operand)}", "wrong-type")


def _call_targets(
    body: Body,
    raw: dict[str, Any],
    operand: Any,
    names: list[Any],
    paths: tuple[tuple[str | int, ...], ...],
    out: list[Step],
) -> None:
    """A call of one of several functions."""
    targets: list[tuple[str, Ref | Hook]] = []
    for name, path in zip(names, paths, strict=True):
        try:
            target = body.calls.target(name)
        except PlanError as error:
            body.say(raw, path, str(error), error.code, error.hint)
            continue
        if target is not None:
            targets.append((str(name), target))
    calls: list[Step] = []
    for given in body.shared.world.each({key: value for key, value in (raw.get("with") or {}).items() if key != AT}):
        args = _arguments(body, raw, names, given)
        shown = ", ".join(str(given[key]) for key in sorted(given))
        text = f"{operand}({shown})" if isinstance(operand, str) else f"any of {', '.join(map(str, names))}"
        bound = tuple((key, args[key][0]) for key in sorted(args))
        calls.append(Call(tuple(target for _, target in targets), bound, raw[AT], text, raw.get("at")))
    if targets and len(calls) > 1:
        calls = [Choice(tuple((call,) for call in calls), raw[AT])]
    if len(names) == 1 and targets:
        body.guard.calls(str(names[0]), calls, raw[AT], out)
    elif targets:
        out.extend(_those_there(body, targets, calls, raw[AT]))


def _those_there(body: Body, targets: Sequence[tuple[str, Ref | Hook]], calls: list[Step], where: int) -> list[Step]:
    """Calls of any of several functions, of which some exist with open options only: a call of those that exist."""
    guards = body.shared.world.guarded
    groups = dict.fromkeys(tuple(sorted(guards[name].items())) for name, _ in targets if name in guards)
    if not groups:
        return calls
    if len(groups) > _MOST_GUARDS or not all(isinstance(call, Call) for call in calls):
        for name, _ in targets:
            body.shared.world.demand(name)
        return calls

    def among(left: Sequence[tuple[tuple[str, bool], ...]], there: frozenset[object]) -> list[Step]:
        if left:
            first, *others = left
            then, orelse = among(others, there | {first}), among(others, there)
            return [Branch(condition(dict(first)), tuple(then), tuple(orelse), where)]
        kept = tuple(
            target for name, target in targets if name not in guards or tuple(sorted(guards[name].items())) in there
        )
        return [call._replace(targets=kept) for call in calls if isinstance(call, Call)] if kept else []

    return among(list(groups), frozenset())


def _arguments(body: Body, raw: dict[str, Any], names: list[Any], given: dict[str, Any]) -> dict[str, tuple[Ref, str]]:
    """The arguments under ``with:``, each with its text, checked against the callees that are known."""
    known = body.shared.world.functions
    callees = [name for name in names if isinstance(name, str) and name in known]
    if not given and not any(body.shared.world.params[name] for name in callees):
        return {}
    args = {}
    for error in body.calls.check_arguments(given, callees, len(callees) < len(names)):
        path = ("with", error.key) if error.key is not None else ("call" if "call" in raw else "call_any",)
        body.say(raw, path, str(error), error.code, error.hint, of_key=error.key is not None)
    for key, value in given.items():
        try:
            args[key] = (body.calls.argument(value, callees, key, body.active), str(value))
        except PlanError as error:
            body.say(raw, ("with", key), str(error), error.code, error.hint)
    if body.active:
        body.calls.record(callees, args, raw, body.source)
    return args


def _if(body: Body, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
    where = raw[AT]
    if "then" not in raw and "else" not in raw:
        body.say(raw, ("if",), "an 'if' needs 'then:' or 'else:'", "missing-key", None, of_key=True)
    cond: Cond | None
    try:
        cond = _condition(body, operand)
    except ConditionError as error:
        hint = did_you_mean(error.word, error.among) if error.word else None
        body.say(raw, ("if",), str(error), "condition", hint)
        cond = None
    active = body.active
    decided = cond.a if cond is not None and cond.op == "const" else None
    body.active = active and decided is not False
    before = body.guard.branch(cond, True)
    then = body.block(raw.get("then", ()), raw, ("then",))
    body.guard.options = before
    body.active = active and decided is not True
    body.guard.branch(cond, False)
    orelse = body.block(raw.get("else", ()), raw, ("else",))
    body.active, body.guard.options = active, before
    if cond is None:
        return
    if decided is not None:
        out.extend(then if decided else orelse)
    else:
        out.append(Branch(cond, then, orelse, where))


def _condition(body: Body, text: Any) -> Cond:
    """The condition; those without parameters are the same in every function."""
    known = body.shared.conditions.get(text) if text.__class__ is str else None
    if known is None:
        known = lower_condition(text, body.shared.world, body.params)
        if "$" not in text:
            body.shared.conditions[text] = known
    return known


def _either(body: Body, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
    if not isinstance(operand, list) or len(operand) < 2:
        body.say(
            raw, ("either",), "'either' needs a list of at least two blocks", "wrong-type", "either: [[...], [...]]"
        )
        return
    blocks = []
    for index, block in enumerate(operand):
        if not isinstance(block, list):
            body.say(raw, ("either", index), f"expected a list of steps, found {quote(block)}", "wrong-type",
                      "each block is a list: `- - step`")  # fmt: skip
        else:
            blocks.append(body.block(block, raw, ("either", index)))
    out.append(Choice(tuple(blocks), raw[AT]))


def _optional(body: Body, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
    out.append(Choice((body.block(operand, raw, ("optional",)), ()), raw[AT]))


def _loop(body: Body, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
    body.scopes.append(Scope(id(raw), None, True))
    steps = body.block(operand, raw, ("loop",))
    body.scopes.pop()
    out.append(Loop(steps, raw.get("once") is True, raw[AT]))


def _return(body: Body, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
    if operand is not None:
        body.say(raw, ("return",), f"'return' takes nothing, found {quote(operand)}", "wrong-type", "write `- return`")
    out.extend(body.leaving(0, raw[AT]))
    out.append(Jump("return", raw[AT]))


def _loop_jump(body: Body, raw: dict[str, Any], operand: Any, out: list[Step], what: str) -> None:
    loops = [index for index, scope in enumerate(body.scopes) if scope.loop]
    if not loops:
        body.say(raw, (what,), f"'{what}' outside a loop", "outside-loop", None, of_key=True)
        return
    out.extend(body.leaving(loops[-1] + 1, raw[AT]))
    out.append(Jump(what, raw[AT]))


def _break(body: Body, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
    _loop_jump(body, raw, operand, out, "break")


def _continue(body: Body, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
    _loop_jump(body, raw, operand, out, "continue")


def _goto(body: Body, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
    if body.labels is None:
        body.labels = {}
        _find_labels(body.root, (), body.labels)
    if not isinstance(operand, str) or operand not in body.labels:
        hint = did_you_mean(operand, body.labels) if isinstance(operand, str) else None
        body.say(
            raw, ("goto",), f"unknown label {quote(operand)}", "unknown-label", hint or f"write `- label: {operand}`"
        )
        return
    target = body.labels[operand]
    mine = [scope.owner for scope in body.scopes if not scope.loop]
    if list(target) != mine[: len(target)]:
        body.say(raw, ("goto",), f"goto {operand} jumps into a 'do:' block", "goto-into", "move the label out of it")
        return
    keep = next(
        (i for i, scope in enumerate(body.scopes) if not scope.loop and scope.owner not in target), len(body.scopes)
    )
    out.extend(body.leaving(keep, raw[AT]))
    out.append(Jump("goto", raw[AT], operand))
    if body.active:
        body.jumps.append((raw, operand))


def _label(body: Body, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
    if not isinstance(operand, str):
        body.say(raw, ("label",), f"expected the name of a label, found {quote(operand)}", "wrong-type")
        return
    if operand in body.placed:
        body.say(raw, ("label",), f"label '{operand}' stands twice in this function", "declared-twice", "rename one")
    elif body.active:
        body.placed.add(operand)
        body.guard.demand()
        out.append(Label(operand, raw[AT]))


def _interrupt(body: Body, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
    if operand not in ("softirq", "hardirq", "nmi"):
        hint = did_you_mean(operand, ("softirq", "hardirq", "nmi")) if isinstance(operand, str) else None
        message = f"'interrupt': expected softirq, hardirq or nmi, found {quote(operand)}"
        body.say(raw, ("interrupt",), message, "unknown-word", hint)
        return
    out.append(Do((Enter(operand, raw.get("threaded", True)),), raw[AT], f"{operand} strikes", raw.get("at")))
    out.extend(body.inside(raw, ((Leave(operand),), f"{operand} returns")))


def _find_labels(steps: Any, scopes: tuple[int, ...], labels: dict[str, tuple[int, ...]]) -> None:
    """Fill ``labels`` with every label below ``steps`` and the ``do:`` blocks that it stands in."""
    for raw in steps if isinstance(steps, list) else ():
        if isinstance(raw, list):
            _find_labels(raw, scopes, labels)
        elif isinstance(raw, dict):
            name = raw.get("label")
            if isinstance(name, str):
                labels[name] = scopes
            for key in STEP_LISTS:
                if key in raw:
                    _find_labels(raw[key], (*scopes, id(raw)) if key == "do" else scopes, labels)


CONTROL: Final[dict[str, Callable[[Body, dict[str, Any], Any, list[Step]], None]]] = {
    "call": _call,
    "call_any": _call_any,
    "if": _if,
    "either": _either,
    "optional": _optional,
    "loop": _loop,
    "return": _return,
    "break": _break,
    "continue": _continue,
    "goto": _goto,
    "label": _label,
    "interrupt": _interrupt,
}
