"""Broken input: shipped models and rules with random edits of their text or of their tree.

Is: a function of a seed. Is not: a judge of what comes of it (``pipeline``).
"""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

from lockcheck.checker.reading import built_in
from lockcheck.loading import library
from lockcheck.source.limits import Limits
from lockcheck.source.problems import Collector
from lockcheck.source.reader import AT, KEYS, read
from lockcheck.source.text import SourceText, decode

ERR = Path(__file__).parents[1] / "models" / "err"
LARGEST = 40_000
"""Bytes of a file that is worth mutating: larger ones only take longer."""
TOKENS = (
    b"[", b"]", b"{", b"}", b": ", b"- ", b"&a ", b"*a", b"!!int ", b"!!python/object:os.system ", b"\n", b"  ", b"\t",
    b"null", b"true", b"~", b".inf", b".nan", b"0x10", b"1_000", b"-1", b"1e999", b"9" * 30, b"$lock", b"$", b'"\\0at"',
    b"<<: ", b"when: ", b"do: ", b"then: ", b"call: ", b"goto: ", b"\xff", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\0",
    b"\x1b[31m", b"\xf0\x9f\x94\x92", b"\xed\xa0\x80", b"'", b'"', b"#", b"---\n", b"...\n", b"%YAML 1.1\n", b"? ",
    b"| ", b"> ", b"[]", b"{}", b"patch: ", b"steps: ", b"entry: ", b"nested: ", b"0", b"any", b"not ", b" and ",
)  # fmt: skip
WORDS = (
    "", "x", "$x", "any", "mutex", "spinlock", "GFP_KERNEL", "GFP_KERNEL|", "CONFIG_SMP", "CONFIG_PREEMPT_RT", "a and",
    "not", "linux/slab", "../../etc/passwd", "$cache.ctor", "softirq", "hardirq", "nmi", "task", "return", "fs_reclaim",
    "dtor", "file.c:1", "{lock}", "{", "{no}", "circle", "acquisition", "error", "x" * 300, "\u202e", "2027-13-45",
    "[a-z]*" * 20, "*" * 60 + "x",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 8, 1.5, 10**17, [], {}, ["x"], [[]], [None], [{}], {"x": 1}, {"": ""}, {"not": {}},
    {"any": []}, {"has": 1}, {"least": "x"}, [{"mutex_lock": "m"}], ["return"], {"steps": []}, ["label"], *WORDS,
)  # fmt: skip


@cache
def seeds() -> tuple[tuple[str, bytes], ...]:
    """(kind, text) of everything that is worth mutating: models, examples, broken models, rules and their cases."""
    paths = [("model", path) for path in library().values()]
    paths += [("model", path) for path in sorted(ERR.glob("*.yaml"))]
    for path in sorted(built_in().rglob("*.yaml")):
        paths.append(("rule" if path.name == "rule.yaml" else "model", path))
    texts = [(kind, path.read_bytes()) for kind, path in paths]
    return tuple((kind, text) for kind, text in texts if len(text) < LARGEST)


@cache
def trees() -> tuple[tuple[str, str], ...]:
    """(kind, tree as JSON) of those that are sound YAML."""
    found = []
    for kind, text in seeds():
        problems = Collector(1_000)
        source = decode("m", text)
        if not isinstance(source, SourceText):
            continue
        tree = _plain(read(source, Limits(), problems))
        if not problems and isinstance(tree, dict):
            found.append((kind, json.dumps(tree)))
    return tuple(found)


@cache
def vocabulary() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All keys and all words that the seeds use."""
    keys: set[str] = set()
    words: set[str] = set(WORDS)
    for _, text in trees():
        for node in nodes(json.loads(text)):
            keys.update(node if isinstance(node, dict) else ())
            children = node.values() if isinstance(node, dict) else node
            words.update(child for child in children if isinstance(child, str) and len(child) < 60)
    return tuple(sorted(keys)), tuple(sorted(words))


def _plain(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _plain(value) for key, value in tree.items() if key not in (AT, KEYS)}
    return [_plain(value) for value in tree] if isinstance(tree, list) else tree


def nodes(value: Any) -> list[Any]:
    """All lists and mappings of a tree."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    mine = [value] if isinstance(value, (dict, list)) else []
    return mine + [node for child in children for node in nodes(child)]


def edited(choose: random.Random) -> tuple[str, bytes]:
    """A seed with a few random edits of its bytes."""
    kind, text = choose.choice(seeds())
    return kind, edited_text(text, choose)


def edited_text(text: bytes, choose: random.Random) -> bytes:
    """A text with a few random edits of its bytes."""
    data = bytearray(text)
    for _ in range(choose.choice((1, 1, 1, 2, 3, 8))):
        data = _edit(data, choose)
    return bytes(data)


def _edit(data: bytearray, choose: random.Random) -> bytearray:
    at = choose.randrange(len(data) + 1)
    what = choose.random()
    if what < 0.4:
        data[at:at] = choose.choice(TOKENS)
        return data
    if what < 0.55:
        del data[at : at + choose.randrange(1, 30)]
        return data
    if what < 0.6 and data:
        data[at % len(data)] ^= 1 << choose.randrange(8)
        return data
    lines = bytes(data).split(b"\n")
    first, second = choose.randrange(len(lines)), choose.randrange(len(lines))
    if what < 0.75:
        head, colon, _ = lines[second].partition(b": ")
        lines[second] = head + colon + choose.choice(TOKENS)
    elif what < 0.85:
        lines[first] = lines[second]
    elif what < 0.95:
        lines[first:first] = lines[second : second + choose.randrange(1, 12)]
    else:
        lines[first] = b" " * choose.randrange(1, 5) + lines[first]
    return bytearray(b"\n".join(lines))


def rearranged(choose: random.Random) -> tuple[str, bytes]:
    """A seed with values, keys and whole branches of its tree changed, moved or repeated."""
    kind, text = choose.choice(trees())
    tree = json.loads(text)
    for _ in range(choose.choice((1, 1, 1, 2, 4))):
        _rearrange(tree, choose)
    return kind, json.dumps(tree).encode()


def _rearrange(tree: Any, choose: random.Random) -> None:
    every = nodes(tree)
    here, there = choose.choice(every), choose.choice(every)
    keys, words = vocabulary()
    value = choose.choice(VALUES)
    what = choose.random()
    if what < 0.3:
        value = choose.choice(words)
    elif what < 0.6:
        value = json.loads(json.dumps(there))
    if isinstance(here, list):
        at = choose.randrange(len(here) + 1)
        here[at : at + choose.randrange(2)] = [value]
    elif here and choose.random() < 0.6:
        key = choose.choice(sorted(here))
        if choose.random() < 0.2:
            del here[key]
        else:
            here[key] = value
    else:
        here[choose.choice(keys)] = value
