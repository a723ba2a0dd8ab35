"""What a model says about kernel sources: a line, and what ought to stand there.

Is: the values between whoever reads models and whoever reads the kernel. Is not: part of the program: no verdict
depends on a line number.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from lockcheck.model.places import Place

STATUSES: Final = ("unread", "gone", "changed", "unclear", "moved", "ok")
"""Worst first."""


class Reference(NamedTuple):
    """One ``at: file:line``.

    ``kind``: ``function``, ``step``, ``lock``, ``cache`` ... ``name``: what is declared, or the step as written.
    ``function``: the modelled function a step is in. ``place``: of the ``at`` value in the model.
    ``inside``: C functions that the line may be in, the likeliest first (for a function: its names in C).
    ``heads``: words in C one of which says that it happens; ``beside``: words one of which has to stand in the same
    statement as a head (empty: none has to). ``alone``: words each of which is enough, such as a wrapper's name.
    ``flags``: GFP constants of which the statement has to name one, if it names any.
    """

    kind: str
    name: str
    function: str | None
    file: str
    line: int
    place: Place
    inside: tuple[str, ...] = ()
    heads: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()
    alone: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()

    @property
    def at(self) -> str:
        """The reference as written."""
        return f"{self.file}:{self.line}"


class Held(NamedTuple):
    """A reference, held against a kernel tree. ``now``: file and line where it stands there, when that is known."""

    reference: Reference
    status: str
    now: tuple[str, int] | None = None
    why: str = ""
