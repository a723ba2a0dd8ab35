"""The cache: what it returns is what a run would find, and nothing that lies in its folder runs or stops anything."""

from __future__ import annotations

import dataclasses
import datetime
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import lockcheck
from lockcheck.cache import Store
from lockcheck.cache.codec import BadEntryError, decode, encode
from lockcheck.cli import run
from lockcheck.findings import Result
from lockcheck.loading import library
from lockcheck.recall import Kept
from lockcheck.report.formats import FORMATS, renderer
from lockcheck.report.text import text
from lockcheck.report.view import View

EXAMPLES = [name for name in library() if name.startswith("examples/")][::6]
CIRCLE = """lockcheck: 1
locks: {A: mutex, B: mutex}
functions:
  one: {entry: task, steps: [{mutex_lock: A, do: [{mutex_lock: B, do: []}]}]}
  two: {entry: task, steps: [{mutex_lock: B, do: [{mutex_lock: A, do: []}]}]}
"""
WAIVED = CIRCLE + "waivers: [{rule: circular-dependency, locks: [A, B], reason: known, expires: 2030-01-01}]\n"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model with one circle."""
    path = tmp_path / "model.yaml"
    path.write_text(CIRCLE, encoding="utf-8")
    return path


def check(model: Path | str, store: Store, **how: object) -> Result:
    """A check with a cache."""
    return lockcheck.check(model, cache=store, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_recalled_result_prints_the_same_bytes(name: str, tmp_path: Path) -> None:
    """In every format; lockdep's needs usage of classes, for which the analysis is made again."""
    store = Store(tmp_path)
    plain = lockcheck.check(name)
    first, second = check(name, store), check(name, store)

    assert (store.misses, store.hits) == (1, 1)
    for form in FORMATS:
        assert len({renderer(form)(one, View()) for one in (first, second, plain)}) == 1, form
    assert second.facts("circle") == plain.facts("circle")


def test_nothing_of_a_result_is_forgotten() -> None:
    """Every part of a result is kept, is read or made again, or comes of a comparison made later."""
    again = {"problems", "sources", "rules", "analysis", "known", "baseline"}

    assert {one.name for one in dataclasses.fields(Result)} == {one.name for one in dataclasses.fields(Kept)} | again


def test_whatever_decides_a_result_is_in_its_key(model: Path, tmp_path: Path) -> None:
    """Content, options, rules, waivers and the date by which waivers expire: a change of each is a new run."""
    store = Store(tmp_path / "cache")
    rules = tmp_path / "rules" / "deadlock" / "mine"
    rules.mkdir(parents=True)
    rule = "rule: mine\nsummary: s\nseverity: note\nforbid: circle\nmessage: m\nhelp: h\nwhy: w\n"
    (rules / "rule.yaml").write_text(rule, encoding="utf-8")
    allowed = tmp_path / "allowed.yaml"
    allowed.write_text("waivers: [{rule: circular-dependency, locks: [A, B], reason: known}]\n", encoding="utf-8")
    runs: list[Callable[[], Result]] = [
        lambda: check(model, store),
        lambda: check(model, store, config={"CONFIG_PREEMPT_RT": True}),
        lambda: check(model, store, all_configs=["CONFIG_PREEMPT_RT"]),
        lambda: check(model, store, rules=[tmp_path / "rules"]),
        lambda: check(model, store, waivers=[allowed]),
        lambda: check(model, store, limits=lockcheck.Limits(max_states=3)),
    ]

    for number, one in enumerate(runs, 1):
        one()
        assert (store.misses, store.hits) == (number, number - 1)
        one()
        assert (store.misses, store.hits) == (number, number)
    model.write_text(WAIVED, encoding="utf-8")
    for year, waived in ((2029, 1), (2031, 0), (2029, 1)):
        assert len(check(model, store, today=datetime.date(year, 1, 2)).waived) == waived


def test_problems_are_never_recalled(model: Path, tmp_path: Path) -> None:
    """A model that cannot be read, rules that are not there, waivers that are not there: told each time."""
    store = Store(tmp_path / "cache")
    assert check(model, store).exit_code == 1

    assert check(model, store, rules=[tmp_path / "absent"]).exit_code == 2
    assert check(model, store, waivers=[tmp_path / "absent.yaml"]).exit_code == 2
    model.write_text(CIRCLE + "funtions: {}\n", encoding="utf-8")
    for _ in range(2):
        assert check(model, store).problems
    model.unlink()
    assert check(model, store).exit_code == 2


def test_what_an_include_leads_to_decides_too(tmp_path: Path) -> None:
    """A change of an included file, also one whose inclusion is hidden by an escape, is a new run."""
    store = Store(tmp_path / "cache")
    locks, model = tmp_path / "locks.yaml", tmp_path / "model.yaml"
    for key in ("include", '"incl\\x75de"'):
        locks.write_text("lockcheck: 1\nlocks: {A: mutex, B: mutex}\n", encoding="utf-8")
        model.write_text(CIRCLE.replace("locks: {A: mutex, B: mutex}", f"{key}: locks.yaml"), encoding="utf-8")
        assert [one.rule for one in check(model, store).findings] == ["circular-dependency"]
        locks.write_text("lockcheck: 1\nlocks: {A: mutex, B: {kind: mutex, leaf: true}}\n", encoding="utf-8")
        assert len(check(model, store).findings) > 1


def test_broken_and_hostile_entries_are_as_if_absent(model: Path, tmp_path: Path) -> None:
    """Cut, changed, empty, a folder, or forged with a right checksum: the run is made, and says what it says."""
    store = Store(tmp_path / "cache")
    good = text(check(model, store))
    path = max((tmp_path / "cache" / "v1").rglob("?" * 32), key=lambda one: one.stat().st_size)
    whole = path.read_bytes()
    chance = random.Random(1)
    forged = (
        b"",
        b"[" * 100_000,
        b"[[]]",
        b"null",
        b'{"a":1}',
        b"1e999",
        b"[" + b"9" * 5000 + b"]",
        b"\xff\xfe",
        b"cos\nsystem\n",
    )
    entries = [whole[: len(whole) // 2], b"", b"\x80\x04c" + whole, whole + b"x"]
    entries += [bytes(byte ^ (chance.random() < 0.01) for byte in whole) for _ in range(8)]
    for entry in entries:
        path.write_bytes(entry)
        assert text(check(model, store)) == good
    for payload in forged:
        store.put(path.name, payload)
        assert text(check(model, store)) == good
    path.unlink()
    path.mkdir()
    assert text(check(model, store)) == good


def test_an_entry_of_other_values_is_refused(model: Path) -> None:
    """Every value of an entry is checked against its type: a changed one is refused or is a value of that type."""
    result = lockcheck.check(model)
    kept = Kept(
        result.findings, result.waived, result.coverage, result.configs, result.files, result.named_files,
        result.mismatches, result.expecting, result.unexercised, result.rules_off,
    )  # fmt: skip
    data = encode(kept)
    assert decode(Kept, data) == kept
    tree = json.loads(data)

    refused = 0
    for wrong in (None, True, 1.5, "\x1b[2J", {"a": 1}, []):
        for index in range(len(tree)):
            changed = [*tree[:index], wrong, *tree[index + 1 :]]
            try:
                assert isinstance(decode(Kept, json.dumps(changed).encode()), Kept)
            except BadEntryError:
                refused += 1
    assert refused > 40
    finding = tree[0][0]
    for index, wrong in ((1, 77), (4, []), (2, "\x1b]0;x\x07")):
        with pytest.raises(BadEntryError):
            decode(Kept, json.dumps([[[*finding[:index], wrong, *finding[index + 1 :]]], *tree[1:]]).encode())


def test_a_folder_that_cannot_be_used_stops_nothing(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file in the folder's place, or a folder that all may write to: the check is made, with a word on request."""
    plain = tmp_path / "file"
    plain.write_text("", encoding="utf-8")
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    for folder, why in ((plain / "cache", "is not written"), (shared, "others may write to it")):
        assert run(["check", str(model), "--cache-dir", str(folder)]) == 1
        assert capsys.readouterr().err == ""
        assert run(["check", "-v", str(model), "--cache-dir", str(folder)]) == 1
        assert why in capsys.readouterr().err
    assert list(shared.iterdir()) == []


def test_processes_share_a_folder(tmp_path: Path) -> None:
    """Several at once, while it is removed under them, print the same bytes as one without a cache."""
    command = [sys.executable, "-m", "lockcheck", "check", "examples/irq-inversion"]
    alone = subprocess.run([*command, "--no-cache"], capture_output=True, check=False)
    cached = [*command, "--cache-dir", str(tmp_path / "cache")]
    running = [subprocess.Popen(cached, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    while running[0].poll() is None:
        Store(tmp_path / "cache").clear()

    assert {one.communicate() for one in running} == {(alone.stdout, alone.stderr)}


def test_the_oldest_entries_make_room(tmp_path: Path) -> None:
    """The folder stays within its bound; what was used last is still there."""
    store = Store(tmp_path, max_bytes=10_000)
    for number in range(40):
        store.put(f"{number:032x}", b"x" * 1000)
        store.get(f"{0:032x}")
        store.tidy()

    entries, size = store.size()
    assert 0 < entries < 11
    assert size <= 10_000
    assert store.get(f"{39:032x}") is not None
    assert store.get(f"{20:032x}") is None


def test_the_command_shows_and_clears(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``cache show`` counts, ``cache clear`` removes entries and nothing else, and the check is as before."""
    folder = tmp_path / "cache"
    there = ["--cache-dir", str(folder)]
    assert run(["check", "-v", str(model), *there]) == 1
    assert "not in the cache" in capsys.readouterr().err
    (folder / "mine.txt").write_text("mine", encoding="utf-8")
    assert run(["cache", "show", *there]) == 0
    assert "1 entry, " in capsys.readouterr().out
    assert run(["cache", "clear", *there]) == 0
    assert "removed 1 entry" in capsys.readouterr().out
    assert (
        (folder / "CACHEDIR.TAG").read_text(encoding="ascii").startswith("Signature: 8a477f597d28d172789f06886806bc55")
    )
    assert (folder / ".gitignore").read_text(encoding="ascii") == "*\n"
    assert (folder / "mine.txt").exists()
    assert run(["check", "-v", str(model), *there]) == 1
    assert "not in the cache" in capsys.readouterr().err
