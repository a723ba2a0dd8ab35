"""Open options around the steps of one function, and what they say about the things that steps use.

Is: which options the step at hand depends on; tests around calls of functions, and a demand where something exists
with open options only and is used outside of these. Is not: the lowering of steps (``body``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockcheck.loading.decide import condition, options_in
from lockcheck.loading.world import World
from lockcheck.model.steps import Branch, Cond, Step


class Guard:
    """``options``: open options that the step at hand depends on, with what they must be (None: no one value)."""

    __slots__ = ("options", "world")

    def __init__(self, world: World, options: Mapping[str, bool]) -> None:
        self.world = world
        self.options: dict[str, bool | None] = dict(options)

    def within(self, options: Mapping[str, bool | None]) -> dict[str, bool | None]:
        """Depend on these too; what to put back into ``options`` afterwards."""
        before = self.options
        self.options = {**before, **options}
        return before

    def branch(self, cond: Cond | None, taken: bool) -> dict[str, bool | None]:
        """:meth:`within` one branch of a condition."""
        names = options_in(cond) if cond is not None else ()
        plain = cond is not None and cond.op == "option"
        return self.within(dict.fromkeys(names, taken if plain else None))

    def demand(self) -> None:
        """What stands here cannot be left open."""
        self.world.demanded.update(self.options)

    def calls(self, name: str, calls: list[Step], where: int, out: list[Step]) -> None:
        """Calls of a function; of one that exists with open options only, under a test of these."""
        guard = self.world.guarded.get(name)
        if guard is None or not calls or all(self.options.get(key) is value for key, value in guard.items()):
            out.extend(calls)
        else:
            out.append(Branch(condition(guard), tuple(calls), (), where))

    def locks(self, names: list[Any]) -> None:
        """Locks that exist with open options only must stand under these; else a run of the other value says so."""
        for name in names:
            guard = self.world.guarded.get(name) if name.__class__ is str else None
            for key, value in (guard or {}).items():
                if self.options.get(key) is not value:
                    self.world.demanded.add(key)

    def bare(self, raw: dict[str, Any], name: str) -> bool:
        """Whether a step has nothing beside its main key but perhaps ``at``, and no option decides about its lock."""
        operand = raw[name]
        simple = len(raw) == 2 or (len(raw) == 3 and "at" in raw)
        return simple and not (operand.__class__ is str and operand in self.world.guarded)
