"""What a model says about all caches at once, about their flags, and about lists that several files add to."""

from __future__ import annotations

from pathlib import Path

import lockcheck

ANY = """
lockcheck: 1
title: {title}
locks: {{L: spinlock, M: mutex}}
caches:
  plain: {{}}
  fancy: {{dtor: destroys{flags}}}
functions:
  destroys: {{steps: [spin_lock: L, spin_unlock: L]}}
  discard:
    params: [cache]
    {entry}
    steps:
      - if: $cache has SLAB_TYPESAFE_BY_RCU
        then: []
        else:
          - call: $cache.dtor
  shrink_all:
    entry: task
    steps:
      - mutex_lock: M
        do:
          - call: discard
            with: {{cache: {cache}}}
"""


def dependencies(text: str) -> set[tuple[str, str]]:
    """The lock order of a model."""
    result = lockcheck.check(text)
    assert [str(problem) for problem in result.problems] == []
    return {(one.outer, one.inner) for one in result.dependencies()}


def test_any_cache_is_each_of_them() -> None:
    """A path over all caches runs the destructors of all of them, whoever declared them."""
    assert ("M", "L") in dependencies(ANY.format(title="any", flags="", entry="", cache="any"))


def test_named_cache_is_only_itself() -> None:
    """A path over one cache without a destructor runs none."""
    assert ("M", "L") not in dependencies(ANY.format(title="one", flags="", entry="", cache="plain"))


def test_flag_of_a_cache_decides() -> None:
    """`$cache has SLAB_...` asks for the cache's flags."""
    flags = ", flags: [SLAB_TYPESAFE_BY_RCU]"

    assert ("M", "L") not in dependencies(ANY.format(title="flag", flags=flags, entry="", cache="any"))


def test_entry_for_any_cache() -> None:
    """An entry `with: {cache: any}` starts the function once for each sort of cache."""
    entry = "entry: {context: hardirq, with: {cache: any}}"
    result = lockcheck.check(ANY.format(title="entry", flags="", entry=entry, cache="plain"))
    usage = {one.name: one.bits for one in result.usage()}

    assert any("hardirq" in bit.lower() for bit in usage["L"])


def test_several_files_add_to_one_list(tmp_path: Path) -> None:
    """Callbacks that two files add to a list are all called."""
    (tmp_path / "base.yaml").write_text(
        "lockcheck: 1\ntitle: base\nlocks: {M: mutex}\ncallbacks: {dead: []}\n"
        "functions:\n  down: {entry: task, steps: [{mutex_lock: M, do: [call_any: dead]}]}\n"
    )
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(
            f"lockcheck: 1\ntitle: {name}\ninclude: [base.yaml]\nlocks: {{L_{name}: spinlock}}\n"
            f"functions:\n  {name}_dead: {{steps: [spin_lock: L_{name}, spin_unlock: L_{name}]}}\n"
            f"patch: {{callbacks: {{dead: {{add: [{name}_dead]}}}}}}\n"
        )
    result = lockcheck.check([tmp_path / "one.yaml", tmp_path / "two.yaml"])

    assert [str(problem) for problem in result.problems] == []
    assert {(one.outer, one.inner) for one in result.dependencies()} >= {("M", "L_one"), ("M", "L_two")}
