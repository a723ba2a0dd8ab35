"""The Linux library held against what was read in Linux 6.12: locks, functions, lines and the lock order.

The facts (``tests/data/kernel``) were found by reading the kernel, without the library; where the two differ on
purpose, ``accepted.yaml`` says why, and an entry there that is not needed fails as well.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import lockcheck
from lockcheck.findings import Result
from lockcheck.loading import library, load, stated

FACTS = Path(__file__).parent / "data" / "kernel"
LINUX = tuple(name for name in library() if name.startswith("linux/"))
NO_CMPXCHG = {"CONFIG_HAVE_ALIGNED_STRUCT_PAGE": False}
DESIGNS = ("designs/rfc-mm-struct", "designs/rfc-tc-action")


def facts(name: str) -> Any:
    """One file of facts; ``y`` and ``n`` stay words."""
    return yaml.load((FACTS / f"{name}.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 - only text


LOCKS, FUNCTIONS, EDGES, ACCEPTED = facts("locks"), facts("functions"), facts("edges"), facts("accepted")
PLACES = facts("places")


@cache
def places() -> dict[str, dict[str, set[str]]]:
    """By kind of reference and file:line: the names that the library has there."""
    found: dict[str, dict[str, set[str]]] = {"lock": {}, "function": {}, "any": {}}
    for one in stated(LINUX).references:
        for kind in {one.kind, "any"} & set(found):
            found[kind].setdefault(one.at, set()).add(one.name)
    return found


@cache
def checked(config: tuple[tuple[str, str], ...] = (), *designs: str) -> Result:
    """The whole library (and designs) under one config."""
    result = lockcheck.check([*LINUX, *designs], config={name: value == "y" for name, value in config})
    assert result.problems == ()
    return result


@cache
def order(config: tuple[tuple[str, str], ...] = (), *designs: str) -> frozenset[tuple[str, str]]:
    """Every (outer, inner) of the lock-order graph."""
    return frozenset((one.outer, one.inner) for one in checked(config, *designs).dependencies())


def arrow(edge: dict[str, Any]) -> str:
    """How an edge is called in a list of accepted ones."""
    return f"{edge['outer']} -> {edge['inner']}"


@pytest.mark.parametrize("name", LOCKS)
def test_every_lock_is_there(name: str) -> None:
    """Every lock of the facts is a lock class of the library, of that kind, and stands where it is declared."""
    program = load(LINUX, config={"CONFIG_KFENCE": True, "CONFIG_RCU_NOCB_CPU": True, **NO_CMPXCHG}).program
    assert program is not None
    kinds = {lock.name: lock.kind.name for lock in program.classes}
    differs = LOCKS[name]["at"] not in [at for at, names in places()["lock"].items() if name in names]

    assert kinds[name] == LOCKS[name]["kind"]
    assert differs == (name in ACCEPTED["locks"])


@pytest.mark.parametrize("name", [name for name in LOCKS if LOCKS[name]["leaf"] in ("yes", "no")])
def test_leaves_are_leaves(name: str) -> None:
    """A lock is the outer one of some dependency, in some config, exactly when the facts say that it is no leaf."""
    options = {name for edge in EDGES for name in edge.get("config", {})} - {"CONFIG_HAVE_ALIGNED_STRUCT_PAGE"}
    everything = (("CONFIG_HAVE_ALIGNED_STRUCT_PAGE", "n"), *((one, "y") for one in sorted(options)))
    inner = {b for config in ((), everything) for a, b in order(config) if a == name}

    assert bool(inner) == (LOCKS[name]["leaf"] == "no") or name in ACCEPTED["leaves"]


@pytest.mark.parametrize("one", FUNCTIONS, ids=lambda one: one["at"])
def test_every_function_is_there(one: dict[str, Any]) -> None:
    """Every function of the facts is modelled, or folded into one that is, for a reason."""
    folded = ACCEPTED["functions"].get(one["at"])
    modelled = {name for names in places()["function"].values() for name in names}

    assert (one["at"] in places()["function"]) == (folded is None)
    assert folded is None or (folded["into"] in modelled and folded["why"])


@pytest.mark.parametrize("one", FUNCTIONS, ids=lambda one: one["at"])
def test_every_line_is_there(one: dict[str, Any]) -> None:
    """Every line that does something is modelled on that line; what ends a scope and what is a remark needs none."""
    lines = {step["at"] for step in one["steps"] if step["does"] not in ("release", "note")}

    assert sorted(lines - set(places()["any"]) - set(ACCEPTED["lines"])) == []


def test_nothing_is_accepted_in_vain() -> None:
    """Each accepted difference is one, each with its reason."""
    known = {step["at"] for one in FUNCTIONS for step in one["steps"]}
    known |= {at for edge in EDGES for at in edge["via"]} | set(PLACES["contexts"].values()) | set(PLACES["preempt_rt"])

    assert set(ACCEPTED["lines"]) <= known - set(places()["any"])
    assert set(ACCEPTED["edges"]) <= {arrow(edge) for edge in EDGES}
    assert set(ACCEPTED["locks"]) <= set(LOCKS)
    assert set(ACCEPTED["functions"]) <= {one["at"] for one in FUNCTIONS}
    assert all(why for table in ACCEPTED.values() for why in table.values())


@pytest.mark.parametrize("edge", EDGES, ids=arrow)
def test_every_edge_is_there(edge: dict[str, Any]) -> None:
    """Every order of the facts is a dependency of the library, in the config that it needs and not without it."""
    config = tuple(sorted(edge.get("config", {}).items()))
    pair = edge["outer"], edge["inner"]
    if arrow(edge) in ACCEPTED["edges"] or "trylock" in edge:
        assert pair not in order(config)
    elif edge["evidence"] == "proposed":
        with_design = set[tuple[str, str]]().union(*(order((), design) for design in DESIGNS))
        over = edge.get("through")
        assert {(edge["outer"], over), (over, edge["inner"])} <= with_design if over else pair in with_design
    else:
        assert pair in order(config)
        assert not config or pair not in order()


@pytest.mark.parametrize("edge", EDGES, ids=arrow)
def test_every_line_of_an_edge_is_there(edge: dict[str, Any]) -> None:
    """The lines that show an order stand in the library."""
    assert [at for at in edge["via"] if at not in places()["any"] and at not in ACCEPTED["lines"]] == []


@pytest.mark.parametrize("at", sorted({*PLACES["contexts"].values(), *PLACES["preempt_rt"]}))
def test_entries_and_preempt_rt_are_there(at: str) -> None:
    """Where constructors and destructors are entered, and where PREEMPT_RT differs, the library has a line."""
    assert at in places()["any"] or at in ACCEPTED["lines"]


# ---------------------------------------------------------------------------------------------- what must not be true


@pytest.mark.parametrize("lock", ["list_lock", "cpu_slab.lock"])
@pytest.mark.parametrize("function", ["discard_slab", "free_slab", "new_slab"])
def test_no_slab_lock_is_held(lock: str, function: str) -> None:
    """No path discards or makes a slab under a slab lock; one that did would be found."""
    verbs = {"list_lock": "spin_lock_irqsave", "cpu_slab.lock": "local_lock_irqsave"}
    with_ = "{cache: mm_struct, gfp: GFP_ATOMIC}" if function == "new_slab" else "{cache: mm_struct}"
    bad = (
        "lockcheck: 1\ntitle: a slab lock held too long\ninclude: [linux/fork]\nfunctions:\n  bad:\n    entry: task\n"
        f"    steps:\n      - {verbs[lock]}: {lock}\n        do: [{{call: {function}, with: {with_}}}]\n"
    )
    broken = [dict(fact.attributes) for fact in lockcheck.check(bad).facts("assertion")]

    assert any(one["lock"] == lock and one["functions"][-1] == function and one["contract"] for one in broken)
    assert checked().facts("assertion") == ()


def test_free_percpu_takes_no_mutex() -> None:
    """free_percpu() takes pcpu_lock but not pcpu_alloc_mutex."""
    under = (
        "lockcheck: 1\ntitle: free under a lock\ninclude: [linux/percpu]\nlocks: {outermost: spinlock}\n"
        "functions:\n  f:\n    entry: task\n    steps:\n      - spin_lock: outermost\n        do: [free_percpu]\n"
    )
    inner = {one.inner for one in lockcheck.check(under).dependencies() if one.outer == "outermost"}

    assert "pcpu_lock" in inner
    assert "pcpu_alloc_mutex" not in inner


def test_percpu_counters_lock_and_pcpu_lock_do_not_nest() -> None:
    """percpu_counters_lock and pcpu_lock are taken one after the other, with and without the proposal."""
    both = {"percpu_counters_lock", "pcpu_lock"}

    assert [pair for pair in order() | order((), DESIGNS[0]) if set(pair) == both] == []


def test_percpu_itself_queues_no_work_under_pcpu_lock() -> None:
    """pcpu_lock -> pool.lock comes from the memory controller only: without it there is none."""
    pair = ("pcpu_lock", "pool.lock")

    assert pair in order()
    assert pair not in order((("CONFIG_MEMCG", "n"),))
