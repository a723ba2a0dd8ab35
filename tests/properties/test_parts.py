"""Edits of many files: what is put together from parts is what one run finds, byte for byte."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

import lockcheck
from lockcheck.cache import Store
from lockcheck.findings import Result
from lockcheck.report.formats import renderer
from lockcheck.report.view import View
from tests.benchmarks.generate import Shape, files

SHAPE = Shape(functions=72, locks=80, steps=5, depth=3, subsystems=12, circles=4, readers=0.3, irqs=0.3, seed=5)
FORMS = ("text", "json", "sarif")

Edit = Callable[[random.Random, Path], None]


def rewritten(path: Path, change: Callable[[list[str]], None]) -> None:
    """A file with its lines changed."""
    lines = path.read_text(encoding="utf-8").split("\n")
    change(lines)
    path.write_text("\n".join(lines), encoding="utf-8")


def some(chance: random.Random, folder: Path) -> Path:
    """One of the files."""
    return chance.choice(sorted(folder.glob("*.yaml")))


def names(folder: Path, start: str) -> list[str]:
    """Names of locks or functions that the files declare."""
    found = (line.strip().split(":")[0] for path in folder.glob("*.yaml") for line in path.read_text().split("\n"))
    return sorted({name for name in found if name.startswith(start)})


def step(chance: random.Random, folder: Path, *lines: str) -> None:
    """Steps put before some step of some function."""
    path = some(chance, folder)

    def put(text: list[str]) -> None:
        at = chance.choice([index for index, line in enumerate(text) if line.startswith("      - ")])
        text[at:at] = [f"      - {line}" for line in lines]

    rewritten(path, put)


def drop_a_step(chance: random.Random, folder: Path) -> None:
    """A lock is not released, or never taken."""

    def cut(lines: list[str]) -> None:
        del lines[chance.choice([index for index, line in enumerate(lines) if line.startswith("      - ")])]

    rewritten(some(chance, folder), cut)


def call_another(chance: random.Random, folder: Path) -> None:
    """A call, perhaps into another file."""
    step(chance, folder, f"call: {chance.choice(names(folder, 'function_'))}")


def take_another(chance: random.Random, folder: Path) -> None:
    """A lock, perhaps of another file."""
    lock = chance.choice(names(folder, "l"))
    step(chance, folder, f"mutex_lock: {lock}", f"mutex_unlock: {lock}")


def allocate(chance: random.Random, folder: Path) -> None:
    """An allocation, which reaches all other allocations."""
    step(
        chance,
        folder,
        chance.choice(("kmalloc: GFP_KERNEL", "rcu_read_lock", "synchronize_rcu", "fs_reclaim_acquire: GFP_KERNEL")),
    )


def comment(chance: random.Random, folder: Path) -> None:
    """Places move."""
    rewritten(some(chance, folder), lambda lines: lines.insert(0, f"# {chance.choice(names(folder, 'l'))}"))


def remove(chance: random.Random, folder: Path) -> None:
    """A file goes; what others called in it is not there."""
    some(chance, folder).unlink()


def copy(chance: random.Random, folder: Path) -> None:
    """A file is there twice; all that it declares clashes."""
    (folder / "copy.yaml").write_bytes(some(chance, folder).read_bytes())


def waive(chance: random.Random, folder: Path) -> None:
    """A waiver, used or not."""
    path = some(chance, folder)
    rewritten(
        path, lambda lines: lines.append("waivers: [{rule: circular-dependency, reason: known, expires: 2030-01-01}]")
    )


def option(chance: random.Random, folder: Path) -> None:
    """A kernel option is declared, which may concern all files."""
    rewritten(some(chance, folder), lambda lines: lines.insert(1, "configs: {CONFIG_X: {default: y}}"))


EDITS: tuple[Edit, ...] = (
    drop_a_step, drop_a_step, call_another, take_another, allocate, comment, remove, copy, waive, option,
)  # fmt: skip


def printed(result: Result) -> list[str]:
    """The result in some formats."""
    return [renderer(form)(result, View()) for form in FORMS]


@pytest.mark.parametrize("seed", range(3))
def test_parts_put_together_are_the_whole(seed: int, tmp_path: Path) -> None:
    """After each of a row of random edits the cached check prints the bytes of one without a cache."""
    chance = random.Random(seed)
    folder, in_parts = tmp_path / "models", 0
    folder.mkdir()
    texts = files(SHAPE)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for number in range(10):
        store = Store(tmp_path / "cache")
        cached, whole = lockcheck.check(folder, cache=store), lockcheck.check(folder)
        assert printed(cached) == printed(whole)
        in_parts += store.parts is not None and store.parts[0] < store.parts[1]
        if whole.problems or number % 4 == 3:
            for name, text in texts.items():  # back to where it began, as on another branch
                (folder / name).write_text(text, encoding="utf-8")
            (folder / "copy.yaml").unlink(missing_ok=True)
        chance.choice(EDITS)(chance, folder)

    assert in_parts > 1


def test_an_edit_checks_its_part_only(tmp_path: Path) -> None:
    """Two of twelve files are linked by a planted circle; an edit of one checks the part they are in."""
    for name, text in files(SHAPE).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    store = Store(tmp_path / "cache")
    first = lockcheck.check(tmp_path, cache=store)
    assert store.parts is not None
    checked, parts = store.parts
    assert checked == parts > 3
    path = tmp_path / "subsystem_011.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")

    assert printed(lockcheck.check(tmp_path, cache=store)) == printed(first)
    assert store.parts == (1, parts)
    assert len(first.findings) == SHAPE.circles
