"""What flows through parameters: which verbs a parameter ends up in, so that callers can be checked.

Is: bookkeeping while functions are lowered, and one check when all are. Is not: the analysis, which follows values
along paths; this only compares static arguments with the lock kinds that verbs fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeAlias

from lockcheck.loading.dialect import Operand, Verb
from lockcheck.loading.plans import PlanError, check_kind
from lockcheck.loading.shape_errors import place_of
from lockcheck.loading.shapes import StartsShape
from lockcheck.loading.world import World
from lockcheck.model.steps import Param, Ref, Value
from lockcheck.source.problems import Collector, Problem
from lockcheck.source.text import SourceText


class Bind(NamedTuple):
    """An argument: ``value`` (written ``text``) goes into ``param`` of ``callee``; written at ``path`` in ``raw``."""

    caller: str
    callee: str
    param: str
    value: Ref
    text: str
    raw: dict[str, Any]
    path: tuple[str | int, ...]
    source: SourceText


class _Use(NamedTuple):
    """A verb that a parameter of ``function`` is an operand of."""

    verb: Verb
    operand: Operand
    function: str


_Need: TypeAlias = "tuple[str, frozenset[str]]"
_INDISPENSABLE: Final = frozenset({"lock", "gfp"})
"""A step on an unknown lock or with unknown flags would be lost; an unknown callback is said to be one."""


class Flow:
    """Uses of parameters, arguments of calls, and functions that verbs let the world start."""

    def __init__(self) -> None:
        self._uses: dict[tuple[str, str], dict[str, tuple[Verb, Operand]]] = {}
        self._passes: dict[tuple[str, str], set[tuple[str, str]]] = {}
        self._static: list[Bind] = []
        self._param_starts: dict[tuple[str, str], list[StartsShape]] = {}
        self._starts: list[tuple[str, StartsShape]] = []

    def use(self, function: str, param: str, verb: Verb, operand: Operand) -> None:
        """``$param`` of ``function`` is an operand of ``verb``."""
        self._uses.setdefault((function, param), {})[f"{verb.name}.{operand.name}"] = (verb, operand)

    def start(self, function: str, started: str, shape: StartsShape) -> None:
        """``function`` lets the world start ``started`` (a name or a ``$param``)."""
        if started.startswith("$"):
            self._param_starts.setdefault((function, started[1:]), []).append(shape)
        else:
            self._starts.append((started, shape))

    def bind(self, bind: Bind) -> None:
        """An argument is passed."""
        if isinstance(bind.value, Param):
            self._passes.setdefault((bind.caller, bind.value.name), set()).add((bind.callee, bind.param))
        else:
            self._static.append(bind)

    def passes(self, caller: str, callee: str, param: str) -> None:
        """``caller`` hands its own parameter of that name on to ``callee``."""
        self._passes.setdefault((caller, param), set()).add((callee, param))

    def _needs(self) -> dict[tuple[str, str], dict[_Need, _Use]]:
        """What each parameter must be, by its uses there and wherever it is handed on to."""
        needs: dict[tuple[str, str], dict[_Need, _Use]] = {}
        for key, uses in sorted(self._uses.items()):
            mine = needs.setdefault(key, {})
            for verb, operand in uses.values():
                mine.setdefault((operand.type, operand.kinds), _Use(verb, operand, key[0]))
        callers = self._callers()
        todo = sorted(needs)
        while todo:
            key = todo.pop()
            for caller in callers.get(key, ()):
                mine = needs.setdefault(caller, {})
                before = len(mine)
                for need, use in needs[key].items():
                    mine.setdefault(need, use)
                if len(mine) > before:
                    todo.append(caller)
        return needs

    def _callers(self) -> dict[tuple[str, str], list[tuple[str, str]]]:
        """For each parameter those that are handed on to it."""
        callers: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for caller, targets in sorted(self._passes.items()):
            for target in sorted(targets):
                callers.setdefault(target, []).append(caller)
        return callers

    def needed(self) -> dict[tuple[str, str], str]:
        """Type by (function, parameter) for each that some step cannot do without: a lock or gfp flags."""
        wanted = ((key, kind) for key, needs in self._needs().items() for kind, _ in sorted(needs, key=str))
        return {key: kind for key, kind in wanted if kind in _INDISPENSABLE}

    def check(self, world: World, problems: Collector) -> None:
        """A problem for each argument that some verb behind the parameter does not fit."""
        needs = self._needs()
        for bind in self._static:
            found = (_misfit(world, bind, use) for use in needs.get((bind.callee, bind.param), {}).values())
            message = next((message for message in found if message), None)
            if message:
                line, column = place_of(bind.source, bind.raw, bind.path)
                problems.add(Problem(bind.source.file, line, column, message, None, "kind-mismatch"))

    def started(self, world: World) -> Iterator[tuple[str, StartsShape]]:
        """Functions that the world may start, because some verb hands them over."""
        yield from self._starts
        callers = self._callers()
        starters: dict[tuple[str, str], list[StartsShape]] = {}
        for key, shapes in sorted(self._param_starts.items()):
            todo, seen = [key], {key}
            while todo:
                one = todo.pop()
                starters.setdefault(one, []).extend(shapes)
                fresh = [caller for caller in callers.get(one, ()) if caller not in seen]
                seen.update(fresh)
                todo.extend(fresh)
        for bind in self._static:
            if isinstance(bind.value, Value) and bind.value.kind == "function":
                for shape in starters.get((bind.callee, bind.param), ()):
                    yield bind.text, shape


def _misfit(world: World, bind: Bind, use: _Use) -> str | None:
    """Why the argument does not fit a use, or None."""
    verb, operand, function = use
    if not isinstance(bind.value, Value) or operand.type == "word":
        return None
    via = (
        f"{function}() does {verb.name}(${bind.param})"
        if function == bind.callee
        else f"{function}() does {verb.name}()"
    )
    if bind.value.kind != operand.type:
        return f"'{bind.text}' is a {bind.value.kind}, but {via}, which needs a {operand.type}"
    if operand.type == "lock":
        try:
            check_kind(world, verb, operand, bind.text)
        except PlanError as error:
            return f"{error}: {via} with it"
    return None
