"""Random small programs in the corpus format: locks 2 to 5, paths 2 to 4, all modes, interrupts, gates, trylocks.

Is: seeded generation; the same seed gives the same program. Is not: an opinion on what they do.
"""

from __future__ import annotations

import random
from typing import Any, Final, TypeAlias

Ops: TypeAlias = "list[list[Any]]"

SPINNING: Final = ("spinlock", "rwlock")
SLEEPING: Final = ("mutex", "rwsem")
_MODES: Final = {
    "spinlock": ("lock", "lock", "lock", "trylock"),
    "mutex": ("lock", "lock", "lock", "trylock"),
    "rwlock": ("lock", "read_lock_queued", "read_lock_queued", "read_lock_recursive", "read_lock", "trylock",
               "read_trylock_recursive"),
    "rwsem": ("lock", "read_lock", "read_lock", "trylock", "read_trylock"),
}  # fmt: skip


def random_case(seed: int) -> dict[str, Any]:
    """One program. Every path releases all it took; interrupts take only locks that spin."""
    rng = random.Random(seed)
    names = "ABCDE"[: rng.randint(2, 5)]
    interrupts = rng.random() < 0.6
    types = {name: rng.choice(SPINNING if interrupts and rng.random() < 0.7 else SPINNING + SLEEPING) for name in names}
    spinning = [name for name in names if types[name] in SPINNING]
    gate = rng.choice(names) if rng.random() < 0.25 else None
    sequences = []
    for _ in range(rng.randint(2, 4)):
        context = rng.choice(("task", "task", "hardirq", "softirq")) if interrupts and spinning else "task"
        path = _Path(rng, types, list(names) if context == "task" else spinning, context, interrupts)
        sequences.append({"context": context, "ops": path.ops(gate)})
    locks = {name: {"type": types[name], "class": name} for name in names}
    return {"id": f"oracle/{seed}", "locks": locks, "sequences": sequences}


class _Path:
    """Makes the operations of one path."""

    def __init__(
        self, rng: random.Random, types: dict[str, str], names: list[str], context: str, interrupts: bool
    ) -> None:
        self._rng = rng
        self._types = types
        self._names = names
        self._toggles = interrupts and context != "hardirq"
        self._bh = interrupts and context == "task"
        self._asleep = True

    def ops(self, gate: str | None) -> Ops:
        """One to two blocks, under the gate if there is one and it is to be."""
        blocks: Ops = []
        for _ in range(self._rng.choice((1, 1, 1, 2))):
            blocks += self._off(self._block([], 3))
        if gate in self._names and self._rng.random() < 0.7 and all(op[1:2] != [gate] for op in blocks):
            mode = self._rng.choice(_MODES[self._types[gate]])
            return [[mode, gate], *blocks, ["unlock", gate]]
        return blocks

    def _off(self, ops: Ops) -> Ops:
        """Sometimes with interrupts off around it."""
        chance = self._rng.random()
        if self._toggles and chance < 0.3:
            return [["hardirq_save"], *ops, ["hardirq_restore"]]
        if self._bh and chance < 0.45:
            return [["softirq_disable"], *ops, ["softirq_enable"]]
        return ops

    def _block(self, held: list[str], depth: int) -> Ops:
        """Takes a lock, perhaps others under it, and drops it; sometimes hand over hand."""
        rng = self._rng
        free = [name for name in self._names if name not in held and not (held and self._sleeps_wrongly(name, held))]
        if rng.random() < 0.04 and held:
            free = [held[-1]]  # meets itself
        if not free:
            return []
        name = rng.choice(free)
        taken = [rng.choice(_MODES[self._types[name]]), name]
        if name in held:
            taken = [rng.choice(("lock", "read_lock_recursive")), name] if self._types[name] == "rwlock" else taken
        inner: Ops = []
        for _ in range(rng.choice((0, 1, 1, 2)) if depth > 1 else 0):
            inner += self._block([*held, name], depth - 1)
        if inner and inner[-1][0] == "unlock" and rng.random() < 0.12 and inner[-1][1] != name:
            return self._off_inner([taken, *inner[:-1], ["unlock", name], inner[-1]])
        return self._off_inner([taken, *inner, ["unlock", name]])

    def _off_inner(self, ops: Ops) -> Ops:
        """Sometimes an irqsave variant."""
        if self._toggles and self._rng.random() < 0.2:
            return [["hardirq_save"], *ops, ["hardirq_restore"]]
        return ops

    def _sleeps_wrongly(self, name: str, held: list[str]) -> bool:
        """A sleeping lock under one that spins is another kind of bug."""
        return self._types[name] in SLEEPING and any(self._types[one] in SPINNING for one in held)
