"""Calls: who is called, and with what.

Is: targets and arguments resolved and checked against the callee's parameters. Is not: the following of calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockcheck.loading.flow import Bind, Flow
from lockcheck.loading.plans import Plan, PlanError
from lockcheck.loading.world import OFF, World
from lockcheck.model.steps import Hook, Param, Ref, Value
from lockcheck.source.problems import did_you_mean, nearest, quote
from lockcheck.source.text import SourceText


class Calls:
    """Resolves the calls of one function. ``bodies``: each function's mapping, to see what its parameters are."""

    def __init__(
        self, world: World, flow: Flow, function: str, params: tuple[str, ...], bodies: Mapping[str, Any]
    ) -> None:
        self._world = world
        self._flow = flow
        self._function = function
        self._params = params
        self._bodies = bodies

    def target(self, name: Any) -> Ref | Hook | None:
        """What ``call: name`` calls; None for a function that the config leaves out. Raises :class:`PlanError`."""
        if not isinstance(name, str):
            raise PlanError(f"expected the name of a function, found {quote(name)}", "wrong-type")
        index = self._world.functions.get(name)
        if index is not None:
            return None if index == OFF else Value("function", index)
        owner, _, hook = name.rpartition(".")
        if hook in ("ctor", "dtor") and owner:
            return self._hook(owner, hook)
        if name.startswith("$"):
            return self._param(name)
        if name in self._world.callbacks:
            raise PlanError(f"'{name}' is a list of callbacks", "unknown-function", f"write `call_any: {name}`")
        close = did_you_mean(name, self._world.functions)
        if name in self._world.dialect.verbs:
            close = f"it is a verb: write `- {name}`, or declare the function"
        raise PlanError(f"call of '{name}', which no model declares", "unknown-function", close)

    def _hook(self, owner: str, hook: str) -> Hook | None:
        if owner.startswith("$"):
            return Hook(self._param(owner), hook)
        index = self._world.caches.get(owner)
        if index is None:
            raise PlanError(f"unknown cache '{owner}'", "unknown-cache", did_you_mean(owner, self._world.caches))
        return None if index == OFF else Hook(Value("cache", index), hook)

    def _param(self, name: str) -> Param:
        if name[1:] not in self._params:
            hint = did_you_mean(name[1:], self._params) or "declare it under `params:`"
            raise PlanError(f"unknown parameter '{name}'", "unknown-parameter", hint)
        return Param(name[1:])

    def argument(self, value: Any, callees: list[str], param: str, active: bool = True) -> Ref:
        """The value of one argument. Raises :class:`PlanError`."""
        if not isinstance(value, str):
            raise PlanError(f"'{param}': expected a name, found {quote(value)}", "wrong-type")
        if value.startswith("$") and value[1:] in self._params:
            return Param(value[1:])
        wanted = None
        if self._world.ambiguous(value):
            types = self._world.parameter_types(self._bodies)
            wanted = next((types[name, param] for name in callees if (name, param) in types), None)
        found = self._world.value(value, wanted)
        if isinstance(found, Param):
            return self._param(f"${found.name}")
        if found is None:
            if value.startswith("$"):
                return self._param(value)
            close = self._world.nearest_value(value)
            hint = f"did you mean '{close}'?" if close else "a lock, a cache, a function or gfp flags"
            raise PlanError(f"unknown name '{value}' for '{param}'", "unknown-name", hint)
        if found.value == OFF and active and found.kind != "function" and value not in self._world.broken:
            raise PlanError(f"{found.kind} '{value}' does not exist with these options", "not-in-config")
        return found

    def check_arguments(self, given: Mapping[str, Any], callees: list[str], dynamic: bool) -> list[PlanError]:
        """Arguments that no callee takes, and parameters that got none."""
        params = {name: self._world.params[name] for name in callees}
        errors = []
        for key in given:
            if not dynamic and not any(key in names for names in params.values()):
                taken = sorted({name for names in params.values() for name in names})
                close = nearest(key, taken)
                hint = f"did you mean '{close}'?" if close else f"parameters: {', '.join(taken) or 'none'}"
                who = f"{callees[0]}() has" if len(callees) == 1 else "none of these functions has"
                errors.append(PlanError(f"{who} no parameter '{key}'", "unknown-parameter", hint, key))
        for name, wanted in params.items():
            missing = [param for param in wanted if param not in given]
            if missing:
                text = " and ".join(f"'{param}'" for param in missing)
                hint = f"add `with: {{{', '.join(f'{param}: ...' for param in missing)}}}`"
                errors.append(PlanError(f"call of {name}() gives no value for {text}", "missing-argument", hint))
        return errors

    def record(
        self, callees: list[str], args: Mapping[str, tuple[Ref, str]], raw: dict[str, Any], source: SourceText
    ) -> None:
        """Remember what is passed, for the check of what parameters are used for."""
        for name in callees:
            for param in self._world.params[name]:
                if param in args:
                    value, text = args[param]
                    bind = Bind(self._function, name, param, value, text, raw, ("with", param), source)
                    self._flow.bind(bind)

    def through_verb(self, plan: Plan, raw: dict[str, Any], source: SourceText) -> None:
        """Remember what a verb passes to the function that it calls."""
        assert plan.call is not None and plan.callee is not None
        for param, value in plan.call[1]:
            text = str(plan.given.get(param, dict(plan.verb.bind).get(param, "")))
            self._flow.bind(Bind(self._function, plan.callee, param, value, text, raw, (plan.verb.name,), source))
