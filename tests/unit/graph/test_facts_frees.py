"""Facts about memory given back: one for each place, with the cache it goes to and the role it happens inside."""

from __future__ import annotations

import pytest

from lockcheck.graph import analyse
from lockcheck.loading import ModelText, load
from lockcheck.model.facts import Fact

MODEL = """\
lockcheck: 1
title: t
locks: {A: mutex}
caches:
  mine: {ctor: make, dtor: undo}
  other: {}
functions:
  kmem_cache_free:
    params: [cache]
    steps:
      - might_sleep
  undo:
    entry: task
    steps:
      - free_percpu: counters
      - kmem_cache_free: mine
      - kmem_cache_free: other
  make:
    entry: task
    steps:
      - kfree: scratch
  drop:
    entry: task
    steps:
      - mutex_lock: A
        do:
          - call: put
            with: {cache: other}
  put:
    params: [cache]
    steps:
      - kmem_cache_free: $cache
      - frees: [table, $cache]
"""


@pytest.fixture(scope="module")
def frees() -> tuple[Fact, ...]:
    """The facts of kind ``free`` of the model above."""
    program = load([ModelText(MODEL)]).program
    assert program is not None
    return analyse(program).facts("free")


def test_a_free_names_verb_cache_and_role(frees: tuple[Fact, ...]) -> None:
    """A step whose verb frees is one fact in each role it is inside of, and one outside roles."""
    told = {(one.get("role_function"), one.get("what"), one.get("cache"), one.get("own_cache")) for one in frees}

    assert told == {
        ("undo", "free_percpu", None, False),
        ("undo", "kmem_cache_free", "mine", True),
        ("undo", "kmem_cache_free", "other", False),
        ("make", "kfree", None, False),
        (None, "kmem_cache_free", "other", False),
        (None, "frees", "other", False),
    }


def test_a_free_has_the_held_locks_of_its_path(frees: tuple[Fact, ...]) -> None:
    """Its witness holds what callers hold, whether the freeing function is modelled or not."""
    held = {one.get("what"): [hold.lock for hold in one.legs[0].held] for one in frees if not one.get("inside")}

    assert held == {"kmem_cache_free": ["A"], "frees": ["A"]}
