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

    assert len(result.configs) == 4
    assert [(one.rule, len(one.configs)) for one in result.findings] == [("circular-dependency", 2)]
    assert all("CONFIG_A=y" in config for config in result.findings[0].configs)


def test_fixed_options_are_not_varied() -> None:
    """What the caller fixes stays fixed in all combinations."""
    result = lockcheck.check(CONFIGS, all_configs=True, config={"CONFIG_A": False})

    assert len(result.configs) == 2
    assert result.ok


def test_configs_are_bounded() -> None:
    """Twenty options are a million combinations: the nearest to the defaults are checked, the rest is counted."""
    names = [f"CONFIG_{number}" for number in range(20)]
    steps = "".join(f"      - mutex_lock: X\n        when: {name}\n        do: []\n" for name in names)
    configs = "".join(f"  {name}: n\n" for name in names)
    head = f"lockcheck: 1\ntitle: t\nconfigs:\n{configs}locks: {{X: mutex}}\nfunctions:\n"
    text = f"{head}  f:\n    entry: task\n    steps:\n{steps}"

    result = lockcheck.check(text, all_configs=True)

    assert len(result.configs) == lockcheck.Limits().max_configs
    assert result.configs_skipped == 2**20 - lockcheck.Limits().max_configs


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
