"""What must not matter to findings does not, and what must move them one way never moves them the other.

Models are drawn by hypothesis and checked as text, through everything. LOCKCHECK_EXAMPLES sets how many of each
property are tried (12 in CI; 2000 is a good evening's run).
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lockcheck
from lockcheck.findings import Result
from lockcheck.loading import ModelText
from tests.properties.programs import without_replays

EXAMPLES = int(os.environ.get("LOCKCHECK_EXAMPLES", "12"))
LOCKS = {"a": "mutex", "b": "spinlock", "c": "rwlock", "d": "spinlock", "e": "rwsem"}
PAIRS = {
    "mutex": [("mutex_lock", "mutex_unlock")],
    "spinlock": [("spin_lock", "spin_unlock"), ("spin_lock_irqsave", "spin_unlock_irqrestore"),
                 ("spin_lock_bh", "spin_unlock_bh")],
    "rwlock": [("read_lock", "read_unlock"), ("write_lock", "write_unlock"),
               ("write_lock_irqsave", "write_unlock_irqrestore")],
    "rwsem": [("down_read", "up_read"), ("down_write", "up_write")],
}  # fmt: skip
CONTEXTS = ("task", "task", "softirq", "hardirq")

ABOUT = {"recursion": ("lock",), "usage-conflict": ("safe", "unsafe"), "wait-context": ("lock",)}

Model = dict[str, Any]
Key = tuple[str, tuple[str, ...]]
tried = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
                 suppress_health_check=list(HealthCheck))  # fmt: skip


class Drawn:
    """A model, and the choices that a change of it makes."""

    def __init__(self, choose: random.Random) -> None:
        self.choose = choose
        functions = {f"f{number}": self.function(number) for number in range(4)}
        self.model: Model = {"lockcheck": 1, "title": "drawn", "locks": dict(LOCKS), "functions": functions}

    def function(self, number: int) -> Model:
        """Functions call later ones; three of four are entries."""
        steps = self.block(number, 2)
        return {"entry": self.choose.choice(CONTEXTS), "steps": steps} if number < 3 else {"steps": steps}

    def block(self, number: int, depth: int) -> list[Any]:
        """Some steps, which drop what they take."""
        return [step for _ in range(self.choose.randint(1, 2)) for step in self.piece(number, depth)]

    def piece(self, number: int, depth: int) -> list[Any]:
        """A section under a lock, a call, an allocation, or a way around some steps."""
        chance = self.choose.random()
        if chance < 0.2 and number < 3:
            return [{"call": f"f{self.choose.randint(number + 1, 3)}"}]
        if chance < 0.3:
            return [{"might_alloc": self.choose.choice(("GFP_KERNEL", "GFP_NOFS", "GFP_ATOMIC"))}]
        if chance < 0.4 and depth:
            return [{"optional": self.block(number, depth - 1)}]
        lock = self.choose.choice(sorted(LOCKS))
        take, drop = self.choose.choice(PAIRS[LOCKS[lock]])
        return [{take: lock}, *(self.block(number, depth - 1) if depth else []), {drop: lock}]

    def some_function(self, having: Callable[[list[Any]], bool] = bool) -> list[Any] | None:
        """The steps of some function for which that is so."""
        fitting = [one["steps"] for one in self.model["functions"].values() if having(one["steps"])]
        return self.choose.choice(fitting) if fitting else None


drawn = st.randoms(use_true_random=False).map(Drawn)


def check(*models: Model) -> Result:
    """The result for models, each a file of its own; replays are left out."""
    texts = [ModelText(json.dumps(model) + "\n", f"m{number}.yaml") for number, model in enumerate(models)]
    with without_replays():
        result = lockcheck.check(texts)
    assert not result.problems, result.problems
    assert not result.coverage.merged
    return result


def verdicts(*models: Model) -> set[Key]:
    """Which rules are broken, and for which locks as far as that says what is broken and not how it is shown.

    Of several shortest circles one is told, and of several chains into a sleep the first: names decide which. So
    circles count by the classes on them, usage conflicts by their ends, and sleeping by itself.
    """
    found: set[Key] = set()
    for one in check(*models).findings:
        about = ABOUT.get(one.fact.kind, ())
        locks = tuple(str(one.fact.get(name)) for name in about)
        found |= {(one.rule, (lock,)) for lock in one.locks} if one.fact.kind == "circle" else {(one.rule, locks)}
    return found


def circling(model: Model) -> set[str]:
    """The lock classes on circles."""
    return {lock for fact in check(model).facts("circle") for lock in _names(fact.get("locks"))}


def _names(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def renamed(value: Any, names: dict[str, str]) -> Any:
    """Everything of that name, under its new name."""
    if isinstance(value, dict):
        return {names.get(key, key): renamed(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [renamed(one, names) for one in value]
    return names.get(value, value) if isinstance(value, str) else value


@tried
@given(drawn)
def test_names_do_not_matter(one: Drawn) -> None:
    """Locks and functions under other names, in another alphabetical order, break the same rules."""
    old = [*LOCKS, *one.model["functions"]]
    fresh = [f"n{number}" for number in range(len(old))]
    one.choose.shuffle(fresh)
    names = dict(zip(old, fresh, strict=True))
    expected = {(rule, tuple(names.get(lock, lock) for lock in locks)) for rule, locks in verdicts(one.model)}
    assert verdicts(renamed(one.model, names)) == expected


@tried
@given(drawn)
def test_order_and_files_do_not_matter(one: Drawn) -> None:
    """Declarations in another order, in two files that are named in any order, break the same rules."""
    items = list(one.model["functions"].items())
    one.choose.shuffle(items)
    cut = one.choose.randint(0, len(items))
    locks = dict(reversed(LOCKS.items()))
    first = {"lockcheck": 1, "title": "first", "locks": locks, "functions": dict(items[:cut])}
    second = {"lockcheck": 1, "title": "second", "functions": dict(items[cut:])}
    parts = [part for part in (first, second) if part["functions"] or part is first]
    one.choose.shuffle(parts)
    assert verdicts(*parts) == verdicts(one.model)


@tried
@given(drawn)
def test_a_function_may_be_split_by_a_call(one: Drawn) -> None:
    """Some steps of a function moved into a function of their own, with or without the unlock, change no verdict."""
    before = verdicts(one.model)
    steps = one.some_function()
    assert steps is not None
    start = one.choose.randrange(len(steps))
    end = one.choose.randint(start + 1, len(steps))
    one.model["functions"]["part"] = {"steps": steps[start:end]}
    steps[start:end] = [{"call": "part"}]
    assert verdicts(one.model) == before


@tried
@given(drawn)
def test_a_call_may_be_inlined(one: Drawn) -> None:
    """The steps of a callee in place of its call change no verdict."""
    before = verdicts(one.model)
    steps = one.some_function(lambda steps: any("call" in step for step in steps))
    if steps is not None:
        at = one.choose.choice([index for index, step in enumerate(steps) if "call" in step])
        steps[at : at + 1] = deepcopy(one.model["functions"][steps[at]["call"]]["steps"])
    assert verdicts(one.model) == before


@tried
@given(drawn)
def test_an_unrelated_path_does_not_matter(one: Drawn) -> None:
    """A path with locks of its own leaves all findings as they are."""
    before = {finding.fingerprint for finding in check(one.model).findings}
    one.model["locks"] |= {"x": "mutex", "y": "spinlock"}
    steps = [{"mutex_lock": "x"}, {"spin_lock": "y"}, {"spin_unlock": "y"}, {"mutex_unlock": "x"}]
    one.model["functions"]["unrelated"] = {"entry": "task", "steps": steps}
    assert {finding.fingerprint for finding in check(one.model).findings} == before


@tried
@given(drawn)
def test_an_entry_twice_does_not_matter(one: Drawn) -> None:
    """The same steps as a second entry of another name break no other rule."""
    before = verdicts(one.model)
    name = one.choose.choice([name for name, function in one.model["functions"].items() if "entry" in function])
    one.model["functions"]["again"] = deepcopy(one.model["functions"][name])
    assert verdicts(one.model) == before


@tried
@given(drawn)
def test_taking_less_adds_no_circle(one: Drawn) -> None:
    """Without one of its sections' locks a model has no class on a circle that had been on none."""
    before = circling(one.model)
    steps = one.some_function(lambda steps: any(_pair(steps)))
    if steps is not None:
        first, last = one.choose.choice([pair for pair in _pair(steps) if pair])
        del steps[last], steps[first]
    assert circling(one.model) <= before


@tried
@given(drawn)
def test_taking_more_removes_no_circle(one: Drawn) -> None:
    """With a lock more around some steps every class that was on a circle is on one still."""
    before = circling(one.model)
    one.model["locks"]["more"] = "mutex"
    steps = one.some_function()
    assert steps is not None
    steps[:] = [{"mutex_lock": "more"}, *steps, {"mutex_unlock": "more"}]
    assert circling(one.model) >= before


def _pair(steps: Sequence[Any]) -> list[tuple[int, int]]:
    """Where locks are taken and dropped again among these steps themselves: outermost sections."""
    found, index = [], 0
    drops = {take: drop for pairs in PAIRS.values() for take, drop in pairs}
    while index < len(steps):
        ((verb, lock),) = steps[index].items()
        if verb in drops:
            last = _match(steps, index, verb, drops[verb], lock)
            found.append((index, last))
            index = last
        index += 1
    return found


def _match(steps: Sequence[Any], first: int, take: str, drop: str, lock: str) -> int:
    depth = 0
    for index in range(first, len(steps)):
        depth += (steps[index] == {take: lock}) - (steps[index] == {drop: lock})
        if not depth:
            return index
    pytest.fail("a section has no end")
