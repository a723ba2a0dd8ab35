"""``lockcheck order``: what it prints loads again, holds on the same models, and says why there is no more order."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lockcheck import check
from lockcheck.cli import cli

MODEL = """\
lockcheck: 1
title: three locks
locks: {A: mutex, "b: 1": mutex, "on": mutex, lonely: mutex}
functions:
  one:
    entry: task
    steps:
      - mutex_lock: A
        do:
          - mutex_lock: "b: 1"
            do: []
          - mutex_lock: "on"
            do: []
  two:
    entry: task
    steps:
      - mutex_lock: lonely
        do: []
"""
CIRCLE = """\
  three:
    entry: task
    steps:
      - mutex_lock: "b: 1"
        do:
          - mutex_lock: A
            do: []
"""


def order(path: Path | str, *options: str) -> tuple[int, str]:
    """Exit status and output of ``lockcheck order``."""
    done = CliRunner().invoke(cli, ["order", str(path), *options], standalone_mode=False)
    return int(done.return_value or 0), done.output


def written(tmp_path: Path, text: str) -> Path:
    """A model as a file."""
    path = tmp_path / "model.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["model", "linux/percpu", "examples/dtor-non-leaf-lock"])
def test_written_rule_holds_on_the_same_models(tmp_path: Path, name: str) -> None:
    """The printed rule loads, and the models that it was learned from have no finding of it."""
    source: Path | str = written(tmp_path, MODEL) if name == "model" else name
    _, text = order(source)
    folder = tmp_path / "rules" / "x" / "learned-order"
    folder.mkdir(parents=True)
    (folder / "rule.yaml").write_text(text, encoding="utf-8")

    result = check([source], rules=[tmp_path / "rules"])

    assert result.problems == ()
    assert [one.message for one in result.findings if one.rule == "learned-order"] == []


def test_rule_is_exact(tmp_path: Path) -> None:
    """A partial order is printed as chains, names quoted where YAML needs it, with what nothing relates."""
    assert order(written(tmp_path, MODEL), "--id", "my-order") == (
        0,
        """\
# A partial order of 3 lock classes, outermost first.
# It is not total: nothing relates b: 1 and on.
# Never taken together with another: lonely.
rule: my-order
summary: locks are taken against the order that these models had
severity: warning
order:
  - [A, "b: 1"]
  - [A, "on"]
""",
    )


def test_comment_is_nested(tmp_path: Path) -> None:
    """The comment block nests the inner lock under the outer one and names the functions that take it there."""
    status, text = order(written(tmp_path, MODEL), "--format", "comment")

    assert status == 0
    assert text.splitlines()[:9] == [
        "/*",
        " * Lock ordering:",
        " *",
        " *  ->A",
        " *    ->b: 1  (one)",
        " *",
        " *  ->A",
        " *    ->on    (one)",
        " *",
    ]
    assert text.endswith(" */\n")


def test_circle_forbids_an_order(tmp_path: Path) -> None:
    """Where a circle goes through two locks neither comes first: that is said with both places, and exit status 1."""
    path = written(tmp_path, MODEL + CIRCLE)
    status, text = order(path)

    said = " ".join(text.replace("#", "").split())
    assert status == 1
    assert "No order can be given to A and b: 1, since a circle goes through them: A -> b: 1 in one" in said
    assert "b: 1 -> A in three" in said
    assert '  - [[A, "b: 1"], "on"]' in text


def test_no_order_is_said(tmp_path: Path) -> None:
    """Models that never take two locks together have no rule to print: an error, not an empty file."""
    alone = MODEL[: MODEL.index("  one:")] + MODEL[MODEL.index("  two:") :]
    done = CliRunner().invoke(cli, ["order", str(written(tmp_path, alone))])

    assert done.exit_code != 0
    assert "there is no order to write down" in done.output
