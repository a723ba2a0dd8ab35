"""A program in the corpus format as positions: what an actor holds, and what may happen to it, at each stop.

Is: the static part of the oracle. A path is a straight line, so all that depends on one actor alone (held locks,
interrupt flags) is known at each position before the search. Is not: the search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

EXCLUSIVE: Final = "exclusive"
FAIR: Final = "fair reader"
"""Waits for a writer that holds or waits."""
GREEDY: Final = "greedy reader"
"""Waits for a writer that holds; passes those that wait."""

FAIR_TYPES: Final = frozenset({"rwsem", "rwlock", "map"})
"""Lock types whose waiting writers stop fair readers."""
UNCONTENDED: Final = frozenset({"rcu", "rcu_bh", "rcu_sched", "wait_override"})
"""Nobody ever waits for these."""

RECLAIMING: Final = {"GFP_KERNEL": {"io", "fs"}, "GFP_NOFS": {"io"}, "GFP_NOIO": set[str]()}
"""gfp words that allow direct reclaim, with what it may do."""

_ACQUIRE: Final = {
    "lock": EXCLUSIVE, "trylock": EXCLUSIVE, "ww_lock": EXCLUSIVE, "ww_trylock": EXCLUSIVE, "ww_acquire_init": "",
    "read_lock": FAIR, "read_trylock": FAIR, "read_lock_recursive": GREEDY, "read_trylock_recursive": GREEDY,
    "read_lock_queued": FAIR,
}  # fmt: skip
_TRY: Final = frozenset({"trylock", "read_trylock", "read_trylock_recursive", "ww_trylock"})


class Position(NamedTuple):
    """Where an actor can stand: before an operation.

    ``kind``: ``acquire``, ``try``, ``sync``, ``wait``, ``complete``, ``alloc`` or ``step``. ``lock`` and ``mode`` are
    what it asks for. ``queues``: a blocked attempt of a writer stops fair readers. ``holds``: (lock, mode) pairs held
    here. ``hardirqs``, ``softirqs``: interrupts that can strike here. ``next``: index of the position after it, -1
    for the end. ``runs``: indexes of the reclaim paths that an allocation here may run.
    """

    kind: str
    lock: str
    mode: str
    queues: bool
    holds: tuple[tuple[str, str], ...]
    hardirqs: bool
    softirqs: bool
    next: int
    runs: tuple[int, ...] = ()


class Path(NamedTuple):
    """A sequence: its context, the thread it is confined to, whether it is the body of reclaim, its first position."""

    context: str
    thread: str | None
    reclaim: frozenset[str] | None
    notifier: bool
    first: int


@dataclass(slots=True)
class Programme:
    """All positions and paths of a case."""

    positions: list[Position] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    waits: bool = False


@dataclass(frozen=True, slots=True)
class _Now:
    """An actor's own state while its path is read."""

    hardirqs: bool
    bh: int
    serving_hard: bool
    serving_soft: bool
    holds: tuple[tuple[str, str], ...] = ()
    saved: tuple[bool, ...] = ()
    outside: tuple[tuple[bool, bool, bool], ...] = ()
    nofs: int = 0
    noio: int = 0
    noreclaim: int = 0

    @property
    def softirqs(self) -> bool:
        """Softirqs can strike."""
        return self.hardirqs and not (self.bh or self.serving_soft or self.serving_hard)

    @property
    def in_interrupt(self) -> bool:
        """The kernel's in_interrupt(): BH-off counts."""
        return bool(self.bh or self.serving_soft or self.serving_hard)


def programme(case: Mapping[str, Any]) -> Programme:
    """The positions of all sequences of a case."""
    made = Programme()
    interrupts = any(one["context"] != "task" for one in case["sequences"])
    reclaims = [_reclaim_of(one["ops"]) for one in case["sequences"]]
    bodies = [at for at, (flags, notifier) in enumerate(reclaims) if flags is not None or notifier]
    for at, one in enumerate(case["sequences"]):
        flags, notifier = reclaims[at]
        reader = _Reader(case, made, interrupts, bodies, reclaims)
        first = reader.read(one)
        made.paths.append(Path(one["context"], one.get("thread"), flags, notifier, first))
        made.waits |= any(op[0] == "wait" for op in one["ops"])
    return made


def _reclaim_of(ops: Sequence[Sequence[Any]]) -> tuple[frozenset[str] | None, bool]:
    """What reclaim must be allowed to do to run this path as its body; and whether it is a notifier's body."""
    if ops and ops[0][0] == "reclaim_enter":
        return frozenset(RECLAIMING.get(ops[0][1].split("|")[0], {"never"})), False
    return None, bool(ops) and list(ops[0][:2]) == ["lock", "mmu_notifier"]


class _Reader:
    """Turns one sequence into positions."""

    def __init__(
        self, case: Mapping[str, Any], made: Programme, interrupts: bool, bodies: Sequence[int],
        reclaims: Sequence[tuple[frozenset[str] | None, bool]],
    ) -> None:  # fmt: skip
        self._types = {name: spec["type"] for name, spec in case["locks"].items()}
        self._rt = case.get("config", {}).get("preempt_rt", False)
        self._queued = case.get("config", {}).get("queued_rwlocks", True)
        self._made = made
        self._interrupts = interrupts
        self._bodies = bodies
        self._reclaims = reclaims

    def read(self, sequence: Mapping[str, Any]) -> int:
        """The index of the first position, -1 when nothing in the path matters."""
        context = sequence["context"]
        now = _Now(context != "hardirq", 0, context == "hardirq", context == "softirq")
        found: list[Position] = []
        for op in sequence["ops"]:
            after = self._after(now, op)
            position = self._position(now, after, op)
            if position is not None:
                found.append(position)
            now = after
        base = len(self._made.positions)
        last = len(found) - 1
        self._made.positions += [one._replace(next=base + at + 1 if at < last else -1) for at, one in enumerate(found)]
        return base if found else -1

    def _position(self, now: _Now, after: _Now, op: Sequence[Any]) -> Position | None:
        here = Position("step", "", "", False, now.holds, now.hardirqs, now.softirqs, -1)
        name = op[0]
        if name in _ACQUIRE and self._contended(op[1]):
            mode = self._mode(now, op)
            queues = mode == EXCLUSIVE and self._types[op[1]] in FAIR_TYPES and name not in _TRY
            return here._replace(kind="try" if name in _TRY else "acquire", lock=op[1], mode=mode, queues=queues)
        if name in ("sync", "wait", "complete"):
            return here._replace(kind=name, lock=op[1], mode=EXCLUSIVE)
        if name == "might_alloc":
            runs = self._runs(now, op[1])
            return here._replace(kind="alloc", runs=runs) if runs else None
        changes = (after.holds, after.hardirqs, after.softirqs) != (now.holds, now.hardirqs, now.softirqs)
        return here if self._interrupts and changes and now.holds and now.hardirqs else None

    def _contended(self, lock: str) -> bool:
        kind = self._types.get(lock, "map")
        return kind not in UNCONTENDED and (kind != "local_lock" or self._rt)

    def _mode(self, now: _Now, op: Sequence[Any]) -> str:
        mode = _ACQUIRE[op[0]] or EXCLUSIVE
        if op[0] == "read_lock_queued" and (now.in_interrupt or not self._queued or self._rt):
            return GREEDY
        return GREEDY if self._types.get(op[1]) == "srcu" and mode == FAIR else mode

    def _runs(self, now: _Now, words: str) -> tuple[int, ...]:
        allowed = RECLAIMING.get(words.split("|")[0])
        if allowed is None or now.noreclaim or now.in_interrupt or not now.hardirqs:
            return ()
        allowed = set() if now.noio else allowed - {"fs"} if now.nofs else allowed
        fits = []
        for at in self._bodies:
            flags, notifier = self._reclaims[at]
            if notifier or (flags is not None and flags <= allowed):
                fits.append(at)
        return tuple(fits)

    def _after(self, now: _Now, op: Sequence[Any]) -> _Now:
        name = op[0]
        if name in _ACQUIRE:
            return replace(now, holds=(*now.holds, (op[1], self._mode(now, op)))) if self._contended(op[1]) else now
        if name in ("unlock", "ww_unlock", "ww_acquire_fini"):
            at = max((at for at, held in enumerate(now.holds) if held[0] == op[1]), default=None)
            return now if at is None else replace(now, holds=now.holds[:at] + now.holds[at + 1 :])
        if name == "downgrade":
            return replace(now, holds=tuple((lock, FAIR if lock == op[1] else mode) for lock, mode in now.holds))
        return _flags_after(now, name)


def _flags_after(now: _Now, name: str) -> _Now:
    """Interrupt flags and allocation scopes after an operation on them."""
    if name in ("hardirq_disable", "hardirq_enable"):
        return replace(now, hardirqs=name == "hardirq_enable")
    if name == "hardirq_save":
        return replace(now, saved=(*now.saved, now.hardirqs), hardirqs=False)
    if name == "hardirq_restore":
        return replace(now, saved=now.saved[:-1], hardirqs=now.saved[-1])
    if name in ("softirq_disable", "softirq_enable"):
        return replace(now, bh=now.bh + (1 if name == "softirq_disable" else -1))
    if name in ("hardirq_enter", "softirq_enter"):
        hard = name == "hardirq_enter"
        outside = (*now.outside, (now.hardirqs, now.serving_hard, now.serving_soft))
        return replace(
            now, outside=outside, hardirqs=now.hardirqs and not hard, serving_hard=now.serving_hard or hard,
            serving_soft=now.serving_soft or not hard,
        )  # fmt: skip
    if name in ("hardirq_exit", "softirq_exit"):
        hardirqs, hard, soft = now.outside[-1]
        return replace(now, outside=now.outside[:-1], hardirqs=hardirqs, serving_hard=hard, serving_soft=soft)
    word, _, edge = name.partition("_scope_")
    if edge and word in ("nofs", "noio", "noreclaim"):
        return replace(now, **{word: getattr(now, word) + (1 if edge == "begin" else -1)})
    return now
