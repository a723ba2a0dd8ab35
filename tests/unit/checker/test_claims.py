"""Claims: every verb of a question, every verdict, conditions and assumptions, on models of ten lines."""

from __future__ import annotations

from pathlib import Path

import pytest

import lockcheck
from lockcheck import ModelText
from lockcheck.answers import Answer, Verdict
from lockcheck.ledger import answers, ask

BASE = """
lockcheck: 1
title: two locks, a mutex and a handler
configs: {CONFIG_NEST: n, CONFIG_PLAIN: y}
locks: {A: spinlock, B: spinlock, M: mutex, never: spinlock}
functions:
  outer:
    entry: task
    steps:
      - spin_lock_irqsave: A
        do:
          - {call: inner, when: CONFIG_NEST}
      - call: inner
  inner:
    steps:
      - spin_lock_irqsave: B
        do: []
  plain:
    entry: task
    when: CONFIG_PLAIN
    steps:
      - spin_lock: B
        do: []
      - kmalloc: GFP_KERNEL
  mutex:
    entry: task
    steps:
      - mutex_lock: M
        do: []
  unused: {steps: [spin_lock: A, spin_unlock: A]}
"""


def answered(claim: str, base: str = BASE) -> Answer:
    """The answer to one claim, written as the mapping of a list item, about ``base``."""
    found = ask(ModelText(f"{base}\nclaims:\n  - {{id: one, text: something, {claim}}}\n"))
    assert found.problems == (), found.problems
    (answer,) = found.answers
    return answer


@pytest.mark.parametrize(("question", "words"), [
    ("ask: {leaf: B}", "holds"),
    ("ask: {leaf: A}", "holds"),
    ("ask: {leaf: A}, config: {CONFIG_NEST: y}", "refuted"),
    ("ask: {leaf: A}, vary: [CONFIG_NEST]", "holds only if CONFIG_NEST=n"),
    ("ask: {not: {leaf: A}}, vary: [CONFIG_NEST]", "holds only if CONFIG_NEST=y"),
    ("ask: {leaf: A}, vary: [CONFIG_NEST, CONFIG_PLAIN]", "holds only if CONFIG_NEST=n"),
    ("ask: {leaf: never}", "undecided"),
    ("ask: {irq_safe: A}", "holds"),
    ("ask: {irq_safe: B}", "refuted"),
    ("ask: {irq_safe: B}, vary: [CONFIG_PLAIN]", "holds only if CONFIG_PLAIN=n"),
    ("ask: {order: [A, B]}, vary: [CONFIG_NEST]", "holds"),
    ("ask: {order: [B, A]}, vary: [CONFIG_NEST]", "holds only if CONFIG_NEST=n"),
    ("ask: {takes: B}", "holds"),
    ("ask: {takes: B, function: outer}", "holds"),
    ("ask: {takes: M, function: outer}", "refuted"),
    ("ask: {not: {takes: M, function: outer}}", "holds"),
    ("ask: {takes: A, function: unused}", "undecided"),
    ("ask: {calls: inner, function: outer}", "holds"),
    ("ask: {calls: inner, function: plain}", "refuted"),
    ("ask: {finding: [circular-dependency, recursive-locking]}", "refuted"),
    ("ask: {some: dependency, where: {outer: A, inner: B}}, config: {CONFIG_NEST: y}", "holds"),
    ("ask: {some: allocation, where: {may_sleep: true}, function: plain}", "holds"),
    ("ask: {some: allocation, function: outer}", "refuted"),
    ("ask: {some: acquisition, where: {inside: {has: dtor}}}", "undecided"),
    ("ask: {all: [{leaf: B}, {irq_safe: A}]}", "holds"),
    ("ask: {all: [{leaf: B}, {irq_safe: B}]}", "refuted"),
    ("ask: {all: [{leaf: B}, {irq_safe: B}]}, vary: [CONFIG_PLAIN]", "holds only if CONFIG_PLAIN=n"),
    ("ask: {all: [{leaf: B}, {leaf: never}]}", "undecided"),
    ("nothing_to_prove: a rule of the interface", "nothing to prove"),
    ("undecided: no model says how long a list is", "undecided"),
])  # fmt: skip
def test_each_question_has_its_answer(question: str, words: str) -> None:
    """A question is answered by what the analysis finds, with the condition under which it does."""
    assert answered(question).words == words


def test_a_refutation_has_a_chain() -> None:
    """What refutes 'A is a leaf' is the way to the lock that is taken under it, and the option it needs."""
    answer = answered("ask: {leaf: A}, vary: [CONFIG_NEST, CONFIG_PLAIN]")

    (witness,) = answer.against
    assert (witness.text, witness.config) == ("B is taken under A", "CONFIG_NEST=y")
    assert witness.fact is not None
    assert [step.text for step in witness.fact.legs[0].steps][-1] == "spin_lock_irqsave(B)"


def test_the_absence_of_facts_is_told_in_words() -> None:
    """An answer that rests on what there is not says so, and shows no chain."""
    (witness,) = answered("ask: {not: {takes: M, function: outer}}").support

    assert (witness.text, witness.fact) == ("no path through outer() takes M", None)


def test_an_undecided_claim_says_what_is_missing() -> None:
    """A lock nobody takes, a function nobody enters, a role nobody has: none of them proves anything."""
    asked = (
        "ask: {leaf: never}",
        "ask: {takes: A, function: unused}",
        "ask: {some: sleep, where: {inside: {has: dtor}}}",
        "undecided: a figure",
    )
    assert [answered(one).missing for one in asked] == [
        ("a path that takes never",),
        ("an entry that leads to unused()",),
        ("a function with the role 'dtor'",),
        ("a figure",),
    ]


def test_an_assumption_can_save_a_claim() -> None:
    """A claim that is refuted as it stands holds only if the assumption is true in whose model it holds."""
    answer = answered("ask: {irq_safe: B}, assuming: {text: nobody takes it plainly, config: {CONFIG_PLAIN: n}}")

    assert answer.words == "holds only if nobody takes it plainly"
    assert [one.text for one in answer.against] == ["B is held with hardirqs enabled"]
    vain = answered("ask: {irq_safe: B}, assuming: [{text: vain, config: {CONFIG_NEST: y}}]")
    assert vain.verdict is Verdict.REFUTED


@pytest.mark.parametrize(("expect", "right"), [
    ("holds", False), ("holds only if", True), ("holds only if CONFIG_NEST=n", True),
    ("holds only if CONFIG_NEST=y", False), ("refuted", False),
])  # fmt: skip
def test_a_ledger_is_its_own_test(expect: str, right: bool) -> None:
    """An answer is held against 'expect', with its condition when that is given."""
    answer = answered(f"ask: {{leaf: A}}, vary: [CONFIG_NEST], expect: {expect}")

    assert answer.as_expected is right


def test_without_expect_a_claim_has_to_hold() -> None:
    """The exit status is 1 for a claim that does not hold and says nothing else, 0 for one that does."""
    good, bad = (
        ask(ModelText(f"{BASE}\nclaims:\n  - {{id: 1, text: t, ask: {{leaf: {lock}}}, config: {{CONFIG_NEST: y}}}}\n"))
        for lock in "BA"
    )
    assert (good.exit_code, bad.exit_code) == (0, 1)


def test_a_question_changes_no_finding() -> None:
    """Looking below a function adds nothing that rules could find: recursion of a plain function is no finding."""
    model = """
lockcheck: 1
title: recursion
locks: {A: spinlock}
functions:
  f: {entry: task, steps: [optional: [{call: f}]]}
"""
    rules = "callback-recursion"
    answer = answered(f"ask: {{all: [{{not: {{finding: {rules}}}}}, {{calls: f, function: f}}]}}", model)

    assert answer.verdict is Verdict.HOLDS


def test_a_ledger_can_be_asked_of_another_model() -> None:
    """The claims of one ledger, asked of other models; what these lack is undecided, and is named."""
    ledger = ModelText(f"{BASE}\nclaims:\n  - {{id: 1, text: t, ask: {{leaf: A}}}}\n"
                       "  - {id: 2, text: t, ask: {leaf: M}, vary: [CONFIG_NEST]}\n", "ledger")  # fmt: skip
    other = "lockcheck: 1\ntitle: other\nlocks: {A: mutex, X: mutex}\nfunctions:\n" \
            "  f: {entry: task, steps: [mutex_lock: A, mutex_lock: X, mutex_unlock: X, mutex_unlock: A]}\n"  # fmt: skip

    assert [one.words for one in answers(other, ledger)] == ["refuted", "undecided"]
    assert answers(other, ledger)[1].missing == ("a lock 'M'",)


@pytest.mark.parametrize(("claim", "message"), [
    ("ask: {leaf: AA}", "<text>:33:44: error: unknown lock 'AA'"),
    ("ask: {takes: A, function: outr}", "<text>:33:58: error: unknown function 'outr'"),
    ("ask: {leaf: A, irq_safe: A}", "a question needs one of leaf, irq_safe, order, takes"),
    ("ask: {leafy: A}", "unknown key 'leafy' in a question"),
    ("ask: {leaf: A, where: {lock: A}}", "'where' says nothing beside 'leaf'"),
    ("ask: {finding: circular}", "unknown rule 'circular'"),
    ("ask: {some: circles}", "unknown fact kind 'circles'"),
    ("ask: {some: order}", "unknown fact kind 'order'"),
    ("ask: {some: circle, where: {lenght: 2}}", "<text>:33:60: error: a circle fact has no attribute 'lenght'"),
    ("ask: {not: {some: sleep, where: {atomic: 1}}}", "'atomic' is true or false, not the number 1"),
    ("ask: {leaf: A}, undecided: both", "claim 'one' needs one of ask, nothing_to_prove, undecided"),
    ("note: neither", "claim 'one' needs one of ask, nothing_to_prove, undecided"),
    ("ask: {leaf: A}, vary: [CONFIG_NOT]", "unknown kernel option 'CONFIG_NOT'"),
    ("ask: {leaf: A}, config: {CONFIG_NEST: true}", "'CONFIG_NEST': expected y or n, found true"),
    ("ask: {leaf: A}, expect: true", "'expect' of a claim: expected text, found true"),
    ("ask: {leaf: A}, expect: confirmed", "'expect' of claim 'one' is no answer"),
    ("ask: {leaf: A}, in: linux/slabs", "no such file or shipped model"),
    ("ask: {leaf: A}, in: linux/percpu, config: {CONFIG_NOT: y}", "<text>:33:5: error: unknown kernel option"),
    ("ask: {all: [{leaf: A}]}", "'all' needs two questions or more"),
    ("ask: {leaf: A}, assuming: {text: hope}", "an assumption needs 'in' or 'config'"),
])  # fmt: skip
def test_a_wrong_claim_is_refused_with_its_place(claim: str, message: str) -> None:
    """What a claim names must exist, and what it says must be a question: else a problem, and no answer."""
    found = ask(ModelText(f"{BASE}\nclaims:\n  - {{id: one, text: something, {claim}}}\n"))

    assert found.answers == ()
    assert found.exit_code == 2
    assert message in "\n".join(str(one) for one in found.problems)


def test_claims_of_included_models_are_theirs() -> None:
    """A run answers the claims of the models that it names, not of those that they include."""
    assert lockcheck.check("linux/percpu").problems == ()
    assert ask("linux/percpu").answers == ()
    assert ask("linux/percpu").exit_code == 2


def test_a_rule_of_the_project_is_a_question(tmp_path: Path) -> None:
    """A declared order, or any other rule in a folder of one's own, can be asked for by its id."""
    folder = tmp_path / "own" / "my-order"
    folder.mkdir(parents=True)
    (folder / "rule.yaml").write_text("rule: my-order\norder: [B, A]\n", encoding="utf-8")
    ledger = f"{BASE}\nclaims:\n  - {{id: 1, text: t, ask: {{not: {{finding: my-order}}}}, vary: [CONFIG_NEST]}}\n"

    (answer,) = ask(ModelText(ledger), rules=[tmp_path]).answers
    assert answer.words == "holds only if CONFIG_NEST=n"
    assert answer.against[0].text.endswith("[my-order]")
