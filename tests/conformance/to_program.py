"""A corpus case as a :class:`~lockcheck.model.program.Program`, built directly, without YAML.

Is: the second way from a case to a program, to hold the loader against and to test the analysis without one.
Is not: how conformance is measured; that goes through the text of a model and the public API (``to_model``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from lockcheck.model import gfp
from lockcheck.model.locks import Lock, LockClass, LockKind, Mode, WaitType
from lockcheck.model.places import Place, pack
from lockcheck.model.program import Entry, Function, Program
from lockcheck.model.steps import (
    Acquire,
    Allocate,
    Assert,
    Count,
    Do,
    Downgrade,
    Effect,
    Enter,
    Irq,
    Leave,
    LockMemory,
    Pin,
    Reclaim,
    Reclass,
    Release,
    ReturnToUser,
    Scope,
    Signal,
    Value,
    Wait,
)
from tests.conformance.corpus import (
    IMPLICIT,
    NotExpressibleError,
    class_name,
    completions,
    left_held,
    sequences_of,
    switches_of,
)

Op: TypeAlias = Sequence[Any]
Maker: TypeAlias = "Callable[[_Names, Mapping[str, Any]], tuple[Effect, ...]]"

SPIN, CONFIG, SLEEP, FREE, NONE = WaitType.SPIN, WaitType.CONFIG, WaitType.SLEEP, WaitType.FREE, WaitType.NONE

GFP_BITS = {
    "GFP_KERNEL": gfp.DIRECT_RECLAIM | gfp.KSWAPD_RECLAIM | gfp.IO | gfp.FS,
    "GFP_NOFS": gfp.DIRECT_RECLAIM | gfp.KSWAPD_RECLAIM | gfp.IO,
    "GFP_NOIO": gfp.DIRECT_RECLAIM | gfp.KSWAPD_RECLAIM,
    "GFP_ATOMIC": gfp.ATOMIC | gfp.KSWAPD_RECLAIM,
    "GFP_NOWAIT": gfp.KSWAPD_RECLAIM | gfp.NOWARN,
    "__GFP_NOLOCKDEP": gfp.NOLOCKDEP,
}

KINDS = {
    "raw_spinlock": LockKind("raw_spinlock", SPIN, SPIN, blocks_sleep=True),
    "spinlock": LockKind("spinlock", CONFIG, CONFIG, blocks_sleep=True),
    "rwlock": LockKind("rwlock", CONFIG, CONFIG, blocks_sleep=True),
    "local_lock": LockKind("local_lock", CONFIG, CONFIG, blocks_sleep=True, per_cpu=True),
    "mutex": LockKind("mutex", SLEEP, SLEEP, sleeps=True),
    "rwsem": LockKind("rwsem", SLEEP, SLEEP, sleeps=True),
    "rtmutex": LockKind("rtmutex", SLEEP, SLEEP, sleeps=True),
    "ww_mutex": LockKind("ww_mutex", SLEEP, SLEEP, sleeps=True),
    "ww_ctx": LockKind("ww_ctx"),
    "map": LockKind("map"),
    "srcu": LockKind("srcu"),
    "rcu": LockKind("rcu", CONFIG, FREE, blocks_sleep=True, checked=False, category="rcu"),
    "rcu_bh": LockKind("rcu_bh", CONFIG, FREE, blocks_sleep=True, checked=False, category="rcu"),
    "rcu_sched": LockKind("rcu_sched", SPIN, FREE, blocks_sleep=True, checked=False, category="rcu"),
    "wait_override": LockKind("wait_override", override=True),
    "completion": LockKind("completion", category="wait"),
}

BH_MAP = "local_bh"
BH_KIND = LockKind("bh_map", CONFIG, CONFIG, per_cpu=True, checked=False)
"""What disabling softirqs holds on PREEMPT_RT."""


class _Names:
    """Lock names of one case -> indexes, and what the config says about op meanings."""

    def __init__(self, names: Sequence[str], preempt_rt: bool, queued: bool) -> None:
        self.index = {name: at for at, name in enumerate(names)}
        self.preempt_rt = preempt_rt
        self.queued = queued

    def lock(self, name: str) -> Value:
        """The lock of that name as a bound value."""
        return Value("lock", self.index[name])


def gfp_value(words: str) -> Value:
    """The bits of ``GFP_X|__GFP_Y``."""
    bits = 0
    for word in words.split("|"):
        if word.strip() not in GFP_BITS:
            raise NotExpressibleError(f"gfp {word.strip()}")
        bits |= GFP_BITS[word.strip()]
    return Value("gfp", bits)


def _acquire(mode: Mode, trylock: bool = False, sync: bool = False) -> Maker:
    def make(names: _Names, op: Mapping[str, Any]) -> tuple[Effect, ...]:
        real = Mode.RECURSIVE if mode is Mode.QUEUED and not names.queued else mode
        nest = op.get("nest")
        nested = names.lock(nest) if nest else None
        return (Acquire(names.lock(op["of"]), real, trylock, sync, op.get("subclass", 0), nested),)

    return make


def _on_lock(build: Callable[[Value, Mapping[str, Any]], Effect]) -> Maker:
    return lambda names, op: (build(names.lock(op["of"]), op),)


def _plain(*effects: Effect) -> Maker:
    return lambda names, op: effects


def _softirq(delta: int) -> Maker:
    """Softirqs off or on; PREEMPT_RT has a per-CPU map in place of the counter."""

    def make(names: _Names, op: Mapping[str, Any]) -> tuple[Effect, ...]:
        if not names.preempt_rt:
            return (Count("softirq", delta),)
        held = names.lock(BH_MAP)
        return (Acquire(held, Mode.RECURSIVE),) if delta > 0 else (Release(held),)

    return make


def _ww_lock(names: _Names, op: Mapping[str, Any]) -> tuple[Effect, ...]:
    lock = names.lock(op["of"])
    nest = names.lock(op["ctx"]) if op.get("ctx") else None
    taken = Acquire(lock, nest=nest)
    returns = op.get("returns")
    if returns == "EALREADY":
        return ()
    return (taken, Release(lock)) if returns == "EDEADLK" else (taken,)


def _ww_trylock(names: _Names, op: Mapping[str, Any]) -> tuple[Effect, ...]:
    return () if op.get("fails") else (Acquire(names.lock(op["of"]), trylock=True),)


def _assert(lock: Value, op: Mapping[str, Any]) -> Effect:
    mode = {None: None, True: Mode.SHARED, False: Mode.EXCLUSIVE}[op.get("read")]
    return Assert(lock, True, mode)


MAKERS: dict[str, Maker] = {
    "lock": _acquire(Mode.EXCLUSIVE),
    "read_lock": _acquire(Mode.SHARED),
    "read_lock_recursive": _acquire(Mode.RECURSIVE),
    "read_lock_queued": _acquire(Mode.QUEUED),
    "trylock": _acquire(Mode.EXCLUSIVE, trylock=True),
    "read_trylock": _acquire(Mode.SHARED, trylock=True),
    "read_trylock_recursive": _acquire(Mode.RECURSIVE, trylock=True),
    "sync": _acquire(Mode.EXCLUSIVE, sync=True),
    "unlock": _on_lock(lambda lock, op: Release(lock)),
    "downgrade": _on_lock(lambda lock, op: Downgrade(lock)),
    "set_subclass": _on_lock(lambda lock, op: Reclass(lock, op.get("subclass", 0))),
    "init": _on_lock(lambda lock, op: LockMemory(lock, "init")),
    "free": _on_lock(lambda lock, op: LockMemory(lock, "free")),
    "assert_held": _on_lock(_assert),
    "assert_not_held": _on_lock(lambda lock, op: Assert(lock, False)),
    "pin": _on_lock(lambda lock, op: Pin(lock, True)),
    "unpin": _on_lock(lambda lock, op: Pin(lock, False)),
    "return_to_user": _plain(ReturnToUser()),
    "hardirq_disable": _plain(Irq("off")),
    "hardirq_enable": _plain(Irq("on")),
    "hardirq_save": _plain(Irq("save")),
    "hardirq_restore": _plain(Irq("restore")),
    "softirq_disable": _softirq(1),
    "softirq_enable": _softirq(-1),
    "hardirq_enter": lambda names, op: (Enter("hardirq", op.get("threaded", True)),),
    "hardirq_exit": _plain(Leave("hardirq")),
    "softirq_enter": _plain(Enter("softirq")),
    "softirq_exit": _plain(Leave("softirq")),
    "might_alloc": lambda names, op: (Allocate(gfp_value(op["of"])),),
    "reclaim_enter": lambda names, op: (Reclaim(gfp_value(op["of"]), True),),
    "reclaim_exit": lambda names, op: (Reclaim(gfp_value(op["of"]), False),),
    "nofs_scope_begin": _plain(Scope("nofs", 1)),
    "nofs_scope_end": _plain(Scope("nofs", -1)),
    "noio_scope_begin": _plain(Scope("noio", 1)),
    "noio_scope_end": _plain(Scope("noio", -1)),
    "noreclaim_scope_begin": _plain(Scope("memalloc", 1)),
    "noreclaim_scope_end": _plain(Scope("memalloc", -1)),
    "wait": _on_lock(lambda lock, op: Wait(lock)),
    "complete": _on_lock(lambda lock, op: Signal(lock)),
    "ww_acquire_init": _acquire(Mode.EXCLUSIVE),
    "ww_acquire_fini": _on_lock(lambda lock, op: Release(lock)),
    "ww_lock": _ww_lock,
    "ww_lock_slow": _ww_lock,
    "ww_trylock": _ww_trylock,
    "ww_unlock": _on_lock(lambda lock, op: Release(lock)),
    # what only w/w bookkeeping sees: nothing happens to a lock
    "ww_acquire_done": _plain(),
    "ww_force": _plain(),
    "ww_copy_ctx": _plain(),
    "ww_other_owns": _plain(),
    "ww_other_drops": _plain(),
}


def _kind_of(spec: Mapping[str, Any]) -> LockKind:
    """The kind of one lock, with its own wait types if it names some."""
    kind = KINDS.get(spec["type"])
    if kind is None:
        raise NotExpressibleError(f"lock type {spec['type']}")
    if "wait" not in spec and "wait_outer" not in spec:
        return kind
    inner = WaitType[spec["wait"].upper()] if "wait" in spec else kind.inner
    outer = WaitType[spec["wait_outer"].upper()] if "wait_outer" in spec else inner
    return LockKind(
        kind.name, inner, outer, kind.blocks_sleep, kind.sleeps, kind.checked, kind.per_cpu, kind.override,
        kind.recursive_readers, kind.category,
    )  # fmt: skip


def _locks(case: Mapping[str, Any], mmu_notifier: bool, preempt_rt: bool) -> tuple[Lock, ...]:
    """All locks of the case and the implicit ones, sorted by name."""
    found = {}
    for name, spec in case["locks"].items():
        if name in IMPLICIT:
            continue
        owner, checked = class_name(case["locks"], name), not spec.get("novalidate", False)
        found[name] = Lock(name, owner, _kind_of(spec), spec.get("rank"), checked)
    for name in completions(case):
        found[name] = Lock(name, name, KINDS["completion"])
    for name in IMPLICIT:
        kind = LockKind(name, category="reclaim")
        found[name] = Lock(name, name, kind, checked=name != "mmu_notifier" or mmu_notifier)
    if preempt_rt:
        found[BH_MAP] = Lock(BH_MAP, BH_MAP, BH_KIND)
    return tuple(found[name] for name in sorted(found))


def _function(file: str, sequence: Mapping[str, Any], at: int, names: _Names, last: bool) -> Function:
    """One sequence as a function with one entry; the line of a step is the number of its op."""
    steps = []
    for line, op in enumerate(sequence["ops"], 2):
        maker = MAKERS.get(op[0])
        if maker is None:
            raise NotExpressibleError(op[0])
        fields = dict(op[2]) if len(op) > 2 else {}
        fields["of"] = op[1] if len(op) > 1 else None
        effects = maker(names, fields)
        if effects:
            steps.append(Do(effects, pack(line, 1), " ".join(str(word) for word in op[:2])))
    held = left_held(sequence["ops"]) if last else []
    entry = Entry(sequence["context"], threaded=sequence.get("threaded", True), word=sequence["context"])
    return Function(
        name=f"s{at:03}",
        file=file,
        where=pack(1, 1),
        steps=tuple(steps),
        entries=(entry,),
        returns_holding=tuple(sorted(names.index[name] for name in held)),
    )


def program_of(case: Mapping[str, Any], config: Mapping[str, bool] | None = None) -> Program:
    """The case as a program under ``config`` (default: the case's own).

    Raises :class:`NotExpressibleError` when an op, a lock type or a gfp name is unknown.
    """
    switches = switches_of(case if config is None else {"config": config})
    locks = _locks(case, switches.mmu_notifier, switches.preempt_rt)
    order = [lock.name for lock in locks]
    names = _Names(order, switches.preempt_rt, switches.queued_rwlocks and not switches.preempt_rt)
    classes: dict[str, LockClass] = {}
    for lock in locks:
        classes.setdefault(lock.class_name, LockClass(lock.class_name, lock.kind, Place(case["id"], 1, 1)))
    sequences = sequences_of(case, switches.preempt_rt)
    last = len(sequences) - 1
    return Program(
        functions=tuple(_function(case["id"], one, at, names, at == last) for at, one in enumerate(sequences)),
        locks=locks,
        classes=tuple(classes[name] for name in sorted(classes)),
        caches=(),
        fs_reclaim=order.index("fs_reclaim"),
        mmu_notifier=order.index("mmu_notifier"),
        preempt_rt=switches.preempt_rt,
        raw_lock_nesting=switches.raw_lock_nesting,
        files=(case["id"],),
        named_files=(case["id"],),
    )
