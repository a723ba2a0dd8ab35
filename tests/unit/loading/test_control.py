"""Control flow: blocks, scopes, failing verbs, jumps, conditions, calls."""

from __future__ import annotations

import pytest

from lockcheck.loading import ModelText, load
from lockcheck.model.gfp import DIRECT_RECLAIM
from lockcheck.model.steps import Branch, Call, Cond, Do, Enter, Hook, Jump, Leave, Param, Value
from tests.unit.loading.models import LOCKS, function, problems, program, shape, steps


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("- mutex_lock: m\n  do: [schedule]", "mutex_lock(m) schedule() mutex_unlock(m)"),
        (
            "- mutex_lock: m\n  do: [return]\n- schedule",
            "mutex_lock(m) mutex_unlock(m) return schedule()",
        ),
        (
            "- mutex_lock: m\n  do:\n  - spin_lock_irqsave: s\n    do:\n    - if: x\n      then: [return]",
            "mutex_lock(m) spin_lock_irqsave(s) if(word)[spin_unlock_irqrestore(s) mutex_unlock(m) return|] "
            "spin_unlock_irqrestore(s) mutex_unlock(m)",
        ),
        (
            "- loop:\n  - mutex_lock: m\n    do:\n    - if: x\n      then: [break]\n    - if: y\n"
            "      then: [continue]",
            "loop[mutex_lock(m) if(word)[mutex_unlock(m) break|] if(word)[mutex_unlock(m) continue|] "
            "mutex_unlock(m)]",
        ),
        (
            "- mutex_lock: m\n  do:\n  - loop: [break]\n  - goto: out\n- label: out",
            "mutex_lock(m) loop[break] mutex_unlock(m) goto out out:",
        ),
        (
            "- mutex_lock: m\n  do:\n  - spin_lock: s\n    do: [goto: inner]\n  - label: inner",
            "mutex_lock(m) spin_lock(s) spin_unlock(s) goto inner inner: mutex_unlock(m)",
        ),
        ("- mutex_trylock: m", "either[mutex_trylock(m)|]"),
        ("- mutex_trylock: m\n  then: [schedule, mutex_unlock: m]",
         "either[mutex_trylock(m) schedule() mutex_unlock(m)|]"),
        ("- mutex_trylock: m\n  do: [schedule]\n  else: [yield]",
         "either[mutex_trylock(m) schedule() mutex_unlock(m)|yield()]"),
        ("- mutex_trylock: m\n  else: [return]", "either[mutex_trylock(m)|return]"),
        ("- mutex_lock_interruptible: m", "either[mutex_lock_interruptible(m)|return]"),
        (
            "- spin_lock: s\n  do: [mutex_lock_killable: m]",
            "spin_lock(s) either[mutex_lock_killable(m)|spin_unlock(s) return] spin_unlock(s)",
        ),
        ("- mutex_lock_killable: m\n  else: [schedule]", "either[mutex_lock_killable(m)|schedule()]"),
        ("- either: [[schedule], [return], []]", "either[schedule()|return|]"),
        ("- optional: [schedule]", "either[schedule()|]"),
        ("- loop: [schedule]\n  once: true", "loop1[schedule()]"),
        ("- if: x\n  then: [schedule]\n  else: [return]", "if(word)[schedule()|return]"),
        ("- interrupt: softirq\n  do: [spin_lock: s, spin_unlock: s]",
         "softirq strikes spin_lock(s) spin_unlock(s) softirq returns"),
        ("- interrupt: hardirq\n  do: [return]", "hardirq strikes hardirq returns return"),
    ],
)  # fmt: skip
def test_shape(lines: str, expected: str) -> None:
    """Scopes end on every way out, and a failing verb leaves no trace of itself."""
    assert shape(steps(lines)) == expected


def test_interrupt_options() -> None:
    """An inline interrupt enters its context, threaded or not, and leaves it."""
    first, last = steps("- interrupt: hardirq\n  threaded: false\n  at: kernel/x.c:1")

    assert first == Do((Enter("hardirq", False),), first.where, "hardirq strikes", "kernel/x.c:1")
    assert isinstance(last, Do) and last.effects == (Leave("hardirq"),)


def test_positions_are_those_of_the_step() -> None:
    """Words and mappings both carry the line and column of the step."""
    text = "lockcheck: 1\nfunctions:\n  f:\n    steps:\n      - schedule\n      - might_sleep:\n      - {yield: }\n"
    made = function(program(text), "f")

    assert [step.where >> 12 for step in made.steps] == [5, 6, 7]
    assert [step.where & 4095 for step in made.steps] == [9, 9, 9]
    assert (made.where >> 12, made.where & 4095) == (3, 3)


@pytest.mark.parametrize(
    ("text", "cond"),
    [
        ("balance_needed", Cond("word", "balance_needed")),
        (
            "not x and y or z",
            Cond("or", Cond("and", Cond("not", Cond("word", "x")), Cond("word", "y")), Cond("word", "z")),
        ),
        ("$gfp allows sleeping", Cond("gfp", Param("gfp"), DIRECT_RECLAIM)),
        ("$cache has dtor", Cond("has", Param("cache"), "dtor")),
        ("$cache is objects", Cond("is", Param("cache"), Value("cache", 0))),
        ("in hardirq", Cond("in", "hardirq")),
        ("irqs off", Cond("irqs", True)),
        ("irqs on", Cond("irqs", False)),
        ("not not preemptible", Cond("preemptible")),
        ("x and CONFIG_SMP", Cond("word", "x")),
        ("x or CONFIG_PREEMPT_RT", Cond("word", "x")),
    ],
)
def test_condition(text: str, cond: Cond) -> None:
    """A condition keeps what only a path decides; options are decided, and fall out of it."""
    (branch,) = steps(f"- if: {text}\n  then: [schedule]", params="[gfp, cache]")

    assert isinstance(branch, Branch)
    assert branch.cond == cond


def test_options_choose_a_branch() -> None:
    """A condition that the options decide leaves only the block that is taken."""
    lines = "- if: CONFIG_PREEMPT_RT or not CONFIG_SMP\n  then: [schedule]\n  else: [yield]"

    assert shape(steps(lines)) == "yield()"
    assert shape(steps(lines, {"CONFIG_PREEMPT_RT": True})) == "schedule()"


def test_when_and_unless() -> None:
    """Steps, locks and functions exist by option; a function that does not is an empty stub."""
    text = """
lockcheck: 1
configs: {CONFIG_A: y, CONFIG_B: {default: n, note: rare}}
locks:
  a: {kind: mutex, when: CONFIG_A}
  b: {kind: mutex, when: [CONFIG_A, CONFIG_B]}
functions:
  stub: {unless: CONFIG_A, steps: [schedule]}
  f:
    steps:
      - mutex_lock: a
        when: CONFIG_A
      - mutex_lock: b
        when: CONFIG_B
      - call: stub
      - schedule:
        unless: [CONFIG_A, CONFIG_B]
"""
    made = program(text)

    assert shape(function(made, "f").steps) == "mutex_lock(a)"
    assert [one.name for one in made.functions] == ["f"]
    assert not any(one.name == "b" for one in made.locks)
    assert dict(made.config)["CONFIG_A"] and not dict(made.config)["CONFIG_B"]


def test_chosen_options_override_defaults() -> None:
    """The caller's options win over the models'; one that no model knows is refused."""
    text = "lockcheck: 1\nconfigs: {CONFIG_A: y}\nfunctions: {f: {steps: [{schedule: , when: CONFIG_A}]}}\n"

    assert function(program(text, {"CONFIG_A": False}), "f").steps == ()
    assert problems(text, {"CONFIG_AA": True}) == ["unknown-config 0:0"]


def test_calls() -> None:
    """Calls bind parameters by name and reach functions, callbacks, lists of them, and hooks of caches."""
    text = (
        LOCKS
        + """
  g: {params: [lock, gfp], steps: [spin_lock: $lock, spin_unlock: $lock, might_alloc: $gfp]}
  h: {}
  f:
    params: [cb, cache]
    steps:
      - call: g
        with: {lock: s, gfp: GFP_ATOMIC}
        at: mm/x.c:1
      - call: $cb
      - call: $cache.ctor
      - call: objects.dtor
      - call_any: [h, $cb]
      - call_any: all
callbacks: {all: [construct, h]}
"""
    )
    made = program(text)
    names = [one.name for one in made.functions]
    call, *rest = function(made, "f").steps

    assert isinstance(call, Call)
    assert call.targets == (Value("function", names.index("g")),)
    assert [name for name, _ in call.args] == ["gfp", "lock"]
    assert call.text == "g(GFP_ATOMIC, s)" and call.at == "mm/x.c:1"
    assert [step.targets for step in rest if isinstance(step, Call)] == [
        (Param("cb"),),
        (Hook(Param("cache"), "ctor"),),
        (Hook(Value("cache", 0), "dtor"),),
        (Value("function", names.index("h")), Param("cb")),
        (Value("function", names.index("construct")), Value("function", names.index("h"))),
    ]


def test_names_of_several_things_are_told_apart_by_use() -> None:
    """An argument that names a lock and a cache is the one that the callee's steps need."""
    text = """
lockcheck: 1
locks: {thing: mutex}
caches: {thing: {}}
functions:
  inner: {params: [c], steps: [kmem_cache_free: $c]}
  outer: {params: [x], steps: [{call: inner, with: {c: $x}}]}
  f: {steps: [{call: outer, with: {x: thing}}]}
"""
    (call,) = function(program(text), "f").steps

    assert isinstance(call, Call)
    assert call.args == (("x", Value("cache", 0)),)


def test_scope_in_a_block_that_returns_has_no_second_end() -> None:
    """A scope whose last step jumps away is ended once, on that way."""
    ended = [
        step for step in steps("- mutex_lock: m\n  do: [schedule, return]") if "unlock" in getattr(step, "text", "")
    ]

    assert len(ended) == 1


def test_a_return_in_one_step_list_is_a_jump() -> None:
    """``return`` as a word is an early exit."""
    assert isinstance(steps("- return")[0], Jump)


def test_aliases_are_shared_steps() -> None:
    """A block written once and used twice by alias means the same in both places."""
    text = """
lockcheck: 1
locks: {m: mutex}
functions:
  f: {steps: &both [mutex_lock: m, mutex_unlock: m]}
  g: {steps: *both}
"""
    made = program(text)

    assert function(made, "f").steps == function(made, "g").steps


def test_text_input_needs_no_file() -> None:
    """A model may be given as text or bytes, under a name of its own."""
    text = "lockcheck: 1\nfunctions: {f: {}}\n"
    loaded = load([ModelText(text.encode(), "one"), ModelText("lockcheck: 1\nfunctions: {g: {}}\n", "two")])

    assert loaded.program is not None
    assert loaded.program.named_files == ("one", "two")
    assert loaded.sources["one"].line(2) == "functions: {f: {}}"
