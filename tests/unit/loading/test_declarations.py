"""Locks, classes, entries, roles, patches, includes: everything around the steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockcheck.loading import ModelText, library, load
from lockcheck.model.locks import Mode, WaitType
from lockcheck.model.program import Entry, Expectation, Program, Waiver
from lockcheck.model.steps import Assert, Call, Do, Param, Value
from tests.unit.loading.models import function, problems, program, shape


def index(made: Program, name: str) -> int:
    """Index of a lock."""
    return [one.name for one in made.locks].index(name)


def test_instances_of_one_class() -> None:
    """Locks that name one class are instances of one node; the class has the kind and place of its leader."""
    made = program(
        """
lockcheck: 1
locks:
  parent: {kind: mutex, at: fs/x.c:1, rank: 0, group: vfs}
  child: {class: parent, rank: 1, leaf: true}
  a: {kind: spinlock, class: shared_key, attributes: {irq: always, n: 3, hot: true}}
"""
    )
    locks = {one.name: one for one in made.locks}
    classes = {one.name: one for one in made.classes}

    assert (locks["child"].class_name, locks["child"].rank, locks["child"].kind.name) == ("parent", 1, "mutex")
    assert classes["parent"].leaf and classes["parent"].group == "vfs" and classes["parent"].at == "fs/x.c:1"
    assert str(locks["child"].place) == "m.yaml:5:3"
    assert classes["shared_key"].kind.name == "spinlock" and "child" not in classes
    assert locks["a"].attributes == (("hot", "true"), ("irq", "always"), ("n", "3"))


def test_wait_types_of_a_lock() -> None:
    """``wait`` and ``wait_outer`` replace the wait types of the kind; ``checked: false`` keeps it out of the graph."""
    made = program(
        "lockcheck: 1\nlocks: {a: {kind: mutex, wait: spin}, b: {kind: wait_override, wait: config, wait_outer: free}, "
        "c: {kind: mutex, checked: false}}\n"
    )
    kinds = {one.name: one.kind for one in made.locks}

    assert (kinds["a"].inner, kinds["a"].outer) == (WaitType.SPIN, WaitType.SPIN)
    assert (kinds["b"].inner, kinds["b"].outer, kinds["b"].override) == (WaitType.CONFIG, WaitType.FREE, True)
    assert not made.locks[index(made, "c")].checked


def test_implicit_locks() -> None:
    """Reclaim, the mmu notifier and RCU exist without being declared, and may be declared all the same."""
    made = program("lockcheck: 1\nlocks: {fs_reclaim: {kind: reclaim, group: mm}}\n")

    assert made.locks[made.fs_reclaim].name == "fs_reclaim" and made.locks[made.fs_reclaim].group == "mm"
    assert made.locks[made.mmu_notifier].name == "mmu_notifier"
    assert made.locks[index(made, "rcu_read_lock")].kind.category == "rcu"


def test_work_and_timers() -> None:
    """Work items and timers are entries under locks of their own, and give their functions a role."""
    made = program(
        """
lockcheck: 1
workqueues: {events: {}}
work: {w: {function: f, queue: events}, lone: {function: f}}
timers: {t: {function: g, context: hardirq}}
functions: {f: {}, g: {}, h: {steps: [call_rcu: g]}}
"""
    )
    f, g = function(made, "f"), function(made, "g")

    assert f.entries == (
        Entry(under=(index(made, "lone"),), word="work item lone"),
        Entry(under=(index(made, "events"), index(made, "w")), word="work item w"),
    )
    assert f.roles == ("work",)
    assert g.entries == (
        Entry("hardirq", under=(index(made, "t"),), word="timer t"),
        Entry("softirq", word="RCU callback g"),
    )
    assert g.roles == ("rcu_callback", "timer")


def test_callbacks_handed_over_by_parameter() -> None:
    """A function that reaches call_rcu() through parameters is an RCU callback too."""
    made = program(
        """
lockcheck: 1
functions:
  defer: {params: [cb], steps: [call_rcu: $cb]}
  outer: {params: [fn], steps: [{call: defer, with: {cb: $fn}}]}
  done: {}
  f: {steps: [{call: outer, with: {fn: done}}]}
"""
    )

    assert function(made, "done").entries == (Entry("softirq", word="RCU callback done"),)


def test_roles() -> None:
    """Caches and shrinkers give roles; a function may have others of its own."""
    made = program(
        """
lockcheck: 1
caches: {c: {ctor: f, dtor: g, flags: [SLAB_ACCOUNT]}}
callbacks: {shrinkers: [g]}
functions: {f: {role: mine}, g: {role: [zz, mine]}}
"""
    )

    assert function(made, "f").roles == ("ctor", "mine")
    assert function(made, "g").roles == ("dtor", "mine", "shrinker", "zz")
    assert (made.caches[0].ctor, made.caches[0].dtor, made.caches[0].flags) == (0, 1, ("SLAB_ACCOUNT",))


def test_entries() -> None:
    """Entries say context, interrupt state and values of parameters; ``any`` is four of them."""
    made = program(
        """
lockcheck: 1
locks: {l: mutex}
functions:
  a: {entry: any}
  b: {entry: [task, nmi]}
  c:
    params: [lock, gfp]
    entry: {context: task, irqs: off, bh: off, preempt: off, threaded: false, with: {lock: l, gfp: GFP_NOWAIT}}
  d: {}
"""
    )
    (entry,) = function(made, "c").entries

    assert [(one.context, one.irqs_off) for one in function(made, "a").entries] == [
        ("task", False), ("task", True), ("softirq", False), ("hardirq", False),
    ]  # fmt: skip
    assert [one.context for one in function(made, "b").entries] == ["task", "nmi"]
    assert (entry.irqs_off, entry.bh_off, entry.preempt_off, entry.threaded) == (True, True, True, False)
    assert [name for name, _ in entry.args] == ["gfp", "lock"]
    assert dict(entry.args)["lock"] == Value("lock", index(made, "l"))
    assert function(made, "d").entries == ()


def test_contracts_come_first() -> None:
    """``held`` and ``must_not_hold`` are assertions before the first step."""
    made = program(
        """
lockcheck: 1
locks: {m: mutex, s: rwsem, n: mutex}
functions:
  f:
    params: [lock]
    held: [m, {lock: s, mode: shared}, $lock]
    must_not_hold: n
    returns_holding: [s, m]
    not_beside: g
    thread: kswapd
    phase: init
    steps: [schedule]
  g: {held: m}
"""
    )
    f = function(made, "f")
    asserted = [
        effect for step in f.steps if isinstance(step, Do) for effect in step.effects if isinstance(effect, Assert)
    ]

    assert asserted == [
        Assert(Value("lock", index(made, "m")), True, None, True),
        Assert(Value("lock", index(made, "s")), True, Mode.SHARED, True),
        Assert(Param("lock"), True, None, True),
        Assert(Value("lock", index(made, "n")), False, None, True),
    ]
    assert shape(f.steps).endswith("called without n held schedule()")
    assert f.returns_holding == tuple(sorted((index(made, "m"), index(made, "s"))))
    assert (f.not_beside, f.thread, f.init) == ((1,), "kswapd", True)


BASE = """
lockcheck: 1
configs: {CONFIG_A: y}
locks: {m: mutex, n: {kind: mutex, at: x.c:1}}
caches: {c: {}}
work: {w: {function: f}}
callbacks: {shrinkers: [f]}
functions:
  f: {params: [gfp], entry: task, held: m, steps: [{if: $gfp allows sleeping, then: [yield]}, {if: x, then: [return]}]}
  g: {at: y.c:2, steps: [schedule]}
"""


def patched(tmp_path: Path, patch: str) -> Program:
    """The base model, changed by a patch in another file."""
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "patch.yaml").write_text(f"lockcheck: 1\ninclude: base.yaml\n{patch}", encoding="utf-8")
    loaded = load([tmp_path / "patch.yaml"])
    assert loaded.problems == ()
    assert loaded.program is not None
    return loaded.program


def test_patch_replaces_keys(tmp_path: Path) -> None:
    """A patch replaces the keys that it gives and leaves the others."""
    made = patched(
        tmp_path,
        "patch:\n  locks: {m: spinlock, n: {rank: 2}}\n  caches: {c: {dtor: g}}\n  work: {w: {function: g}}\n"
        "  functions: {g: {steps: [yield], entry: softirq}}\n  callbacks: {shrinkers: {add: [g], remove: [f]}}\n",
    )
    locks = {one.name: one for one in made.locks}

    assert locks["m"].kind.name == "spinlock"
    assert (locks["n"].rank, locks["n"].at, locks["n"].kind.name) == (2, "x.c:1", "mutex")
    assert locks["n"].place.file.endswith("base.yaml")
    assert function(made, "g").roles == ("dtor", "shrinker", "work")
    assert function(made, "g").at == "y.c:2"
    assert shape(function(made, "g").steps) == "yield()"
    assert function(made, "g").file.endswith("patch.yaml")


def test_patch_wraps(tmp_path: Path) -> None:
    """``before`` and ``after`` run around the function as it was included, whichever way that returns."""
    made = patched(tmp_path, "patch: {functions: {f: {before: [preempt_disable], after: [preempt_enable]}}}\n")
    outer = function(made, "f")
    inner = next(one for one in made.functions if one.name.startswith("f (as in "))
    call = next(step for step in outer.steps if isinstance(step, Call))

    assert shape(outer.steps) == "called with m held preempt_disable() f() preempt_enable()"
    assert call.args == (("gfp", Param("gfp")),)
    assert made.functions[call.targets[0].value] is inner  # type: ignore[union-attr]
    assert shape(inner.steps) == "if(gfp)[yield()|] if(word)[return|]"
    assert [entry.word for entry in outer.entries] == ["task", "work item w"] and inner.entries == ()
    assert outer.file.endswith("patch.yaml") and inner.file.endswith("base.yaml")


def test_includer_chooses_options(tmp_path: Path) -> None:
    """A file may choose another default for an option than a file that it includes."""
    assert dict(patched(tmp_path, "configs: {CONFIG_A: n, CONFIG_PREEMPT_RT: y}\n").config)["CONFIG_A"] is False


def test_includes_are_fenced(tmp_path: Path) -> None:
    """An include stays inside the folders of the inputs, symbolic links included, unless a root is given."""
    (tmp_path / "out.yaml").write_text("lockcheck: 1\nlocks: {m: mutex}\n", encoding="utf-8")
    inner = tmp_path / "in"
    inner.mkdir()
    (inner / "link.yaml").symlink_to(tmp_path / "out.yaml")
    (inner / "a.yaml").write_text("lockcheck: 1\ninclude: ../out.yaml\n", encoding="utf-8")
    (inner / "b.yaml").write_text("lockcheck: 1\ninclude: link.yaml\n", encoding="utf-8")

    assert [one.code for one in load([inner / "a.yaml"]).problems] == ["escape"]
    assert [one.code for one in load([inner / "b.yaml"]).problems] == ["escape"]
    assert load([inner / "a.yaml"], roots=[tmp_path]).problems == ()


def test_directories(tmp_path: Path) -> None:
    """A directory is all models below it, sorted; other YAML files are passed over, but not when named."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.yaml").write_text("lockcheck: 1\nfunctions: {b: {}}\n", encoding="utf-8")
    (tmp_path / "sub" / "a.yaml").write_text("# a model\nlockcheck: 1\nfunctions: {a: {}}\n", encoding="utf-8")
    (tmp_path / "rule.yaml").write_text("rule: x\n", encoding="utf-8")
    made = load([tmp_path]).program

    assert made is not None
    assert [one.name for one in made.functions] == ["a", "b"]
    assert [Path(name).name for name in made.named_files] == ["b.yaml", "a.yaml"]
    assert [one.code for one in load([tmp_path / "rule.yaml"]).problems] == ["not-a-model", "unknown-key"]
    assert [one.code for one in load([tmp_path / "nothing*.yaml"]).problems] == ["no-such-file"]
    (tmp_path / "empty").mkdir()
    assert [one.code for one in load([tmp_path / "empty"]).problems] == ["no-model"]


def test_shipped_models_by_name() -> None:
    """A shipped model is an input like a file, and is told by its name in the library."""
    assert "linux/slab" in library()
    loaded = load(["linux/slab"])

    assert loaded.program is not None
    assert "linux/slab.yaml" in loaded.program.named_files
    assert [one.hint for one in load(["linux/slabb"]).problems] == ["did you mean 'linux/slab'?"]


def test_order_of_inputs_does_not_matter() -> None:
    """The program is the same whatever the order of files."""
    texts = [
        ModelText("lockcheck: 1\nlocks: {b: mutex}\nfunctions: {z: {steps: [mutex_lock: b, call: a]}}\n", "one"),
        ModelText("lockcheck: 1\nlocks: {a: mutex}\nfunctions: {a: {steps: [mutex_lock: a]}}\n", "two"),
    ]

    assert load(texts).program == load(texts[::-1]).program is not None


def test_expectations_and_waivers() -> None:
    """What a named model expects and allows is kept with its place; an empty ``expect`` is an expectation too."""
    text = """
lockcheck: 1
locks: {a: mutex, b: {kind: mutex, class: k}}
functions: {f: {}}
expect:
  - finding: circular-dependency
    locks: [b, a/1, k]
    function: f
waivers:
  - {rule: r, locks: [a], reason: because, expires: 2027-01-31}
  - {fingerprint: abc, reason: because}
"""
    made = program(text)
    (expectation,) = made.expectations
    first, second = made.waivers

    assert expectation == Expectation("circular-dependency", ("a/1", "b", "k"), "f", expectation.place)
    assert expectation.place[1:] == (6, 5)
    assert first == Waiver("r", ("a",), None, "because", "2027-01-31", first.place)
    assert second.fingerprint == "abc" and second.place.line == 11
    assert made.expecting and program("lockcheck: 1\nexpect: []\n").expecting
    assert not program("lockcheck: 1\n").expecting


def test_expectations_of_included_models_are_theirs(tmp_path: Path) -> None:
    """Only the models that were asked for must produce what they expect."""
    (tmp_path / "a.yaml").write_text("lockcheck: 1\nexpect: [{finding: x}]\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("lockcheck: 1\ninclude: a.yaml\n", encoding="utf-8")
    made = load([tmp_path / "b.yaml"]).program

    assert made is not None and not made.expecting and made.expectations == ()


@pytest.mark.parametrize("name", ["no", "off", "y", "~x", "a b", "anon_vma->rwsem", "cpu_slab.lock", "1"])
def test_names_are_words(name: str) -> None:
    """YAML 1.1's booleans and C's punctuation are names like others."""
    quoted = f'"{name}"'
    made = program(f"lockcheck: 1\nlocks: {{{name}: mutex}}\nfunctions: {{f: {{steps: [mutex_lock: {quoted}]}}}}\n")

    assert shape(function(made, "f").steps) == f"mutex_lock({name})"


def test_two_files_and_all_their_problems() -> None:
    """Problems of all files are told in one run, sorted by place, each with a position."""
    loaded = load(
        [
            ModelText("lockcheck: 1\nlocks: {a: mutx}\nfunctions: {f: {steps: [mutex_lok: a]}}\n", "one"),
            ModelText("lockcheck: 1\nlocks: {a: [}\n", "two"),
        ]
    )

    assert [str(one)[:16] for one in loaded.problems] == ["one:2:12: error:", "one:3:25: error:", "two:2:13: error:"]


def test_config_that_removes_a_used_lock() -> None:
    """A step that uses a lock which the chosen options leave out is a problem of that choice only."""
    text = "lockcheck: 1\nconfigs: {CONFIG_A: y}\nlocks: {m: {kind: mutex, when: CONFIG_A}}\n"
    text += "functions: {f: {steps: [mutex_lock: m]}}\n"

    assert problems(text) == []
    assert problems(text, {"CONFIG_A": False}) == ["not-in-config 4:37"]
