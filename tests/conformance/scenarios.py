"""Recorded scenarios: what a test module did to real locks of a booted kernel, as models on top of the shipped ones.

Is: the second format that the command reads, with the kernel's own verbs (``kmalloc``, ``alloc_percpu`` ...).
Is not: the corpus format, whose ops are lockdep's own events (``to_model``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from tests.conformance.corpus import NotExpressibleError, Row, Wanted
from tests.conformance.text import scalar

Words: TypeAlias = Sequence[str]


class Verbs(NamedTuple):
    """A lock kind of the recording: its kind here, and the verbs of its write side and its read side."""

    kind: str
    lock: str
    unlock: str
    trylock: str | None = None
    rlock: str | None = None
    runlock: str | None = None
    tryrlock: str | None = None


KINDS = {
    "mutex": Verbs("mutex", "mutex_lock", "mutex_unlock", "mutex_trylock"),
    "spin": Verbs("spinlock", "spin_lock", "spin_unlock", "spin_trylock"),
    "raw": Verbs("raw_spinlock", "raw_spin_lock", "raw_spin_unlock", "raw_spin_trylock"),
    "rwlock": Verbs(
        "rwlock", "write_lock", "write_unlock", "write_trylock", "read_lock", "read_unlock", "read_trylock"
    ),
    "rwsem": Verbs(
        "rwsem", "down_write", "up_write", "down_write_trylock", "down_read", "up_read", "down_read_trylock"
    ),
    "percpu_rwsem": Verbs(
        "percpu_rwsem", "percpu_down_write", "percpu_up_write", None,
        "percpu_down_read", "percpu_up_read", "percpu_down_read_trylock",
    ),
    "rtmutex": Verbs("rtmutex", "rt_mutex_lock", "rt_mutex_unlock", "rt_mutex_trylock"),
    "srcu": Verbs("srcu", "srcu_read_lock", "srcu_read_unlock", None, "srcu_read_lock", "srcu_read_unlock"),
    "local": Verbs("local_lock", "local_lock", "local_unlock"),
}  # fmt: skip

ENTRIES = {
    "task": "task",
    "user": "task",
    "hardirq": "hardirq",
    "hardirq_hard": "{context: hardirq, threaded: false}",
    "softirq": "softirq",
}
"""Contexts that start by themselves; ``shrinker`` and ``body`` are started by what they belong to."""

TITLES = {
    "possible circular locking dependency": "circular",
    "possible recursive locking": "recursive",
    "inconsistent lock state": "inconsistent",
    "possible irq lock inversion dependency": "irq_inversion",
    "-unsafe lock order detected": "irq_inversion",
    "Invalid wait context": "wait_context",
    "Nested lock was not taken": "nest_not_held",
    "bad unlock balance": "bad_unlock",
    "held lock freed": "held_freed",
    "lock held when returning to user space": "held_at_exit",
    "still has locks held": "held_at_exit",
    "sleeping function called from invalid context": "sleep",
    "scheduling while atomic": "sleep",
    "trying to register non-static key": "unregistered_key",
    "DEBUG_LOCKS_WARN_ON": "debug_warn",
    "WARNING: CPU:": "assert_warn",
}
"""Part of a report's title -> kind."""

PLAIN_STEPS = {
    "irqoff": "local_irq_disable",
    "irqon": "local_irq_enable",
    "irqsave": "local_irq_save",
    "irqrestore": "local_irq_restore",
    "bhoff": "local_bh_disable",
    "bhon": "local_bh_enable",
    "preempt_off": "preempt_disable",
    "preempt_on": "preempt_enable",
    "rcu_lock": "rcu_read_lock",
    "rcu_unlock": "rcu_read_unlock",
    "sync_rcu": "synchronize_rcu",
    "nofs_save": "memalloc_nofs_save",
    "nofs_restore": "memalloc_nofs_restore",
    "noio_save": "memalloc_noio_save",
    "noio_restore": "memalloc_noio_restore",
    "noreclaim_save": "memalloc_noreclaim_save",
    "noreclaim_restore": "memalloc_noreclaim_restore",
    "might_sleep": "might_sleep",
    "flushwq": "flush_workqueue: lckscn_wq",
    "pcpu_free": "free_percpu",
    "mmap_read_lock": "down_read: mmap_lock",
    "mmap_read_unlock": "up_read: mmap_lock",
    "mmap_write_lock": "down_write: mmap_lock",
    "mmap_write_unlock": "up_write: mmap_lock",
    "return_to_user": "return_to_user",
}

GFP_STEPS = frozenset({"kmalloc", "fs_reclaim_acquire", "fs_reclaim_release", "might_alloc", "alloc_pages"})

NAMED_STEPS = {
    "sync_srcu": "synchronize_srcu",
    "downgrade": "downgrade_write",
    "might_lock": "might_lock",
    "might_lock_read": "might_lock_read",
    "assert_held": "lockdep_assert_held",
    "assert_not_held": "lockdep_assert_not_held",
    "pin": "lockdep_pin_lock",
    "unpin": "lockdep_unpin_lock",
    "init_lock": "init_lock",
    "free_lock": "free_lock_memory",
    "queue": "queue_work",
    "queue_wait": "queue_work",
    "flush": "flush_work",
    "cancel": "cancel_work_sync",
    "timer_run": "mod_timer",
    "del_timer_sync": "timer_delete_sync",
}

SILENT = frozenset({"arm", "lock_nokey"})
"""Ops that do nothing to a lock: the next constructor call does its work anyway; a lock without a key has no class."""


def is_scenario(case: Mapping[str, Any]) -> bool:
    """Is this a recorded scenario, and not a case of a corpus?"""
    return "scenario" in case and "threads" in case


def _kind_of_title(title: str) -> str:
    return next((kind for part, kind in TITLES.items() if part in title), f"of report {title!r}")


def row_of(case: Mapping[str, Any]) -> Row:
    """The scenario's one verdict: every kind of report that the kernel printed."""
    kinds = sorted({_kind_of_title(title) for title in case["observed"].get("titles") or ()})
    family = f"recorded/{case.get('group', '?')}"
    return Row(case["scenario"], family, case, Wanted(bool(kinds), tuple(kinds)))


# ---------------------------------------------------------------------------------------------------- steps


def _lock_step(verbs: Verbs, op: str, name: str, options: Words) -> str:
    verb = getattr(verbs, op)
    if verb is None:
        raise NotExpressibleError(f"{op} of {verbs.kind}")
    extra = ""
    for option in options:
        key, _, value = option.partition("=")
        if key not in ("sub", "nest"):
            raise NotExpressibleError(f"{op} {key}")
        extra += f", nested: {int(value)}" if key == "sub" else f", nest: {scalar(value)}"
    step = f"{verb}: {scalar(name)}"
    return f"{{{step}{extra}}}" if extra else step


def _gfp(words: str) -> str:
    """``KERNEL`` is GFP_KERNEL; what is added with a bar is a modifier (``KERNEL|NOLOCKDEP``)."""
    first, *more = words.split("|")
    names = [first if "GFP_" in first else f"GFP_{first}", *(one if "GFP_" in one else f"__GFP_{one}" for one in more)]
    return scalar(" | ".join(names))


def _reclaim(words: Words) -> list[str]:
    return ["alloc_pages: GFP_KERNEL"] if words[1] == "direct" else ["call: kswapd"]


SPECIAL: dict[str, Callable[[Words], list[str]]] = {
    "reclaim": _reclaim,
    "calloc": lambda words: [f"kmem_cache_alloc: [{scalar(words[1])}, {_gfp(words[2])}]"],
    "cfree": lambda words: [f"kmem_cache_free: {scalar(words[1])}"],
    "pcpu_alloc": lambda words: ["alloc_percpu: GFP_KERNEL"],
    "might_fault": lambda words: ["might_lock_read: mmap_lock", "might_sleep"],
}


def _step(words: Words, kinds: Mapping[str, Verbs]) -> list[str]:
    """One op that is no trylock, as steps without the dash."""
    op = words[0]
    if op in Verbs._fields[1:]:
        return [_lock_step(kinds[words[1]], op, words[1], words[2:])]
    if op in PLAIN_STEPS:
        return [PLAIN_STEPS[op]]
    if op in NAMED_STEPS:
        return [f"{NAMED_STEPS[op]}: {scalar(words[1])}"]
    if op in GFP_STEPS:
        return [f"{op}: {_gfp(words[1])}"]
    if op in SPECIAL:
        return SPECIAL[op](words)
    if op in SILENT:
        return []
    raise NotExpressibleError(op)


def _end_of_try(ops: Words, name: str) -> int:
    """How many of the ops after a trylock stand in its ``then``: up to its unlock, or all when these cross others."""
    depth = 0
    for at, op in enumerate(ops):
        word, *operands = op.split()
        if word in ("lock", "rlock"):
            depth += 1
        elif word in ("unlock", "runlock") and depth == 0:
            return at + 1 if operands[:1] == [name] else len(ops)
        elif word in ("unlock", "runlock"):
            depth -= 1
    return len(ops)


def _steps(ops: Words, kinds: Mapping[str, Verbs], indent: str) -> Iterator[str]:
    """The ops as lines; what needs a tried lock stands in its ``then``: the recorded attempt was the successful one."""
    at = 0
    while at < len(ops):
        words = ops[at].split()
        at += 1
        if words[0] not in ("trylock", "tryrlock"):
            yield from (f"{indent}- {step}" for step in _step(words, kinds))
            continue
        yield f"{indent}- {_lock_step(kinds[words[1]], words[0], words[1], words[2:])}"
        end = at + _end_of_try(ops[at:], words[1])
        block = list(_steps(ops[at:end], kinds, indent + "    "))
        yield from [f"{indent}  then:", *block] if block else [f"{indent}  then: []"]
        if end == len(ops):
            yield f"{indent}  else: [return]"
        at = end


# ---------------------------------------------------------------------------------------------------- the model

INCLUDES = {
    "linux/slab": {"kmalloc", "calloc", "cfree"},
    "linux/percpu": {"pcpu_alloc", "pcpu_free"},
    "linux/page_alloc": {"reclaim"},
    "linux/workqueue": {"queue", "queue_wait", "flush", "cancel", "flushwq"},
}
"""Shipped models -> ops that go through them."""


def _function_name(thread: Mapping[str, Any]) -> str:
    return f"{thread['name']}_body" if thread["context"] == "body" else str(thread["name"])


def _header(case: Mapping[str, Any]) -> Iterator[str]:
    used = {op.split()[0] for thread in case["threads"] for op in thread["ops"]}
    contexts = {thread["context"] for thread in case["threads"]}
    include = {name for name, ops in INCLUDES.items() if ops & used}
    if "shrinker" in contexts:
        include.add("linux/page_alloc")
    yield "lockcheck: 1"
    if include:
        yield f"include: [{', '.join(sorted(include))}]"
    locks = []
    for lock in case["locks"]:
        kind = KINDS[lock["kind"]].kind
        owner = lock.get("same_class_as")
        locks.append(f"  {scalar(lock['name'])}: " + (f"{{kind: {kind}, class: {scalar(owner)}}}" if owner else kind))
    if any(op.startswith("mmap_") or op == "might_fault" for op in used):
        locks.append("  mmap_lock: rwsem")
    if locks:
        yield from ["locks:", *locks]
    yield from _objects(case)
    shrinkers = [scalar(_function_name(one)) for one in case["threads"] if one["context"] == "shrinker"]
    if shrinkers:
        yield f"patch: {{callbacks: {{shrinkers: {{add: [{', '.join(shrinkers)}]}}}}}}"


def _objects(case: Mapping[str, Any]) -> Iterator[str]:
    """Caches, work items and timers, with the bodies that the scenario gives them."""
    bodies = {one["name"] for one in case["threads"] if one["context"] == "body"}
    found: dict[str, list[str]] = {}
    for one in case["objects"]:
        name, body = scalar(one["name"]), scalar(f"{one['name']}_body")
        if one["type"] == "cache":
            text = f"{{ctor: {body}}}" if one["name"] in bodies else "{}"
            found.setdefault("caches", []).append(f"  {name}: {text}")
        elif one["type"] == "work":
            found.setdefault("work", []).append(f"  {name}: {{function: {body}, queue: lckscn_wq}}")
        elif one["type"] == "timer":
            found.setdefault("timers", []).append(f"  {name}: {{function: {body}, context: softirq}}")
        else:
            raise NotExpressibleError(f"object {one['type']}")
    if "work" in found:
        yield "workqueues: {lckscn_wq: {}}"
    for section, lines in sorted(found.items()):
        yield from [f"{section}:", *lines]


def model_of(case: Mapping[str, Any]) -> str:
    """The scenario as a model. Raises :class:`NotExpressibleError` for an op, kind or object that is not known."""
    unknown = sorted({lock["kind"] for lock in case["locks"]} - set(KINDS))
    if unknown:
        raise NotExpressibleError(f"lock kind {unknown[0]}")
    kinds = {lock["name"]: KINDS[lock["kind"]] for lock in case["locks"]}
    lines = [*_header(case), "functions:"]
    for thread in case["threads"]:
        lines.append(f"  {scalar(_function_name(thread))}:")
        context = thread["context"]
        if context in ENTRIES:
            lines.append(f"    entry: {ENTRIES[context]}")
        elif context not in ("shrinker", "body"):
            raise NotExpressibleError(f"context {context}")
        ops = [*thread["ops"], "return_to_user"] if context == "user" else thread["ops"]
        steps = list(_steps(ops, kinds, "      "))
        lines += ["    steps:", *steps] if steps else ["    steps: []"]
    return "\n".join(lines) + "\n"
