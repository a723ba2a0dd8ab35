"""Names of one program for one kernel config: what is declared, which index it has, which options are on.

Is: tables for looking up. Is not: the building of declarations or of steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lockcheck.loading import gfp
from lockcheck.loading.dialect import Dialect
from lockcheck.loading.infer import parameter_types
from lockcheck.model.steps import Param, Ref, Value
from lockcheck.source.problems import nearest

OFF = -1
"""Index of something that the chosen config leaves out."""

ANY = "any"
"""As the value of a cache parameter: each cache in turn."""


@dataclass(slots=True)
class World:
    """``locks``, ``caches``, ``functions``: name to index, or :data:`OFF`. ``kind_of``: lock to the name of its kind.

    ``params``: parameters of each function. ``queues``: work item to (lock index of its queue or None, whether the
    queue runs one item at a time or has a rescuer).

    ``broken``: locks and caches whose declaration is a problem already; their uses are none.

    ``open``: options that steps may leave to the analysis; for all else they are what ``config`` says, and then they
    are noted in ``demanded``: this program does not stand for their other value. ``guarded``: for functions and locks
    that exist only with open options, what these must be.
    """

    dialect: Dialect
    config: Mapping[str, bool]
    locks: dict[str, int] = field(default_factory=dict)
    kind_of: dict[str, str] = field(default_factory=dict)
    caches: dict[str, int] = field(default_factory=dict)
    functions: dict[str, int] = field(default_factory=dict)
    params: dict[str, tuple[str, ...]] = field(default_factory=dict)
    callbacks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    queues: dict[str, tuple[int | None, bool]] = field(default_factory=dict)
    lock_names: Sequence[str] = ()
    function_names: Sequence[str] = ()
    each_cache: Sequence[str] = ()
    open: frozenset[str] = frozenset()
    demanded: set[str] = field(default_factory=set)
    guarded: dict[str, dict[str, bool]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    _types: dict[tuple[str, str], str] | None = None

    def each(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The arguments ``given``, once for each cache when one of them is :data:`ANY`.

        Caches with the same constructor, destructor and flags do the same, so one of them stands for all.
        """
        wild = [key for key, value in given.items() if value == ANY]
        if not wild or self.value(ANY) is not None:
            return [dict(given)]
        return [{**given, **dict.fromkeys(wild, name)} for name in self.each_cache]

    def on(self, when: Iterable[str], unless: Iterable[str]) -> bool:
        """Whether something with these conditions exists: all of ``when`` on, none of ``unless``."""
        left = self.left_open(when, unless) if self.open else None
        if left:
            self.demanded.update(left)
        return all(self.config.get(name, False) for name in when) and not any(
            self.config.get(name, False) for name in unless
        )

    def left_open(self, when: Iterable[str], unless: Iterable[str]) -> dict[str, bool] | None:
        """What open options must be for something with these conditions to exist; None when it never does."""
        left: dict[str, bool] = {}
        for names, value in ((when, True), (unless, False)):
            for name in names:
                if name not in self.open:
                    if self.config.get(name, False) is not value:
                        return None
                elif left.setdefault(name, value) is not value:
                    return None
        return left

    def demand(self, name: str) -> None:
        """Something that exists only with open options is used in a way that the analysis cannot leave open."""
        if name in self.guarded:
            self.demanded.update(self.guarded[name])

    def parameter_types(self, bodies: Mapping[str, Any]) -> Mapping[tuple[str, str], str]:
        """Types of parameters by use; found out once, when first needed."""
        if self._types is None:
            self._types = parameter_types(bodies, self.dialect)
        return self._types

    def lock(self, name: str) -> Value | None:
        """The lock of that name."""
        index = self.locks.get(name)
        self.demand(name)
        return None if index is None else Value("lock", index)

    def value(self, text: str, wanted: str | None = None, guarded: bool = False) -> Ref | None:
        """What ``text`` names: a lock, a cache, a function or gfp flags; None when it is none of them.

        ``wanted`` restricts to one of ``lock``, ``cache``, ``function``, ``gfp``. ``guarded``: the caller sees to
        what exists only with open options.
        """
        if not guarded and self.guarded:
            self.demand(text)
        for kind, table in (("lock", self.locks), ("cache", self.caches), ("function", self.functions)):
            if text in table and wanted in (None, kind):
                return Value(kind, table[text])
        if wanted not in (None, "gfp"):
            return None
        try:
            param, bits = gfp.parse(text, self.dialect.gfp)
        except gfp.GfpError:
            return None
        return Value("gfp", bits) if param is None else Param(param)

    def ambiguous(self, text: str) -> bool:
        """Whether ``text`` names things of several types."""
        return sum(text in table for table in (self.locks, self.caches, self.functions)) > 1

    def nearest_value(self, text: str, wanted: str | None = None) -> str | None:
        """The name closest to ``text`` among what :meth:`value` could have found."""
        tables: dict[str, Iterable[str]] = {
            "lock": self.locks, "cache": self.caches, "function": self.functions, "gfp": self.dialect.gfp,
        }  # fmt: skip
        chosen = [tables[wanted]] if wanted in tables else list(tables.values())
        return nearest(text, [name for table in chosen for name in table])
