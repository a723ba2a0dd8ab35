"""Locks and classes of the program: declared ones, those of work items, queues and timers, and implicit ones.

Is: kinds, classes and indexes for one config. Is not: anything about what is done with a lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from lockcheck.loading.declare import Declaration, Declarations
from lockcheck.loading.dialect import with_waits
from lockcheck.loading.shapes import LockShape
from lockcheck.loading.world import OFF, World
from lockcheck.model.locks import Lock, LockClass, LockKind
from lockcheck.model.places import Place
from lockcheck.source.problems import Collector, did_you_mean
from lockcheck.source.text import SourceText

FS_RECLAIM: Final = "fs_reclaim"
MMU_NOTIFIER: Final = "mmu_notifier"
_DERIVED: Final = {"work": "work", "workqueues": "workqueue", "timers": "timer"}


@dataclass(slots=True)
class _Draft:
    """A lock while its class is being found."""

    name: str
    kind: LockKind
    shape: LockShape
    place: Place
    class_name: str


class Locks:
    """Builds ``locks`` and ``classes`` (sorted by name) and fills the world's tables of them."""

    def __init__(self, world: World, declared: Declarations, problems: Collector) -> None:
        self._world = world
        self._declared = declared
        self._problems = problems
        self._rt = world.config.get("CONFIG_PREEMPT_RT", False)
        self._kinds_said: set[str] = set()
        mine = declared.by_section["locks"].values()
        self._leaders = {one.shape.class_ for one in mine if one.shape is not None and one.shape.class_}

    def build(self) -> tuple[tuple[Lock, ...], tuple[LockClass, ...]]:
        """All locks that exist in the world's config, and their classes."""
        drafts: dict[str, _Draft] = {}
        off: list[str] = []
        for name, declaration in sorted(self._all().items()):
            shape = declaration.shape
            kind = self._kind(declaration) if shape is not None else None
            if kind is None:
                off.append(name)
                self._world.broken.add(name)
                continue
            self._world.kind_of[name] = kind.name
            if not self._exists(name, declaration):
                off.append(name)
                continue
            kind = with_waits(kind, shape.wait, shape.wait_outer)
            drafts[name] = _Draft(name, kind, shape, declaration.place, self._class_name(declaration))
        locks = tuple(_lock(drafts[name]) for name in sorted(drafts))
        self._world.locks.update({lock.name: index for index, lock in enumerate(locks)})
        self._world.locks.update(dict.fromkeys(off, OFF))
        self._world.lock_names = [lock.name for lock in locks]
        self._queues()
        return locks, self._classes(drafts)

    def _exists(self, name: str, declaration: Declaration) -> bool:
        """Whether a lock exists, perhaps only with open options; a lock of a shared class must be decided."""
        shape, world = declaration.shape, self._world
        left = world.left_open(shape.when, shape.unless) if world.open else None
        shared = shape.class_ or shape.leaf or shape.group or name not in self._declared.by_section["locks"]
        if not left or shared or name in self._leaders:
            return world.on(shape.when, shape.unless)
        world.guarded[name] = left
        return True

    def _all(self) -> dict[str, Declaration]:
        """Every lock: declared, derived, implicit."""
        found = dict(self._declared.by_section["locks"])
        for section, kind in _DERIVED.items():
            for name, one in self._declared.by_section[section].items():
                other = found.get(name)
                if other is not None:
                    message = f"'{name}' is already the name of a lock, declared at {other.place}"
                    self._problems.add(one.problem([], message, "declared-twice", "choose another name"))
                    continue
                shape = one.shape
                derived = shape and LockShape(kind=kind, at=shape.at, when=shape.when, unless=shape.unless)
                found[name] = Declaration(name, derived, one.where, *one.layers[0])
        for name, entry in self._world.dialect.tables["locks"].items():
            if name not in found:
                found[name] = Declaration(name, LockShape(kind=str(entry.raw)), entry.at, {}, entry.source)
        for name in (FS_RECLAIM, MMU_NOTIFIER):
            if name not in found:
                found[name] = Declaration(name, LockShape(kind="reclaim"), 0, {}, SourceText("", ""))
        return found

    # ------------------------------------------------------------ kinds

    def _kind(self, declaration: Declaration) -> LockKind | None:
        """The kind a lock declares, or that of the lock whose class it joins."""
        name = declaration.shape.kind
        if name is None:
            leader = self._leader(declaration)
            name = leader.shape.kind if leader and leader.shape else None
        if name is None:
            message = f"lock '{declaration.name}' needs a kind"
            path: list[str | int] = ["class"] if declaration.shape.class_ else []
            self._problems.add(declaration.problem(path, message, "missing-key", "add `kind:`, for example mutex"))
            return None
        kind = self._world.dialect.kind(name, self._rt)
        if kind is None and not declaration.where:  # a dialect that knows no memory reclaim
            return LockKind(name, category="reclaim")
        if kind is None and name not in self._world.dialect.kinds:
            kinds = self._world.dialect.kinds
            hint = did_you_mean(name, kinds) or f"kinds: {', '.join(sorted(kinds))}"
            message = f"lock '{declaration.name}': unknown kind '{name}'"
            self._problems.add(declaration.problem(["kind"], message, "unknown-kind", hint))
        return kind

    def _leader(self, declaration: Declaration) -> Declaration | None:
        """The lock whose class this one joins, following ``class:`` to its end."""
        locks = self._declared.by_section["locks"]
        seen = {declaration.name}
        one: Declaration | None = declaration
        while one is not None and one.shape is not None and one.shape.class_ and one.shape.class_ not in seen:
            seen.add(one.shape.class_)
            one = locks.get(one.shape.class_)
        return one if one is not declaration else None

    def _class_name(self, declaration: Declaration) -> str:
        locks = self._declared.by_section["locks"]
        name = declaration.name
        seen = {name}
        one: Declaration | None = declaration
        while one is not None and one.shape is not None and one.shape.class_ and one.shape.class_ not in seen:
            name = one.shape.class_
            seen.add(name)
            one = locks.get(name)
        return name

    def _classes(self, drafts: dict[str, _Draft]) -> tuple[LockClass, ...]:
        """One class for each class name; its kind is that of the lock it is named after, or of its first member."""
        members: dict[str, list[_Draft]] = {}
        for name in sorted(drafts):
            members.setdefault(drafts[name].class_name, []).append(drafts[name])
        classes = []
        for name in sorted(members):
            own = members[name]
            first = drafts.get(name, own[0])
            for one in own:
                if one.kind.name != first.kind.name:
                    message = (
                        f"lock '{one.name}' is a {one.kind.name}, but its class '{name}' is of kind {first.kind.name}"
                    )
                    declaration = self._declared.by_section["locks"][one.name]
                    self._problems.add(declaration.problem(["class"], message, "kind-mismatch"))
            shape = first.shape
            leaf = any(one.shape.leaf for one in own)
            group = shape.group or next((one.shape.group for one in own if one.shape.group), None)
            classes.append(LockClass(name, first.kind, first.place, shape.at, leaf, group, _attributes(shape)))
        return tuple(classes)

    def _queues(self) -> None:
        """Which queue each work item runs on, and whether a flush of the item touches the queue."""
        queues = self._declared.by_section["workqueues"]
        for name, one in self._declared.by_section["work"].items():
            if one.shape is None or one.shape.queue is None:
                continue
            queue = queues.get(one.shape.queue)
            if queue is None:
                message = f"work item '{name}': unknown workqueue '{one.shape.queue}'"
                hint = did_you_mean(one.shape.queue, queues) or "declare it under `workqueues:`"
                self._problems.add(one.problem(["queue"], message, "unknown-workqueue", hint))
                continue
            index = self._world.locks.get(queue.name, OFF)
            serial = queue.shape is not None and (queue.shape.rescuer or queue.shape.ordered)
            self._world.queues[name] = (None if index == OFF else index, serial)


def _lock(draft: _Draft) -> Lock:
    shape = draft.shape
    return Lock(
        draft.name, draft.class_name, draft.kind, shape.rank, shape.checked, draft.place, shape.at, shape.leaf,
        shape.group, _attributes(shape), shape.many,
    )  # fmt: skip


def _attributes(shape: LockShape) -> tuple[tuple[str, str], ...]:
    """A lock's own words as text, sorted."""
    return tuple(sorted((key, _text(value)) for key, value in shape.attributes.items() if not key.startswith("\0")))


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
