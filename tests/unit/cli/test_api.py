"""The public API: its documented example, several configs, determinism."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from pathlib import Path

import lockcheck
from lockcheck import api
from lockcheck.cli.output import Progress

ROOT = Path(__file__).resolve().parents[3]
CONFIGS = """
lockcheck: 1
title: an order that only one kernel option brings
configs: {CONFIG_A: n, CONFIG_B: n}
locks: {X: mutex, Y: mutex}
functions:
  one:
    entry: task
    steps: [mutex_lock: X, mutex_lock: Y, mutex_unlock: Y, mutex_unlock: X]
  two:
    entry: task
    when: CONFIG_A
    steps: [mutex_lock: Y, mutex_lock: X, mutex_unlock: X, mutex_unlock: Y]
  three:
    entry: task
    when: CONFIG_B
    steps: [mutex_lock: Y, mutex_unlock: Y]
"""


def test_documented_example_is_true() -> None:
    """The docstring of check() does what it says."""
    outcome = doctest.testmod(api)

    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_one_config_is_checked_by_default() -> None:
    """Defaults of the model hold unless the caller says otherwise."""
    assert lockcheck.check(CONFIGS).ok
    assert not lockcheck.check(CONFIGS, config={"CONFIG_A": True}).ok


def test_all_configs_are_merged() -> None:
    """Every combination is checked; the finding says which ones it holds with."""
    result = lockcheck.check(CONFIGS, all_configs=True)

    assert result.configs.count == 4
    assert [(one.rule, str(one.condition)) for one in result.findings] == [("circular-dependency", "CONFIG_A=y")]


def test_fixed_options_are_not_varied() -> None:
    """What the caller fixes stays fixed in all combinations."""
    result = lockcheck.check(CONFIGS, all_configs=True, config={"CONFIG_A": False})

    assert result.configs.varied == ("CONFIG_B",)
    assert result.ok


def many_options(count: int, lines: list[str]) -> str:
    """A model with that many options, of which its one function tests some."""
    configs = "".join(f"  CONFIG_{number}: n\n" for number in range(count))
    head = f"lockcheck: 1\ntitle: t\nconfigs:\n{configs}locks: {{X: mutex, Y: mutex}}\nfunctions:\n"
    return f"{head}  f:\n    entry: task\n    steps:\n" + "".join(f"      - {line}\n" for line in lines)


def test_options_that_decide_nothing_cost_nothing() -> None:
    """Twenty options are a million configs; one run is enough to see that all of them are clean."""
    steps = [f"{{mutex_lock: X, do: [], when: CONFIG_{number}}}" for number in range(20)]

    result = lockcheck.check(many_options(20, steps), all_configs=True)

    assert (result.configs.count, result.configs.skipped, result.configs.runs) == (2**20, 0, 1)
    assert result.ok


def test_only_deciding_options_are_named() -> None:
    """Of twenty options the two that make a deadlock are its condition, found in a handful of runs."""
    steps = [f"{{mutex_lock: Y, do: [], when: CONFIG_{number}}}" for number in range(20)]
    steps += ["{mutex_lock: X, when: CONFIG_3}", "{mutex_lock: X, do: [], unless: CONFIG_17}",
              "{mutex_unlock: X, when: CONFIG_3}"]  # fmt: skip

    result = lockcheck.check(many_options(20, steps), all_configs=True)

    assert [str(one.condition) for one in result.findings] == ["CONFIG_17=n and CONFIG_3=y"]
    assert result.configs.count == 2**20
    assert result.configs.runs <= 5


def test_some_options_can_be_varied() -> None:
    """Only the options that are listed vary; the others stay as the model has them."""
    steps = ["{mutex_lock: X, when: CONFIG_0}", "{mutex_lock: X, when: CONFIG_1}", "{mutex_unlock: X}"]
    text = many_options(2, ["{mutex_lock: X, when: CONFIG_0}", "{mutex_lock: X, do: [], when: CONFIG_1}",
                            "{mutex_unlock: X, when: CONFIG_0}"])  # fmt: skip
    fixed = lockcheck.check(text, all_configs=["CONFIG_1"])
    both = lockcheck.check(text, all_configs=["CONFIG_1"], config={"CONFIG_0": True})
    unknown = lockcheck.check(many_options(2, steps), all_configs=["CONFIG_O"])

    assert fixed.ok
    assert [str(one.condition) for one in both.findings] == ["CONFIG_1=y"]
    assert both.configs.varied == ("CONFIG_1",)
    assert [(one.message, one.hint) for one in unknown.problems] == [
        ("unknown kernel option 'CONFIG_O'", "did you mean 'CONFIG_1'?")
    ]


def test_configs_are_bounded() -> None:
    """Where every combination is another finding, runs are bounded and what was not checked is counted."""
    steps = [line for n in range(10) for line in (f"{{mutex_lock: X, when: CONFIG_{n}}}",)]
    text = many_options(10, [*steps, "{mutex_lock: Y}"])

    result = lockcheck.check(text, all_configs=True, limits=lockcheck.Limits(max_configs=4))

    assert result.configs.runs == 4
    assert result.configs.skipped > 0
    assert result.configs.count + result.configs.skipped == 2**10


def test_texts_and_paths_mix() -> None:
    """Several models, as text with a name and as a path, are one program."""
    case = ROOT / "rules" / "irq" / "inconsistent-lock-state" / "repaired.yaml"
    result = lockcheck.check([lockcheck.ModelText(CONFIGS, "mine.yaml"), case], config={"CONFIG_A": True})

    assert [one.place.file for one in result.findings] == ["mine.yaml"]
    assert result.exit_code == 1


def test_output_does_not_depend_on_hash_seed_or_order() -> None:
    """Same models, same bytes: whatever the hash seed and the order of arguments."""
    folder = ROOT / "lockcheck" / "library" / "examples"
    paths = [str(folder / f"{name}.yaml") for name in ("abba", "irq-inversion", "recursive-locking", "sleep-in-atomic")]
    outputs = {
        subprocess.run(
            [sys.executable, "-m", "lockcheck", "check", "--format", "json", *order],
            capture_output=True, check=False, env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        ).stdout
        for seed, order in (("1", paths), ("2", paths), ("3", paths[::-1]))
    }  # fmt: skip

    assert len(outputs) == 1
    assert b'"findings"' in outputs.pop()


class Terminal:
    """A stream that says it is a terminal."""

    def __init__(self) -> None:
        self.written = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        self.written += text

    def flush(self) -> None:
        """Nothing to do."""


def test_long_run_says_what_it_does(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """After a second a terminal gets one line, which is gone at the end; a short run says nothing."""
    import time

    monkeypatch.setenv("TERM", "xterm")
    quick, slow = Terminal(), Terminal()
    with Progress(quick, patience=60):  # type: ignore[arg-type]
        pass
    with Progress(slow, patience=0.01) as progress:  # type: ignore[arg-type]
        progress("analysing")
        time.sleep(0.1)

    assert quick.written == ""
    assert "lockcheck: analysing ... 0 s" in slow.written
    assert slow.written.endswith("\r\x1b[K")
