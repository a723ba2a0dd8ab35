"""Functions of the program: bodies lowered, patches wrapped around them, entries, roles and contracts.

Is: from declarations to :class:`~lockcheck.model.program.Function`. Is not: the lowering of steps (``body``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lockcheck.loading.body import Body, Shared
from lockcheck.loading.decide import condition
from lockcheck.loading.declare import Declaration, Declarations, Patched
from lockcheck.loading.entries import Entries
from lockcheck.loading.shape_errors import problems_of
from lockcheck.loading.shapes import FunctionShape, HeldShape
from lockcheck.loading.world import OFF, World
from lockcheck.model.locks import Mode
from lockcheck.model.program import Function
from lockcheck.model.steps import Assert, Branch, Call, Do, Param, Ref, Step, Value
from lockcheck.source.problems import Collector, did_you_mean, quote
from lockcheck.source.reader import AT
from lockcheck.source.text import SourceText
from lockcheck.source.typed import ShapeError, adapter


@dataclass(slots=True)
class Draft:
    """A function to be lowered. ``patched`` and ``wraps``: it is a patch's steps around the function it wraps."""

    name: str
    declaration: Declaration
    source: SourceText
    where: int
    raw: Any
    outermost: bool = True
    patched: Patched | None = None
    wraps: str | None = None
    index: int = OFF
    roles: set[str] = field(default_factory=set)

    @property
    def shape(self) -> FunctionShape:
        """The declaration's shape; only asked for when there is one."""
        shape: FunctionShape = self.declaration.shape
        return shape


def drafts(declared: Declarations) -> dict[str, Draft]:
    """All functions by name. A function with patches before or after it becomes a chain of calls."""
    found: dict[str, Draft] = {}
    for name, declaration in declared.by_section["functions"].items():
        if declaration.shape is None:
            continue
        raw, source = declaration.layer_of("steps")
        where = declaration.where if len(declaration.layers) == 1 or source is declaration.layers[0][1] else raw[AT]
        wrappers = declared.wrappers.get(name, [])
        inner = Draft(name, declaration, source, where, raw, not wrappers)
        for patched in wrappers:
            inner.name = f"{name} (as in {inner.source.file})"
            found[inner.name] = inner
            inner = Draft(
                name,
                declaration,
                patched.source,
                patched.where,
                patched.raw,
                patched is wrappers[-1],
                patched,
                inner.name,
            )
        found[name] = inner
    return found


class Functions:
    """Lowers all functions."""

    def __init__(self, world: World, declared: Declarations, shared: Shared, found: dict[str, Draft]) -> None:
        self._world = world
        self._declared = declared
        self._shared = shared
        self._drafts = found
        self._problems: Collector = shared.problems

    def build(self, entries: Entries) -> tuple[Function, ...]:
        """All functions that exist in the config, sorted by name. Steps of the others are checked all the same."""
        steps = {}
        for name in sorted(self._drafts):
            draft = self._drafts[name]
            steps[name] = self._steps(draft, draft.index != OFF)
        made = entries.of_functions()
        return tuple(
            self._function(draft, steps[name], made)
            for name, draft in sorted(self._drafts.items())
            if draft.index != OFF
        )

    def _function(self, draft: Draft, steps: tuple[Step, ...], made: dict[str, tuple[Any, set[str]]]) -> Function:
        shape = draft.shape
        entries, roles = made.get(draft.name, ((), set())) if draft.outermost else ((), set())
        own = set(shape.role) if draft.outermost else set()
        return Function(
            draft.name, draft.source.file, draft.where, steps, tuple(shape.params), tuple(entries),
            tuple(sorted(roles | own)), shape.at, shape.thread, shape.phase == "init",
            self._indexes(draft, "not_beside", shape.not_beside, self._world.functions, "function"),
            self._indexes(draft, "returns_holding", shape.returns_holding, self._world.locks, "lock"),
            self._indexes(draft, "undoes", shape.undoes, self._world.functions, "function") if draft.outermost else (),
        )  # fmt: skip

    def _indexes(self, draft: Draft, key: str, names: list[str], table: dict[str, int], what: str) -> tuple[int, ...]:
        """The indexes of names in a list of the declaration; unknown ones are problems."""
        found = []
        for position, name in enumerate(names):
            if name not in table:
                message = f"{key} of '{draft.declaration.name}': unknown {what} '{name}'"
                path: list[str | int] = self._path(draft, key, position)
                hint = did_you_mean(name, table)
                self._problems.add(draft.declaration.problem(path, message, f"unknown-{what}", hint))
            elif table[name] != OFF:
                found.append(table[name])
        return tuple(sorted(found))

    def _path(self, draft: Draft, key: str, position: int) -> list[str | int]:
        raw, _ = draft.declaration.layer_of(key)
        return [key, position] if isinstance(raw.get(key), list) else [key]

    # ------------------------------------------------------------ steps

    def _steps(self, draft: Draft, active: bool) -> tuple[Step, ...]:
        params = tuple(draft.shape.params)
        guard = self._world.guarded.get(draft.name)
        if guard is not None:
            body = self._lowered(draft, params, active, guard)
            return (Branch(condition(guard), body, (), draft.where),)
        return self._lowered(draft, params, active, {})

    def _lowered(self, draft: Draft, params: tuple[str, ...], active: bool, guard: dict[str, bool]) -> tuple[Step, ...]:
        """The steps of a draft, which exists with these open options only."""
        contracts = self._contracts(draft) if draft.outermost else ()

        def lower(key: str) -> tuple[Step, ...]:
            return Body(self._shared, draft.name, params, draft.source, active, guard).lower(draft.raw, key)

        if draft.patched is None or draft.wraps is None:
            return contracts + lower("steps")
        target = Value("function", self._world.functions[draft.wraps])
        args = tuple((name, Param(name)) for name in sorted(params))
        call = Call((target,), args, draft.where, f"{draft.declaration.name}()", draft.shape.at)
        for name in params:
            self._shared.flow.passes(draft.name, draft.wraps, name)
        return (*contracts, *lower("before"), call, *lower("after"))

    def _contracts(self, draft: Draft) -> tuple[Step, ...]:
        """``held:`` and ``must_not_hold:`` as assertions that run first."""
        steps: list[Step] = []
        shape = draft.shape
        for position, item in enumerate(shape.held):
            name, mode = (item, "any") if isinstance(item, str) else self._held(draft, item, position)
            lock = self._contract_lock(draft, "held", position, name)
            if lock is not None:
                wanted = None if mode == "any" else Mode[mode.upper()]
                steps.append(Do((Assert(lock, True, wanted, True),), draft.where, f"called with {name} held"))
        for position, name in enumerate(shape.must_not_hold):
            lock = self._contract_lock(draft, "must_not_hold", position, name)
            if lock is not None:
                steps.append(Do((Assert(lock, False, None, True),), draft.where, f"called without {name} held"))
        return tuple(steps)

    def _held(self, draft: Draft, item: Any, position: int) -> tuple[str, str]:
        """Lock and mode of one entry of ``held:`` that is not a plain name."""
        _, source = draft.declaration.layer_of("held")
        if not isinstance(item, dict):
            message = f"held of '{draft.declaration.name}': expected a lock, found {quote(item)}"
            path = self._path(draft, "held", position)
            self._problems.add(draft.declaration.problem(path, message, "wrong-type"))
            return "", "any"
        try:
            shape = adapter(HeldShape).validate_python(item)
        except ShapeError as error:
            self._problems.add_all(problems_of(error, HeldShape, source, item, "a held lock"))
            return "", "any"
        return shape.lock, shape.mode

    def _contract_lock(self, draft: Draft, key: str, position: int, name: str) -> Ref | None:
        """The lock of a contract: declared, or a parameter. None (quietly) when it is off, or was a problem."""
        if not name:
            return None
        if name.startswith("$") and name[1:] in draft.shape.params:
            return Param(name[1:])
        value = self._world.lock(name)
        if value is None:
            message = f"{key} of '{draft.declaration.name}': unknown lock '{name}'"
            hint = did_you_mean(name, self._world.locks)
            path = self._path(draft, key, position)
            self._problems.add(draft.declaration.problem(path, message, "unknown-lock", hint))
        return value if value is not None and value.value != OFF else None
