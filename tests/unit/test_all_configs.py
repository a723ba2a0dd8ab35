"""All kernel configs in a few runs: what can be left open is left open, and what decides is settled one by one."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

import lockcheck
from lockcheck.analysis import resources
from lockcheck.findings import Result

OPTIONS = [f"CONFIG_{letter}" for letter in "ABCDEF"]


def conditions(result: Result) -> list[tuple[str, str]]:
    """Rule and condition of every finding, sorted."""
    return sorted((one.rule, str(one.condition)) for one in result.findings)


def test_findings_of_a_destructor_are_settled_one_by_one() -> None:
    """Six locks that are no leaves with six different options: two runs for each option, not one for each config."""
    lines = ["lockcheck: 1", "configs:", *(f"  {name}: y" for name in OPTIONS), "locks:", "  inner: spinlock"]
    lines += [f"  lock_{name[-1]}: spinlock" for name in OPTIONS]
    lines += ["caches: {objects: {dtor: destroys}}", "functions:", "  frees:", "    entry: task"]
    lines += ["    steps: [{call: destroys}]", "  destroys:", "    steps:"]
    lines += [f"      - {{spin_lock_irqsave: lock_{name[-1]}, do: []}}" for name in OPTIONS]
    for name in OPTIONS:
        lines += [f"  user_{name[-1]}:", "    entry: task", "    steps:", f"      - spin_lock_irqsave: lock_{name[-1]}"]
        lines += [f"        do: [{{spin_lock: inner, when: {name}, do: []}}]"]

    result = lockcheck.check("\n".join(lines) + "\n", all_configs=True)

    assert not result.problems
    assert conditions(result) == [("dtor-takes-non-leaf-lock", f"{name}=y") for name in OPTIONS]
    assert (result.configs.skipped, len(result.configs.varied)) == (0, 6)
    assert result.configs.runs <= 1 + 2 * len(OPTIONS)


def test_a_work_item_and_a_callback_may_exist_with_an_option_only() -> None:
    """Neither has to be enumerated: where the option is off nothing is started, and another callback is called."""
    model = """\
lockcheck: 1
configs: {CONFIG_A: y, CONFIG_B: y}
locks: {A: mutex, B: mutex, C: mutex}
workqueues: {wq: {}}
work: {item: {function: works, queue: wq}}
callbacks: {each: [always, sometimes]}
functions:
  works:
    when: CONFIG_A
    steps: [{mutex_lock: A, do: [{mutex_lock: B, do: []}]}]
  always: {steps: [{mutex_lock: B, do: [{mutex_lock: A, do: []}]}]}
  sometimes:
    when: CONFIG_B
    steps: [{mutex_lock: C, do: [{mutex_lock: C, do: []}]}]
  calls: {entry: task, steps: [{call_any: each}]}
"""
    result = lockcheck.check(model, all_configs=True)

    assert not result.problems
    assert conditions(result) == [("circular-dependency", "CONFIG_A=y"), ("recursive-locking", "CONFIG_B=y")]
    for name in ("CONFIG_A", "CONFIG_B"):
        alone = lockcheck.check(model, config={name: False})
        assert len(alone.findings) == 1


def test_an_object_too_large_to_compare_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a limit keeps from being compared ends the run's claim to speak for all of the model: exit status 2."""
    model = """\
lockcheck: 1
caches: {objects: {ctor: makes, dtor: unmakes}}
functions:
  makes: {steps: [{owns: thing}]}
  unmakes: {steps: [{disowns: thing}]}
  uses: {entry: task, steps: [{kmem_cache_alloc: [objects, GFP_KERNEL]}, {kmem_cache_free: objects}]}
"""
    assert lockcheck.check(model).exit_code == 0
    monkeypatch.setattr(resources, "MOST_STATES", 0)

    result = lockcheck.check(model)

    assert [why for why, _ in result.coverage.cut] == [resources.TOO_MANY_BALANCES]
    assert result.exit_code == 2


def test_every_design_is_checked_in_all_configs() -> None:
    """The proposal of 2025 in all 8192 configs, with no config left out."""
    configs = lockcheck.check("designs/rfc-mm-struct", all_configs=True).configs

    assert (configs.skipped, len(configs.varied)) == (0, 13)
    assert configs.runs <= 32


def test_debug_objects_know_of_every_destroyed_counter() -> None:
    """Counters that the destructor takes apart are no longer active: nothing leaks, they were kept too long."""
    config = dict.fromkeys(("", "_FREE", "_PERCPU_COUNTER"), True)
    options = {f"CONFIG_DEBUG_OBJECTS{name}": on for name, on in config.items()}

    result = lockcheck.check(["designs/rfc-mm-struct", "linux/debugobjects"], config=options)

    found = {one.rule for one in result.findings if "active debug object" in one.message}
    assert found == {"resource-kept-over-free"}


ASKING = ("{configs: {has: CONFIG_A}, lock: X}", "{lock: {leaf: false}}", "{lock: {leaf: true}}")


@pytest.mark.parametrize("where", ASKING)
def test_rules_about_configs_are_asked_in_each(where: str, tmp_path: Path) -> None:
    """A rule that asks which options are on, or what all paths do with a lock, gets the answer of each config."""
    model = """\
lockcheck: 1
configs: {CONFIG_A: n, CONFIG_B: y}
locks: {X: mutex, Y: mutex}
functions:
  f: {entry: task, steps: [{mutex_lock: X, do: [{mutex_lock: Y, when: CONFIG_A, do: []}]}]}
  g: {entry: task, when: CONFIG_B, steps: [{mutex_lock: Y, do: []}]}
"""
    folder = tmp_path / "mine" / "asks"
    folder.mkdir(parents=True)
    text = "rule: asks\nsummary: s\nseverity: note\nwhy: w\nhelp: h\nmessage: m\nforbid: acquisition\n"
    text += f"where: {where}\n"
    (folder / "rule.yaml").write_text(text, encoding="utf-8")

    together = lockcheck.check(model, rules=[tmp_path], all_configs=True)

    assert not together.problems
    for values in product((False, True), repeat=2):
        config = dict(zip(("CONFIG_A", "CONFIG_B"), values, strict=True))
        alone = lockcheck.check(model, rules=[tmp_path], config=config)
        told = {one.fingerprint for one in together.findings if one.condition.holds(config)}
        assert told == {one.fingerprint for one in alone.findings}
