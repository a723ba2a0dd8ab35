"""The line-by-line shortcut for plain files: it makes exactly the tree of the YAML reader, or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockcheck.source import plain
from lockcheck.source.limits import Limits
from lockcheck.source.problems import Collector, Problem, TooManyProblems
from lockcheck.source.reader import Reader
from lockcheck.source.text import SourceText, decode
from tests.benchmarks.generate import Order, Shape, model

ROOT = Path(__file__).parents[3]
FILES = sorted(path for folder in ("lockcheck", "tests", "rules") for path in (ROOT / folder).rglob("*.yaml"))

MODEL = """\
lockcheck: 1
# a comment
title: two words  # and another
locks:
  A: mutex
  B: {kind: spinlock, at: mm/slab.c:12}
functions:
  one:
    at: "mm/slab.c:34"
    entry: task
    params: [first, second]
    steps:
    - mutex_lock: A
    - might_sleep

    - if: 'x and y'
      then:
        - - deeper
      else:
        - mutex_unlock: A
          at: a.c:1
        - return
    - mutex_unlock: A
  two:
expect:
"""


def ordered(value: Any) -> Any:
    """A tree with everything that counts: types, and the order of keys."""
    if isinstance(value, dict):
        return [(key, ordered(item)) for key, item in value.items()]
    if isinstance(value, list):
        return ["list", *map(ordered, value)]
    return type(value), repr(value)


def agrees(text: str, limits: Limits | None = None) -> bool:
    """Whether the shortcut reads ``text``; when it does, the YAML reader reads the same, without a problem."""
    limits = limits or Limits()
    found = plain.compose(text, limits, {})
    if found is None:
        return False
    problems = Collector(limits.max_problems)
    try:
        wanted = Reader(SourceText("x", text), limits, problems, {}).read()
    except TooManyProblems:
        wanted = None
    assert not problems.sorted()
    assert ordered(found) == ordered(wanted)
    return True


@pytest.mark.parametrize("shape", [Shape(300, 80, subsystems=6), Shape(60, 60, subsystems=1), Order(50, 200)])
def test_generated_models_are_read_line_by_line(shape: Shape | Order) -> None:
    """What the benchmarks generate takes the shortcut, and means the same there."""
    assert agrees(model(shape))


def test_a_model_by_hand() -> None:
    """Comments, flow collections, quotes, nested lists and lists in their key's own column."""
    assert agrees(MODEL.replace("        - - deeper\n", "        - deeper\n"))
    assert not agrees(MODEL)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_of_the_project(path: Path) -> None:
    """No file of this project, good or bad, is read otherwise by the shortcut."""
    source = decode("x", path.read_bytes())
    if not isinstance(source, Problem):
        agrees(source.text)


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2\n", "a: {b: 1, b: 2}\nc:\n", "a:\n  b:\n    c: {d: 1, d: 2}\n", "a: b: c\n", "a: &x b\n", "a: *x\n",
        "a: !!str b\n", "<<: b\n", "a: |\n  b\n", "a: b\n  c\n", "a: b\n  c: d\n", "a:\n    b: c\n  d: e\n",
        "- a\n", "a\n", "", "# only\n", " a: b\n", "a: b\n c: d\n", "a:\n- b\n c: d\n", "a:\n- b: c\n d: e\n",
        "a:\n  - b\n  c: d\n", "a: b\n- c\n", "a:\tb\n", "a: b\r\nc: d\n", "---\na: b\n", "a: b\n...\n", "a: 'b''c'\n",
        'a: "\\x41"\n', "a: b #c\n  d: e\n", "a: [b, [c]]\n", "steps: [a, b]\n", "a:\n  b\n", "? a\n: b\n",
        f"a: {'1' * 30}\n", f"{'a' * 300}: b\n", "a:\n- 1: 2\n", "a: b:\n", "a: -\n", "a: - b\n", "a: \u2028b\n",
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_the_reader(text: str) -> None:
    """Whatever needs a YAML reader, or its complaint, is not read line by line."""
    assert not agrees(text)


def test_depth_is_bounded() -> None:
    """Nesting at the limit of depth is never read beyond it."""
    text = "".join(f"{'  ' * depth}a:\n" for depth in range(12))
    assert agrees(text, Limits(max_depth=12))
    assert not agrees(text, Limits(max_depth=11))
    steps = "a:\n  - b: c\n"
    assert agrees(steps, Limits(max_depth=3))
    assert not agrees(steps, Limits(max_depth=2))


FRAGMENTS = [
    "a: b", "a:", "b:", "steps:", "- a", "- b: c", "- steps:", "- a:", "- - b", "-", "c: {a: b, b: c}", "c: [a, b]",
    "# x", "a: b # c", "a: b#c", "a: 1", "a: 0x1f", "a: null", "- ~", "- true", "- 12", "a: .5", "a: b  c", "b: a:b",
    "", 'b: "x y"', "c: 'x'", "a: x, y", "d: (a)", "- (a)", "- {a: b}", "d: a/b.c:1", "a: ''", "- a: 1e3", "e: a: b",
    "f: a:", "- b: c #d", "- steps: a", "then:", "- if: x", "g: -1", "h: [1, 2]", "a.b: c", "$a: b", "- $a", "- a: $b",
    "t: yes ",
]  # fmt: skip
LINES = st.tuples(st.integers(0, 4), st.integers(0, 6), st.sampled_from(FRAGMENTS))


def indented(lines: list[tuple[int, int, str]]) -> str:
    """Lines at likely columns (even ones), now and then at odd ones."""
    return "".join(f"{' ' * (2 * level + (odd == 6))}{text}\n" for level, odd, text in lines)


@given(st.lists(LINES, max_size=9), st.booleans())
def test_any_lines_at_any_columns(lines: list[tuple[int, int, str]], ends: bool) -> None:
    """Whatever lines follow each other at whatever columns: the same tree as the YAML reader's, or nothing."""
    text = "root:\n" + indented(lines)
    agrees(text if ends else text[:-1])


@given(st.data())
def test_a_model_with_a_line_moved(data: st.DataObject) -> None:
    """A good model with a line moved, indented or lost: the same tree, or nothing."""
    lines = MODEL.replace("        - - deeper\n", "        - deeper\n").splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        what = data.draw(st.sampled_from(["lose", "in", "out", "twice", "swap", "replace"]))
        if what == "lose":
            del lines[at]
        elif what == "swap":
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        elif what == "twice":
            lines.insert(at, lines[at])
        elif what == "replace":
            lines[at] = " " * data.draw(st.integers(0, 10)) + data.draw(st.sampled_from(FRAGMENTS))
        else:
            lines[at] = "  " + lines[at] if what == "in" else lines[at][2:]
    agrees("\n".join(lines) + "\n")
