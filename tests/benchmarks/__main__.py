"""``python -m tests.benchmarks [SIZE ...]``: stages, memory and ratios of cold checks of generated models.

Each stage runs in a process of its own, so that nothing is warm. Baselines, in the same run: PyYAML's CSafeLoader
loading the same bytes as everyone calls it, and libyaml's raw event stream over them, the floor of any reader with
positions.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from lockcheck.loading import library
from tests.benchmarks.generate import SIZES, Order, Shape, files, model

STAGES = ("raw", "csafe", "check")


def measured(stage: str, path: Path, runs: int) -> dict[str, float]:
    """One stage in a fresh process; seconds of CPU and peak memory in MiB. The fastest of several runs."""
    command = [sys.executable, "-m", "tests.benchmarks.stage", stage, str(path)]
    found: list[dict[str, float]] = []
    for _ in range(runs):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout))
    return min(found, key=lambda one: one["total"])


def start_up(runs: int) -> None:
    """Wall time of the command itself: its help, and a check of the shipped models of Linux."""
    shipped = sorted(name for name in library() if name.startswith("linux/"))
    for word, arguments in (("--help", ["--help"]), ("check of the shipped models", ["check", *shipped])):
        best = float("inf")
        for _ in range(max(runs, 3)):
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-m", "lockcheck", *arguments], capture_output=True, check=False)
            best = min(best, time.perf_counter() - begin)
        print(f"{word}: {best:.2f} s of wall time")


def row(name: str, shape: Shape | Order, folder: Path, stages: Sequence[str], runs: int = 1) -> dict[str, float]:
    """All figures of one shape; prints them."""
    path = folder / f"{name}.yaml"
    path.write_text(model(shape), encoding="utf-8")
    got = {stage: measured(stage, path, runs) for stage in stages}
    check = got["check"]
    print(f"{name}: {shape.functions} functions, {path.stat().st_size / 1e6:.1f} MB")
    parts = " ".join(f"{key} {check[key]:.2f}" for key in ("start", "load", "analyse", "judge", "report", "total"))
    print(f"  seconds: {parts}; peak {check['peak']:.0f} MiB; {check['findings']:.0f} findings,")
    counts = ", ".join(f"{check[key]:.0f} {key}" for key in ("dependencies", "classes", "contexts"))
    print(f"  {counts}")
    for stage, word in (("raw", "raw libyaml events"), ("csafe", "CSafeLoader")):
        if stage in got:
            print(f"  {word} {got[stage]['total']:.2f} s; check / that = {check['total'] / got[stage]['total']:.2f}")
    assert check["findings"] == shape.circles, "a planted circle was missed, or a false one told"
    return {**check, **{stage: figures["total"] for stage, figures in got.items()}}


def cached(shape: Shape, folder: Path) -> None:
    """A check with a cache: cold, again, and after an edit of one of many files; seconds of CPU, and the same bytes."""
    models, cache = folder / "models", ["--cache-dir", str(folder / "cache")]
    models.mkdir()
    for name, text in files(shape).items():
        (models / name).write_text(text, encoding="utf-8")
    path = models / f"subsystem_{shape.subsystems // 2:03}.yaml"
    whole, told = command([str(models), "--no-cache"])
    first, same = command([str(models), *cache])
    again, same_again = command([str(models), *cache])
    text = re.sub(r"^( *- )(?=mutex_lock)", r"\1might_sleep\n\1", path.read_text(encoding="utf-8"), count=1, flags=re.M)
    path.write_text(text, encoding="utf-8")
    edit, edited = command([str(models), *cache])
    whole_again, told_again = command([str(models), "--no-cache"])
    assert told == same == same_again and edited == told_again, "the cache changed what is said"
    count = len(list(models.iterdir()))
    print(f"{count} files: without a cache {whole:.2f} and {whole_again:.2f} s, filling it {first:.2f} s,")
    print(f"  again {again:.2f} s, after an edit of one file {edit:.2f} s: {edit / whole:.2f} of a cold check")


def command(arguments: list[str]) -> tuple[float, bytes]:
    """CPU seconds of ``lockcheck check``, and what it prints."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-m", "lockcheck", "check", *arguments], capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def growth(base: Shape, folder: Path) -> None:
    """Cost against one parameter at a time."""
    for field, values in (
        ("functions", (1_000, 3_000, 9_000)),
        ("locks", (400, 1_600, 6_400)),
        ("depth", (2, 4, 8)),
        ("branches", (0.0, 0.4, 0.8)),
        ("irqs", (0.0, 0.5, 1.0)),
        ("contexts", (1, 2, 4)),
    ):
        print(f"-- {field}")
        for value in values:
            row(f"{field}-{value}", changed(base, {field: value}), folder, ("check",))


def changed(shape: Shape | Order, changes: dict[str, Any]) -> Shape | Order:
    """The shape with those of the changes that it knows."""
    known = {field.name for field in fields(shape)}
    return replace(shape, **{name: value for name, value in changes.items() if name in known and value is not None})


def main() -> None:
    """Parse arguments and measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    words = f"{', '.join(SIZES)} (default: all)"
    parser.add_argument("sizes", nargs="*", default=list(SIZES), metavar="SIZE", help=words)
    parser.add_argument("--growth", action="store_true", help="each parameter alone, from the middle size")
    parser.add_argument("--runs", type=int, default=1, help="of each stage; the fastest counts")
    parser.add_argument("--cached", action="store_true", help="the cache only: cold, again, after an edit of one file")
    parser.add_argument("--fast", action="store_true", help="leave out CSafeLoader, which takes longest")
    for field in fields(Shape):
        parser.add_argument(f"--{field.name}", type=type(field.default), help=f"instead of {field.default}")
    given = parser.parse_args()
    changes = {field.name: getattr(given, field.name) for field in fields(Shape)}
    stages = ("raw", "check") if given.fast else STAGES
    for name in given.sizes if given.cached else ():
        shape = changed(SIZES[name], changes)
        if isinstance(shape, Shape):
            with tempfile.TemporaryDirectory() as folder:
                print(f"{name}, ", end="")
                cached(shape, Path(folder))
    if given.cached:
        return
    start_up(given.runs)
    with tempfile.TemporaryDirectory() as folder:
        rows = {
            name: row(name, changed(SIZES[name], changes), Path(folder), stages, given.runs) for name in given.sizes
        }
        if {"middle", "kernel"} <= rows.keys():
            print(f"growth from middle to kernel: {rows['kernel']['total'] / rows['middle']['total']:.1f}x")
        if given.growth:
            growth(Shape(functions=3_000, locks=800, subsystems=60, circles=8), Path(folder))


if __name__ == "__main__":
    main()
