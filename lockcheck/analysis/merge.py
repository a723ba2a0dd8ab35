"""The walk of a function with very many lock states at one point: states are merged, not multiplied.

Is: a fallback for functions where more than STATE_LIMIT states meet (forty conditional acquisitions that stay held):
held locks become *maybe held*, so that the work stays linear in the steps. Is not: the normal walk.

A maybe-held lock takes part in every pair it could be part of, so no dependency is lost; two locks that no single
path holds together may be paired. Functions walked this way are named in the run's summary.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lockcheck.analysis.state import Universe

if TYPE_CHECKING:
    from lockcheck.analysis.walk import Node, Walker

STATE_LIMIT = 128
"""How many states may meet at one point of a function before they are merged."""


class Merger:
    """Walks one node with merged states."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe

    def paths(self, walker: Walker, node: Node) -> Iterator[Node]:
        """As ``Walker.paths``, over merged states."""
        yield from ()
