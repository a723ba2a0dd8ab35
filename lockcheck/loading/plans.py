"""What a verb with given operands comes to: effects, text and call, worked out once and shared by all such steps.

Is: operands bound, resolved and checked against the verb. Is not: control flow.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lockcheck.loading import gfp
from lockcheck.loading.dialect import Operand, Verb
from lockcheck.loading.effects import Bound, build
from lockcheck.loading.world import OFF, World
from lockcheck.model.steps import Effect, Param, Ref, Value
from lockcheck.source.problems import did_you_mean, nearest, quote
from lockcheck.source.reader import AT


class PlanError(Exception):
    """A verb that its operands do not fit. ``key``: where in the operand, or None for the verb itself."""

    def __init__(self, message: str, code: str, hint: str | None = None, key: str | int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.key = key


class Plan(NamedTuple):
    """A verb with operands. ``call``: (function index, arguments) when it calls a modelled function.

    ``params``: (parameter, operand) for each operand that is one of the enclosing function's parameters.
    ``unmodelled``: the verb calls a function that no model declares. ``started``: function the world may start.
    """

    verb: Verb
    effects: tuple[Effect, ...]
    text: str
    call: tuple[Value, tuple[tuple[str, Ref], ...]] | None
    params: tuple[tuple[str, Operand], ...]
    given: dict[str, Any]
    unmodelled: bool
    started: str | None
    callee: str | None


class Plans:
    """Makes plans, and remembers those of plain steps. ``active``: whether the step exists in the chosen config."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[tuple[Verb, str | None], Plan] = {}
        self._endings: dict[str, tuple[tuple[Effect, ...], str]] = {}

    def plain(self, verb: Verb, operand: Any, params: tuple[str, ...], *, active: bool) -> Plan:
        """The plan of a step without options. Raises :class:`PlanError`."""
        if not (operand.__class__ is str or operand is None):
            return self.make(verb, operand, params, active=active)
        key = (verb, operand)
        plan = self._known.get(key)
        if plan is None or any(name not in params for name, _ in plan.params):
            plan = self.make(verb, operand, params, active=active)
            if active:
                self._known[key] = plan
        return plan

    def ending(self, plan: Plan, params: tuple[str, ...], *, active: bool) -> tuple[tuple[Effect, ...], str] | None:
        """Effects and text of the verb that ends the scope of ``plan``; None when it has none."""
        known = self._endings.get(plan.text)
        if known is not None:
            return known
        verb = self._world.dialect.verb(plan.verb.ends) if plan.verb.ends else None
        if verb is None:
            return None
        names = {one.name for one in verb.operands}
        given = {key: value for key, value in plan.given.items() if key in names}
        end = self.make(verb, given, params, active=active)
        self._endings[plan.text] = end.effects, end.text
        return end.effects, end.text

    def make(
        self, verb: Verb, operand: Any, params: tuple[str, ...], *, active: bool = True, nested: int = 0,
        nest: str | None = None, threaded: bool = True,
    ) -> Plan:  # fmt: skip
        """The plan of ``verb: operand``. Raises :class:`PlanError`."""
        given = _bind(verb, operand)
        refs: dict[str, Ref] = {}
        numbers: dict[str, int] = {}
        used: list[tuple[str, Operand]] = []
        for one in verb.operands:
            if one.name not in given:
                continue
            value = given[one.name]
            ref = self._resolve(verb, one, value, params, active)
            if isinstance(ref, Param):
                used.append((ref.name, one))
            if isinstance(ref, int):
                numbers[one.name] = ref
            elif ref is not None:
                refs[one.name] = ref
        nest_ref = self._nest(verb, nest, params, active) if nest is not None else None
        if isinstance(nest_ref, Param):
            used.append((nest_ref.name, Operand("nest", "lock", True, frozenset())))
        target = next((name for name in verb.calls if name in self._world.functions), None)
        names = {key: value for key, value in given.items() if isinstance(value, str)}
        bound = Bound(verb, refs, names, numbers, nested, nest_ref, threaded, target is not None)
        text = f"{verb.name}({', '.join(str(given[one.name]) for one in verb.operands if one.name in given)})"
        started = names.get(verb.starts.operand) if verb.starts else None
        return Plan(
            verb, build(bound, self._world), text, self._call(verb, target, refs), tuple(used), given,
            _leaves_open(verb) and target is None, started, target,
        )  # fmt: skip

    def _call(
        self, verb: Verb, target: str | None, refs: dict[str, Ref]
    ) -> tuple[Value, tuple[tuple[str, Ref], ...]] | None:
        """The call that a verb makes: the callee's parameters that operands or the dialect bind."""
        if target is None or self._world.functions[target] == OFF:
            return None
        args: dict[str, Ref] = {}
        fixed = dict(verb.bind)
        for param in self._world.params[target]:
            if param in refs:
                args[param] = refs[param]
            elif param in fixed:
                value = self._world.value(fixed[param])
                if value is not None:
                    args[param] = value
        return Value("function", self._world.functions[target]), tuple(sorted(args.items()))

    def _nest(self, verb: Verb, nest: str, params: tuple[str, ...], active: bool) -> Ref:
        found = self._resolve(verb, Operand("nest", "lock", False, frozenset()), nest, params, active)
        assert not isinstance(found, int) and found is not None
        return found

    def _resolve(self, verb: Verb, one: Operand, value: Any, params: tuple[str, ...], active: bool) -> Ref | int | None:
        """One operand: a parameter, or what its name stands for. Words stand for nothing."""
        if one.type == "number":
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 7:
                raise PlanError(
                    f"{verb.name}: '{one.name}' must be 0 to 7, found {quote(value)}", "wrong-type", None, one.name
                )
            return value
        if not isinstance(value, str):
            if one.type == "word" and not isinstance(value, (dict, list)):
                return None
            wanted = "a name" if one.type != "gfp" else "gfp flags"
            raise PlanError(
                f"{verb.name}: expected {wanted} for '{one.name}', found {quote(value)}", "wrong-type", None, one.name
            )
        if one.type == "word":
            return _param(verb, one, value, params) if value.startswith("$") else self._world.value(value)
        if value.startswith("$") and one.type != "gfp":
            return _param(verb, one, value, params)
        if one.type == "gfp":
            return self._gfp(verb, one, value, params)
        return self._named(verb, one, value, active)

    def _gfp(self, verb: Verb, one: Operand, value: str, params: tuple[str, ...]) -> Ref:
        try:
            param, bits = gfp.parse(value, self._world.dialect.gfp)
        except gfp.GfpError as error:
            hint = did_you_mean(error.name, self._world.dialect.gfp) if error.name else None
            raise PlanError(f"{verb.name}: {error}", "bad-gfp", hint, one.name) from error
        return Value("gfp", bits) if param is None else _param(verb, one, f"${param}", params)

    def _named(self, verb: Verb, one: Operand, value: str, active: bool) -> Ref:
        found = self._world.value(value, one.type, guarded=one.type == "lock")
        if found is None:
            other = self._world.value(value)
            hint = did_you_mean(value, _table(self._world, one))
            if hint is None and isinstance(other, Value):
                hint = f"'{value}' is a {other.kind}"
            hint = hint or f"declare it under `{one.type}s:`"
            raise PlanError(f"{verb.name}: unknown {one.type} '{value}'", f"unknown-{one.type}", hint, one.name)
        off = isinstance(found, Value) and found.value == OFF and one.type != "function"
        if off and active and value not in self._world.broken:
            hint = "give the step the same `when:` or `unless:`"
            raise PlanError(f"{one.type} '{value}' does not exist with these options", "not-in-config", hint, one.name)
        if one.type == "lock":
            check_kind(self._world, verb, one, value)
        return found


def _leaves_open(verb: Verb) -> bool:
    """Whether something is missed when the function that a verb calls is not modelled. That it frees says nothing of
    what else it does."""
    effects = [effect for kind, effect in verb.effects if kind != "frees"]
    return bool(verb.calls) and (not effects or any(effect.only_unmodelled for effect in effects))


def check_kind(world: World, verb: Verb, one: Operand, lock: str) -> None:
    """Raises :class:`PlanError` unless ``verb`` fits the kind of ``lock``."""
    kind = world.kind_of.get(lock)
    if one.kinds and kind is not None and kind not in one.kinds:
        kinds = " or ".join(sorted(one.kinds))
        close = fitting_verb(world, verb.name, kind)
        hint = f"for a {kind} there is {close}" if close else None
        raise PlanError(f"{verb.name} needs a {kinds}; '{lock}' is a {kind}", "kind-mismatch", hint, one.name)


def fitting_verb(world: World, name: str, kind: str) -> str | None:
    """The verb closest in name to ``name`` that fits locks of ``kind`` and does the same sort of thing."""
    wanted = world.dialect.verb(name)
    fitting, same_mode = [], []
    for other in world.dialect.verbs:
        verb = world.dialect.verb(other)
        if not (verb and wanted and verb.operands and kind in verb.operands[0].kinds):
            continue
        if (verb.acquires, verb.releases, verb.fails) == (wanted.acquires, wanted.releases, wanted.fails):
            fitting.append(other)
            same_mode += [other] if verb.modes == wanted.modes else []
    fitting = same_mode or fitting
    return nearest(name, fitting) or (min(fitting, key=lambda other: (len(other), other)) if fitting else None)


def _table(world: World, one: Operand) -> list[str]:
    """Names that the operand could have meant; locks that fit the verb before others."""
    if one.type == "lock":
        fitting = [name for name, kind in world.kind_of.items() if not one.kinds or kind in one.kinds]
        return fitting or list(world.locks)
    return list(world.caches if one.type == "cache" else world.functions)


def _param(verb: Verb, one: Operand, value: str, params: tuple[str, ...]) -> Param:
    if value[1:] not in params:
        hint = did_you_mean(value[1:], params) or "declare it under `params:`"
        raise PlanError(f"{verb.name}: unknown parameter '{value}'", "unknown-parameter", hint, one.name)
    return Param(value[1:])


def _bind(verb: Verb, operand: Any) -> dict[str, Any]:
    """Operands by name: from one value, a list in the verb's order, or a mapping."""
    known = [one.name for one in verb.operands]
    if isinstance(operand, dict):
        given = {key: value for key, value in operand.items() if key != AT}
        for key in given:
            if key not in known:
                raise PlanError(
                    f"{verb.name} has no operand '{key}'", "unknown-operand",
                    did_you_mean(key, known) or f"operands: {', '.join(known) or 'none'}", key,
                )  # fmt: skip
    else:
        values = operand if isinstance(operand, list) else [] if operand is None else [operand]
        required = [one.name for one in verb.operands if not one.optional]
        order = required if len(values) == len(required) else known
        if len(values) > len(known):
            raise PlanError(_takes(verb, len(values)), "operands", usage(verb))
        given = dict(zip(order, values, strict=False))
    missing = [one.name for one in verb.operands if not one.optional and one.name not in given]
    if missing:
        raise PlanError(f"{verb.name} needs {_listing(missing)}", "operands", usage(verb))
    return given


def _takes(verb: Verb, found: int) -> str:
    most = len(verb.operands)
    return f"{verb.name} takes {'no operand' if not most else f'at most {most}'}, found {found}"


def _listing(names: list[str]) -> str:
    return " and ".join(f"'{name}'" for name in names)


def usage(verb: Verb) -> str:
    """How to write a step of this verb."""
    names = [one.name for one in verb.operands]
    if not names:
        return f"write `- {verb.name}`"
    return f"write `- {verb.name}: {names[0].upper() if len(names) == 1 else '[' + ', '.join(names) + ']'}`"
