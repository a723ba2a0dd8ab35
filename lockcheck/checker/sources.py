"""Where facts come from, as the checker sees it: by kind, and lock classes by name.

Is: the protocol that an analysis, waivers and hand-made facts follow; a fact seen by a rule, with what is worked out
of its witness only when a rule asks. Is not: a maker of facts.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from lockcheck.graph.drafts import Draft
from lockcheck.model.facts import Attribute, Fact

NO_NAMES: frozenset[str] = frozenset()


class LockTable(Protocol):
    """The lock classes of a program by name, and what is taken under each."""

    @property
    def names(self) -> frozenset[str]:
        """Every class that some path takes or waits for."""

    @property
    def configs(self) -> tuple[str, ...]:
        """The kernel options that are on, sorted."""

    def attributes(self, name: str) -> Mapping[str, Attribute]:
        """What a ``lock`` fact says of a class. Raises KeyError for one that nothing takes."""

    def inner(self, name: str) -> tuple[str, ...]:
        """The classes taken under a class, sorted; none for an unknown name."""

    def hops(self, name: str) -> tuple[tuple[str, bool, bool], ...]:
        """(inner class, held exclusively, taken as recursive reader) for all that is taken under a class, sorted."""

    def reached(self, name: str) -> frozenset[str]:
        """The classes that dependencies lead to from a class, in one step or more."""

    @property
    def functions(self) -> frozenset[str]:
        """The functions that some entry reaches."""

    def below(self, kind: str, functions: frozenset[str]) -> Iterator[Draft]:
        """What is done below functions, as facts of a kind that are not made yet."""

    def under(self, kind: str, name: str) -> Iterator[Draft]:
        """What is done while a class is held. Raises KeyError for one that nothing takes."""

    def without(self, kind: str, names: frozenset[str]) -> Iterator[Draft]:
        """What is done on some path where none of these classes is held; with no names, all that is done."""

    def dependency(self, outer: str, inner: str) -> Fact:
        """The fact of one dependency. Raises LookupError when there is none."""

    def lock(self, name: str) -> Fact:
        """The fact of one class. Raises KeyError for one that nothing takes."""


class NoLocks:
    """The table of a source that knows no lock classes."""

    names = NO_NAMES
    configs: tuple[str, ...] = ()
    functions = NO_NAMES

    def below(self, kind: str, functions: frozenset[str]) -> Iterator[Draft]:
        """Nothing."""
        return iter(())

    def under(self, kind: str, name: str) -> Iterator[Draft]:
        """Nothing."""
        return iter(())

    def without(self, kind: str, names: frozenset[str]) -> Iterator[Draft]:
        """Nothing."""
        return iter(())

    def attributes(self, name: str) -> Mapping[str, Attribute]:
        """There is none."""
        raise KeyError(name)

    def inner(self, name: str) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def hops(self, name: str) -> tuple[tuple[str, bool, bool], ...]:
        """Nothing."""
        return ()

    def reached(self, name: str) -> frozenset[str]:
        """Nothing."""
        return NO_NAMES

    def dependency(self, outer: str, inner: str) -> Fact:
        """There is none."""
        raise LookupError(f"{outer} -> {inner}")

    def lock(self, name: str) -> Fact:
        """There is none."""
        raise KeyError(name)


class FactSource(Protocol):
    """Whatever has facts by kind: an analysis, waivers, or a test's hand-made ones."""

    @property
    def table(self) -> LockTable:
        """The lock classes by name."""

    def facts(self, kind: str) -> tuple[Fact, ...]:
        """All facts of that kind, sorted."""


@runtime_checkable
class SelectingSource(FactSource, Protocol):
    """A source that makes only the facts that are selected: a rule forbids few of thousands, and each has a witness."""

    def selected(
        self, kind: str, selects: Callable[[Mapping[str, Attribute]], bool], needs: frozenset[str] = frozenset()
    ) -> tuple[Fact, ...]:
        """Those of ``facts(kind)`` whose attributes ``selects`` takes, sorted.

        ``needs``: attributes that it wants to be true or not empty, whatever else it asks: what lacks one may be
        passed over.
        """


def selected(
    source: FactSource, kind: str, selects: Callable[[Mapping[str, Attribute]], bool],
    needs: frozenset[str] = frozenset(),
) -> Iterable[Fact]:  # fmt: skip
    """The facts of a kind whose attributes ``selects`` takes, sorted. It may ask of lock classes and of the witness.

    ``needs``: as in :class:`SelectingSource`.
    """
    table = source.table
    if isinstance(source, SelectingSource):
        return source.selected(kind, lambda attributes: selects(SeenFact(attributes, table)), needs)
    return (fact for fact in source.facts(kind) if selects(SeenFact.of(fact, table)))


class SeenFact(Mapping[str, Attribute]):
    """The attributes of a fact (or of a lock class) as a rule sees them.

    ``table``: for conditions about the lock classes that they name. The witness of a draft is made when one asks.
    """

    __slots__ = ("attributes", "table")

    def __init__(self, attributes: Mapping[str, Attribute], table: LockTable) -> None:
        self.attributes, self.table = attributes, table

    @classmethod
    def of(cls, fact: Fact, table: LockTable) -> SeenFact:
        """A fact that is there already."""
        return cls(Draft.of(fact), table)

    def __getitem__(self, name: str) -> Attribute:
        return self.attributes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.attributes)

    def __len__(self) -> int:
        return len(self.attributes)

    @property
    def fact(self) -> Fact | None:
        """The fact itself, made if need be; None when these are attributes alone."""
        inner = self.attributes
        if isinstance(inner, ChainMap):
            inner = next((one for one in inner.maps if isinstance(one, (Draft, SeenFact))), inner)
        return inner.fact if isinstance(inner, (Draft, SeenFact)) else None

    def of_witness(self, name: str) -> Attribute:
        """An attribute that is worked out of the witness. Raises KeyError for a name that is none."""
        if name == "configs":
            return self.table.configs
        fact = self.fact
        return OF_WITNESS[name](fact) if fact is not None else None


def seen(attributes: Mapping[str, Attribute], name: str) -> Attribute:
    """An attribute of the witness; of plain attributes what they say themselves."""
    return attributes.of_witness(name) if isinstance(attributes, SeenFact) else attributes.get(name)


def _held(fact: Fact) -> Attribute:
    return tuple(dict.fromkeys(hold.lock for hold in fact.legs[0].held))


def _entry(fact: Fact) -> Attribute:
    return fact.legs[0].entry


def _call_chain(fact: Fact) -> Attribute:
    """Functions by depth, the last at each depth, down to the last step."""
    chain: list[str] = []
    for step in fact.legs[0].steps:
        del chain[max(0, step.depth - 1) :]
        chain.append(step.function)
    return tuple(chain)


def _contexts(fact: Fact) -> Attribute:
    return tuple(sorted({leg.context for leg in fact.legs if not leg.about}))


OF_WITNESS: Mapping[str, Callable[[Fact], Attribute]] = MappingProxyType(
    {"held": _held, "entry": _entry, "call_chain": _call_chain, "contexts": _contexts, "configs": lambda fact: ()}
)
"""What can be worked out of a witness, by attribute; ``configs`` come from the table."""
