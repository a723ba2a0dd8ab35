"""How the world starts functions: declared entries, work items, timers, callbacks; and the roles these give.

Is: the making of :class:`~lockcheck.model.program.Entry`. Is not: the following of paths from it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from lockcheck.loading.calls import Calls
from lockcheck.loading.decide import condition
from lockcheck.loading.declare import Declaration, Declarations
from lockcheck.loading.flow import Bind, Flow
from lockcheck.loading.plans import PlanError
from lockcheck.loading.shape_errors import place_of, problems_of
from lockcheck.loading.shapes import EntryShape
from lockcheck.loading.world import OFF, World
from lockcheck.model.program import Cache, Entry
from lockcheck.model.steps import Value
from lockcheck.source.problems import Collector, Problem, did_you_mean, quote
from lockcheck.source.reader import AT
from lockcheck.source.typed import ShapeError, adapter

# On PREEMPT_RT a caller's irqsave leaves interrupts on: irqs off is then no context that all code must bear.
_ANY: Final = (Entry(), Entry(irqs_off=True), Entry("softirq", word="softirq"), Entry("hardirq", word="hardirq"))
_WORDS: Final = ("task", "softirq", "hardirq", "nmi", "any")
_ROLE_OF_CALLBACKS: Final = {"shrinkers": "shrinker"}


class Entries:
    """Collects entries and roles of all functions."""

    def __init__(self, world: World, declared: Declarations, flow: Flow, problems: Collector) -> None:
        self._world = world
        self._declared = declared
        self._flow = flow
        self._problems = problems
        self._found: dict[str, tuple[list[Entry], set[str]]] = {}

    def of_functions(self) -> dict[str, tuple[list[Entry], set[str]]]:
        """Entries and roles by function name. Called once, when all functions have been lowered."""
        for name, declaration in sorted(self._declared.by_section["functions"].items()):
            if declaration.shape is not None and declaration.shape.entry:
                for position, item in enumerate(declaration.shape.entry):
                    for entry in self._declared_entry(declaration, item, position):
                        self._add(name, entry)
        self._work()
        self._timers()
        for name, shape in self._flow.started(self._world):
            word = f"{shape.word} {name}"
            self._add(name, Entry(shape.context, word=word), shape.role)
        for name, role in sorted(_ROLE_OF_CALLBACKS.items()):
            for function in self._world.callbacks.get(name, ()):
                self._add(function, None, role)
        self._check_parameters()
        return self._found

    def _check_parameters(self) -> None:
        """A problem for each entry that leaves a parameter open which a step cannot do without."""
        needed: dict[str, dict[str, str]] = {}
        for (function, param), kind in sorted(self._flow.needed().items()):
            needed.setdefault(function, {})[param] = kind
        for name, params in sorted(needed.items()):
            declaration = self._declared.by_section["functions"].get(name)
            entries = self._found.get(name, ([], set()))[0]
            if declaration is None or declaration.shape is None:
                continue
            for entry in entries:
                given = {param for param, _ in entry.args}
                missing = [param for param in declaration.shape.params if param in params and param not in given]
                if missing:
                    self._problems.add(_without_value(declaration, entry, missing[0], params[missing[0]]))
                    break

    def _add(self, name: str, entry: Entry | None, role: str | None = None) -> None:
        entries, roles = self._found.setdefault(name, ([], set()))
        guard = self._world.guarded.get(name)
        if entry is not None and entry.under and guard:
            entry = replace(entry, given=condition(guard))
        if entry is not None and entry not in entries:
            entries.append(entry)
        if role:
            roles.add(role)

    # ------------------------------------------------------------ declared

    def _declared_entry(self, declaration: Declaration, item: Any, position: int) -> list[Entry]:
        raw, source = declaration.layer_of("entry")
        path: list[str | int] = ["entry", position] if isinstance(raw.get("entry"), list) else ["entry"]
        if isinstance(item, str):
            if item == "any":
                return [entry for entry in _ANY if not (entry.irqs_off and self._world.config.get("CONFIG_PREEMPT_RT"))]
            if item in _WORDS:
                return [Entry(item, word=item)]
        if not isinstance(item, dict):
            message = f"entry of '{declaration.name}': expected {', '.join(_WORDS)} or a mapping, found {quote(item)}"
            hint = did_you_mean(item, _WORDS) if isinstance(item, str) else None
            self._problems.add(declaration.problem(path, message, "unknown-word", hint))
            return []
        try:
            shape = adapter(EntryShape).validate_python(item)
        except ShapeError as error:
            what = f"an entry of '{declaration.name}'"
            self._problems.add_all(problems_of(error, EntryShape, source, item, what))
            return []
        off = (shape.irqs == "off", shape.bh == "off", shape.preempt == "off")
        arguments = [self._arguments(declaration, given, item) for given in self._world.each(shape.with_)]
        return [Entry(shape.context, *off, shape.threaded, args=args, word=shape.context) for args in arguments]

    def _arguments(
        self, declaration: Declaration, given: dict[str, Any], raw: dict[str, Any]
    ) -> tuple[tuple[str, Any], ...]:
        """The values of parameters that an entry gives."""
        _, source = declaration.layer_of("entry")
        calls = Calls(self._world, self._flow, declaration.name, (), {})
        args = []
        for param, text in sorted(item for item in given.items() if item[0] != AT):
            try:
                if param not in declaration.shape.params:
                    hint = did_you_mean(param, declaration.shape.params)
                    raise PlanError(f"{declaration.name}() has no parameter '{param}'", "unknown-parameter", hint)
                value = calls.argument(text, [declaration.name], param)
            except PlanError as error:
                line, column = place_of(source, raw, ("with", param))
                self._problems.add(Problem(source.file, line, column, str(error), error.hint, error.code))
                continue
            if isinstance(value, Value):
                args.append((param, value))
                self._flow.bind(Bind("", declaration.name, param, value, str(text), raw, ("with", param), source))
        return tuple(args)

    # ------------------------------------------------------------ started by the kernel

    def _work(self) -> None:
        for name, one in sorted(self._declared.by_section["work"].items()):
            if not self._runs(one, "work item"):
                continue
            queue = self._world.queues.get(name, (None, False))[0]
            under = tuple(
                index for index in (queue, self._world.locks.get(name, OFF)) if index is not None and index != OFF
            )
            declared = self._declared.by_section["workqueues"].get(one.shape.queue or "")
            ordered = declared is not None and declared.shape is not None and declared.shape.ordered
            entry = Entry("task", under=under, word=f"work item {name}", serial=ordered and len(under) > 1)
            self._add(one.shape.function, entry, "work")

    def _timers(self) -> None:
        for name, one in sorted(self._declared.by_section["timers"].items()):
            if not self._runs(one, "timer"):
                continue
            index = self._world.locks.get(name, OFF)
            under = () if index == OFF else (index,)
            self._add(one.shape.function, Entry(one.shape.context, under=under, word=f"timer {name}"), "timer")

    def _runs(self, one: Declaration, what: str) -> bool:
        """Whether a work item or timer exists in the config; an unknown function is a problem."""
        if one.shape is None:
            return False
        if one.shape.function not in self._world.functions:
            message = f"{what} '{one.name}': unknown function '{one.shape.function}'"
            hint = did_you_mean(one.shape.function, self._world.functions) or "declare it under `functions:`"
            self._problems.add(one.problem(["function"], message, "unknown-function", hint))
            return False
        return self._world.on(one.shape.when, one.shape.unless)

    def caches(self) -> tuple[Cache, ...]:
        """All caches that exist in the config, sorted by name; their constructors and destructors get roles."""
        made = []
        for name, one in sorted(self._declared.by_section["caches"].items()):
            if one.shape is None:
                continue
            hooks = {key: self._hook(one, key) for key in ("ctor", "dtor")}
            if self._world.caches.get(name, OFF) != OFF:
                flags = tuple(sorted(one.shape.flags))
                made.append(Cache(name, hooks["ctor"], hooks["dtor"], flags, one.place, one.shape.at))
        return tuple(made)

    def _hook(self, one: Declaration, key: str) -> int | None:
        function = getattr(one.shape, key)
        if function is None:
            return None
        index = self._world.functions.get(function)
        if index is None:
            message = f"{key} of cache '{one.name}': unknown function '{function}'"
            hint = did_you_mean(function, self._world.functions) or "declare it under `functions:`"
            self._problems.add(one.problem([key], message, "unknown-function", hint))
            return None
        self._add(function, None, key)
        self._world.demand(function)
        return None if index == OFF else index


_WANTED: Final = {"lock": ("a lock", "LOCK"), "gfp": ("gfp flags", "GFP_KERNEL")}
"""What a parameter must be, in words, and an example."""


def _without_value(declaration: Declaration, entry: Entry, param: str, kind: str) -> Problem:
    """The problem of an entry at which ``param`` has no value."""
    words, example = _WANTED[kind]
    message = f"{declaration.name}() is entered ({entry.word}) with no value for '{param}', which must be {words}"
    given = f"{{context: {entry.context}, with: {{{param}: {example}}}}}"
    hint = f"say `entry: {given}`, or leave `entry:` out and call it from functions that have one"
    return declaration.problem(["entry"] if declaration.shape.entry else [], message, "no-value", hint)
