"""The strict YAML reader: YAML 1.2 words, positions, and the bounds on what a stranger's file may cost."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from lockcheck.source import locate as locating
from lockcheck.source import reader
from lockcheck.source.limits import Limits
from lockcheck.source.locate import locate
from lockcheck.source.problems import Collector, Problem, TooManyProblems, did_you_mean, nearest, quote
from lockcheck.source.reader import AT, KEYS, read
from lockcheck.source.text import SourceText, decode


def values(text: str, limits: Limits | None = None) -> tuple[Any, list[str]]:
    """The document without positions, and its problems."""
    problems = Collector(100)
    document = read(SourceText("m", text), limits or Limits(), problems)
    return plain(document), [str(one) for one in problems.sorted()]


def plain(value: Any) -> Any:
    """A document without the reader's own keys."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key not in (AT, KEYS)}
    return [plain(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("on", "on"), ("n", "n"), ("true", True), ("False", False), ("~", None), ("", None),
        ("null", None),
        ("12", 12), ("-7", -7), ("010", 10), ("0o17", 15), ("0x1F", 31), ("1_000", "1_000"), ("12:30", "12:30"),
        ("1.5", 1.5), ("-.inf", float("-inf")), ("2027-01-31", "2027-01-31"), ("'true'", "true"), ('"12"', "12"),
        ("0x", "0x"), ("+", "+"), (".", "."), ("mm/x.c:12", "mm/x.c:12"),
    ],
)  # fmt: skip
def test_words_are_yaml_1_2(text: str, value: object) -> None:
    """Plain scalars follow YAML 1.2's core schema: booleans are true and false only, quotes make text."""
    assert values(f"a: {text}\n") == ({"a": value}, [])


def test_positions() -> None:
    """Mappings carry their position; those near the top carry that of each of their keys."""
    document = read(SourceText("m", "a:\n  b:\n    c: {d: 1}\n"), Limits(), Collector(1))

    assert document[AT] >> 12 == 1 and document[KEYS] == {"a": 1 << 12 | 1}
    assert document["a"][KEYS] == {"b": 2 << 12 | 3}
    assert document["a"]["b"]["c"][AT] == 3 << 12 | 8


def test_words_of_step_lists_have_positions() -> None:
    """A word in a list of steps becomes a mapping, so that it has a position; words elsewhere stay words."""
    document = read(SourceText("m", "steps: [return, {do: [a]}]\nwords: [return]\n"), Limits(), Collector(1))

    assert document["steps"][0] == {AT: 1 << 12 | 9, "return": None}
    assert document["steps"][1]["do"] == [{AT: 1 << 12 | 23, "a": None}]
    assert document["words"] == ["return"]


@pytest.mark.parametrize(
    ("path", "of_key", "place"),
    [
        (["a"], False, (1, 4)), (["b", "c"], True, (3, 3)), (["b", "c", 1], False, (3, 10)), (["b", "d"],
        False, (4, 6)),
        (["b", "nope"], False, (1, 1)), (["b", "c", 7], False, (1, 1)),
    ],
)  # fmt: skip
def test_locate(path: list[str | int], of_key: bool, place: tuple[int, int]) -> None:
    """Any key or value is found again in the text; what is not there is told by the mapping that lacks it."""
    source = SourceText("m", "a: 1\nb:\n  c: [x, {y: 2}]\n  d: z\n")

    assert locate(source, 1 << 12 | 1, path, of_key=of_key) == place


def test_locate_reads_a_bounded_part() -> None:
    """Finding a position again reads a bounded part of a large file."""
    source = SourceText("m", "a: [" + "x, " * 200_000 + "x]\nb: 1\n")

    assert locate(source, 1 << 12 | 1, ["b"]) == (1, 1)
    assert len(source.text) > locating._MOST


def test_decoding() -> None:
    """Bytes are UTF-8, with or without a byte order mark; all else is a problem at its position."""
    text = decode("m", b"\xef\xbb\xbfa: \xc3\xa9\n")
    assert isinstance(text, SourceText) and text.text == "a: \xe9\n"
    for data, line, column in ((b"a: 1\nb: \xff", 2, 4), (b"\xff\xfea\0", 1, 1), (b"a\n\x00", 2, 1)):
        problem = decode("m", data)
        assert isinstance(problem, Problem) and (problem.line, problem.column) == (line, column)


def test_lines_are_those_that_positions_count() -> None:
    """Lines are split where YAML's scanner counts them."""
    source = SourceText("m", "a\r\nb\u2028c\rd\n")

    assert [source.line(number) for number in range(7)] == ["", "a", "b", "c", "d", "", ""]
    assert source.offset(3, 1) == 5


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100_000,
        "a: " + "{a: " * 100_000,
        "".join(" " * depth + "a:\n" for depth in range(3_000)),
        "a:\n  " + "- " * 100_000 + "x",
        "? " * 50_000,
    ],
    ids=["brackets", "braces", "blocks", "dashes", "keys"],
)
def test_nesting_is_bounded(text: str) -> None:
    """Deep nesting ends in one problem where the limit was reached, at once."""
    _, problems = values(text)

    assert len(problems) == 1


def test_aliases_are_counted_as_written_out() -> None:
    """An alias bomb is refused by what it stands for; aliases that stay small are fine."""
    bomb = "x0: &x0 [1, 1, 1]\n" + "".join(f"x{i + 1}: &x{i + 1} [{', '.join([f'*x{i}'] * 9)}]\n" for i in range(9))
    _, problems = values(bomb)

    assert len(problems) == 1 and "aliases stand for more than 100000 values" in problems[0]
    assert values("a: &x [1]\nb: [*x, *x]\n") == ({"a": [1], "b": [[1], [1]]}, [])
    assert values("a: &x [1]\nb: [*x, *x]\n", Limits(max_alias_nodes=3))[1]


def test_huge_numbers_are_refused() -> None:
    """An integer of a million digits is neither computed nor quoted."""
    document, (problem,) = values("a: " + "9" * 1_000_000)

    assert document == {"a": 0}
    assert "an integer of 1000000 digits" in problem and len(problem) < 100


def test_a_flood_of_problems_stops() -> None:
    """After the limit the reader gives up, also when the same problem repeats."""
    with pytest.raises(TooManyProblems):
        read(SourceText("m", "a: {" + "b: 1, " * 1_000 + "}"), Limits(), Collector(10))
    same = Collector(10)
    with pytest.raises(TooManyProblems):
        for _ in range(1_000):
            same.add(Problem("m", 1, 1, "x"))
    assert [one.code for one in same.sorted()] == ["invalid", "too-many-problems"]


def test_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML without libyaml reads the same values and positions."""
    text = "a: [1, {b: c}]\nsteps: [x, y: z]\nd: &e 'f'\ng: *e\n"
    with_it = read(SourceText("m", text), Limits(), Collector(1))
    monkeypatch.setattr(reader, "Parser", yaml.SafeLoader)

    assert read(SourceText("m", text), Limits(), Collector(1)) == with_it


def test_nearest_names() -> None:
    """The nearest name is suggested, also among very many, and none when nothing is close."""
    many = [f"lock_number_{number}" for number in range(10_000)]

    assert nearest("mutex_lok", ["mutex_lock", "mutex_unlock"]) == "mutex_lock"
    assert nearest("LOCK_A", ["lock_a"]) == "lock_a"
    assert nearest("lock_number_123x", many) in many
    assert did_you_mean("qqq", ["mutex"]) is None


def test_quoting_is_short_and_printable() -> None:
    """What is quoted in a message is one short line."""
    assert quote("a\nb") == "'a\\nb'"
    assert len(quote("x" * 1_000)) == 62
    assert [quote(one) for one in ({}, [], None, True, 3)] == ["a mapping", "a list", "nothing", "true", "the number 3"]


def test_messages_are_fit_for_a_terminal() -> None:
    """What a stranger wrote reaches a message on one line, without control characters, and not at any length."""
    found = Collector(10)
    found.add(Problem("m", 1, 1, "unknown lock '\x1b[31m" + "x" * 1_000 + "'", "did you mean\n'y'?"))
    (problem,) = found.sorted()

    assert problem.message.startswith("unknown lock '\\x1b[31mx") and problem.message.isprintable()
    assert len(problem.message) < 420
    assert problem.hint == "did you mean\\n'y'?"
