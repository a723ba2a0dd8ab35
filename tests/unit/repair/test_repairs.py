"""Repairs: what is proposed, what counts as working, in which order, and within which bounds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import lockcheck
from lockcheck import Result
from lockcheck.compare.repairs import Repairs
from lockcheck.repair import repairs

HEAD = "lockcheck: 1\ntitle: t\nlocks: {A: mutex, B: mutex, C: mutex, L: spinlock}\n"

TWO_ORDERS = """
functions:
  one:
    entry: task
    steps:
      - mutex_lock: A
        at: fs/x.c:10
        do:
          - kmalloc: [64, GFP_NOWAIT]
          - call: inner
  inner:
    steps: [mutex_lock: B, mutex_unlock: B]
  two:
    entry: task
    steps:
      - mutex_lock: B
        at: fs/x.c:20
      - mutex_lock: A
        at: fs/x.c:21
      - mutex_unlock: A
      - mutex_unlock: B
"""

IRQ = """
functions:
  handler: {entry: hardirq, steps: [spin_lock: L, spin_unlock: L]}
  first: {entry: task, steps: [spin_lock: L, spin_unlock: L]}
  second:
    entry: task
    steps:
      - spin_lock: L
        do: []
"""

RECLAIM = """
functions:
  user:
    entry: task
    steps:
      - mutex_lock: A
      - kmalloc: [64, GFP_KERNEL]
      - mutex_unlock: A
  shrink: {entry: task, steps: [{fs_reclaim_acquire: GFP_KERNEL, do: [mutex_lock: A, mutex_unlock: A]}]}
"""


def repaired(path: Path, body: str, tries: int = 40, **more: object) -> tuple[Result, Repairs]:
    """A model with one demonstrated deadlock, and what trying came to."""
    head = HEAD if "locks:" not in body else HEAD.rpartition("locks:")[0]
    path.write_text(head + body, encoding="utf-8")

    def check(texts: Mapping[str, str], config: Mapping[str, bool] | None) -> Result:
        how = more if config is None else {"config": config}
        return lockcheck.check(path, instead=texts, **how)  # type: ignore[arg-type]

    result = check({}, None)
    assert result.problems == ()
    [found] = repairs(result, check, tries)
    return result, found


def sorts(found: Repairs) -> list[str]:
    """The sorts of the repairs, the best first."""
    return [one.sort for one in found.best]


def test_two_orders(tmp_path: Path) -> None:
    """Of two orders, one is reversed, or the inner lock's call leaves the section, or the lock is dropped or tried."""
    _, found = repaired(tmp_path / "m.yaml", TWO_ORDERS)

    assert sorts(found) == ["order", "move before", "move after", "drop", "try"]
    assert [(site.words, site.place.line, site.at) for site in found.best[0].sites] == [
        ("take A before B", 19, "fs/x.c:20")
    ]
    assert found.best[0].diff[2:] == (
        "@@ -18,5 +18,5 @@",
        "     steps:",
        "+      - mutex_lock: A",
        "+        at: fs/x.c:20",
        "       - mutex_lock: B",
        "-        at: fs/x.c:20",
        "-      - mutex_lock: A",
        "         at: fs/x.c:21",
    )


def test_every_repair_was_tried(tmp_path: Path) -> None:
    """With the text of each repair, the deadlock is gone and nothing is new that is as bad."""
    for body in (TWO_ORDERS, IRQ, RECLAIM):
        path = tmp_path / "m.yaml"
        result, found = repaired(path, body)

        assert found.best
        for one in found.best:
            after = lockcheck.check(path, instead=one.texts)
            assert after.problems == () and not after.failed
            assert {new.fingerprint for new in after.findings}.isdisjoint(old.fingerprint for old in result.findings)
            assert after.exit_code == 0


def test_a_change_that_breaks_something_else_is_none(tmp_path: Path) -> None:
    """A path that gives up on a lock while it holds another leaks that one: it is tried, and not offered."""
    _, found = repaired(tmp_path / "m.yaml", TWO_ORDERS)

    assert found.tried == 6 and found.work == 5
    assert [one.sites[0].words for one in found.best if one.sort == "try"] == ["only try B, or return"]


def test_the_outer_lock_keeps_interrupts_off(tmp_path: Path) -> None:
    """Reversing an order leaves to the outer section what it does to interrupts, where the locks need that."""
    body = """
functions:
  handler: {entry: hardirq, steps: [spin_lock: L, spin_unlock: L, spin_lock: M, spin_unlock: M]}
  one: {entry: task, steps: [spin_lock_irqsave: L, spin_lock: M, spin_unlock: M, spin_unlock_irqrestore: L]}
  two: {entry: task, steps: [{spin_lock_irqsave: M, do: [{spin_lock: L, do: []}]}]}
"""
    _, found = repaired(tmp_path / "m.yaml", body.replace("functions", "locks: {L: spinlock, M: spinlock}\nfunctions"))

    orders = [one for one in found.best if one.sort == "order"]

    assert sorted(line[1:].strip() for one in orders for line in one.diff[2:] if line[0] == "+") == [
        "one: {entry: task, steps: [spin_lock_irqsave: M, spin_lock: L, spin_unlock: L, spin_unlock_irqrestore: M]}",
        "two: {entry: task, steps: [{spin_lock_irqsave: L, do: [{spin_lock: M, do: []}]}]}",
    ]


def test_interrupts_off_at_every_site(tmp_path: Path) -> None:
    """A lock of an interrupt handler is taken with irqsave wherever a task takes it, and not in the handler."""
    _, found = repaired(tmp_path / "m.yaml", IRQ)
    [mask] = [one for one in found.best if one.sort == "mask"]

    assert [site.place.line for site in mask.sites] == [7, 11]
    assert mask is found.best[0]
    assert [line for line in mask.diff[2:] if line[0] == "+"] == [
        "+  first: {entry: task, steps: [spin_lock_irqsave: L, spin_unlock_irqrestore: L]}",
        "+      - spin_lock_irqsave: L",
    ]


def test_reclaim(tmp_path: Path) -> None:
    """Under a lock that reclaim takes, an allocation gets less flags, a scope, or leaves; or reclaim only tries."""
    _, found = repaired(tmp_path / "m.yaml", RECLAIM)

    assert sorts(found) == ["gfp", "scope", "move before", "move after", "drop", "try"]
    assert found.best[0].sites[0].words == "kmalloc: [64, GFP_KERNEL]: GFP_KERNEL -> GFP_NOFS"
    assert [(one.outer, one.inner) for one in found.best[0].effect.dependencies.gone] == [("A", "fs_reclaim")]


def test_places_are_those_of_the_models_as_they_are(tmp_path: Path) -> None:
    """The second site of a change stands where it stood before the first was edited."""
    body = """
functions:
  shrink: {entry: task, steps: [{fs_reclaim_acquire: GFP_KERNEL, do: [mutex_lock: A, mutex_unlock: A]}]}
  first:
    entry: task
    steps:
      - mutex_lock: A
      - kmalloc: [64, GFP_KERNEL]
      - mutex_unlock: A
  second:
    entry: task
    steps:
      - mutex_lock: A
      - kmalloc: [64, GFP_KERNEL]
      - mutex_unlock: A
"""
    _, found = repaired(tmp_path / "m.yaml", body)
    scope = next(one for one in found.best if one.sort == "scope")

    assert [site.place.line for site in scope.sites] == [11, 17]
    assert sum(line[:1] == "+" for line in scope.diff[2:]) == 4


def test_a_wait_under_a_lock(tmp_path: Path) -> None:
    """A flush of work that takes the lock around it is moved out, or the lock is dropped."""
    body = """
work: {W: {function: run}}
functions:
  run: {steps: [mutex_lock: A, mutex_unlock: A]}
  stop:
    entry: task
    steps:
      - mutex_lock: A
      - flush_work: W
      - mutex_unlock: A
"""
    _, found = repaired(tmp_path / "m.yaml", body)

    assert sorts(found)[:3] == ["move before", "move after", "drop"]


def test_what_is_included_comes_last(tmp_path: Path) -> None:
    """A change of a file that was only included ranks below all changes of the named ones, and says so."""
    (tmp_path / "inner.yaml").write_text(
        "lockcheck: 1\ntitle: t\nlocks: {A: mutex, B: mutex}\nfunctions:\n"
        "  two: {entry: task, steps: [mutex_lock: B, mutex_lock: A, mutex_unlock: A, mutex_unlock: B]}\n",
        encoding="utf-8",
    )
    path = tmp_path / "m.yaml"
    path.write_text(
        "lockcheck: 1\ntitle: t\ninclude: [inner.yaml]\nfunctions:\n"
        "  one: {entry: task, steps: [mutex_lock: A, mutex_lock: B, mutex_unlock: B, mutex_unlock: A]}\n",
        encoding="utf-8",
    )
    [found] = repairs(lockcheck.check(path), lambda texts, _: lockcheck.check(path, instead=texts))

    assert [(one.sort, one.included) for one in found.best] == [("order", False), ("order", True)]


def test_in_all_configs(tmp_path: Path) -> None:
    """A change that works where it was tried counts only if the deadlock is gone in every config."""
    body = TWO_ORDERS.replace("call: inner\n", "call: inner\n          - {mutex_lock: B, do: [], unless: CONFIG_X}\n")
    body = "configs: {CONFIG_X: y}\n" + body
    _, one = repaired(tmp_path / "m.yaml", body)
    _, all_of_them = repaired(tmp_path / "m.yaml", body, all_configs=True)

    assert "move before" in sorts(one)
    assert sorts(all_of_them) == ["order"]


def test_bounded(tmp_path: Path) -> None:
    """No more changes are tried than asked; those left out are counted, and the outcome is the same every time."""
    _, found = repaired(tmp_path / "m.yaml", TWO_ORDERS, tries=2)
    _, again = repaired(tmp_path / "m.yaml", TWO_ORDERS, tries=2)
    _, every = repaired(tmp_path / "m.yaml", TWO_ORDERS)

    assert (found.tried, found.left) == (2, every.tried - 2)
    assert [one.diff for one in found.best] == [one.diff for one in again.best]


def test_a_section_that_is_left_empty(tmp_path: Path) -> None:
    """The only step of a section can leave it, in a block list and in one between brackets."""
    for steps in ("\n      - mutex_lock: A\n        do:\n          - kmalloc: [64, GFP_KERNEL]",
                  " [{mutex_lock: A, do: [kmalloc: [64, GFP_KERNEL]]}]"):  # fmt: skip
        shrink = RECLAIM.splitlines()[-1]
        body = f"\nfunctions:\n  user:\n    entry: task\n    steps:{steps}\n{shrink}\n"
        _, found = repaired(tmp_path / "m.yaml", body)

        assert sorts(found)[2:4] == ["move before", "move after"]
        assert all("do: []" in one.texts[str(tmp_path / "m.yaml")] for one in found.best[2:4])


def test_reclaim_itself_is_no_section_to_leave(tmp_path: Path) -> None:
    """What runs in reclaim is not moved out of reclaim: that it runs there is nobody's choice."""
    _, found = repaired(tmp_path / "m.yaml", RECLAIM)

    assert not any("fs_reclaim" in site.words for one in found.best for site in one.sites)
