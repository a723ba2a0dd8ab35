"""The shapes that a rule's judgement can have, one module each.

Is: the registry. A shape is a key of a rule file (``forbid``) with a function that compiles it; ``schema.py`` says
what else the file may hold beside it. To add one: a module with ``build`` and its words, an entry here, its fields in
the schema.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import NamedTuple

from lockcheck.checker.shapes import forbid, leaf, order, regions
from lockcheck.checker.shapes.base import Judged, Reading, Words


class Shape(NamedTuple):
    """How a shape is compiled, and its words (None: the rule file must have them all)."""

    build: Callable[[Reading], Judged]
    words: Words | None


SHAPES: MappingProxyType[str, Shape] = MappingProxyType(
    {
        "forbid": Shape(forbid.build, None),
        "order": Shape(order.build, order.WORDS),
        "exhaustive": Shape(order.build_exhaustive, order.EXHAUSTIVE),
        "leaf": Shape(leaf.build, leaf.WORDS),
        "never": Shape(regions.build_never, regions.NEVER),
        "only": Shape(regions.build_only, regions.ONLY),
        "requires_held": Shape(regions.build_required, regions.REQUIRED),
        "independent": Shape(regions.build_independent, regions.INDEPENDENT),
    }
)
"""Every shape by its key. ``forbid`` stands alone; the others, which declare something, may stand together."""
