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
    queue runs one item at a time or has a rescuer). ``only_with``: lock that is off to the options that decide it.
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
        return all(self.config.get(name, False) for name in when) and not any(
            self.config.get(name, False) for name in unless
        )

    def parameter_types(self, bodies: Mapping[str, Any]) -> Mapping[tuple[str, str], str]:
        """Types of parameters by use; found out once, when first needed."""
        if self._types is None:
            self._types = parameter_types(bodies, self.dialect)
        return self._types

    def lock(self, name: str) -> Value | None:
        """The lock of that name."""
        index = self.locks.get(name)
        return None if index is None else Value("lock", index)

    def value(self, text: str, wanted: str | None = None) -> Ref | None:
        """What ``text`` names: a lock, a cache, a function or gfp flags; None when it is none of them.

        ``wanted`` restricts to one of ``lock``, ``cache``, ``function``, ``gfp``.
        """
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
