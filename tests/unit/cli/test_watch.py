"""``check --watch``: a save is followed by a check, and Ctrl-C by the last exit status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from lockcheck.cli.watch import again_and_again, stamps

MODEL = """lockcheck: 1
include: [locks.yaml]
functions:
  one: {entry: task, steps: [{mutex_lock: A, do: [{mutex_lock: B, do: []}]}]}
"""
LOCKS = "lockcheck: 1\nlocks: {A: mutex, B: mutex}\n"


def test_each_save_is_followed_by_a_check() -> None:
    """Once it is over: a file that still grows is waited for; what a check raises is shown, and it goes on."""
    seen = iter([1, 1, 1, 2, 3, 3, 3, 4, 4])
    codes = iter([0, 1])
    done = []

    def look() -> dict[str, tuple[int, int]]:
        try:
            return {"model.yaml": (next(seen), 0)}
        except StopIteration:
            raise KeyboardInterrupt from None

    def check() -> int:
        done.append("check")
        try:
            return next(codes)
        except StopIteration:
            raise click.UsageError("lockcheck.toml: half a line") from None

    assert again_and_again(check, look, lambda _: None) == 2
    assert done == ["check"] * 3


def test_what_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models and what they include, rules, waivers, the configuration; a file that is not there yet is missed."""
    monkeypatch.chdir(tmp_path)
    rules = tmp_path / "rules" / "a" / "b"
    rules.mkdir(parents=True)
    for name, text in {"model.yaml": MODEL, "locks.yaml": LOCKS, "lockcheck.toml": "", "rules/a/b/rule.yaml": "",
                       "allowed.yaml": "", "other.txt": ""}.items():  # fmt: skip
        (tmp_path / name).write_text(text, encoding="utf-8")
    options = {"paths": ("model.yaml",), "rules": ("rules",), "roots": (), "waivers": ("allowed.yaml", "absent.yaml")}

    assert {os.path.relpath(name, tmp_path) for name in stamps(options)} == {
        "model.yaml", "locks.yaml", "lockcheck.toml", "rules/a/b/rule.yaml", "allowed.yaml",
    }  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send")
def test_it_ends_cleanly(tmp_path: Path) -> None:
    """A real process: a save is seen, and SIGINT ends it with the last exit status and no traceback."""
    model = tmp_path / "model.yaml"
    model.write_text(LOCKS + MODEL.replace("lockcheck: 1\ninclude: [locks.yaml]\n", ""), encoding="utf-8")
    log = tmp_path / "log"
    command = [sys.executable, "-u", "-m", "lockcheck", "check", str(model), "--watch", "--no-cache"]
    with log.open("wb") as stream, subprocess.Popen(command, stdout=stream, stderr=stream) as process:
        wait_for(log, "watching")
        text = model.read_text(encoding="utf-8")
        model.write_text(
            text + "  two: {entry: task, steps: [{mutex_lock: B, do: [{mutex_lock: A, do: []}]}]}\n", "utf-8"
        )
        wait_for(log, "checking again", "circular dependency", "watching")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 1
    assert "Traceback" not in log.read_text(encoding="utf-8")


def wait_for(log: Path, *words: str) -> None:
    """Until these stand in the log, in this order."""
    for _ in range(600):
        rest = log.read_text(encoding="utf-8")
        for word in words:
            _, found, rest = rest.partition(word)
            if not found:
                break
        else:
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8"))
