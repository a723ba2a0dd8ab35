"""Ways into callbacks: the contexts that were found by reading the kernel come out of the analysis of its models.

Is: the comparison with ``tests/data/kernel/contexts.json``, and what a way says. Is not: a test of rules about them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import lockcheck
from lockcheck.findings import Result
from lockcheck.graph.analysis import Analysis
from lockcheck.model.facts import Attribute, Fact

READ = json.loads((Path(__file__).parent / "data/kernel/contexts.json").read_text(encoding="utf-8"))
PROBE = """
lockcheck: 1
title: caches that are used in any way their users can
include: [linux/slab, linux/kasan, rfc/failing_ctor]
locks: {owner: mutex, queue: raw_spinlock}
caches:
  probe: {ctor: probe_ctor, dtor: probe_dtor, flags: [SLAB_ACCOUNT]}
  probe_rcu: {ctor: rcu_ctor, dtor: rcu_dtor, flags: [SLAB_TYPESAFE_BY_RCU]}
functions:
  probe_ctor: {steps: []}
  probe_dtor: {steps: []}
  rcu_ctor: {steps: []}
  rcu_dtor: {steps: []}
  makes: {entry: task, steps: [kmem_cache_alloc: [probe, GFP_KERNEL]]}
  makes_under_mutex:
    entry: task
    steps:
      - mutex_lock: owner
        do:
          - kmem_cache_alloc: [probe, GFP_KERNEL]
          - kmem_cache_alloc_bulk: [probe, GFP_KERNEL]
          - kmem_cache_free: probe
  makes_under_spinlock:
    entry: [task, hardirq]
    steps:
      - raw_spin_lock_irqsave: queue
        do:
          - kmem_cache_alloc: [probe, GFP_ATOMIC]
          - kmem_cache_free: probe
  releases: {entry: task, steps: [call_rcu: probe_released]}
  probe_released: {steps: [kmem_cache_free: probe]}
  drops: {entry: task, steps: [kmem_cache_free: probe]}
  drops_rcu: {entry: task, steps: [kmem_cache_free: probe_rcu]}
"""
OURS = {"owner", "queue"}


@cache
def probed(*options: str) -> Result:
    """The probe caches with these options on."""
    result = lockcheck.check(PROBE, config=dict.fromkeys(options, True))
    assert [str(problem) for problem in result.problems] == []
    return result


def facts(*options: str) -> tuple[Fact, ...]:
    """Every way into the callbacks of the probe caches."""
    return probed(*options).facts("context")


def words(value: Attribute) -> tuple[str, ...]:
    """A list attribute."""
    assert isinstance(value, tuple)
    return value


def ways(read: dict[str, Any], role: str) -> list[Fact]:
    """The ways that a context which was read from the source is about."""
    cache_name = read.get("cache", "probe")
    found = facts(*sorted(read.get("config", ())))
    mine = [one for one in found if role in words(one.get("inside")) and one.get("cache") == cache_name]
    return [one for one in mine if fits(read, one)]


def fits(read: dict[str, Any], way: Fact) -> bool:
    """The way goes through these functions in this order, by the decisive call, and not through others."""
    steps = way.legs[0].steps
    names = [name for step in steps for name in called(step.function, step.text)]
    places = {step.at for step in steps} | {at_of(name) for name in names}
    rest = iter(names)
    in_order = all(wanted in rest for wanted in read["through"])
    return in_order and read["at"] in places and not set(read.get("without", ())) & set(names)


def called(function: str, text: str) -> tuple[str, ...]:
    """The function of a step and the one that it calls."""
    return (function, text.rsplit("-> ", 1)[-1].split("(")[0])


@cache
def functions() -> dict[str, str]:
    """Where each function of the models stands in the kernel."""
    analysis = probed().analysis
    assert isinstance(analysis, Analysis)
    return {function.name: function.at or "" for function in analysis.program.functions}


def at_of(name: str) -> str:
    """Where a function stands in the kernel."""
    return functions().get(name, "")


def values(found: Iterable[Fact], attribute: str) -> set[Attribute]:
    """The values of an attribute."""
    return {one.get(attribute) for one in found}


CASES = [(role, read) for role in ("dtor", "ctor") for read in READ[role]]


@pytest.mark.parametrize(("role", "read"), CASES, ids=[read["id"] for _, read in CASES])
def test_a_context_read_from_the_source_comes_out_of_the_analysis(role: str, read: dict[str, Any]) -> None:
    """Each known way into a slab callback is found with its locks, interrupt and preemption state."""
    found = ways(read, role)
    assert found
    for attribute in ("irqs", "bh", "preempt", "context"):
        wanted = read.get(attribute)
        if wanted == "caller":
            assert values(found, attribute) == {"on", "off"}, attribute
        elif wanted is not None:
            assert values(found, attribute) == {wanted}, attribute
    check_locks(read, found)


def check_locks(read: dict[str, Any], found: list[Fact]) -> None:
    """The locks around the callback, and those under which others wait for it."""
    locks = [set(words(one.get("locks"))) for one in found]
    wanted = read["locks"]
    if wanted == "caller":
        assert not any(set(words(one.get("own_locks"))) for one in found)
        assert {frozenset(), frozenset({"owner"})} <= {frozenset(one & OURS) for one in locks}
    elif wanted == "other":
        assert any(one and not one & OURS for one in locks), "locks of somebody who allocates from another cache"
    else:
        assert {*wanted, *read.get("besides", ())} == set.intersection(*locks) - OURS
    assert set(read.get("some", ())) <= set().union(*locks)
    assert all(set(read.get("waited_under", ())) <= set(words(one.get("waited_under"))) for one in found)


def test_no_way_into_a_destructor_is_unknown() -> None:
    """What the analysis finds is what was read: every way fits one of the contexts."""
    for options in sorted({tuple(sorted(read.get("config", ()))) for _, read in CASES}):
        for one in facts(*options):
            role = "dtor" if "dtor" in words(one.get("inside")) else "ctor"
            if one.get("cache") == "probe":
                known = [read["id"] for read in (*READ[role], *READ["more"]) if fits(read, one)]
                assert known, (one.get("route"), one.legs[0].steps)


def test_the_worst_way_comes_first() -> None:
    """A hardirq that frees under a spinlock stands before every task, and ranks are counted from one."""
    found = [one for one in facts() if one.get("role_function") == "probe_dtor"]
    first = next(one for one in found if one.get("rank") == 1)
    assert (first.get("context"), first.get("irqs"), first.get("may_sleep")) == ("hardirq", "off", False)
    assert sorted(one.get("rank") or 0 for one in found) == list(range(1, len(found) + 1))


def test_a_constructor_is_told_the_flags_of_each_allocation() -> None:
    """Ways into a constructor carry the gfp flags that the caller asked with."""
    found = [one for one in facts() if one.get("role_function") == "probe_ctor"]
    under = {("queue" in words(one.get("locks"))): "DIRECT_RECLAIM" in str(one.get("gfp")) for one in found}
    assert under == {True: False, False: True}


SCOPED = """
lockcheck: 1
title: a helper without a role
locks: {A: mutex, B: spinlock}
functions:
  helper: {steps: []}
  middle: {steps: [call: helper]}
  one: {entry: task, steps: [mutex_lock: A, call: middle, mutex_unlock: A]}
  two: {entry: {context: task, bh: off}, steps: [spin_lock_irqsave: B, call: middle, spin_unlock_irqrestore: B]}
"""


def test_any_function_can_be_asked_about() -> None:
    """A function without a role has ways in too; its route goes up to where callers differ."""
    found = lockcheck.check(SCOPED).contexts("helper")
    assert [one.get("locks") for one in found] == [("B",), ("A",)]
    assert [one.get("may_sleep") for one in found] == [False, True]
    assert found[0].get("route") == ("two", "middle")
