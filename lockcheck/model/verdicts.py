"""What re-checking a certificate came to.

Is: a value. Is not: the checking.
"""

from __future__ import annotations

from typing import NamedTuple


class Verdict(NamedTuple):
    """``refusals`` say why a certificate does not hold (none: it holds). ``not_covered``: what it takes on trust.

    ``inputs``, ``summaries``, ``steps`` and ``dependencies`` count what was looked at.
    """

    refusals: tuple[str, ...]
    established: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()
    inputs: int = 0
    summaries: int = 0
    steps: int = 0
    dependencies: int = 0
