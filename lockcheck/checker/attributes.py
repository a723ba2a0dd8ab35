"""What an attribute of a fact can be: its shape, its words, whether it may be absent; and what a fact kind is.

Is: the types of the table of fact kinds. Is not: the table (``kinds.py``).

Glossary words defined here: fact kind, attribute.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Shape(Enum):
    """What values of an attribute look like."""

    TEXT = "text"
    FLAG = "true or false"
    NUMBER = "number"
    LIST = "list of texts"
    LOCK = "lock class"
    LOCKS = "list of lock classes"


LISTS = (Shape.LIST, Shape.LOCKS)
TEXTS = (Shape.TEXT, Shape.LOCK)


@dataclass(frozen=True, slots=True)
class AttributeType:
    """One attribute. ``words``: the only texts it can be (or hold), or None for any; ``optional``: it may be absent.

    ``of_witness``: worked out of the witness when a rule asks, not stored in the fact.
    """

    shape: Shape
    doc: str
    words: tuple[str, ...] | None = None
    optional: bool = False
    of_witness: bool = False


@dataclass(frozen=True, slots=True)
class FactKind:
    """One kind of fact, its attributes by name (the common ones included)."""

    name: str
    doc: str
    attributes: MappingProxyType[str, AttributeType]

    @property
    def noun(self) -> str:
        """``an allocation fact``, ``a usage-conflict fact``: for messages."""
        return f"{'an' if self.name[0] in 'aeio' else 'a'} {self.name} fact"
