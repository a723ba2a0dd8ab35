"""The order that dependencies imply: chains that say the same, groups for circles, what nothing relates."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from lockcheck.graph.learned import LearnedOrder, learn
from lockcheck.model.facts import Dependency, Leg, WitnessStep
from lockcheck.model.places import Place

LEG = Leg("task", "f", (WitnessStep(0, "f", "f", "enter", Place("m.yaml", 1, 1)),))
PAIRS = st.sets(st.tuples(st.sampled_from("ABCDEFG"), st.sampled_from("ABCDEFG")).filter(lambda p: p[0] != p[1]))


def learned(*pairs: str | tuple[str, str], kinds: tuple[str, ...] = ("EN",), classes: str = "") -> LearnedOrder:
    """The order of pairs such as ``AB``: B is taken under A."""
    return learn([*classes], [Dependency(outer, inner, kinds, LEG) for outer, inner in pairs])


def closed(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """All pairs that follow."""
    found = set(pairs)
    while True:
        more = {(a, d) for a, b in found for c, d in found if b == c} - found
        if not more:
            return found
        found |= more


@given(PAIRS)
@settings(max_examples=60, deadline=None)
def test_chains_say_what_the_dependencies_say(pairs: set[tuple[str, str]]) -> None:
    """The chains relate two groups exactly if dependencies lead from one to the other, and no link is said twice."""
    order = learned(*sorted(pairs))
    links = [link for chain in order.chains for link in pairwise(chain)]
    group = {name: one for one in order.groups for name in one}

    expected = {(group[a], group[b]) for a, b in closed(pairs) if group[a] != group[b]}
    assert closed({(str(a), str(b)) for a, b in links}) == {(str(a), str(b)) for a, b in expected}
    assert len(links) == len(set(links))
    for name, other in expected:
        assert order.groups.index(name) < order.groups.index(other)
    count = len(order.groups)
    assert order.unrelated_count == count * (count - 1) // 2 - len(expected)


@given(PAIRS)
@settings(max_examples=60, deadline=None)
def test_classes_share_a_group_if_they_reach_each_other(pairs: set[tuple[str, str]]) -> None:
    """A group is what a circle goes through, and its circle is made of dependencies."""
    order = learned(*sorted(pairs))
    reach = closed(pairs)
    group = {name: one for one in order.groups for name in one}

    names = sorted(group)
    assert all((group[a] == group[b]) == ((a, b) in reach and (b, a) in reach) for a in names for b in names if a != b)
    assert len(order.circles) == sum(len(one) > 1 for one in order.groups)
    assert all(link in pairs for circle in order.circles for link in pairwise(circle))


def test_total_order_is_one_chain() -> None:
    """Where every two classes are ordered there is one chain, and nothing is unrelated."""
    order = learned("AB", "BC", "AC", classes="ABC")

    assert (order.total, order.chains) == (True, ((("A",), ("B",), ("C",)),))


def test_unrelated_and_lonely_classes_are_named() -> None:
    """Neighbours that nothing relates, and classes never taken with another, are said."""
    order = learned("AB", "AC", classes="ABCD")

    assert (order.unrelated, order.unrelated_count, order.alone) == (((("B",), ("C",)),), 1, ("D",))


def test_recursive_readers_are_bound_by_no_order() -> None:
    """A class that is only read recursively makes no group of the locks around it and under it."""
    reads = [Dependency("A", "R", ("ER",), LEG), Dependency("R", "A", ("SN",), LEG)]

    assert learn("AR", reads).free == ("R",)
    assert learn("AR", reads).circles == ()
    assert learn("AR", [*reads, Dependency("B", "R", ("EN",), LEG)]).circles == (("A", "R", "A"),)


@given(PAIRS)
@settings(max_examples=60, deadline=None)
def test_links_of_the_chains_are_the_transitive_reduction(pairs: set[tuple[str, str]]) -> None:
    """As networkx computes it, of the same groups: no link too many, none missing; so is the number unrelated."""
    import networkx as nx

    order = learned(*sorted(pairs))
    graph = nx.condensation(nx.DiGraph(sorted(pairs)))
    members = {node: tuple(sorted(data["members"])) for node, data in graph.nodes(data=True)}
    links = {(members[a], members[b]) for a, b in nx.transitive_reduction(graph).edges}
    related = sum(len(nx.descendants(graph, node)) for node in graph)

    assert {pair for chain in order.chains for pair in pairwise(chain)} == links
    assert order.unrelated_count == len(graph) * (len(graph) - 1) // 2 - related
