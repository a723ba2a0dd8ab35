"""Python's cyclic collector, paused while many values are made that all stay.

Is: one context manager for whoever reads or analyses a large input. Is not: a bound on memory; ``limits`` are that.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_MANY: Final = 200_000
_left_old = False


@contextmanager
def collector_paused() -> Iterator[None]:
    """No search for cycles inside: a million fresh values that all stay alive make it search for nothing.

    Values without cycles are freed as ever. Nests; at the end the collector is as it was. When very many values were
    made they count as old from then on, or the first small search afterwards would go through all of them; whatever
    of them is dropped is then freed before the next pause at the latest.
    """
    global _left_old
    if not gc.isenabled():
        yield
        return
    if _left_old:
        _left_old = False
        gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] > _MANY and not gc.get_freeze_count():
            gc.freeze()  # and back: all that is young joins the oldest generation, without being looked at
            gc.unfreeze()
            _left_old = True
        gc.enable()
