"""Corpus files: reading them, their configs, and the verdict that a case asks for.

Is: everything about the format that both ways of building a program share. Is not: a meaning of any op.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

IMPLICIT = ("fs_reclaim", "mmu_notifier")
"""Locks that every case has."""

WAITS = ("wait", "complete")
"""Ops on completions, which a case does not declare."""

DROPS = frozenset({"unlock", "ww_unlock", "ww_acquire_fini"})
TAKES = frozenset(
    {"lock", "read_lock", "read_lock_recursive", "read_lock_queued"}
    | {"trylock", "read_trylock", "read_trylock_recursive", "ww_acquire_init", "ww_lock", "ww_lock_slow"}
    | {"ww_trylock"}
)

BOOKKEEPING = frozenset({"ww_api", "debug_warn", "pin_warn", "unregistered_key"})
"""Kinds that judge a call's bookkeeping, not locking: no model has to say them."""

ALIKE = {"irq_dep": "irq_inversion"}
"""Kinds that differ only in which event came last, and a model has no order of events."""


class NotExpressibleError(Exception):
    """The case needs something that no model can say; the argument names it."""


class Switches(NamedTuple):
    """The interpreter switches of a case, with the corpus's defaults."""

    raw_lock_nesting: bool = True
    mmu_notifier: bool = True
    queued_rwlocks: bool = True
    preempt_rt: bool = False


class Wanted(NamedTuple):
    """The verdict to meet. ``kinds``: all of them must be found; none when it is ``ok``, or when any kind will do."""

    bug: bool
    kinds: tuple[str, ...]

    def __str__(self) -> str:
        return (" and ".join(self.kinds) or "bug") if self.bug else "ok"


class Row(NamedTuple):
    """One verdict of a case. ``id`` is the case's, with its other config in brackets where it has several."""

    id: str
    family: str
    case: Mapping[str, Any]
    wanted: Wanted


def switches_of(case: Mapping[str, Any]) -> Switches:
    """The switches of a case. Raises :class:`NotExpressibleError` for one that is not known."""
    config = case.get("config") or {}
    unknown = sorted(set(config) - set(Switches._fields))
    if unknown:
        raise NotExpressibleError(f"config {unknown[0]}")
    return Switches(**config)


def read(path: Path) -> list[dict[str, Any]]:
    """The cases of a ``.json`` or ``.json.gz`` file. Raises OSError or ValueError when it is not one."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    cases = json.loads(data)
    if not isinstance(cases, list):
        raise ValueError(f"{path}: expected a JSON list of cases")
    return cases


def _wanted(verdict: Mapping[str, Any]) -> Wanted:
    kind = verdict.get("kind")
    return Wanted(verdict["expected"] == "bug", (ALIKE.get(kind, kind),) if kind else ())


def rows(case: Mapping[str, Any]) -> Iterator[Row]:
    """The verdicts of a case: its own (without artifacts of the kernel's implementation), then those of ``alt``."""
    family = case.get("family", "?")
    yield Row(case["id"], family, case, _wanted(case.get("without_artifact") or case))
    for other in case.get("alt") or ():
        config = {**(case.get("config") or {}), **other["config"]}
        words = ",".join(f"{name}={str(on).lower()}" for name, on in sorted(other["config"].items()))
        yield Row(f"{case['id']} [{words}]", family, {**case, "config": config}, _wanted(other))


def class_name(locks: Mapping[str, Any], lock: str) -> str:
    """The name that a lock's class gets in a model.

    A class that is named like a lock of another class, or like one that every case has, needs a name of its own.
    """
    wanted = str(locks[lock]["class"])
    taken = wanted in IMPLICIT or (wanted in locks and locks[wanted]["class"] != wanted)
    return f"{wanted} class" if taken and lock not in IMPLICIT else wanted


def sequences_of(case: Mapping[str, Any], preempt_rt: bool) -> list[Mapping[str, Any]]:
    """The sequences as lockdep follows them.

    On PREEMPT_RT it does not track softirqs: they are tasks. A real handler would be one too, but these cases run in a
    hardirq all the same, as one that strikes a task: lockcheck itself knows that an entry would be threaded.
    """
    sequences: list[Mapping[str, Any]] = case["sequences"]
    return [_on_rt(one) for one in sequences] if preempt_rt else sequences


def _on_rt(sequence: Mapping[str, Any]) -> Mapping[str, Any]:
    ops = [op for op in sequence["ops"] if op[0] not in ("softirq_enter", "softirq_exit")]
    if sequence["context"] == "hardirq":
        ops = [["hardirq_enter", None, {"threaded": sequence.get("threaded", True)}], *ops, ["hardirq_exit"]]
    elif sequence["context"] not in ("task", "softirq"):
        return sequence
    return {**sequence, "context": "task", "threaded": True, "ops": ops}


def completions(case: Mapping[str, Any]) -> list[str]:
    """What the case waits for and completes without declaring it, by name."""
    used = {op[1] for sequence in case["sequences"] for op in sequence["ops"] if op[0] in WAITS}
    return sorted(used - set(case["locks"]))


def left_held(ops: Sequence[Sequence[Any]]) -> list[str]:
    """Names of the locks that the ops take more often than they drop, by name."""
    balance: Counter[str] = Counter()
    for op in ops:
        if op[0] in DROPS:
            balance[op[1]] -= 1
        elif op[0] in TAKES and not (len(op) > 2 and (op[2].get("fails") or op[2].get("returns"))):
            balance[op[1]] += 1
    return sorted(name for name, count in balance.items() if count > 0)
