"""What happens on a path, before anybody composes or judges it.

Is: the records that actions leave in a function's log, each with the state just before it.
Is not: a fact with a witness: those are put together in ``graph``.

Glossary words defined here: acquisition, event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from lockcheck.analysis.state import HeldLock, HeldStack, State


class Acquired(NamedTuple):
    """An acquisition: ``entry`` is what goes on the stack. ``sync`` leaves nothing there. ``excused``: the nest lock
    or an order function stands for its order, so that no dependency is recorded.
    ``replayed``: re-taken because a lock below it was dropped first (lockdep's reacquire_held_locks)."""

    state: State
    entry: HeldLock
    sync: bool
    outer: int
    excused: bool
    recursion: HeldStack | None
    limit: int
    replayed: bool


class Enabled(NamedTuple):
    """Interrupts went from off to on: every held lock may now be interrupted."""

    state: State
    hardirq: bool
    softirq: bool


class Asserted(NamedTuple):
    """lockdep_assert_held and kin. ``ok``: decided by this function's own holds; None: its caller decides.

    ``what``: the fact kind it becomes when it fails: ``assertion``, or ``lock-memory`` / ``user-return`` for steps
    where nothing (``lock`` -1) or not this lock may be held; ``detail`` is the word for it.
    """

    state: State
    lock: int
    held: bool
    mode: int | None
    contract: bool
    ok: bool | None
    what: str = "assertion"
    detail: str = ""


class Misstep(NamedTuple):
    """A step that cannot be right here: ``what`` is a fact kind (``release``, ``nest-lock``, ``pin``,
    ``lock-memory``, ``user-return``, ``irq-enable``, ``irq-state``, ``depth``)."""

    state: State
    what: str
    lock: int
    detail: str = ""
    other: int = -1


class Allocated(NamedTuple):
    """An allocation point; ``gfp`` after the task's scopes were applied."""

    state: State
    gfp: int
    what: str


class Freed(NamedTuple):
    """Memory given back. ``cache`` is the index of the slab cache, -1 where that is not known."""

    state: State
    what: str
    cache: int


class Slept(NamedTuple):
    """A step that may sleep."""

    state: State
    what: str


class Signalled(NamedTuple):
    """complete() or wake_up(): ends a wait for ``lock``."""

    state: State
    lock: int


class NotFollowed(NamedTuple):
    """Something the model leaves open (``why`` says what)."""

    state: State
    why: str


Event: TypeAlias = "Acquired | Enabled | Asserted | Misstep | Allocated | Freed | Slept | Signalled | NotFollowed"
