"""The text that people read: its shape, its width, and that nothing odd gets through."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

import pytest

from lockcheck.findings import Finding, Result, Waived
from lockcheck.model.configs import Condition, Configs
from lockcheck.model.facts import Fact
from lockcheck.model.places import Place
from lockcheck.report.layout import Row, clean, table, wrap
from lockcheck.report.paint import Paint
from lockcheck.report.text import problems_text, text
from lockcheck.source.problems import Problem
from lockcheck.source.text import SourceText
from tests.unit.samples import COVERAGE, circle, conflict, finding, place, simple

SOURCE = SourceText("m.yaml", "\n".join(f"      - mutex_lock: lock{number}" for number in range(1, 60)))


def result(*facts: Fact, **more: object) -> Result:
    """A result with one finding per fact."""
    return Result(**{"findings": tuple(finding(one) for one in facts), "coverage": COVERAGE,
                     "files": ("m.yaml", "linux/slab.yaml"), "named_files": ("m.yaml",),
                     "sources": {"m.yaml": SOURCE}, **more})  # type: ignore[arg-type]  # fmt: skip


def test_circle_reads_like_lockdep() -> None:
    """First line, chain with places in model and kernel, CPU table, source line, help, summary."""
    fact = replace(circle("A", "B"), place=place(13, column=9))

    assert text(result(fact)) == dedent("""\
        m.yaml:13:9: error: circular dependency: A -> B -> A [circular-dependency]

          A -> B
            f0                 m.yaml:10  kernel/f0.c:10
              mutex_lock(A)    m.yaml:11  kernel/f0.c:11
              call(f0_inner)   m.yaml:12
                mutex_lock(B)  m.yaml:13  kernel/f0.c:22
          B -> A
            f1                 m.yaml:20  kernel/f1.c:10
              mutex_lock(B)    m.yaml:21  kernel/f1.c:11
              call(f1_inner)   m.yaml:22
                mutex_lock(A)  m.yaml:23  kernel/f1.c:22

               CPU0                    CPU1
               ----                    ----
          lock(A);
                                       lock(B);
                                       lock(A);
          lock(B);

         *** DEADLOCK ***

           13 |       - mutex_lock: lock13
              |         ^^^^^^^^^^
          = help: take them in one order
          = more: lockcheck explain circular-dependency

        1 error in m.yaml (and 1 included model)
        checked 2 functions, 2 entries, 2 lock classes, 2 dependencies, 2 contexts
        """)


def test_conflict_has_the_interrupt_in_its_table() -> None:
    """An irq inversion's table shows the interrupt that strikes on the first CPU."""
    lines = text(result(conflict("chain"))).splitlines()
    start = lines.index("       CPU0                    CPU1")

    assert lines[start : start + 8] == [
        "       CPU0                    CPU1",
        "       ----                    ----",
        "  lock(B);",
        "                               local_irq_disable();",
        "                               lock(A);",
        "                               lock(B);",
        "  <Interrupt>",
        "    lock(A);",
    ]
    assert "  A is taken in hardirq" in lines
    assert "  B is taken with hardirqs enabled" in lines


@pytest.mark.parametrize(
    "fact",
    [
        circle(*"ABCDE"),
        circle("pcpu_alloc_mutex", "fs_reclaim", "some_very_long_class_name_of_a_lock->rwsem"),
        circle("A", "B", guards=("some_outer_lock", "another_outer_lock", "a_third_outer_lock", "a_fourth_one_too")),
        conflict("chain", "softirq"),
        simple("sleep", {"what": "might_sleep()", "because": ("A",), "atomic": True, "locks": ("A",)}),
    ],
)
def test_lines_fit(fact: Fact) -> None:
    """No line is over 80 columns, whatever the names."""
    assert max(map(len, text(result(fact)).splitlines())) <= 80


def test_unbreakable_name_is_not_cut() -> None:
    """A name longer than a line stands whole, so that it can be searched for."""
    name = "x" * 200

    assert name in text(result(circle(name, "B")))


def test_control_characters_are_written_out() -> None:
    """A name can't move the cursor, colour the terminal, or reverse the line."""
    shown = text(result(circle("a\x1b[31m", "b\u202e")), Paint(on=False, ascii_only=False))

    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "a\\x1b[31m" in shown
    assert "b\\u202e" in shown


def test_ascii_unless_a_terminal_can_do_more() -> None:
    """Names beyond ASCII are escaped in a file and shown on a terminal."""
    one = result(circle("gru\u00df", "B"))

    assert text(one).isascii()
    assert "gru\\xdf" in text(one)
    assert "gru\u00df" in text(one, Paint(on=False, ascii_only=False))


def test_colour_changes_nothing_but_colour() -> None:
    """Without its escape sequences the coloured text is the plain one."""
    import re

    one = result(circle("A", "B"))
    coloured = text(one, Paint(on=True))

    assert coloured != text(one)
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == text(one)


def test_configs_are_put_in_words() -> None:
    """Only the options that decide are named, bare when they must be on; a run of one config says nothing."""
    one = finding(circle("A", "B"))
    some = replace(one, condition=Condition.of([frozenset({("CONFIG_A", True), ("CONFIG_B", False)}),
                                               frozenset({("CONFIG_C", True)})]))  # fmt: skip
    configs = Configs(varied=("CONFIG_A", "CONFIG_B", "CONFIG_C"))

    assert "holds with: every config that was checked\n" in text(result(findings=(one,), configs=configs))
    assert "holds with: CONFIG_C, or CONFIG_A and CONFIG_B=n\n" in text(result(findings=(some,), configs=configs))
    assert "contexts in all 8 configs\n" in " ".join(text(result(configs=configs)).split()) + "\n"
    assert "holds with" not in text(result(findings=(one,)))


def test_summary_says_what_was_not_checked() -> None:
    """What the run does not speak for is counted and named."""
    has = replace(COVERAGE, never_entered=("f", "g"), not_followed=(("a callback with no known target", place(60)),))
    lines = text(result(coverage=has, configs=Configs(varied=("CONFIG_A", "CONFIG_B"), skipped=3))).splitlines()

    assert lines == [
        "no findings in m.yaml (and 1 included model)",
        "checked 2 functions, 2 entries, 2 lock classes, 2 dependencies, 2 contexts in 1",
        "  config",
        "never entered: 2 functions (f, g)",
        "not followed: a callback with no known target (m.yaml:60)",
        "not checked: 3 more combinations of kernel configs; the limit can be raised:",
        "  --limit max_configs=N",
    ]


def test_nothing_checked_is_said() -> None:
    """A run without entries says so instead of looking clean."""
    assert text(Result(named_files=("m.yaml",))).startswith("nothing was checked: no function has an entry\n")


def test_waived_finding_is_one_line() -> None:
    """A waived finding is named with its reason, not told again."""
    one: Finding = finding(circle("A", "B"))
    lines = text(result(waived=(Waived(one, "one thread only", place(90)),))).splitlines()

    assert lines[0] == "m.yaml:13:7: waived: circular dependency: A -> B -> A [circular-dependency] (one"
    assert lines[1] == "    thread only, m.yaml:90)"
    assert "no findings (1 waived) in m.yaml (and 1 included model)" in lines


def test_problem_quotes_the_line() -> None:
    """A problem shows where, what, the line and what to do."""
    problem = Problem("m.yaml", 2, 9, "unknown verb 'mutex_lok'", "did you mean 'mutex_lock'?")

    assert problems_text(Result(problems=(problem,), sources={"m.yaml": SOURCE})) == dedent("""\
        m.yaml:2:9: error: unknown verb 'mutex_lok'
            2 |       - mutex_lock: lock2
              |         ^^^^^^^^^^
          = help: did you mean 'mutex_lock'?
        1 problem: nothing was analysed
        """)


def test_long_source_line_is_cut_around_the_caret() -> None:
    """A very long line is shown where the finding is."""
    source = SourceText("m.yaml", "[" + "word, " * 1000 + "here" + ", word" * 1000)
    fact = replace(circle("A", "B"), place=Place("m.yaml", 1, 6002))
    lines = text(result(fact, sources={"m.yaml": source})).splitlines()
    quote = next(line for line in lines if line.startswith("    1 |"))
    caret = lines[lines.index(quote) + 1]

    assert len(quote) <= 80
    assert quote[caret.index("^") : caret.rindex("^") + 1] == "here"


def test_wrap_never_cuts_a_word() -> None:
    """Words move to the next line whole; the hanging indent follows."""
    assert wrap("aa bb cccccccccccc d", 1, 3, 8) == [" aa bb", "   cccccccccccc", "   d"]
    assert wrap("", 2) == [""]


def test_table_puts_places_below_when_there_is_no_room() -> None:
    """Long places stand under the step instead of pushing it out."""
    rows = [Row(4, "mutex_lock(A)", ("a/very/long/path/" + "x" * 40, "drivers/" + "y" * 30)), Row(6, "b", ("m:1",))]

    assert all(len(line) <= 80 for line in table(rows))
    assert table(rows)[0] == "    mutex_lock(A)"


def test_clean_keeps_what_is_printable() -> None:
    """Only what can't be shown is written out."""
    assert clean("a\tb\x7f") == "a\\tb\\x7f"
    assert clean("\ud800", ascii_only=False) == "\\ud800"
