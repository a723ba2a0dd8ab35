"""From declarations to the program: options chosen, names indexed, everything lowered, all checks made.

Is: the order in which the parts of loading work. Is not: any of the work itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lockcheck.loading.body import Shared
from lockcheck.loading.declare import Declarations
from lockcheck.loading.dialect import Dialect
from lockcheck.loading.entries import Entries
from lockcheck.loading.files import ModelFile
from lockcheck.loading.flow import Flow
from lockcheck.loading.functions import Draft, Functions, drafts
from lockcheck.loading.locks import FS_RECLAIM, MMU_NOTIFIER, Locks
from lockcheck.loading.plans import Plans
from lockcheck.loading.shape_errors import place_of
from lockcheck.loading.shapes import WaiverShape
from lockcheck.loading.waivers import waiver_of
from lockcheck.loading.world import OFF, World
from lockcheck.model.places import Place, unpack
from lockcheck.model.program import Expectation, Program, Waiver
from lockcheck.source.limits import Limits
from lockcheck.source.problems import Collector, Problem, did_you_mean
from lockcheck.source.reader import AT
from lockcheck.source.text import SourceText
from lockcheck.source.typed import adapter

if TYPE_CHECKING:
    from lockcheck.loading.claims import Names

NEVER_OPEN = frozenset({"CONFIG_PREEMPT_RT", "CONFIG_PROVE_RAW_LOCK_NESTING"})
"""Options that change what locks are: a program is of one value."""


class Builder:
    """Builds the program of one config."""

    def __init__(
        self, models: list[ModelFile], dialect: Dialect, declared: Declarations, problems: Collector, limits: Limits
    ) -> None:
        self._models = models
        self.declared = declared
        self._problems = problems
        self._limits = limits
        self.configs = {name: on for name, (on, _) in sorted(declared.configs.items())}
        self.named_configs = {name: on for name, (on, by) in sorted(declared.configs.items()) if by is not None}
        self._world = World(dialect, dict(self.configs))

    @property
    def demanded(self) -> frozenset[str]:
        """Open options that the last program does not leave open: it stands for what ``config`` says of them only."""
        return frozenset(self._world.demanded)

    def build(self, chosen: Mapping[str, bool], left_open: frozenset[str] = frozenset()) -> Program:
        """The program; not to be used when there are problems. ``left_open``: options that its paths may decide."""
        world, declared = self._world, self.declared
        world.config = self._choose(chosen)
        world.open = left_open & self.configs.keys() - NEVER_OPEN
        world.demanded.update(left_open & NEVER_OPEN)
        self._options_exist()
        locks, classes = Locks(world, declared, self._problems).build()
        found = self._index(drafts(declared))
        self._callbacks()
        flow = Flow()
        bodies = {name: draft.raw for name, draft in found.items()}
        shared = Shared(world, Plans(world), self._problems, flow, {}, {}, bodies, {}, [])
        entries = Entries(world, declared, flow, self._problems)
        caches = entries.caches()
        functions = Functions(world, declared, shared, found).build(entries)
        flow.check(world, self._problems)
        config = world.config
        return Program(
            functions, locks, classes, caches, world.locks[FS_RECLAIM], world.locks[MMU_NOTIFIER],
            config.get("CONFIG_PREEMPT_RT", False), config.get("CONFIG_PROVE_RAW_LOCK_NESTING", True),
            tuple(sorted(config.items())),
            tuple(sorted(model.name for model in self._models)),
            tuple(sorted(model.name for model in self._models if model.named)),
            tuple(sorted((text, unpack(file, where)) for text, file, where in shared.unmodelled.values())),
            self._expectations(), declared.expecting, self._waivers(shared.waived), (), tuple(sorted(world.open)),
        )  # fmt: skip

    def names(self) -> Names:
        """What a claim may name."""
        declared = self.declared.by_section["locks"].values()
        classes = {one.shape.class_ for one in declared if one.shape and one.shape.class_}
        locks = frozenset({*self._world.locks, *classes})
        from lockcheck.loading.claims import Names

        return Names(locks, frozenset(self._world.functions), frozenset(self.configs))

    # ------------------------------------------------------------ options

    def _choose(self, chosen: Mapping[str, bool]) -> dict[str, bool]:
        """The defaults of the models, overridden by what the caller chose."""
        for name in sorted(chosen):
            if name not in self.configs:
                hint = did_you_mean(name, self.configs) or "models declare options under `configs:`"
                self._problems.add(Problem("config", 0, 0, f"unknown kernel option '{name}'", hint, "unknown-config"))
        return {name: chosen.get(name, on) for name, on in self.configs.items()}

    def _options_exist(self) -> None:
        """``when`` and ``unless`` of every declaration name known options."""
        for declarations in self.declared.by_section.values():
            for one in declarations.values():
                if one.shape is None or not (one.shape.when or one.shape.unless):
                    continue
                for key, names in (("when", one.shape.when), ("unless", one.shape.unless)):
                    for name in names:
                        if name not in self.configs:
                            hint = did_you_mean(name, self.configs) or "declare it under `configs:`"
                            message = f"unknown kernel option '{name}'"
                            self._problems.add(one.problem([key], message, "unknown-config", hint))

    # ------------------------------------------------------------ names

    def _index(self, found: dict[str, Draft]) -> dict[str, Draft]:
        """Give functions and caches their indexes."""
        world = self._world
        if len(found) > self._limits.max_functions:
            first = next(iter(found.values()))
            message = f"{len(found)} functions; at most {self._limits.max_functions} are read"
            self._problems.add(Problem(first.source.file, 0, 0, message, "raise the limit", "too-many-functions"))
        index = 0
        for name in sorted(found):
            draft = found[name]
            shape = draft.shape
            if not (shape.when or shape.unless) or self._exists(name, draft):
                draft.index = index
                index += 1
            world.functions[name] = draft.index
            world.params[name] = tuple(shape.params)
        broken = [name for name, one in self.declared.by_section["functions"].items() if one.shape is None]
        world.functions.update(dict.fromkeys(broken, OFF))
        world.params.update(dict.fromkeys(broken, ()))
        index = 0
        for name, one in sorted(self.declared.by_section["caches"].items()):
            exists = one.shape is not None and world.on(one.shape.when, one.shape.unless)
            world.caches[name] = index if exists else OFF
            if one.shape is None:
                world.broken.add(name)
            index += exists
        world.each_cache = self._each_cache()
        return found

    def _exists(self, name: str, draft: Draft) -> bool:
        """Whether a function exists, perhaps only with open options; callers then test these."""
        shape, world = draft.shape, self._world
        left = world.left_open(shape.when, shape.unless) if world.open else None
        if not left or name in world.locks or name in self.declared.by_section["caches"]:
            return world.on(shape.when, shape.unless)
        world.guarded[name] = left
        return True

    def _each_cache(self) -> list[str]:
        """One cache of each sort: those with the same hooks and flags cannot be told apart."""
        sorts: dict[tuple[str | None, str | None, tuple[str, ...]], str] = {}
        for name, one in sorted(self.declared.by_section["caches"].items()):
            if self._world.caches[name] != OFF:
                sorts.setdefault((one.shape.ctor, one.shape.dtor, tuple(sorted(one.shape.flags))), name)
        return sorted(sorts.values())

    def _callbacks(self) -> None:
        """Lists of callbacks with their patches; functions that the config leaves out drop out of them."""
        for name, (functions, model, where) in sorted(self.declared.callbacks.items()):
            place = unpack(model.name, where)
            whole = list(functions)
            self._exist(functions, f"callbacks '{name}'", place, self._world.functions, "function")
            for edit, file, raw in self.declared.callback_edits.get(name, ()):
                place = unpack(file.name, raw[AT])
                self._exist(edit.add, f"patch of callbacks '{name}'", place, self._world.functions, "function")
                for gone in edit.remove:
                    if gone not in whole:
                        message = f"patch of callbacks '{name}' removes '{gone}', which is not in it"
                        self._problems.add(Problem(*place, message, did_you_mean(gone, whole), "unknown-name"))
                whole = [one for one in whole if one not in edit.remove] + [one for one in edit.add if one not in whole]
            self._world.callbacks[name] = tuple(whole)

    def _exist(self, names: list[str], what: str, place: Place, table: Mapping[str, Any], word: str) -> bool:
        good = True
        for name in names:
            if name not in table:
                message = f"{what}: unknown {word} '{name}'"
                self._problems.add(Problem(*place, message, did_you_mean(name, table), f"unknown-{word}"))
                good = False
        return good

    # ------------------------------------------------------------ expectations and waivers

    def _expectations(self) -> tuple[Expectation, ...]:
        made = []
        for shape, model, raw in self.declared.expectations:
            place = unpack(model.name, raw[AT])
            self._locks_exist(shape.locks, model.source, raw)
            if shape.function is not None and shape.function not in self._world.functions:
                line, column = place_of(model.source, raw, ("function",))
                message = f"unknown function '{shape.function}'"
                hint = did_you_mean(shape.function, self._world.functions)
                self._problems.add(Problem(model.name, line, column, message, hint, "unknown-function"))
            made.append(Expectation(shape.finding, tuple(sorted(shape.locks)), shape.function, place))
        return tuple(sorted(made, key=lambda one: one.place))

    def _locks_exist(self, names: list[str], source: SourceText, raw: Any) -> None:
        """Locks of an expectation or waiver: a lock or class, perhaps with its subclass (``X/1``)."""
        classes = {one.shape.class_ for one in self.declared.by_section["locks"].values() if one.shape}
        for index, name in enumerate(names):
            base = name.rpartition("/")[0] if name[-2:-1] == "/" and name[-1:].isdigit() else name
            if name not in self._world.locks and base not in self._world.locks and base not in classes:
                path: tuple[str | int, ...] = ("locks", index) if isinstance(raw["locks"], list) else ("locks",)
                line, column = place_of(source, raw, path)
                hint = did_you_mean(name, self._world.locks)
                self._problems.add(Problem(source.file, line, column, f"unknown lock '{name}'", hint, "unknown-lock"))

    def _waivers(self, beside_steps: list[tuple[Any, SourceText]]) -> tuple[Waiver, ...]:
        """Those of the models' lists, and those that stand beside a step."""
        made = []
        for shape, model, raw in self.declared.waivers:
            self._locks_exist(shape.locks, model.source, raw)
            made.append(waiver_of(shape, raw, model.source, self._problems, self.configs))
        for step, source in beside_steps:
            shape = adapter(WaiverShape).validate_python(step["waive"])
            self._locks_exist(shape.locks, source, step["waive"])
            one = waiver_of(shape, step["waive"], source, self._problems, self.configs)
            made.append(replace(one, place=unpack(source.file, step[AT]), step=True))
        return tuple(sorted(dict.fromkeys(made), key=lambda one: one.place))
