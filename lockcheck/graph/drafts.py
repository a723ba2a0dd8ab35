"""Facts that are not made yet: what is known of them without their witness, and the rest on demand.

Is: how a rule selects among thousands of facts while only those it selects are told step by step.
Is not: another kind of fact: a draft that is made is the same fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from lockcheck.model.facts import Attribute, Fact

Maker: TypeAlias = Callable[[], Fact]


class Draft(Mapping[str, Attribute]):
    """The attributes of a fact. ``known``: those that no witness is needed for; to ask for another makes the fact."""

    __slots__ = ("_fact", "_known", "_make")

    def __init__(self, known: Mapping[str, Attribute], make: Maker) -> None:
        self._known, self._make = known, make
        self._fact: Fact | None = None

    @classmethod
    def of(cls, fact: Fact) -> Draft:
        """A draft of a fact that is there already."""
        return cls(dict(fact.attributes), lambda: fact)

    @property
    def fact(self) -> Fact:
        """The fact, made when it is first asked for."""
        if self._fact is None:
            self._fact = self._make()
        return self._fact

    def __getitem__(self, name: str) -> Attribute:
        if name in self._known:
            return self._known[name]
        return dict(self.fact.attributes)[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.fact.attributes)

    def __len__(self) -> int:
        return len(self.fact.attributes)
