"""Strangers' files: whatever is in them, loading answers with a program or with positioned problems, soon."""

from __future__ import annotations

import copy
import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from lockcheck.loading import Limits, ModelText, library, load
from lockcheck.source.problems import Collector
from lockcheck.source.reader import read
from lockcheck.source.text import SourceText
from tests.unit.loading.models import plain

HEAD = "lockcheck: 1\n"
TOKENS = (
    b"[", b"]", b"{", b"}", b": ", b"- ", b"&a ", b"*a", b"!!int ", b"\n", b"  ", b"\t", b"null", b"true",
    b"9" * 30, b"$lock",
    b'"\\0at"', b"<<: ", b"when: ", b"do: ", b"then: ", b"call: ", b"goto: ", b"\xff", b"\xe2\x80\xa8", b"'",
    b'"', b"#",
    b"---\n", b"? ", b"| ", b"[]", b"{}", b"patch: ", b"steps: ", b"entry: ", b"nested: ", b"0",
)  # fmt: skip
SEEDS = [path.read_bytes() for name, path in library().items() if path.stat().st_size < 8_000]


def mutated(seed: int) -> bytes:
    """A shipped model with a few random edits."""
    choose = random.Random(seed)
    data = bytearray(choose.choice(SEEDS))
    for _ in range(choose.choice((1, 1, 2, 3, 8))):
        at = choose.randrange(len(data) + 1)
        what = choose.random()
        if what < 0.5:
            data[at:at] = choose.choice(TOKENS)
        elif what < 0.7:
            del data[at : at + choose.randrange(1, 20)]
        else:
            lines = bytes(data).split(b"\n")
            first, second = choose.randrange(len(lines)), choose.randrange(len(lines))
            head, colon, _ = lines[second].partition(b": ")
            lines[first] = head + colon + choose.choice(TOKENS) if what < 0.85 else lines[second]
            data = bytearray(b"\n".join(lines))
    return bytes(data)


@pytest.mark.parametrize("block", range(4))
def test_mutated_models(block: int) -> None:
    """A mutated model gives a program or problems, never both and never an exception."""
    for seed in range(block * 100, block * 100 + 100):
        loaded = load([ModelText(mutated(seed), "m.yaml")])

        assert (loaded.program is None) == bool(loaded.problems)
        assert all(problem.file for problem in loaded.problems)


VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, "", "x", "$x", "any", "mutex", "GFP_KERNEL", "CONFIG_SMP", "a and", "x" * 300, [], {},
    ["x"],
    [[]], [None], {"x": 1}, [{"mutex_lock": "m"}], ["return"], {"steps": []}, "linux/slab", "$cache.ctor",
)  # fmt: skip
KEYS_TO_SET = (
    "do", "then", "else", "when", "unless", "with", "call", "call_any", "if", "goto", "label", "loop",
    "optional", "either", "return", "nested", "nest", "at", "entry", "held", "params", "class", "kind", "queue",
    "function", "add", "remove", "before", "after", "steps", "rank", "wait", "effects", "operands", "kinds",
    "calls", "starts", "bind", "ends", "rt", "locks", "caches", "patch", "functions", "callbacks", "work",
    "timers", "workqueues", "configs", "expect", "waivers", "verbs", "gfp", "dialect", "include",
)  # fmt: skip


def rearranged(seed: int) -> str:
    """A shipped model with values and keys changed in its tree: YAML that is sound, and means nothing."""
    choose = random.Random(seed)
    document = plain(read(SourceText("m", choose.choice(SEEDS).decode()), Limits(), Collector(1)))
    for _ in range(choose.choice((1, 1, 2, 4))):
        here = choose.choice(nodes(document))
        if isinstance(here, list):
            here.insert(choose.randrange(len(here) + 1), copy.deepcopy(choose.choice(VALUES)))
        elif here and choose.random() < 0.4:
            here[choose.choice(list(here))] = copy.deepcopy(choose.choice(VALUES))
        else:
            here[choose.choice(KEYS_TO_SET)] = copy.deepcopy(choose.choice(VALUES))
    return json.dumps(document)


def nodes(value: Any) -> list[Any]:
    """All lists and mappings of a tree."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    mine = [value] if isinstance(value, (dict, list)) else []
    return mine + [node for child in children for node in nodes(child)]


@pytest.mark.parametrize("block", range(4))
def test_rearranged_models(block: int) -> None:
    """Sound YAML of any shape gives a program or problems, never both and never an exception."""
    for seed in range(block * 100, block * 100 + 100):
        loaded = load([ModelText(rearranged(seed), "m.yaml")], config={"CONFIG_PREEMPT_RT": seed % 2 == 0})

        assert (loaded.program is None) == bool(loaded.problems)


def chain(length: int) -> str:
    """Functions that hand a parameter down to a spinlock, and one caller of each that passes a mutex."""
    lines = [HEAD, "locks: {l: mutex}\nfunctions:\n"]
    for number in range(length):
        lines.append(f"  f{number}: {{params: [a], steps: [{{call: f{number + 1}, with: {{a: $a}}}}]}}\n")
        lines.append(f"  g{number}: {{steps: [{{call: f{number}, with: {{a: l}}}}]}}\n")
    return "".join(lines) + f"  f{length}: {{params: [a], steps: [spin_lock: $a, spin_unlock: $a]}}\n"


def ambiguous(length: int) -> str:
    """A chain of parameters whose arguments name a lock and a cache."""
    lines = [HEAD, "locks: {x: mutex}\ncaches: {x: {}}\nfunctions:\n"]
    for number in range(length):
        call = f"call: f{number + 1}, with"
        lines.append(f"  f{number}: {{params: [a], steps: [{{{call}: {{a: $a}}}}, {{{call}: {{a: x}}}}]}}\n")
    return "".join(lines) + f"  f{length}: {{params: [a]}}\n"


def unknown(count: int) -> str:
    """Steps that name locks that are nearly like one of very many."""
    locks = "".join(f"  lock_number_{number}: mutex\n" for number in range(count))
    steps = "".join(f"      - mutex_lock: lock_numbr_{number}x\n" for number in range(300))
    return f"{HEAD}locks:\n{locks}functions:\n  f:\n    steps:\n{steps}"


@pytest.mark.parametrize(
    "text",
    [
        chain(2_000),
        ambiguous(3_000),
        unknown(20_000),
        f"{HEAD}functions: {{f: {{steps: [{'foo, ' * 100_000}]}}}}",
        f"{HEAD}functions: {{f: {{steps: [{{if: {'a and ' * 100_000}a, then: [return]}}]}}}}",
        f"{HEAD}functions: {{f: {{steps: [kmalloc: {'GFP_KERNEL|' * 20_000}GFP_KERNEL]}}}}",
        f"{HEAD}title: {'x ' * 2_000_000}",
        f"{HEAD}x:\n" + "".join(f"  - &a{number} x\n" for number in range(50_000)),
        f"{HEAD}functions:\n  f:\n    steps:\n" + "      - [x]\n" * 50_000,
    ],
    ids=["chain", "ambiguous", "unknown", "one line", "condition", "flags", "title", "anchors", "lists"],
)
def test_nothing_takes_long(text: str) -> None:
    """Inputs made to be slow are answered in a few seconds."""
    begin = time.process_time()
    load([ModelText(text, "m.yaml")])

    assert time.process_time() - begin < 10


def test_limits_can_be_raised_and_lowered(tmp_path: Path) -> None:
    """Size, depth, files and problems are bounded by documented limits that a caller may change."""
    path = tmp_path / "m.yaml"
    path.write_text(HEAD + "note: " + "x" * 1_000 + "\n" + "locks: {m: mutx}\n", encoding="utf-8")
    deep = "lockcheck: 1\nfunctions: {f: {steps: " + "[{optional: " * 40 + "[]" + "}]" * 40 + "}}\n"

    assert [one.code for one in load([path], limits=Limits(max_file_bytes=100)).problems] == ["too-large"]
    assert [one.code for one in load([path, path], limits=Limits(max_total_bytes=100)).problems] == ["too-large"]
    assert [one.code for one in load([path], limits=Limits(max_problems=1)).problems][-1] == "too-many-problems"
    assert [one.code for one in load([ModelText(deep)]).problems] == ["too-deep"]
    assert load([ModelText(deep)], limits=Limits(max_depth=100)).problems == ()


def test_devices_and_folders_are_not_read(tmp_path: Path) -> None:
    """What is not a regular file is refused."""
    (tmp_path / "pipe.yaml").symlink_to("/dev/zero")

    assert [one.code for one in load([tmp_path / "pipe.yaml"]).problems] == ["unreadable"]
    assert [one.code for one in load([]).problems] == ["no-input"]
    assert [one.code for one in load(["a\0b"]).problems] == ["no-such-file"]
