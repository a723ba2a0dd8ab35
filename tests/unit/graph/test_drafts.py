"""Facts that a rule selects, without the witnesses of the others: the same facts as all of them, filtered."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from lockcheck.checker.kinds import FACT_KINDS
from lockcheck.graph import analyse
from lockcheck.graph.witness import Teller
from lockcheck.loading import load
from lockcheck.model.facts import Attribute
from lockcheck.model.program import Program

Selects = Callable[[Mapping[str, Attribute]], bool]

SELECTS: dict[str, Selects] = {
    "everything": lambda _: True,
    "nothing": lambda _: False,
    "by its identity": lambda attributes: attributes.get("role_function") in ("ctor", "shrink", "fs_shrink"),
    "by its witness": lambda attributes: attributes.get("context") == "task",
    "by the functions on the way": lambda attributes: "kmalloc" in str(attributes.get("functions")),
    "by an attribute that it has not": lambda attributes: attributes.get("no such attribute") is None,
}


@pytest.fixture(scope="module")
def slab() -> Program:
    """A shipped model with constructors, shrinkers and work items."""
    program = load(["linux/slab", "linux/percpu"]).program
    assert program is not None
    return program


@pytest.mark.parametrize("name", SELECTS)
def test_selected_facts_are_the_facts_filtered(slab: Program, name: str) -> None:
    """Which facts a selection takes, and their order and witnesses, do not depend on what was made before."""
    selects = SELECTS[name]
    fresh, full = analyse(slab), analyse(slab)
    for kind in full.kinds:
        wanted = tuple(fact for fact in full.facts(kind) if selects(dict(fact.attributes)))
        for found in (fresh.selected(kind, selects), full.selected(kind, selects)):
            assert [repr(fact) for fact in found] == [repr(fact) for fact in wanted]
    assert [fact for kind in fresh.kinds for fact in fresh.facts(kind)] == [
        fact for kind in full.kinds for fact in full.facts(kind)
    ]


def test_a_witness_is_made_only_for_what_is_selected(slab: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule about one role function costs one leg, not a leg for everything that every role function reaches."""
    analysis = analyse(slab)
    legs: list[object] = []
    build = Teller.leg
    monkeypatch.setattr(Teller, "leg", lambda *given: (legs.append(given), build(*given))[1])
    found = analysis.selected("call", lambda attributes: attributes["recursive"] is True)
    assert len(legs) == len(found)
    assert len(analysis.facts("call")) > 20 + len(found)


def test_drafts_know_their_attributes(slab: Program) -> None:
    """Every attribute that a draft gives without its witness is the one that the fact has."""
    analysis = analyse(slab)
    for kind in ("acquisition", "allocation", "call", "dependency", "lock-class", "sleep"):
        first: list[dict[str, Attribute]] = []
        names = FACT_KINDS[kind].attributes
        analysis.selected(kind, lambda draft, seen=first, names=names: seen.append({n: draft.get(n) for n in names}))  # type: ignore[misc]
        assert first
        facts = [{name: fact.get(name) for name in names} for fact in analysis.facts(kind)]
        assert sorted(map(repr, first)) == sorted(map(repr, facts))
