"""Kernel configs as sets: a condition on options, and which configs a run checked.

Is: small values, and the logic of conditions (simplest form, number of configs). Is not: a choice of what to check.

Glossary words defined here: condition, varied option.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Cube: TypeAlias = "frozenset[tuple[str, bool]]"
"""A conjunction: options with the value that they must have. The empty one holds in every config."""

MOST_COUNTED = 63
"""Options above which the number of their combinations is no longer counted: it would not fit into a machine word."""


def text_of(option: tuple[str, bool]) -> str:
    """``CONFIG_X=y`` or ``CONFIG_X=n``."""
    return f"{option[0]}={'y' if option[1] else 'n'}"


@dataclass(frozen=True, slots=True)
class Condition:
    """In which configs something is so: in those where all options of one of ``any_of`` are as it says.

    Only options that decide are in it, and of those only what a run varied: it speaks for the configs that the run
    checked. No alternative: in none; an empty one (``ALWAYS``): in all of them.
    """

    any_of: tuple[tuple[tuple[str, bool], ...], ...] = ((),)

    @classmethod
    def of(cls, cubes: Iterable[Cube]) -> Condition:
        """The simplest condition that holds where one of ``cubes`` does: no option or alternative too many."""
        given = list(dict.fromkeys(cubes))
        if len(given) < 2:
            return cls(tuple(tuple(sorted(cube)) for cube in given))
        wide = sorted({_widened(cube, given) for cube in given}, key=_order)
        kept = list(wide)
        for cube in reversed(wide):
            others = [other for other in kept if other != cube]
            if _covered(cube, others):
                kept = others
        return cls(tuple(tuple(sorted(cube)) for cube in kept))

    @property
    def always(self) -> bool:
        """It holds in every config that was checked."""
        return () in self.any_of

    @property
    def options(self) -> tuple[str, ...]:
        """The options that decide, sorted."""
        return tuple(sorted({name for one in self.any_of for name, _ in one}))

    def holds(self, config: Mapping[str, bool]) -> bool:
        """Whether it holds in a config that says something about each of ``options``."""
        return any(all(config[name] is value for name, value in one) for one in self.any_of)

    def meets(self, cube: Cube) -> bool:
        """Whether it holds in some config of ``cube``."""
        values = dict(cube)
        return any(all(values.get(name, on) is on for name, on in one) for one in self.any_of)

    def without(self, cube: Cube) -> Condition:
        """The condition that holds where this one does, but for the configs of ``cube``."""
        found: list[Cube] = []
        for one in map(frozenset, self.any_of):
            if not Condition((tuple(one),)).meets(cube):
                found.append(one)
                continue
            before: Cube = one
            for name, on in sorted(cube - one):
                found.append(before | {(name, not on)})
                before |= {(name, on)}
        return Condition.of(found)

    def count(self, varied: Sequence[str]) -> int:
        """In how many combinations of the options ``varied`` it holds."""
        return _count([frozenset(one) for one in self.any_of], len(varied))

    def __str__(self) -> str:
        """``CONFIG_A=y and CONFIG_B=n, or CONFIG_C=y``; ``every config``; ``no config``."""
        if self.always:
            return "every config"
        return ", or ".join(" and ".join(map(text_of, one)) for one in self.any_of) or "no config"


ALWAYS = Condition()
NEVER = Condition(())


@dataclass(frozen=True, slots=True)
class Configs:
    """Which configs a run checked: all combinations of the options ``varied``, each with the others as in ``fixed``.

    ``skipped``: how many of these combinations it did not get to (at most 2**63 are counted). ``runs``: how many
    analyses that took.
    """

    fixed: tuple[tuple[str, bool], ...] = ()
    varied: tuple[str, ...] = ()
    skipped: int = 0
    runs: int = 1

    @property
    def count(self) -> int:
        """How many were checked, 1 without ``varied``."""
        return int(2 ** min(len(self.varied), MOST_COUNTED) - self.skipped)

    def within(self, options: Iterable[tuple[str, bool]]) -> Cube | None:
        """Those of the configs in which these options are so, by the varied ones; None when they never are."""
        fixed = dict(self.fixed)
        left = frozenset(option for option in options if option[0] in self.varied)
        return left if all(fixed.get(name) is on for name, on in options if (name, on) not in left) else None

    @property
    def names(self) -> frozenset[str]:
        """All options, varied and fixed."""
        return frozenset((*self.varied, *(name for name, _ in self.fixed)))


ONE_CONFIG = Configs()


def _order(cube: Cube) -> tuple[int, list[tuple[str, bool]]]:
    return len(cube), sorted(cube, key=lambda option: (option[0], not option[1]))


def _widened(cube: Cube, cubes: Sequence[Cube]) -> Cube:
    """The cube without the options that it does not need to stay inside ``cubes``."""
    for option in sorted(cube):
        wider = cube - {option}
        if _covered(wider, cubes):
            cube = wider
    return cube


def _covered(cube: Cube, cubes: Sequence[Cube]) -> bool:
    """Every config of ``cube`` is in one of ``cubes``."""
    values = dict(cube)
    left = [other - cube for other in cubes if all(values.get(name, value) is value for name, value in other)]
    if any(not one for one in left):
        return True
    if not left:
        return False
    name = _most_frequent(left)
    return all(_covered(frozenset({(name, value)}), left) for value in (True, False))


def _most_frequent(cubes: Iterable[Cube]) -> str:
    tally = Counter(name for cube in cubes for name, _ in cube)
    return min(tally, key=lambda name: (-tally[name], name))


def _count(cubes: Sequence[Cube], free: int) -> int:
    """How many combinations of ``free`` options are in one of ``cubes``."""
    if not cubes:
        return 0
    if any(not cube for cube in cubes):
        return int(2 ** min(free, MOST_COUNTED))
    name = _most_frequent(cubes)
    total = 0
    for value in (True, False):
        total += _count([cube - {(name, value)} for cube in cubes if (name, not value) not in cube], free - 1)
    return min(total, int(2**MOST_COUNTED))


def count_of(cubes: Iterable[Cube], varied: Sequence[str]) -> int:
    """How many combinations of the options ``varied`` are in one of ``cubes``; 2**63 when they are more."""
    return _count(list(cubes), len(varied))
