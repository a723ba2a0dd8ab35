"""What mutation needs to know of verbs, from the dialect's table: which is the plainer form of which, and so on.

Is: questions to the table. Is not: any verb's name: there is none here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from lockcheck.loading.dialect import shipped
from lockcheck.loading.files import section
from lockcheck.source.reader import AT

WIDEST = ("GFP_KERNEL", "GFP_USER")
"""Flags that allow everything: what a careless author writes. The first that the dialect knows is used."""

NARROWER = ("GFP_NOFS", "GFP_NOIO", "GFP_NOWAIT")
"""Flags that allow less, from most to least."""

_MASKS = ("irq", "softirq")


class Verbs:
    """The verbs of the linux dialect and of one model."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        table, _ = shipped("linux") or ({}, None)
        every = {**section(dict(table), "verbs"), **section(dict(document), "verbs")}
        self._table: dict[str, dict[str, Any]] = {key: one for key, one in every.items() if isinstance(one, dict)}
        self._gfp = section(dict(table), "gfp")

    def known(self, name: str) -> bool:
        """Whether there is such a verb."""
        return name in self._table

    def acquires(self, name: str) -> bool:
        """Whether it takes a lock and keeps it."""
        return any("acquire" in one and not one.get("sync") and "of" not in one for one in self._effects(name))

    def releases(self, name: str) -> bool:
        """Whether it drops a lock, and takes none."""
        return any("release" in one for one in self._effects(name)) and not self.acquires(name)

    def allocates(self, name: str) -> bool:
        """Whether it is an allocation point."""
        return any("allocate" in one for one in self._effects(name))

    def opens_scope(self, name: str) -> bool:
        """Whether an allocation scope begins there."""
        return any("scope" in one and not one.get("ends") for one in self._effects(name))

    def ends(self, name: str) -> str | None:
        """The verb that ends it."""
        end = self._table.get(name, {}).get("ends")
        return end if isinstance(end, str) else None

    def tries(self, name: str) -> bool:
        """Whether it may fail because somebody else holds the lock."""
        return self._table.get(name, {}).get("fails") == "try"

    def plainer(self, name: str) -> str | None:
        """The verb that does the same and leaves interrupts and softirqs alone."""
        if not self.acquires(name) or not any(_masks(one) for one in self._effects(name)):
            return None
        return self._same(name, lambda one: not _masks(one), self._table[name].get("fails"))

    def blocking(self, name: str) -> str | None:
        """The verb that waits where this one only tries."""
        return self._same(name, lambda _: True, None) if self.tries(name) and self.acquires(name) else None

    def masked(self, name: str) -> list[str]:
        """The verbs that do the same and turn interrupts or softirqs off as well, those that restore them first."""
        if not self.acquires(name) or any(_masks(one) for one in self._effects(name)):
            return []
        found = [other for other in self._table if other != name and self.plainer(other) == name]
        return sorted(found, key=lambda one: (not self._restores(one), len(one), one))

    def trying(self, name: str) -> str | None:
        """The verb that only tries where this one waits."""
        if not self.acquires(name) or self.tries(name):
            return None
        found = [other for other in self._table if self.blocking(other) == name]
        return min(found, key=lambda one: (len(one), one), default=None)

    def scopes(self) -> list[tuple[str, str]]:
        """The verbs that begin and end a scope in which allocations do less, for the whole task."""
        found = [(name, self.ends(name)) for name in self._table if self.opens_scope(name) and not self.acquires(name)]
        return sorted((name, end) for name, end in found if end is not None and not self._table[name].get("operands"))

    def narrower(self, flags: str) -> list[str]:
        """``flags`` with less in the place of what allows everything; the least change first."""
        words = flags.split("|")
        wide = [index for index, word in enumerate(words) if word.strip() in WIDEST]
        if not wide:
            return []
        names = [name for name in NARROWER if name in self._gfp]
        index = wide[0]
        return ["|".join([*words[:index], words[index].replace(words[index].strip(), name), *words[index + 1 :]])
                for name in names]  # fmt: skip

    def _restores(self, name: str) -> bool:
        return any(one.get(word) == "save" for one in self._effects(name) for word in _MASKS)

    def wider(self, flags: str) -> str | None:
        """Flags that allow everything, when ``flags`` is a name that does not."""
        widest = next((name for name in WIDEST if name in self._gfp), None)
        return widest if flags in self._gfp and flags not in WIDEST and not flags.startswith("__") else None

    def _effects(self, name: str) -> list[dict[str, Any]]:
        effects = self._table.get(name, {}).get("effects") or []
        return [one for one in effects if isinstance(one, dict)]

    def _same(self, name: str, keep: Any, fails: str | None) -> str | None:
        """The first verb whose effects are those of ``name`` that are kept, without ``try``."""
        wanted = frozenset(_bare(one) for one in self._effects(name) if keep(one))
        mine = self._table[name]
        bare = self._bare_verbs
        found = [
            other
            for other in bare.get((str(mine.get("kinds")), str(mine.get("operands")), wanted), ())
            if other != name and self._table[other].get("fails") == fails
        ]
        return found[0] if found else None

    @cached_property
    def _bare_verbs(self) -> dict[tuple[str, str, frozenset[str]], list[str]]:
        found: dict[tuple[str, str, frozenset[str]], list[str]] = {}
        for name in sorted(self._table, key=lambda one: (len(one), one)):
            verb = self._table[name]
            effects = frozenset(_bare(one) for one in self._effects(name))
            found.setdefault((str(verb.get("kinds")), str(verb.get("operands")), effects), []).append(name)
        return found


def _masks(effect: Mapping[str, Any]) -> bool:
    """Whether an effect turns interrupts or softirqs off (or, where there is none, takes what stands for it)."""
    return any(word in effect for word in _MASKS) or ("acquire" in effect and "of" in effect)


def _bare(effect: Mapping[str, Any]) -> str:
    """An effect to compare with: without its position, and whether it only tries."""
    return repr(sorted((key, str(value)) for key, value in effect.items() if key not in (AT, "try")))
