"""Call cycles and contracts as facts."""

from __future__ import annotations

from lockcheck.graph import analyse
from lockcheck.graph.analysis import Analysis
from lockcheck.loading import ModelText, load

CYCLE = """\
lockcheck: 1
title: an allocator that calls a constructor that allocates
locks: {L: mutex, free: {kind: spinlock, leaf: true}, taken: {kind: spinlock, leaf: true}}
caches:
  box: {ctor: box_ctor}
functions:
  user:
    entry: task
    steps:
      - call: alloc
        with: {cache: box, n: L}
  alloc:
    params: [cache, n]
    steps:
      - if: $cache has ctor
        then:
          - mutex_lock: L
            do:
              - call: $cache.ctor
  box_ctor:
    steps:
      - if: more
        then:
          - call: alloc
            with: {cache: box, n: L}
  countdown:
    entry: task
    steps:
      - call: once
        with: {lock: taken}
  once:
    params: [lock]
    steps:
      - lockdep_assert_not_held: L
      - if: $lock is taken
        then:
          - spin_lock: taken
            do:
              - spin_lock: free
                do: []
          - call: once
            with: {lock: free}
  checked:
    entry: task
    steps:
      - lockdep_assert_held: L
"""


def analysed() -> Analysis:
    """The model, analysed."""
    loaded = load([ModelText(CYCLE)])
    assert loaded.problems == ()
    assert loaded.program is not None
    return analyse(loaded.program)


def test_cycle_names_its_round() -> None:
    """Each call cycle is one fact: its shortest round, the caches and roles on it, the locks held around it."""
    found = {str(fact.get("chain")): fact for fact in analysed().facts("call-cycle")}

    assert sorted(found) == ["alloc -> box_ctor -> alloc", "once -> once"]
    alloc = found["alloc -> box_ctor -> alloc"]
    names = ("members", "length", "caches", "roles", "locks", "bounded")
    assert [alloc.get(name) for name in names] == [("alloc", "box_ctor"), 2, ("box",), ("ctor",), ("L",), False]
    assert [step.function for step in alloc.legs[0].steps if step.action == "call"] == ["user", "alloc", "box_ctor"]


def test_round_that_changes_its_parameters_is_bounded() -> None:
    """A recursion that comes back in another state each time is told apart from one that nothing ends."""
    bounded = {fact.get("chain"): fact.get("bounded") for fact in analysed().facts("call-cycle")}

    assert bounded["once -> once"] is True


def test_promises_are_met_or_broken() -> None:
    """Assertions and declared leaves are facts whether they hold or not, each once."""
    found = {(fact.get("promise"), fact.get("lock"), fact.get("function"), fact.get("broken"))
             for fact in analysed().facts("contract")}  # fmt: skip

    assert found == {
        ("held", "L", "checked", True),
        ("not held", "L", "once", False),
        ("leaf", "free", None, False),
        ("leaf", "taken", None, True),
    }
