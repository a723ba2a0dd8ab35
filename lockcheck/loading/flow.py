"""What flows through parameters: which verbs a parameter ends up in, so that callers can be checked.

Is: bookkeeping while functions are lowered, and one check when all are. Is not: the analysis, which follows values
along paths; this only compares static arguments with the lock kinds that verbs fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

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

    def _reached(self, start: tuple[str, str]) -> list[tuple[str, str]]:
        """All (function, parameter) pairs that a value put into ``start`` flows to."""
        seen = {start}
        todo = [start]
        while todo:
            for other in self._passes.get(todo.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    todo.append(other)
        return sorted(seen)

    def check(self, world: World, problems: Collector) -> None:
        """A problem for each argument that some verb behind the parameter does not fit."""
        reached: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for bind in self._static:
            key = (bind.callee, bind.param)
            if key not in reached:
                reached[key] = self._reached(key)
            message = self._misfit(world, bind, reached[key])
            if message:
                line, column = place_of(bind.source, bind.raw, bind.path)
                problems.add(Problem(bind.source.file, line, column, message, None, "kind-mismatch"))

    def _misfit(self, world: World, bind: Bind, reached: list[tuple[str, str]]) -> str | None:
        """The first verb behind the parameter that the argument does not fit."""
        for function, param in reached:
            for verb, operand in self._uses.get((function, param), {}).values():
                message = _misfit(world, bind, verb, operand, function)
                if message:
                    return message
        return None

    def started(self, world: World) -> Iterator[tuple[str, StartsShape]]:
        """Functions that the world may start, because some verb hands them over."""
        yield from self._starts
        for key in sorted(self._param_starts):
            for bind in self._static:
                is_function = isinstance(bind.value, Value) and bind.value.kind == "function"
                if is_function and key in self._reached((bind.callee, bind.param)):
                    for shape in self._param_starts[key]:
                        yield bind.text, shape


def _misfit(world: World, bind: Bind, verb: Verb, operand: Operand, function: str) -> str | None:
    """Why the argument cannot be an operand of ``verb`` in ``function``, or None."""
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
