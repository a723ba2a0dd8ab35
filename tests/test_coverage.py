"""Vacuity: what models and rules declare and a run had no use for is said, and `lockcheck coverage` lists it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import lockcheck
from lockcheck.api import built_in_rules
from lockcheck.checker.exercise import branches
from lockcheck.checker.reading import read_rules
from lockcheck.cli import run
from lockcheck.findings import Result, Severity

MODEL = """\
lockcheck: 1
locks: {A: mutex, B: mutex, unused: spinlock, tried: mutex, novalidate: {kind: mutex, checked: false}}
caches: {objects: {ctor: constructs}}
functions:
  enters:
    entry: task
    steps:
      - mutex_lock: A
      - mutex_lock: B
      - mutex_trylock: tried
        then: [mutex_unlock: tried]
      - mutex_unlock: B
      - mutex_unlock: A
  constructs: {steps: []}
  forgotten: {steps: [mutex_lock: novalidate]}
"""
RULE = (
    "rule: {id}\nsummary: s\nseverity: note\nwhy: w\nhelp: h\nsince: '1'\nmessage: m\n"
    "forbid: {forbid}\nwhere: {where}\n"
)


def rules(tmp_path: Path, **wheres: str) -> Path:
    """A project's rules, by id with words joined by '_': ``KIND {conditions}``."""
    for name, text in wheres.items():
        forbid, _, where = text.partition(" ")
        folder = tmp_path / "rules" / "mine" / name.replace("_", "-")
        folder.mkdir(parents=True)
        text = RULE.format(id=folder.name, forbid=forbid, where=where)
        (folder / "rule.yaml").write_text(text, encoding="utf-8")
    return tmp_path / "rules"


def names(result: Result) -> list[tuple[str, str, str]]:
    """What the run had no use for."""
    return [(one.what, one.name, one.why) for one in result.unexercised]


def test_locks_functions_and_callbacks() -> None:
    """A lock nobody takes, a function never entered and a callback nobody calls are told; a try is a use."""
    assert names(lockcheck.check(MODEL)) == [
        ("callback", "constructs", "nobody calls this ctor"),
        ("function", "forgotten", "never entered"),
        ("lock", "unused", "never taken"),
    ]


def test_only_what_is_ones_own(tmp_path: Path) -> None:
    """What an included model declares and this run does not use is nobody's fault here."""
    (tmp_path / "room.yaml").write_text(MODEL, encoding="utf-8")
    own = tmp_path / "own.yaml"
    own.write_text(
        "lockcheck: 1\ninclude: [room.yaml]\nlocks: {mine: mutex}\n"
        "functions: {f: {entry: task, steps: [{mutex_lock: A, do: []}]}}\n",
        encoding="utf-8",
    )

    assert names(lockcheck.check(own)) == [("lock", "mine", "never taken")]


def test_unused_in_every_config() -> None:
    """What one config uses is used."""
    text = "configs: {CONFIG_X: n}\n" + MODEL.replace("    steps:\n", "    steps:\n      - spin_lock: unused\n"
                                                     "        do: []\n        when: CONFIG_X\n", 1)  # fmt: skip
    assert ("lock", "unused", "never taken") in names(lockcheck.check(text))
    assert ("lock", "unused", "never taken") not in names(lockcheck.check(text, config={"CONFIG_X": True}))
    assert ("lock", "unused", "never taken") not in names(lockcheck.check(text, all_configs=True))


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("acquisition {inside: {has: dtor}}", "no function has the role 'dtor'"),
        ("acquisition {inside: {has: [dtor, probe]}}", "no function has the role 'dtor' or 'probe'"),
        ("acquisition {inside: {has: [dtor, ctor]}}", None),
        ("acquisition {lock: C}", "there is no lock 'C'"),
        ("acquisition {lock: A}", None),
        ("acquisition {lock: A/1}", None),
        ("acquisition {lock: {glob: 'pcpu_*'}}", "there is no lock 'pcpu_*'"),
        ("acquisition {lock: {glob: 'un*'}}", None),
        ("acquisition {lock: {not: C}}", None),
        ("acquisition {not: {lock: C}}", None),
        ("acquisition {any: [{lock: C}, {lock: D}]}", "there is no lock 'C'; there is no lock 'D'"),
        ("acquisition {any: [{lock: C}, {lock: A}]}", None),
        ("acquisition {any: [{lock: C}, {may_sleep: true}]}", None),
        ("acquisition {all: [{may_sleep: true}, {lock: C}]}", "there is no lock 'C'"),
        ("call {callee: nobody}", "there is no function 'nobody'"),
        ("circle {}", None),
    ],
)  # fmt: skip
def test_rules_with_nothing_to_judge(where: str, why: str | None, tmp_path: Path) -> None:
    """A rule is idle when what it names, in whatever way, does not exist; one that names nothing never is."""
    result = lockcheck.check(MODEL, rules=[rules(tmp_path, own_rule=where)])

    assert [one.why for one in result.unexercised if one.what == "rule"] == ([why] if why else [])


def test_built_in_rules_are_not_the_users_fault() -> None:
    """That a model has no destructor is no gap of the model, though the rules about destructors had nothing to do."""
    assert not [one for one in lockcheck.check(MODEL).unexercised if one.what == "rule"]


def test_strict_coverage_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the option it is a line of the summary; with it each thing is listed with its place, exit status 1."""
    path = tmp_path / "m.yaml"
    path.write_text(MODEL, encoding="utf-8")
    own = str(rules(tmp_path, about_dtors="acquisition {inside: {has: dtor}}"))

    assert run(["check", "--rules", own, str(path)]) == 0
    quiet = capsys.readouterr().out
    assert "never taken: 1 lock (unused)\n" in quiet
    assert "nothing to judge: 1 rule (about-dtors: no function has the role 'dtor')\n" in quiet
    assert run(["check", "--strict-coverage", "--rules", own, str(path)]) == 1
    told = capsys.readouterr().out.replace("\n    ", " ")
    assert re.search(rf"{re.escape(str(path))}:2:\d+: not exercised: lock unused: never taken\n", told)
    assert "rule.yaml:1:1: not exercised: rule about-dtors: no function has the role 'dtor'\n" in told
    assert run(["check", "--strict-coverage", "--rules", own, "--format", "json", str(path)]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == 1 and len(document["coverage"]["unexercised"]) == 4


def test_strict_coverage_of_what_is_all_used() -> None:
    """A model that uses what it declares passes."""
    result = lockcheck.check(
        "lockcheck: 1\nlocks: {A: mutex}\nfunctions: {f: {entry: task, steps: [{mutex_lock: A, do: []}]}}"
    )

    assert result.exit_code_for(Severity.WARNING, strict=True) == 0


def test_coverage_lists_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`lockcheck coverage` counts locks, functions, dependencies, rules and branches, and names what is not used."""
    path = tmp_path / "m.yaml"
    path.write_text(MODEL, encoding="utf-8")
    own = str(rules(tmp_path, in_ctors="dependency {outer: [A, unused]}"))

    assert run(["coverage", "--rules", own, str(path)]) == 0
    told = capsys.readouterr().out
    for line in (
        "locks: 3 taken, 1 never taken",
        "functions: 2 never entered, 1 entered",
        "dependencies: 1 valid",
        "branches of rules: 1 met, 1 met by nothing",
    ):
        assert f"{line}\n" in told
    assert "  in-ctors outer unused: met by nothing" in told
    assert run(["coverage", "--rules", own, str(path), "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "lockcheck-coverage/1"
    assert [one["name"] for one in document["locks"] if not one["exercised"]] == ["unused"]


def test_dependencies_in_circles_are_invalid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dependency that is part of a circle is not valid; one beside it is."""
    path = tmp_path / "m.yaml"
    path.write_text(
        MODEL
        + "  other:\n    entry: task\n    steps: [mutex_lock: B, mutex_lock: A, mutex_unlock: A, mutex_unlock: B]\n",
        encoding="utf-8",
    )

    assert run(["coverage", str(path), "-v"]) == 0
    told = capsys.readouterr().out
    assert "dependencies: 2 in a circle\n" in told
    assert "  A -> B: in a circle" in told


def test_branches_of_a_rule_are_asked_one_by_one(tmp_path: Path) -> None:
    """Each alternative is met or not with all other conditions in force; `not` has none."""
    folder = rules(
        tmp_path,
        own_rule="dependency {outer: [A, B], any: [{inner: B}, {inner: C}, {inner: {has: x}}],"
        " all: [{inner: [B, D]}], not: {any: [{outer: Q}]}}".replace("{has: x}", "E"),
    )
    (rule,) = read_rules([folder]).sorted()
    result = lockcheck.check(MODEL)
    assert result.analysis is not None

    assert [(one.path, one.met) for one in branches(rule, result.analysis)] == [
        ("outer A", True), ("outer B", False), ("any[0]: inner B", True), ("any[1]: inner C", False),
        ("any[2]: inner E", False), ("all[0].inner B", True), ("all[0].inner D", False),
    ]  # fmt: skip


def test_every_branch_of_the_built_in_rules_is_met(capsys: pytest.CaptureFixture[str]) -> None:
    """Each alternative in a shipped rule has a case of that rule whose facts meet it."""
    assert run(["rules", "test", "--branches"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]

    assert last.endswith("met by a case, 0 by none")
    assert built_in_rules().rules


ORDERED = """\
lockcheck: 1
locks: {A: mutex, B: mutex, C: mutex, D: mutex}
functions:
  f: {entry: task, steps: [mutex_lock: A, mutex_lock: B, mutex_unlock: B, mutex_unlock: A]}
  g: {entry: task, steps: [mutex_lock: C, mutex_lock: B, mutex_unlock: B, mutex_unlock: C]}
  h: {entry: task, steps: [mutex_lock: D, mutex_lock: C, mutex_unlock: C, mutex_unlock: D]}
"""


def order(tmp_path: Path, text: str) -> str:
    """A project's rule that declares an order."""
    folder = tmp_path / "rules" / "mine" / "our-order"
    folder.mkdir(parents=True)
    (folder / "rule.yaml").write_text(f"rule: our-order\norder: {text}\n", encoding="utf-8")
    return str(tmp_path / "rules")


def test_dependencies_against_declared_orders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each dependency is as declared, against a declared order or about neither; declared ones not seen are listed."""
    path = tmp_path / "m.yaml"
    path.write_text(ORDERED, encoding="utf-8")
    own = order(tmp_path, "[[A, B, C], [A, D]]")

    assert run(["coverage", "-v", "--rules", own, str(path)]) == 0
    told = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "dependencies: 2 declared, unseen, 1 as declared, 1 against a declared order, 1 valid" in told
    for start in ("A -> B: as declared", "C -> B: against a declared order", "D -> C: valid"):
        assert any(line.startswith(start) for line in told)
    assert {"A -> D: declared, unseen (our-order)", "B -> C: declared, unseen (our-order)"} <= set(told)


@pytest.mark.parametrize(("text", "idle"), [("[A, X]", True), ("[X, Y]", True), ("[A, X, B]", False)])
def test_an_order_of_locks_that_are_not_there(text: str, idle: bool, tmp_path: Path) -> None:
    """An order has nothing to judge unless two of its locks are in the models."""
    result = lockcheck.check(ORDERED, rules=[order(tmp_path, text)])

    assert [one.name for one in result.unexercised] == (["our-order"] if idle else [])


OPTIONAL = """\
lockcheck: 1
configs: {CONFIG_FAST: y, CONFIG_DEBUG: {default: n}}
locks: {A: mutex, B: mutex, slow: mutex, shared: {kind: mutex, group: g, unless: CONFIG_FAST}}
functions:
  enters:
    entry: task
    steps:
      - mutex_lock: A
      - mutex_lock: B
        when: CONFIG_DEBUG
      - mutex_unlock: B
        when: CONFIG_DEBUG
      - mutex_unlock: A
      - call: slowly
        unless: CONFIG_FAST
  slowly:
    steps:
      - mutex_lock: slow
      - mutex_unlock: slow
      - mutex_lock: shared
        unless: CONFIG_FAST
      - mutex_unlock: shared
        unless: CONFIG_FAST
"""


@pytest.mark.parametrize(
    ("options", "unused"),
    [
        ([], {"B", "slow", "slowly"}),
        (["--config", "CONFIG_DEBUG=y"], {"slow", "slowly"}),
        (["--configs", "CONFIG_FAST"], {"B"}),
        (["--all-configs"], set()),
    ],
)
def test_coverage_is_that_of_the_configs_in_use(
    options: list[str], unused: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is used in any of the configs that were asked for is used, also where the configs need runs of their own."""
    (tmp_path / "m.yaml").write_text(OPTIONAL, encoding="utf-8")

    assert run(["coverage", "--format", "json", *options, str(tmp_path / "m.yaml")]) == 0
    document = json.loads(capsys.readouterr().out)

    found = {one["name"] for sort in ("locks", "functions") for one in document[sort] if "never" in one["state"]}
    assert found == unused
    pairs = {one["name"] for one in document["dependencies"]}
    assert ("A -> B" in pairs) == ("B" not in unused)
