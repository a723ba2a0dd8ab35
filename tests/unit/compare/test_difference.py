"""The difference of two results: what came, what went, what a lock lost or won, and what counts as the same."""

from __future__ import annotations

import json

import jsonschema
import pytest

import lockcheck
from lockcheck import ModelText, Result, Severity
from lockcheck.compare.difference import IRQ_SAFE, LEAF, Difference, difference
from lockcheck.ledger import ask
from lockcheck.report import difference as words
from lockcheck.report.difference_json import as_json, json_schema
from lockcheck.report.difference_markdown import code, markdown

NAMES = ("base", "change")


def checked(*functions: str, **more: object) -> Result:
    """The result of a model with these functions over three spinlocks and a mutex."""
    body = "\n".join(f"  {one}" for one in functions)
    text = f"lockcheck: 1\ntitle: t\nlocks: {{A: spinlock, B: spinlock, C: spinlock, M: mutex}}\nfunctions:\n{body}\n"
    result = lockcheck.check(ModelText(text, "m.yaml"), **more)  # type: ignore[arg-type]

    assert result.problems == ()
    return result


def function(name: str, *steps: str, entry: str = "task") -> str:
    """A function with these steps."""
    return f"{name}: {{entry: {entry}, steps: [{', '.join(steps)}]}}"


def nested(name: str, outer: str, inner: str) -> str:
    """A function that takes one spinlock inside another, with interrupts off."""
    return function(name, f"spin_lock_irqsave: {outer}", f"spin_lock: {inner}", f"spin_unlock: {inner}",
                    f"spin_unlock_irqrestore: {outer}")  # fmt: skip


def alone(name: str, lock: str, verb: str = "spin_lock_irqsave") -> str:
    """A function that takes one spinlock and nothing under it."""
    ends = {"spin_lock_irqsave": "spin_unlock_irqrestore", "spin_lock": "spin_unlock"}[verb]
    return function(name, f"{verb}: {lock}", f"{ends}: {lock}")


def swapped(found: Difference) -> Difference:
    """The difference the other way round."""
    return difference(found.change, found.base)


def test_same_models_do_not_differ() -> None:
    """A result does not differ from itself, and that is said."""
    found = difference(checked(nested("f", "A", "B")), checked(nested("f", "A", "B")))

    assert found.same
    assert found.exit_code_for(Severity.NOTE) == 0
    assert words.text(found, NAMES).splitlines()[-1] == "no difference"


def test_moved_lines_do_not_differ() -> None:
    """Dependencies and findings are known by what they mean: functions before them change nothing."""
    two = (nested("f", "A", "B"), nested("g", "B", "A"))
    found = difference(checked(*two), checked(alone("before", "C"), *two))

    assert len(found.base.findings) == len(found.change.findings) == 1
    assert found.base.findings[0].place != found.change.findings[0].place
    assert (found.findings, found.dependencies) == (type(found.findings)(), type(found.dependencies)())
    assert [one.name for one in found.locks.new] == ["C"]
    assert found.functions.new == ("before",)


def test_new_dependency_has_its_witness_and_ends_leaf_status() -> None:
    """A lock that something is newly taken under is no leaf any more; by whom is shown, and the other way round."""
    found = difference(checked(alone("f", "A"), alone("g", "B")), checked(nested("f", "A", "B"), alone("g", "B")))

    assert [(one.outer, one.inner) for one in found.dependencies.new] == [("A", "B")]
    assert found.dependencies.new[0].leg.steps[-1].text == "spin_lock(B)"
    assert [(one.lock, one.status, one.lost, one.by) for one in found.turns] == [("A", LEAF, True, ("B",))]
    assert found.turns[0].leg is not None
    back = swapped(found)
    assert [(one.outer, one.inner) for one in back.dependencies.gone] == [("A", "B")]
    assert [(one.lock, one.status, one.lost, one.by) for one in back.turns] == [("A", LEAF, False, ("B",))]


def test_lock_taken_with_interrupts_enabled_ends_irq_safety() -> None:
    """One plain spin_lock() in task context makes the class unsafe for everybody; the witness is that step."""
    found = difference(checked(alone("f", "A")), checked(alone("f", "A"), alone("g", "A", "spin_lock")))

    (turn,) = found.turns
    assert (turn.lock, turn.status, turn.lost) == ("A", IRQ_SAFE, True)
    assert turn.leg is not None
    assert turn.leg.entry == "g"
    assert [one.after.name for one in found.usage] == ["A"]
    assert "+HARDIRQ-ON-W" in words.text(found, NAMES)
    (back,) = swapped(found).turns
    assert (back.status, back.lost) == (IRQ_SAFE, False)
    assert back.leg is not None


def test_exit_code_is_about_new_findings_only() -> None:
    """An old deadlock is no news; a new one is 1, a gone one is 0, and a threshold holds as for check."""
    clean, bad = checked(nested("f", "A", "B")), checked(nested("f", "A", "B"), nested("g", "B", "A"))

    assert [one.rule for one in difference(clean, bad).findings.new] == ["circular-dependency"]
    assert difference(clean, bad).exit_code_for(Severity.ERROR) == 1
    assert difference(bad, bad).exit_code_for(Severity.NOTE) == 0
    assert difference(bad, clean).exit_code_for(Severity.NOTE) == 0
    assert [one.rule for one in difference(bad, clean).findings.gone] == ["circular-dependency"]


def test_waived_finding_is_not_gone() -> None:
    """A finding that the change waives is still there: it does not count as gone."""
    two = (nested("f", "A", "B"), nested("g", "B", "A"))
    model = "\nwaivers:\n  - {rule: circular-dependency, locks: [A, B], reason: only at boot}"
    found = difference(checked(*two), checked(*two, model))

    assert len(found.change.waived) == 1
    assert not found.findings


def test_finding_of_more_configs_is_changed() -> None:
    """A finding that comes to hold in more kernel configs is neither new nor gone, and what differs is said."""
    text = (
        "lockcheck: 1\ntitle: t\nconfigs: {CONFIG_A: n}\nlocks: {X: mutex, Y: mutex}\nfunctions:\n"
        "  f: {entry: task, steps: [mutex_lock: X, mutex_lock: Y, mutex_unlock: Y, mutex_unlock: X]}\n"
        "  g: {entry: task, %ssteps: [mutex_lock: Y, mutex_lock: X, mutex_unlock: X, mutex_unlock: Y]}\n"
    )
    base, change = (lockcheck.check(text % when, all_configs=True) for when in ("when: CONFIG_A, ", ""))
    found = difference(base, change)

    assert not found.findings
    assert len(found.altered) == 1
    shown = " ".join(words.text(found, NAMES).split())
    assert "held with CONFIG_A," in shown
    assert "now with every config that was checked" in shown


@pytest.mark.parametrize("broken", ["base", "change"])
def test_broken_side_is_a_failure(broken: str) -> None:
    """Nothing is new or gone when one side could not be analysed: exit 2, and JSON says which side."""
    good, bad = checked(nested("f", "A", "B")), lockcheck.check(ModelText("lockcheck: 1\nlocks: 7\n", "m.yaml"))
    found = difference(*((bad, good) if broken == "base" else (good, bad)))
    document = json.loads(as_json(found, NAMES))

    assert found.exit_code_for(Severity.ERROR) == document["exit_code"] == 2
    assert document[broken]["problems"]
    assert document["dependencies"] == {"new": [], "gone": []}
    jsonschema.validate(document, json_schema())


def test_empty_base_is_no_failure() -> None:
    """A base with nothing to run is a base: all of the change is new. A change with nothing to run proves nothing."""
    nothing = checked("f: {steps: []}")
    found = difference(nothing, checked(nested("g", "A", "B")))

    assert found.exit_code_for(Severity.NOTE) == 0
    assert len(found.dependencies.new) == 1
    assert swapped(found).exit_code_for(Severity.NOTE) == 2


SLAB = """
lockcheck: 1
title: t
locks: {A: spinlock, B: spinlock}
caches: {c: {dtor: d}}
functions:
  kmem_cache_free: {params: [cache], steps: [call: $cache.dtor]}
  d: {steps: [spin_lock_irqsave: A, spin_unlock_irqrestore: A]}
  f: {entry: task, steps: [kmem_cache_free: c]}
  g: {entry: task, steps: [%s]}
"""
UNDER_B = "spin_lock_irqsave: B, kmem_cache_free: c, spin_unlock_irqrestore: B"


def test_new_way_into_a_destructor_is_a_new_context() -> None:
    """A free under a lock is a new state that the destructor must live with; one more free in a known state is none."""
    plain, again, under = (lockcheck.check(SLAB % steps) for steps in ("", "kmem_cache_free: c", UNDER_B))

    assert not difference(plain, again).contexts
    found = difference(plain, under)
    (context,) = found.contexts.new
    assert (context.get("role_function"), context.get("locks"), context.get("irqs")) == ("d", ("B",), "off")
    shown = " ".join(words.text(found, NAMES).split())
    assert "hardirqs, preemption off; must not sleep; holds its caller's B" in shown
    assert [one.get("locks") for one in swapped(found).contexts.gone] == [("B",)]


def test_claim_that_is_answered_otherwise_is_changed() -> None:
    """A ledger's claims are asked of both sides; only those with another answer are a difference, with the reason."""
    ledger = ModelText(
        "lockcheck: 1\ntitle: t\nlocks: {A: spinlock, B: spinlock}\nfunctions: {f: {steps: []}}\nclaims:\n"
        "  - {id: leaf-A, text: A is a leaf, ask: {leaf: A}}\n  - {id: leaf-B, text: B is a leaf, ask: {leaf: B}}\n",
        "ledger.yaml",
    )
    models = [(alone("f", "A"), alone("g", "B")), (nested("f", "A", "B"),)]
    head = "lockcheck: 1\ntitle: t\nlocks: {A: spinlock, B: spinlock}\nfunctions:\n  "
    texts = [head + "\n  ".join(one) + "\n" for one in models]
    sides = [lockcheck.check(text) for text in texts]
    answers = [ask(ledger, of=text).answers for text in texts]
    found = difference(sides[0], sides[1], (answers[0], answers[1]))

    assert [(one.after.claim.id, one.before.words, one.after.words) for one in found.claims] == [
        ("leaf-A", "holds", "refuted")
    ]
    assert "A is a leaf: was holds, is refuted (B is taken under A)" in " ".join(words.text(found, NAMES).split())
    assert json.loads(as_json(found, NAMES))["claims"][0]["after"] == "refuted"
    assert "was holds, is refuted" in markdown(found, NAMES)


def everything() -> Difference:
    """A difference in which every section has something on both sides."""
    base = checked(nested("f", "A", "B"), nested("g", "B", "A"), alone("h", "C", "spin_lock"))
    more = function("x", "mutex_lock: M", "mutex_unlock: M")
    late = function("y", "spin_lock: A", "mutex_lock: M", "mutex_unlock: M", "spin_unlock: A")
    return difference(base, checked(nested("f", "A", "C"), more, late))


@pytest.mark.parametrize("found", [everything(), swapped(everything())], ids=["there", "back"])
def test_json_follows_its_schema(found: Difference) -> None:
    """Every difference validates against the published schema, which itself is valid, and is the same bytes twice."""
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)

    jsonschema.validate(json.loads(as_json(found, NAMES)), schema)
    assert as_json(found, NAMES) == as_json(found, NAMES)


@pytest.mark.parametrize("found", [everything(), swapped(everything())], ids=["there", "back"])
def test_text_fits_and_counts(found: Difference) -> None:
    """Lines are at most 80 columns of ASCII; each section says how many it lists; --short leaves out witnesses only."""
    full, short = words.text(found, NAMES), words.text(found, NAMES, short=True)

    assert max(len(line) for line in full.splitlines()) <= 80
    assert full.isascii()
    assert set(short.splitlines()) <= set(full.splitlines())
    assert f"{len(found.dependencies.new)} new dependenc" in short
    assert [line for line in full.splitlines() if "m.yaml:" in line and line.startswith("     ")]


def test_markdown_escapes_names() -> None:
    """A name cannot smuggle markup into a pull request: neither as text nor out of a code span."""
    name = "x`<b>*y*"
    text = f"lockcheck: 1\ntitle: t\nlocks: {{'{name}': spinlock, B: spinlock}}\nfunctions:\n"
    base, change = (
        lockcheck.check(text + "  " + one.replace("A", f"'{name}'"))
        for one in (alone("f", "A") + "\n  " + alone("g", "B"), nested("f", "A", "B"))
    )
    shown = markdown(difference(base, change), NAMES, short=True)

    assert "<b>" not in shown.replace("`` x`<b>*y* -> B ``", "")
    assert "x\\`\\<b\\>\\*y\\* is no leaf any more" in shown
    assert code("a``b") == "``` a``b ```"
