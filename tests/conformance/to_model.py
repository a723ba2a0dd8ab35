"""A corpus case as the text of a lockcheck model: what a person would write for the same code paths.

Is: the translation that conformance is measured through. Each sequence is a function with an entry, each op one step.
Is not: ``to_program``, which skips the language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from tests.conformance.corpus import (
    IMPLICIT,
    NotExpressibleError,
    Switches,
    class_name,
    completions,
    left_held,
    sequences_of,
    switches_of,
)
from tests.conformance.text import scalar

Op: TypeAlias = Sequence[Any]
Writer: TypeAlias = "Callable[[str, Mapping[str, Any]], list[str]]"

KIND_OF_TYPE = {
    "raw_spinlock": "raw_spinlock",
    "spinlock": "spinlock",
    "rwlock": "rwlock",
    "local_lock": "local_lock",
    "mutex": "mutex",
    "rwsem": "rwsem",
    "rtmutex": "rtmutex",
    "ww_mutex": "ww_mutex",
    "ww_ctx": "ww_ctx",
    "map": "map",
    "srcu": "srcu",
    "rcu": "rcu_map",
    "rcu_bh": "rcu_bh_map",
    "rcu_sched": "rcu_sched_map",
    "wait_override": "wait_override",
}
"""Lock types of the corpus -> lock kinds of the dialect."""


def _on_lock(verb: str) -> Writer:
    def write(of: str, options: Mapping[str, Any]) -> list[str]:
        extra = ""
        if options.get("subclass"):
            extra += f", nested: {int(options['subclass'])}"
        if options.get("nest"):
            extra += f", nest: {scalar(options['nest'])}"
        step = f"{verb}: {scalar(of)}"
        return [f"{{{step}{extra}}}" if extra else step]

    return write


def _word(verb: str) -> Writer:
    return lambda of, options: [verb]


def _gfp(verb: str) -> Writer:
    return lambda of, options: [f"{verb}: {scalar(of)}"]


def _ww_lock(of: str, options: Mapping[str, Any]) -> list[str]:
    returns = options.get("returns")
    if returns == "EALREADY":
        return []
    taken = _on_lock("acquire")(of, {"nest": options.get("ctx")})
    return [*taken, f"release: {scalar(of)}"] if returns == "EDEADLK" else taken


def _ww_trylock(of: str, options: Mapping[str, Any]) -> list[str]:
    return [] if options.get("fails") else [f"tried: {scalar(of)}"]


def _assert_held(of: str, options: Mapping[str, Any]) -> list[str]:
    verb = {None: "lockdep_assert_held", True: "lockdep_assert_held_read", False: "lockdep_assert_held_write"}
    return [f"{verb[options.get('read')]}: {scalar(of)}"]


def _reclass(of: str, options: Mapping[str, Any]) -> list[str]:
    return [f"lock_set_subclass: [{scalar(of)}, {int(options.get('subclass', 0))}]"]


def _nothing(of: str, options: Mapping[str, Any]) -> list[str]:
    return []


TRIED = {"tried": "exclusive", "tried_read": "shared", "tried_recursive": "recursive"}
"""Verbs that the models define: the successful attempt alone. The dialect's own have two ways to go on."""

WRITERS: dict[str, Writer] = {
    "lock": _on_lock("acquire"),
    "read_lock": _on_lock("acquire_read"),
    "read_lock_recursive": _on_lock("acquire_recursive"),
    "read_lock_queued": _on_lock("acquire_queued"),
    "trylock": _on_lock("tried"),
    "read_trylock": _on_lock("tried_read"),
    "read_trylock_recursive": _on_lock("tried_recursive"),
    "sync": _on_lock("sync_lock"),
    "unlock": _on_lock("release"),
    "downgrade": _on_lock("downgrade"),
    "set_subclass": _reclass,
    "init": _on_lock("init_lock"),
    "free": _on_lock("free_lock_memory"),
    "assert_held": _assert_held,
    "assert_not_held": _on_lock("lockdep_assert_not_held"),
    "pin": _on_lock("lockdep_pin_lock"),
    "unpin": _on_lock("lockdep_unpin_lock"),
    "return_to_user": _word("return_to_user"),
    "hardirq_disable": _word("local_irq_disable"),
    "hardirq_enable": _word("local_irq_enable"),
    "hardirq_save": _word("local_irq_save"),
    "hardirq_restore": _word("local_irq_restore"),
    "softirq_disable": _word("local_bh_disable"),
    "softirq_enable": _word("local_bh_enable"),
    "softirq_enter": _word("softirq_enter"),
    "softirq_exit": _word("softirq_exit"),
    "hardirq_enter": _word("hardirq_enter"),
    "hardirq_exit": _word("hardirq_exit"),
    "might_alloc": _gfp("might_alloc"),
    "reclaim_enter": _gfp("fs_reclaim_acquire"),
    "reclaim_exit": _gfp("fs_reclaim_release"),
    "nofs_scope_begin": _word("memalloc_nofs_save"),
    "nofs_scope_end": _word("memalloc_nofs_restore"),
    "noio_scope_begin": _word("memalloc_noio_save"),
    "noio_scope_end": _word("memalloc_noio_restore"),
    "noreclaim_scope_begin": _word("memalloc_noreclaim_save"),
    "noreclaim_scope_end": _word("memalloc_noreclaim_restore"),
    "wait": _on_lock("wait_for_completion"),
    "complete": _on_lock("complete"),
    "ww_acquire_init": _on_lock("acquire"),
    "ww_acquire_fini": _on_lock("release"),
    "ww_lock": _ww_lock,
    "ww_lock_slow": _ww_lock,
    "ww_trylock": _ww_trylock,
    "ww_unlock": _on_lock("release"),
    # what only w/w bookkeeping sees: nothing happens to a lock
    "ww_acquire_done": _nothing,
    "ww_force": _nothing,
    "ww_copy_ctx": _nothing,
    "ww_other_owns": _nothing,
    "ww_other_drops": _nothing,
}
"""How each op is written. Given its operand and options; the steps' text without the dash."""


def _lock_lines(case: Mapping[str, Any], switches: Switches) -> Iterator[str]:
    locks = case["locks"]
    for name, spec in locks.items():
        if name in IMPLICIT:
            continue
        kind = KIND_OF_TYPE.get(spec["type"])
        if kind is None:
            raise NotExpressibleError(f"lock type {spec['type']}")
        fields = [f"kind: {kind}"]
        owner = class_name(locks, name)
        if owner != name:
            fields.append(f"class: {scalar(owner)}")
        if spec.get("rank") is not None:
            fields.append(f"rank: {int(spec['rank'])}")
        if spec.get("novalidate"):
            fields.append("checked: false")
        fields += [f"{key}: {spec[key]}" for key in ("wait", "wait_outer") if key in spec]
        yield f"  {scalar(name)}: " + (kind if len(fields) == 1 else "{" + ", ".join(fields) + "}")
    for name in completions(case):
        yield f"  {scalar(name)}: completion"
    if not switches.mmu_notifier:
        yield "  mmu_notifier: {kind: map, checked: false}"


def _entry(sequence: Mapping[str, Any]) -> str:
    context = sequence["context"]
    if context not in ("task", "softirq", "hardirq"):
        raise NotExpressibleError(f"context {context}")
    return context if sequence.get("threaded", True) else f"{{context: {context}, threaded: false}}"


def _hard_interrupt(ops: Sequence[Op], start: int) -> int:
    """Index of the ``hardirq_exit`` that ends the handler entered at ``start``, or of the end."""
    depth = 0
    for at in range(start, len(ops)):
        depth += {"hardirq_enter": 1, "hardirq_exit": -1}.get(ops[at][0], 0)
        if depth == 0:
            return at
    return len(ops)


def _steps(ops: Sequence[Op], queued: bool, indent: str = "      ") -> Iterator[str]:
    at = 0
    while at < len(ops):
        op = ops[at]
        word = op[0]
        options = op[2] if len(op) > 2 else {}
        at += 1
        if word == "hardirq_enter" and not options.get("threaded", True):
            end = _hard_interrupt(ops, at - 1)
            yield from (f"{indent}- interrupt: hardirq", f"{indent}  threaded: false")
            block = list(_steps(ops[at:end], queued, indent + "    "))
            yield from [f"{indent}  do:", *block] if block else [f"{indent}  do: []"]
            at = end + 1
            continue
        if word == "read_lock_queued" and not queued:
            word = "read_lock_recursive"
        writer = WRITERS.get(word)
        if writer is None:
            raise NotExpressibleError(word)
        for step in writer(op[1] if len(op) > 1 and op[1] is not None else "", options):
            yield f"{indent}- {step}"


def _tried(case: Mapping[str, Any]) -> Iterator[str]:
    """The verbs of successful attempts, if the case has any."""
    used = {op[0] for sequence in case["sequences"] for op in sequence["ops"]}
    if any("trylock" in word for word in used):
        yield "verbs:"
        for verb, mode in TRIED.items():
            yield f"  {verb}: {{operands: [lock], effects: [{{acquire: {mode}, try: true}}]}}"


def model_of(case: Mapping[str, Any]) -> str:
    """The case as a model under its own config.

    Raises :class:`NotExpressibleError` when an op, a lock type or a switch is unknown.
    """
    switches = switches_of(case)
    lines = ["lockcheck: 1"]
    configs = ["CONFIG_PREEMPT_RT: y"] if switches.preempt_rt else []
    configs += [] if switches.raw_lock_nesting else ["CONFIG_PROVE_RAW_LOCK_NESTING: n"]
    if configs:
        lines.append(f"configs: {{{', '.join(configs)}}}")
    lines += _tried(case)
    locks = list(_lock_lines(case, switches))
    if locks:
        lines += ["locks:", *locks]
    lines.append("functions:")
    queued = switches.queued_rwlocks and not switches.preempt_rt
    sequences = sequences_of(case, switches.preempt_rt)
    for at, sequence in enumerate(sequences):
        lines += [f"  s{at:03}:", f"    entry: {_entry(sequence)}"]
        # a sequence's `thread` is left out: lockdep, whose verdict is asked for, knows no confinement to a thread
        held = left_held(sequence["ops"]) if at == len(sequences) - 1 else []
        if held:
            lines.append(f"    returns_holding: [{', '.join(map(scalar, held))}]")
        steps = list(_steps(sequence["ops"], queued))
        lines += ["    steps:", *steps] if steps else ["    steps: []"]
    return "\n".join(lines) + "\n"
