"""Declared orders: what goes against them, how they compose, where they contradict, and what a rule file may say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from lockcheck import ModelText
from lockcheck.checker.evaluate import findings_of
from lockcheck.checker.orders import Composed
from lockcheck.checker.reading import built_in, read_rules
from lockcheck.checker.sources import NoLocks
from lockcheck.findings import Finding
from lockcheck.graph import analyse
from lockcheck.loading import load

HEAD = "lockcheck: 1\ntitle: t\n"


def model(*paths: str, locks: str = "A: mutex, B: mutex, C: mutex, D: mutex, X: mutex") -> ModelText:
    """A model with one task for each path, such as ``A B`` (A is taken, then B) or ``A ?B`` (B is only tried)."""
    text = HEAD + f"locks: {{{locks}}}\nfunctions:\n"
    for number, path in enumerate(paths):
        names = path.split()
        text += f"  f{number}:\n    entry: task\n    steps:\n"
        text += "".join(step(name) for name in names)
        text += "".join(f"      - mutex_unlock: {name}\n" for name in reversed(names) if name[0] not in "?~/")
    return ModelText(text)


def step(name: str) -> str:
    """One acquisition as a step."""
    if name.startswith("?"):
        return f"      - mutex_trylock: {name[1:]}\n        then: [mutex_unlock: {name[1:]}]\n"
    if name.startswith("/"):
        return f"      - {{mutex_lock: {name[1:]}, nested: 1}}\n      - mutex_unlock: {name[1:]}\n"
    if name.startswith("~"):
        return f"      - srcu_read_lock: {name[1:]}\n"
    return f"      - mutex_lock: {name}\n"


def write(root: Path, rules: Mapping[str, str]) -> Path:
    """Rules as a folder of rules."""
    for name, text in rules.items():
        folder = root / "mine" / name
        folder.mkdir(parents=True)
        (folder / "rule.yaml").write_text(f"rule: {name}\n{text}\n", encoding="utf-8")
    return root


def run(root: Path, rules: Mapping[str, str], model: ModelText) -> tuple[Finding, ...]:
    """What these rules alone find in a model."""
    return again(write(root, rules), model)


def again(root: Path, model: ModelText) -> tuple[Finding, ...]:
    """What the rules of a folder find in a model."""
    rules, program = read_rules([root]), load([model]).program
    assert (rules.problems, program is None) == ((), False)
    return findings_of(rules.sorted(), analyse(program)) if program else ()


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    """What was found: rule and message, without the places in brackets."""
    return [(one.rule, one.message.partition(" (")[0]) for one in findings]


ORDER = {"mine": "order: [A, B, C]"}


@pytest.mark.parametrize(
    ("paths", "messages"),
    [
        (["A B C"], []),
        (["A C"], []),
        (["B A"], ["B -> A goes against the declared order A -> B"]),
        (["C A"], ["C -> A goes against the declared order A -> B -> C"]),
        (["C X", "X A"], ["C -> X -> A goes against the declared order A -> B -> C"]),
        (["C X", "X D", "D B"], ["C -> X -> D -> B goes against the declared order B -> C"]),
        (["C B", "B X A"], ["B -> X -> A goes against the declared order A -> B",
                            "C -> B goes against the declared order B -> C"]),
        (["B ?A"], []),
        (["X A", "X B", "X C"], []),
    ],
)  # fmt: skip
def test_dependency_against_the_order_is_found(tmp_path: Path, paths: list[str], messages: list[str]) -> None:
    """Each shortest chain of dependencies against a declared order is one finding; tries and other locks are free."""
    assert sorted(text for _, text in told(run(tmp_path, ORDER, model(*paths)))) == messages


def test_every_link_of_a_chain_has_its_leg(tmp_path: Path) -> None:
    """A finding through a lock without a place shows who takes each link, and where."""
    finding = run(tmp_path, ORDER, model("C X", "X A"))[0]

    assert [(leg.holds, leg.wants, leg.entry) for leg in finding.fact.legs] == [("C", "X", "f0"), ("X", "A", "f1")]


def test_recursive_readers_relate_nothing(tmp_path: Path) -> None:
    """A lock that is only read recursively hands no order on, as in circles."""
    locks = "A: mutex, C: mutex, X: srcu"
    text = model("C ~X", "~X A", locks=locks).text.replace("    steps:", "    returns_holding: [X]\n    steps:")

    assert told(run(tmp_path, ORDER, ModelText(text))) == []


def test_orders_are_partial(tmp_path: Path) -> None:
    """Chains relate only what stands in one line: B and C may be taken in either order."""
    rules = {"mine": "order:\n  - [A, B]\n  - [A, C]"}

    assert told(run(tmp_path, rules, model("A B C", "C X", "X D"))) == []
    assert told(again(tmp_path, model("C A"))) == [("mine", "C -> A goes against the declared order A -> C")]


def test_orders_of_several_rules_compose(tmp_path: Path) -> None:
    """What one rule puts before B and another after it is ordered, though the models have no B."""
    rules = {"one": "order:\n  - {chain: [A, B], at: 'mm/a.c:1'}", "two": "order:\n  - {chain: [B, C], at: 'fs/b.c:2'}"}

    result = run(tmp_path, rules, model("C A", locks="A: mutex, C: mutex"))

    assert [(one.rule, one.message) for one in result] == [
        ("one", "C -> A goes against the declared order A -> B -> C (mm/a.c:1, fs/b.c:2)")
    ]


def test_contradiction_is_a_finding_with_both_places(tmp_path: Path) -> None:
    """Two rules that order two locks differently are told, once, with both places; neither order is judged."""
    rules = {"one": "order: [A, B]", "two": "order:\n  - [B, X]\n  - [X, A]"}
    shipped = (built_in() / "contract" / "contradicting-orders" / "rule.yaml").read_text(encoding="utf-8")
    rules["contradicting-orders"] = shipped.partition("\n")[2]

    result = run(tmp_path, rules, model("A B", "D C"))

    assert [(one.rule, one.message.partition(" (")[0]) for one in result] == [
        ("contradicting-orders", "documented orders contradict each other: A -> B -> X -> A")
    ]
    assert {Path(leg.steps[0].place.file).parent.name for leg in result[0].fact.legs} == {"one", "two"}


def test_contradiction_about_other_locks_is_silent(tmp_path: Path) -> None:
    """Orders that contradict each other about locks that no model takes are not told."""
    rules = {"one": "order: [A, U, V]", "two": "order: [V, U]"}

    assert told(run(tmp_path, rules, model("A B"))) == []


@pytest.mark.parametrize(
    ("order", "path", "expected"),
    [
        ("order: [A, [B, C], D]", "B C", 0),
        ("order: [A, [B, C], D]", "C A", 1),
        ("order: [A, [B, C], D]", "D B", 1),
        ("order: [A, {glob: '[BC]'}, D]", "C A", 1),
        ("order: [{group: outer}, {group: inner}]", "D X", 1),
        ("order: [{group: outer}, {group: inner}]", "X D", 0),
        ("order: [{attributes: {has: owner=mm}}, {group: inner}]", "D X", 1),
        ("order: [first, D]\nnames: {first: [A, {name: X, kind: mutex}]}", "D X", 1),
        ("order: [first, D]\nnames: {first: [A, {name: X, kind: spinlock}]}", "D X", 0),
        ("order: [{not: {glob: D}}, D]", "D A", 1),
        ("order: [{any: [{name: A}, {group: outer}]}, D]", "D X", 1),
        ("order: [B, A]", "A /B", 1),
        ("order: [B, A, B/1]", "A /B", 0),
        ("order: [A, B/1]", "B A", 0),
    ],
)  # fmt: skip
def test_places_are_names_groups_and_conditions(tmp_path: Path, order: str, path: str, expected: int) -> None:
    """A place in an order is a lock and its nesting levels, a group of locks, or conditions about lock classes."""
    locks = "A: mutex, B: mutex, C: mutex, D: {kind: mutex, group: inner}, "
    locks += "X: {kind: mutex, group: outer, attributes: {owner: mm}}"

    assert len(run(tmp_path, {"mine": order}, model(path, locks=locks))) == expected


@pytest.mark.parametrize(
    ("shape", "paths", "messages"),
    [
        ("leaf: [B, C]", ["A B", "A C"], []),
        ("leaf: [B, C]", ["B A", "C D"], ["A is taken under B, which is declared a leaf",
                                         "D is taken under C, which is declared a leaf"]),
        ("leaf: {locks: B, but: [A]}", ["B A", "B D"], ["D is taken under B, which is declared a leaf"]),
        ("order: [A, B]\nexhaustive: true", ["A B", "A X"], ["X has no place in the declared order"]),
        ("order: [A, B]\nexhaustive: [C, D]", ["A B", "A X", "C"], ["C has no place in the declared order"]),
        ("exhaustive: {glob: '[AX]'}", ["A B"], ["A has no place in the declared order"]),
        ("leaf: [C]\norder: [A, B]", ["B A", "C D"], ["B -> A goes against the declared order A -> B",
                                                      "D is taken under C, which is declared a leaf"]),
    ],
)  # fmt: skip
def test_declared_shapes_judge(tmp_path: Path, shape: str, paths: list[str], messages: list[str]) -> None:
    """Leaves, exhaustive orders and files with several shapes find what they say, each in its own words."""
    assert sorted(text for _, text in told(run(tmp_path, {"mine": shape}, model(*paths)))) == messages


def test_several_shapes_have_their_own_help(tmp_path: Path) -> None:
    """In a file with two shapes each finding says what to do about its own."""
    result = run(tmp_path, {"mine": "leaf: [C]\norder: [A, B]"}, model("B A", "C D"))

    assert len({one.help for one in result}) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order: A", ["2:1: error: expected locks, outermost first, not 'A'; write order: [A, B]"]),
        ("order: [A]", ["2:1: error: an order needs two locks at least; write [A, B]: A is taken before B"]),
        ("order: [A, B, A]", ["'A' has two places in this order"]),
        ("order: [first, B]\nnames: {first: [A, B]}", ["'B' has two places in this order: as 'first' and as 'B'"]),
        ("order:\n  - [A, B]\n  - [B, C, A]", ["3:5: error: 'A' before 'B' contradicts"]),
        ("order:\n  - {chain: [A, B], att: x}", ["3:21: error: unknown key 'att'; did you mean 'at'?"]),
        ("order:\n  - {chain: [A, B], at: 7}", ["'at' has to be a text, not the number 7"]),
        ("order: [A, {knd: mutex}]", ["unknown condition 'knd'; did you mean 'kind'?"]),
        ("order: [A, {kind: [mutex, 7]}]", ["'lock_kind' is a text, not the number 7"]),
        ("order: [A, 7]", ["2:12: error: expected a lock's name, a list of them or conditions, not the number 7"]),
        ("leaf: {locks: A, butt: B}", ["unknown key 'butt'; did you mean 'but'?"]),
        ("leaf: 7", ["expected a lock's name, a list of them or conditions, not the number 7"]),
        ("leaf: [A]\nmessage: '{iner}'", ["a dependency fact has no attribute 'iner'; did you mean 'inner'?"]),
        ("leaf: [A]\nindependent: [A, B]\nmessage: '{inner}'",
         ["4:1: error: one message cannot speak for leaf and independent; give each shape a rule of its own"]),
        ("ordr: [A, B]\nleaf: {lcks: A}\nseverity: fatal\nnever: {do: fre}",
         ["unknown key 'ordr'; did you mean 'order'?", "unknown severity 'fatal'", "unknown condition 'lcks'",
          "nobody does 'fre'; did you mean 'free'?"]),
        ("leaf: [A]\nforbid: circle\nsummary: s\nseverity: note\nwhy: w\nhelp: h\nmessage: m",
         ["'forbid' and 'leaf' need a rule each"]),
        ("severity: note", ["missing key 'message'", "a rule needs a judgement: forbid, order, exhaustive"]),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_places(tmp_path: Path, text: str, expected: list[str]) -> None:
    """Mistakes in declared shapes are errors of the rule file, with position and nearest name."""
    problems = [
        f"{one}; {one.hint}".partition("rule.yaml:")[2]
        for one in read_rules([write(tmp_path, {"mine": text})]).problems
    ]

    assert problems
    assert [one for one in expected if not any(one in problem for problem in problems)] == []


def test_missing_key_is_told_once(tmp_path: Path) -> None:
    """A shape without its locks is one problem: nothing is said of the selector that is not there."""
    problems = read_rules([write(tmp_path, {"mine": "only: {role: dtor}\nindependent: [A, ~]"})]).problems

    assert [one.message for one in problems] == [
        "missing key 'locks'", "expected a lock's name, a list of them or conditions, not nothing",
    ]  # fmt: skip


class Named(NoLocks):
    """A table with names only: what orders say of each other needs no dependencies."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names


def test_shipped_orders_contradict_each_other_in_one_place() -> None:
    """All shipped orders together: mm/filemap.c and mm/rmap.c disagree about one pair, everything else composes."""
    documents = [rule.order for rule in read_rules([built_in()]).sorted() if rule.order is not None]
    first = {element.names[0] for one in documents for chain in one.chains for element in chain.elements}

    composed = Composed(documents, Named(frozenset(first)))

    assert [fact.get("chain") for fact in composed.conflicts()] == ["private_lock -> swap_lock -> private_lock"]


def test_orders_of_other_locks_cost_nothing() -> None:
    """Orders about locks that a program does not have are not composed at all."""

    class Untouchable(Named):
        def hops(self, name: str) -> tuple[tuple[str, bool, bool], ...]:
            raise AssertionError(name)

        reached = inner = attributes = hops  # type: ignore[assignment]

    from lockcheck.checker.orders import CONFLICT, ORDER, OrderedSource

    class Source:
        table = Untouchable(frozenset(("dev_lock", "mmap_lock")))

        def facts(self, kind: str) -> tuple[()]:
            return ()

    rules = read_rules([built_in()]).sorted()
    source = OrderedSource(Source(), [rule.order for rule in rules if rule.order is not None])

    assert [*source.facts(ORDER), *source.facts(CONFLICT)] == []
    assert "_composed" not in vars(source)
