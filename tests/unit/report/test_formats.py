"""JSON, lockdep's own words, dot and Mermaid."""

from __future__ import annotations

import json
from textwrap import dedent

import jsonschema
import pytest

from lockcheck.findings import Mismatch, Result, Waived
from lockcheck.model.configs import Configs
from lockcheck.model.facts import Fact
from lockcheck.report.as_json import as_json
from lockcheck.report.graphs import Drawing, around, dot, mermaid, on_circle, pairs_of
from lockcheck.report.json_schema import json_schema
from lockcheck.report.lockdep import lockdep
from lockcheck.source.problems import Problem
from tests.unit.samples import COVERAGE, Facts, circle, conflict, finding, place, simple

SLEEP = simple("sleep", {"what": "might_sleep()", "because": ("A",), "atomic": True, "locks": ("A",)})


def result(*facts: Fact) -> Result:
    """A result with one finding per fact, and one of everything else."""
    one = finding(circle("A", "B"))
    return Result(
        findings=tuple(finding(fact) for fact in facts),
        waived=(Waived(one, "why", place(9)),),
        mismatches=(Mismatch("unexpected", "text", place(3), finding=one),),
        coverage=COVERAGE,
        configs=Configs((("CONFIG_A", True),), ("CONFIG_B",), 1),
        files=("m.yaml",),
        named_files=("m.yaml",),
        analysis=Facts(),
    )


def test_json_keeps_its_schema() -> None:
    """Every report validates against the published schema, which itself is valid."""
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    full = result(circle("A", "B"), conflict("chain"), SLEEP)
    broken = Result(problems=(Problem("m.yaml", 1, 1, "bad", None, "syntax"),))

    for one in (full, broken, Result()):
        jsonschema.validate(json.loads(as_json(one)), schema)


def test_json_has_the_witness() -> None:
    """A program gets the whole witness: legs, steps, held locks, places."""
    found = json.loads(as_json(result(circle("A", "B"))))["findings"][0]

    assert found["place"] == {"file": "m.yaml", "line": 13, "column": 7}
    assert [leg["wants"] for leg in found["fact"]["legs"]] == ["B", "A"]
    assert found["fact"]["legs"][0]["steps"][-1]["at"] == "kernel/f0.c:22"
    assert found["fact"]["attributes"]["locks"] == ["A", "B"]


def test_json_is_stable() -> None:
    """The same result is the same bytes."""
    assert as_json(result(circle("A", "B"))) == as_json(result(circle("A", "B")))


def test_lockdep_circle() -> None:
    """The report has lockdep's title, locks with usage and wait types, reverse chain, table and held locks."""
    lines = lockdep(result(circle("A", "B", "C"))).splitlines()

    assert lines[:4] == [
        "======================================================",
        "WARNING: possible circular locking dependency detected",
        lines[2],
        "------------------------------------------------------",
    ]
    assert "\n".join(lines[4:]) == dedent("""\
        f2/3 is trying to acquire lock:
         (A){+.+.}-{4:4}, at: f2_inner (kernel/f2.c:22)

        but task is already holding lock:
         (C){+.+.}-{4:4}, at: kernel/f2.c:11

        which lock already depends on the new lock.


        the existing dependency chain (in reverse order) is:

        -> #2 (C){+.+.}-{4:4}:
               mutex_lock
               f1_inner (kernel/f1.c:22)
               f1 (m.yaml:22:7)

        -> #1 (B){+.+.}-{4:4}:
               mutex_lock
               f0_inner (kernel/f0.c:22)
               f0 (m.yaml:12:7)

        -> #0 (A){+.+.}-{4:4}:
               mutex_lock
               f2_inner (kernel/f2.c:22)
               f2 (m.yaml:32:7)

        other info that might help us debug this:

        Chain exists of:
          A --> B --> C

         Possible unsafe locking scenario:

               CPU0                    CPU1
               ----                    ----
          lock(C);
                                       lock(B);
                                       lock(C);
          lock(A);

         *** DEADLOCK ***

        1 lock held by f2/3:
         #0: (C){+.+.}-{4:4}, at: kernel/f2.c:11

        stack backtrace:
         mutex_lock
         f2_inner (kernel/f2.c:22)
         f2 (m.yaml:32:7)
        """)


@pytest.mark.parametrize(
    ("fact", "title"),
    [
        (conflict(), "WARNING: inconsistent lock state"),
        (conflict("chain"), "WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected"),
        (conflict("chain", "softirq"), "WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected"),
        (SLEEP, "BUG: sleeping function called from invalid context at m.yaml:12:7"),
        (simple("wait-context", {"lock": "A"}), "[ BUG: Invalid wait context ]"),
        (simple("release", {"lock": "A", "function": "f"}), "WARNING: bad unlock balance detected!"),
        (simple("exit", {"lock": "A", "function": "f"}), "WARNING: f/1 still has locks held!"),
        (simple("lock-memory", {"lock": "A", "what": "free"}), "WARNING: held lock freed!"),
        (simple("nest-lock", {"lock": "A", "nest": "B"}), "WARNING: Nested lock was not taken"),
        (simple("user-return", {"lock": "A"}), "WARNING: lock held when returning to user space!"),
        (simple("assertion", {"lock": "A"}), "WARNING: CPU: 0 PID: 1 at m.yaml:12:7 f (m.yaml:12:7)"),
        (simple("leaf", {"lock": "A", "inner": "B"}),
         "(lockdep has no report for: circular dependency: None [circular-dependency])"),
    ],
)  # fmt: skip
def test_lockdep_title(fact: Fact, title: str) -> None:
    """Each fact kind has the title that the kernel gives it; what the kernel has no report for is said."""
    assert title in lockdep(result(fact)).splitlines()[:2]


def test_inconsistent_state_names_both_uses() -> None:
    """The state line says what it was used for and how it is taken now."""
    assert "inconsistent {IN-HARDIRQ-W} -> {HARDIRQ-ON-W} usage." in lockdep(result(conflict()))


DRAWING = Drawing(Facts().dependencies(), {one.name: one for one in Facts().usage()}, pairs_of(circle("A", "B")))


def test_dot_shows_circle_and_leaf() -> None:
    """Nodes carry usage, circles are red, a leaf says so."""
    lines = dot(DRAWING).splitlines()

    assert lines[0] == "digraph locks {"
    assert '  "D" [label="D\\nmutex {+.+.}\\nleaf"];' in lines
    assert '  "A" -> "B" [label="EN\\nkernel/f.c:22", color=red, penwidth=2];' in lines
    assert '  "B" -> "C" [label="EN\\nkernel/f.c:22"];' in lines


def test_mermaid_numbers_its_nodes() -> None:
    """Mermaid gets safe node names, whatever the locks are called."""
    shown = mermaid(DRAWING)

    assert 'n0["A<br/>mutex {+.+.}"]' in shown
    assert 'n0 -->|"EN"| n1' in shown
    assert "linkStyle 0,1 stroke:red" in shown


def test_names_cannot_break_out() -> None:
    """A lock's name can't end a label and begin markup."""
    name = 'x"];evil<script>#'
    edges = tuple(edge for edge in Facts().dependencies() if edge.outer == "A")
    one = Drawing((type(edges[0])(name, "B", ("EN",), edges[0].leg),), {})

    assert '"x\\"];evil<script>#"' in dot(one)
    assert "<script>" not in mermaid(one)
    assert 'x"]' not in mermaid(one)


def test_graph_around_a_lock() -> None:
    """Only dependencies within the given distance, in both directions."""
    edges = Facts().dependencies()

    assert [(e.outer, e.inner) for e in around(edges, "D", 1)] == [("C", "D")]
    assert [(e.outer, e.inner) for e in around(edges, "D", 2)] == [("B", "C"), ("C", "D")]
    assert [(e.outer, e.inner) for e in on_circle(edges, circle("A", "B"))] == [("A", "B"), ("B", "A")]
