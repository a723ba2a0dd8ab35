"""Hostile input through the whole pipeline: a seeded campaign, and models built to be expensive."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from lockcheck import Limits, ModelText, check
from lockcheck.findings import Result
from lockcheck.report.text import problems_text, text
from tests.fuzz.campaign import Campaign
from tests.fuzz.pipeline import made, said

HEAD = "lockcheck: 1\n"
SECONDS = 10


def checked(model: str, limits: Limits | None = None) -> Result:
    """The result, with all that is printed of it, within the time that any input may take."""
    begin = time.process_time()
    result = check([ModelText(model, "m.yaml")], limits=limits)
    assert text(result) or problems_text(result)
    assert time.process_time() - begin < SECONDS
    return result


def codes(result: Result) -> list[str]:
    """What is wrong with a model, in one word each."""
    return sorted({problem.code for problem in result.problems})


def function(steps: str, more: str = "") -> str:
    """A model with one function."""
    return f"{HEAD}locks: {{a: mutex, s: spinlock{more}}}\nfunctions:\n  f:\n    entry: task\n    steps: [{steps}]\n"


def test_random_input_is_answered() -> None:
    """Mutated models and rules and weird valid ones end in findings or positioned problems, soon, and always alike."""
    campaign = Campaign(7, 100)

    campaign.run()

    assert campaign.faults() == []
    assert {one["status"] for one in campaign.told} == {0, 1, 2}
    assert {one["kind"] for one in campaign.told} == {"model", "rule", "weird"}


@pytest.mark.parametrize("seed", [92, 24716, 28187])
def test_what_once_took_too_long(seed: int) -> None:
    """Many entry states below roles, many signals behind many entries, many calls that recur: answered in time."""
    begin = time.process_time()
    status, _ = said(made(seed))

    assert status in (1, 2)
    assert time.process_time() - begin < SECONDS


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("[" * 100_000, ["too-deep"]),
        (HEAD + "note: " + "{a: " * 100_000, ["too-deep"]),
        (HEAD + "x0: &x0 [1,1]\n" + "".join(f"x{n}: &x{n} [*x{n - 1}, *x{n - 1}]\n" for n in range(1, 40)), None),
        (HEAD + "note: &a [*a]\n", None),
        (HEAD + "functions: {f: {steps: [{mutex_lock: a, nested: " + "9" * 100_000 + "}]}}\n", None),
        (HEAD + "locks: {a: {kind: mutex, rank: " + "1" * 19 + "}}\n", None),
        (HEAD + "functions:\n" + "".join(f"  f{n}: {{}}\n" for n in range(3_000)), ["too-many-functions"]),
        (HEAD + "locks:\n" + "".join(f"  l{n}: mutex\n" for n in range(300_000)), ["too-many-declarations"]),
    ],
    ids=["brackets", "braces", "alias bomb", "self-reference", "integer", "long integer", "functions", "locks"],
)
def test_what_is_too_much_is_refused_where_it_stands(model: str, expected: list[str] | None) -> None:
    """Nesting, aliases and numbers beyond the limits are positioned errors, exit status 2."""
    result = checked(model, Limits(max_functions=2_000))

    assert result.exit_code == 2
    assert expected in (None, codes(result))
    assert all(problem.line for problem in result.problems) or expected == ["too-many-functions"]


def test_comments_cost_their_bytes() -> None:
    """A file that is nothing but comments is read up to the limit on its size and no further."""
    model = function("mutex_lock: a, mutex_unlock: a") + "# nothing\n" * 400_000

    assert checked(model).exit_code == 0
    assert codes_of_file(checked(model, Limits(max_file_bytes=1_000_000))) == ["too-large"]


def codes_of_file(result: Result) -> list[str]:
    """Problems with a whole file, which have no position in it."""
    return [problem.code for problem in result.problems]


@pytest.mark.skipif("LOCKCHECK_GIGABYTE" not in os.environ, reason="writes a gigabyte; set LOCKCHECK_GIGABYTE to run")
def test_a_gigabyte_of_comments(tmp_path: Path) -> None:
    """A gigabyte of comments is refused without being read."""
    path = tmp_path / "m.yaml"
    with path.open("wb") as file:
        for _ in range(1 << 10):
            file.write(b"# nothing here\n" * (1 << 16))
    begin = time.process_time()

    assert codes_of_file(check([path])) == ["too-large"]
    assert time.process_time() - begin < SECONDS


@pytest.mark.parametrize(
    "model",
    [
        function("mutex_lock: a, mutex_unlock: a") + "note: " + "x" * 10_000_000 + "\n",
        HEAD + "locks:\n" + "".join(f"  l{n}: mutex\n" for n in range(100_000)),
        HEAD + "note:\n" + "".join(f"  k{n}: 1\n" for n in range(100_000)),
    ],
    ids=["scalar", "locks", "keys"],
)
def test_large_things_are_read_or_refused(model: str) -> None:
    """Ten million characters in one value and a hundred thousand keys in one mapping are answered in time."""
    assert checked(model).exit_code in (0, 2)


def test_fifty_thousand_steps_in_one_function() -> None:
    """The length of a function costs no more than its steps."""
    assert checked(function("mutex_lock: a, mutex_unlock: a, " * 25_000)).exit_code == 0


def test_a_thousand_calls_deep() -> None:
    """No call chain is too deep: what its end takes meets what its beginning holds."""
    calls = "".join(f"  f{n}: {{steps: [call: f{n + 1}]}}\n" for n in range(1, 1_000))
    last = "  f1000: {steps: [mutex_lock: a, mutex_unlock: a]}\n"
    first = "  f0: {entry: task, steps: [mutex_lock: a, call: f1, mutex_unlock: a]}\n"

    result = checked(f"{HEAD}locks: {{a: mutex}}\nfunctions:\n{first}{calls}{last}")

    assert [finding.rule for finding in result.findings] == ["recursive-locking"]


def test_five_thousand_locks_held() -> None:
    """A path stops at the forty-eighth lock, as lockdep does, and that is a finding."""
    locks = "".join(f", l{n}: mutex" for n in range(5_000))
    result = checked(function(", ".join(f"mutex_lock: l{n}" for n in range(5_000)), locks))

    assert [finding.rule for finding in result.findings] == ["lock-depth"]


def leaking(functions: int) -> str:
    """Functions that call each other and leave, drop and count what they like."""
    parts = [f"{HEAD}locks: {{{', '.join(f'l{n}: spinlock' for n in range(8))}}}\nfunctions:\n"]
    for n in range(functions):
        block = ", ".join(
            f"{{optional: [{{spin_lock: l{(n + k) % 8}}}]}}, {{call: f{(n * 3 + k) % functions}}}, "
            f"{{if: w{k}, then: [local_bh_disable]}}, {{if: v{k}, then: [{{spin_unlock: l{(n + 2 * k) % 8}}}]}}"
            for k in range(6)
        )
        parts.append(f"  f{n}: {{entry: [task, softirq, hardirq], steps: [{{loop: [{block}]}}]}}\n")
    return "".join(parts)


def permuted(count: int) -> str:
    """A function that hands its parameters on in other orders: as many bindings as there are permutations."""
    names = [f"p{n}" for n in range(count)]
    turned = ", ".join(f"{a}: ${b}" for a, b in zip(names, [*names[1:], names[0]], strict=True))
    swapped = ", ".join(f"{a}: ${b}" for a, b in zip(names, [names[1], names[0], *names[2:]], strict=True))
    given = ", ".join(f"{name}: l{n}" for n, name in enumerate(names))
    return (
        f"{HEAD}locks: {{{', '.join(f'l{n}: mutex' for n in range(count))}}}\nfunctions:\n"
        f"  f:\n    params: [{', '.join(names)}]\n    steps: [mutex_lock: $p0, mutex_unlock: $p0, "
        f"{{optional: [{{call: f, with: {{{turned}}}}}]}}, {{optional: [{{call: f, with: {{{swapped}}}}}]}}]\n"
        f"  g: {{entry: task, steps: [{{call: f, with: {{{given}}}}}]}}\n"
    )


@pytest.mark.parametrize("model", [leaking(4), leaking(30), permuted(9)], ids=["four", "thirty", "permutations"])
def test_exploding_states_are_cut_and_that_is_said(model: str) -> None:
    """Where states grow without bound, what was not followed is in the summary, and such a run is not clean."""
    result = checked(model)

    assert (result.exit_code, result.problems) == (2, ())
    assert any("max_" in why for why, _ in result.coverage.cut)
    assert "could not analyse all of it:" in text(result)


def test_very_many_options() -> None:
    """Twenty thousand kernel options have more combinations than a number can say; some are checked."""
    configs = "".join(f"  CONFIG_{n}: n\n" for n in range(20_000))
    model = f"{HEAD}configs:\n{configs}locks: {{a: mutex}}\nfunctions: {{f: {{entry: task, steps: []}}}}\n"

    result = check([ModelText(model, "m.yaml")], all_configs=True, limits=Limits(max_configs=2))

    assert result.configs.count > 2**60  # no option decides anything
    assert result.configs.runs <= 2
    assert "in 2^20000 configs" in " ".join(text(result).split())


def test_limits_on_the_analysis_can_be_raised() -> None:
    """The same model is followed to the end with a higher limit."""
    model = permuted(6)
    cut = checked(model, Limits(max_contexts=20))
    whole = checked(model, Limits(max_contexts=10_000))

    assert [why for why, _ in cut.coverage.cut] == ["calls in more states than max_contexts"]
    assert whole.coverage.cut == ()


def test_no_limit_is_near_what_is_shipped() -> None:
    """The shipped models are followed to the end with a tenth of every limit on the analysis."""
    from lockcheck.loading import library

    names: list[Any] = [name for name in library() if name.startswith("linux/")]
    result = check(names, limits=Limits(max_work=20_000, max_contexts=200))

    assert result.coverage.cut == ()
    assert result.coverage.merged == ()


def test_readers_keep_their_promises() -> None:
    """Broken models, rules, waivers, baselines, configurations, cache entries and certificates are refused in words."""
    from tests.fuzz.readers import Fault, campaign

    found = list(campaign(1, 300))

    assert [one for one in found if isinstance(one, Fault)] == []
    assert set(found) == {
        "model", "rule", "waivers", "baseline", "configuration", "cache entry", "certificate",
    }  # fmt: skip
