"""Effects and conditions with their references bound: model values -> actions.

Is: the only place that knows lock classes by index and names subclasses. Is not: control flow.

Glossary words defined here: class index.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lockcheck.analysis import actions as act
from lockcheck.analysis import switches as sw
from lockcheck.analysis.actions import Action, Ranks, Table
from lockcheck.model import steps as st
from lockcheck.model.locks import LockKind, Mode
from lockcheck.model.program import Program
from lockcheck.model.steps import Cond, Param, Ref, Value


class Binder:
    """Compiles effects for one program. ``class_names[i]`` and ``kinds[i]`` describe class index ``i``."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.table = Table(program.raw_lock_nesting)
        self.class_names: list[str] = []
        self.kinds: list[LockKind] = []
        self._indexes: dict[str, int] = {}
        self._class_kinds = {cls.name: cls.kind for cls in program.classes}
        for index, lock in enumerate(program.locks):
            if lock.rank is not None:
                self.table.order[index] = lock.rank

    def class_index(self, lock: int, subclass: int) -> int:
        """The class of an instance at a nesting level; ``X/1`` is a class of its own."""
        own = self.program.locks[lock]
        name = f"{own.class_name}/{subclass}" if subclass else own.class_name
        index = self._indexes.get(name)
        if index is None:
            kind = self._class_kinds.get(own.class_name, own.kind)
            index = self._indexes[name] = len(self.class_names)
            self.class_names.append(name)
            self.kinds.append(kind)
            self.table.ranks.append(Ranks(self.table.rank(kind.inner), self.table.rank(kind.outer), kind.override))
        return index

    def unknown(self, why: str) -> Action:
        """An action that only says what could not be followed."""
        return sw.Unknown(why)

    def actions(self, effect: st.Effect, binding: dict[str, Value]) -> tuple[Action, ...]:
        """The actions of one effect; an unbound reference becomes a note that it was not followed."""
        missing = _unbound(effect, binding)
        if missing is not None:
            return (sw.Unknown(f"${missing} has no value here"),)
        if isinstance(effect, st.Acquire):
            return self._acquire(effect, binding)
        if isinstance(effect, st.Wait):
            lock = _index(effect.lock, binding)
            return (self._take(lock, 0, Mode.EXCLUSIVE, sync=True), sw.MaySleep(self._name(lock)))
        maker = _SIMPLE.get(type(effect))
        return (maker(self, effect, binding),) if maker else ()

    def _name(self, lock: int) -> str:
        return self.program.locks[lock].name

    def _acquire(self, effect: st.Acquire, binding: dict[str, Value]) -> tuple[Action, ...]:
        lock = _index(effect.lock, binding)
        nest = _index(effect.nest, binding) if effect.nest is not None else -1
        take = self._take(lock, effect.subclass, effect.mode, effect.trylock, effect.sync, nest)
        if self.program.locks[lock].kind.sleeps and not effect.trylock:
            return (sw.MaySleep(self._name(lock)), take)
        return (take,)

    def _take(
        self, lock: int, subclass: int, mode: Mode, trylock: bool = False, sync: bool = False, nest: int = -1
    ) -> act.Take:
        own = self.program.locks[lock]
        if own.kind.recursive_readers and mode in (Mode.SHARED, Mode.QUEUED):
            mode = Mode.RECURSIVE
        checked = own.checked and own.kind.checked
        return act.Take(self.table, self.class_index(lock, subclass), lock, int(mode), trylock, sync, nest, checked)

    def _pair(self, lock: int) -> tuple[Action, Action]:
        return self._take(lock, 0, Mode.EXCLUSIVE), act.Drop(self.table, self.class_index(lock, 0), lock)

    def _notifier(self) -> tuple[Action, ...]:
        return self._pair(self.program.mmu_notifier) if self.program.mmu_notifier >= 0 else ()

    def release(self, effect: st.Release, binding: dict[str, Value]) -> Action:
        """Drop by instance; the class serves counted entries."""
        lock = _index(effect.lock, binding)
        return act.Drop(self.table, self.class_index(lock, 0), lock)

    def downgrade(self, effect: st.Downgrade, binding: dict[str, Value]) -> Action:
        """downgrade_write()."""
        lock = _index(effect.lock, binding)
        return act.Change(self.table, self.class_index(lock, 0), lock, None, True)

    def reclass(self, effect: st.Reclass, binding: dict[str, Value]) -> Action:
        """lock_set_subclass(), lock_set_class()."""
        lock = _index(effect.lock, binding)
        like = _index(effect.like, binding) if effect.like is not None else lock
        return act.Change(self.table, self.class_index(lock, 0), lock, self.class_index(like, effect.subclass), False)

    def allocate(self, effect: st.Allocate, binding: dict[str, Value]) -> Action:
        """might_alloc()."""
        reclaim = self._pair(self.program.fs_reclaim)
        return sw.AllocationPoint(_index(effect.gfp, binding), effect.what, reclaim, self._notifier())

    def free(self, effect: st.Free, binding: dict[str, Value]) -> Action:
        """kfree(), kmem_cache_free(). A cache that no caller names is none."""
        value = None if effect.cache is None else _value(effect.cache, binding)
        return sw.FreePoint(effect.what, -1 if value is None else value.value)

    def reclaim(self, effect: st.Reclaim, binding: dict[str, Value]) -> Action:
        """fs_reclaim_acquire(), fs_reclaim_release()."""
        pair = self._pair(self.program.fs_reclaim)
        flags = _index(effect.gfp, binding)
        if effect.begin:
            return sw.ReclaimScope(flags, pair[0], self._notifier())
        return sw.ReclaimScope(flags, pair[1], ())

    def decide(self, cond: Cond, binding: dict[str, Value]) -> bool | None:
        """What the parameters already decide about an atom: True, False, or None."""
        if cond.op == "const":
            return bool(cond.a)
        if cond.op not in ("gfp", "is", "has"):
            return None
        value = _value(cond.a, binding)
        if value is None:
            return None
        if cond.op == "is":
            other = _value(cond.b, binding)
            return None if other is None else value == other
        if cond.op == "has":
            cache = self.program.caches[value.value]
            return str(cond.b) in cache.flags or getattr(cache, str(cond.b), None) is not None
        wanted = cond.b if isinstance(cond.b, int) else 0
        if value.value & wanted != wanted:
            return False
        return None if wanted & _SCOPED else True

    def bound(self, cond: Cond, binding: dict[str, Value]) -> Cond:
        """The atom with its reference replaced by the bound value, for a test while walking."""
        if isinstance(cond.a, Param) and cond.a.name in binding:
            return cond._replace(a=binding[cond.a.name])
        return cond


_SCOPED = 4 | 8
"""gfp bits that NOIO and NOFS scopes can strip (IO, FS)."""


def _value(ref: object, binding: dict[str, Value]) -> Value | None:
    if isinstance(ref, Param):
        return binding.get(ref.name)
    return ref if isinstance(ref, Value) else None


def _index(ref: Ref, binding: dict[str, Value]) -> int:
    value = _value(ref, binding)
    assert value is not None
    return value.value


def _unbound(effect: st.Effect, binding: dict[str, Value]) -> str | None:
    for field in ("lock", "nest", "gfp", "like"):
        ref = getattr(effect, field, None)
        if isinstance(ref, Param) and ref.name not in binding:
            return ref.name
    return None


_SIMPLE: dict[type, Callable[[Binder, Any, dict[str, Value]], Action]] = {
    st.Release: Binder.release,
    st.Downgrade: Binder.downgrade,
    st.Reclass: Binder.reclass,
    st.Allocate: Binder.allocate,
    st.Free: Binder.free,
    st.Reclaim: Binder.reclaim,
    st.LockMemory: lambda _, e, b: sw.MustBeFree("lock-memory", _index(e.lock, b), e.what),
    st.Assert: lambda _, e, b: act.AssertHeld(
        _index(e.lock, b), e.held, None if e.mode is None else int(e.mode), e.contract
    ),
    st.Pin: lambda _, e, b: act.PinLock(_index(e.lock, b), 1 if e.on else -1),
    st.Irq: lambda _, e, b: sw.SwitchIrq(e.what),
    st.Count: lambda _, e, b: sw.Counter(e.what, e.delta),
    st.Scope: lambda _, e, b: sw.Counter(e.what, e.delta),
    st.Sleep: lambda _, e, b: sw.MaySleep(e.what),
    st.Signal: lambda _, e, b: sw.SignalWaiters(_index(e.lock, b)),
    st.Enter: lambda _, e, b: sw.EnterInterrupt(e.context, e.threaded),
    st.Leave: lambda _, e, b: sw.LeaveInterrupt(),
    st.Owns: lambda _, e, b: sw.Own(e.what, e.resource, e.until),
    st.ReturnToUser: lambda _, e, b: sw.MustBeFree("user-return", -1),
}
