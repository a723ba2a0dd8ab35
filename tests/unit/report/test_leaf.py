"""Two questions about a destructor's lock, kept apart: is the contract broken, and does a deadlock follow."""

from __future__ import annotations

import lockcheck
from lockcheck.report.text import text

MODEL = """lockcheck: 1
title: a destructor takes a lock that is no leaf
locks: {{outer: raw_spinlock, inner: raw_spinlock}}
caches: {{c: {{dtor: c_dtor}}}}
functions:
  c_dtor: {{steps: [raw_spin_lock_irqsave: outer, {under}raw_spin_unlock_irqrestore: outer]}}
  frees: {{entry: task, steps: [call: c_dtor]}}
  nests: {{entry: task, steps: [{nests}]}}
"""
INNER = "raw_spin_lock: inner, raw_spin_unlock: inner, "
NESTS = f"raw_spin_lock_irqsave: outer, {INNER}raw_spin_unlock_irqrestore: outer"


def words(under: str = "", more: str = "") -> str:
    """The report of the model as one line of words."""
    model = MODEL.format(under=under, nests=NESTS) + more
    return " ".join(text(lockcheck.check(lockcheck.ModelText(model, "m.yaml"))).split())


def test_a_broken_contract_without_a_deadlock() -> None:
    """Others take a lock under it, the destructor does not, and nothing in the order closes: both are said."""
    report = words()

    assert "a leaf? of the class: no, inner is taken under it; of this path: yes, c_dtor() takes nothing" in report
    assert "no deadlock follows: no circle, recursion or usage conflict of these models goes through outer" in report


def test_the_path_itself_may_take_it() -> None:
    """A destructor that takes the inner lock itself is told so."""
    assert "of this path: no, c_dtor() takes inner under it" in words(under=INNER)


def test_a_deadlock_that_follows() -> None:
    """Where the other order exists, the contract's finding names the deadlock."""
    other = "  other: {entry: task, steps: [raw_spin_lock_irqsave: inner, raw_spin_lock: outer, raw_spin_unlock: outer,"
    report = words(more=other + " raw_spin_unlock_irqrestore: inner]}\n")

    assert "a deadlock follows: circular dependency: inner -> outer -> inner" in report
    assert "no deadlock follows" not in report
