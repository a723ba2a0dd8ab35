"""lockcheck compare: each path is a design of its own; the shipped designs are the default."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lockcheck.cli import run
from lockcheck.cli.compare import shipped

Output = pytest.CaptureFixture[str]


def test_each_path_is_a_design_of_its_own(capsys: Output) -> None:
    """Two models that would clash in one program are two columns; findings are no failure."""
    assert run(["compare", "examples/abba", "examples/abba-fixed"]) == 0

    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("A  examples/abba - two mutexes in both orders")
    assert "circular-dependency   1 err clean" in [" ".join(line.split(" ")) for line in shown]


def test_shipped_designs_begin_with_what_is_there() -> None:
    """Without a path the shipped designs are compared: today first, then what was proposed."""
    names = shipped()

    assert names[0] == "designs/today"
    assert [name for name in names if "/rfc-" in name] == list(names[1:3])
    assert len(names) >= 6


def test_broken_design_does_not_hide_the_others(tmp_path: Path, capsys: Output) -> None:
    """The other designs are shown; the broken one is said on the error stream; exit 2."""
    broken = tmp_path / "broken.yaml"
    broken.write_text("lockcheck: 1\nlocks: 7\n", encoding="utf-8")

    assert run(["compare", "examples/abba", str(broken)]) == 2
    shown = capsys.readouterr()
    assert "could not analyse" in shown.err
    assert "1 err" in shown.out


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_output_to_a_file(tmp_path: Path, capsys: Output, form: str) -> None:
    """Every format can go to a file; then nothing is printed."""
    out = tmp_path / "out"

    assert run(["compare", "--format", form, "-o", str(out), "examples/abba"]) == 0
    assert capsys.readouterr().out == ""
    assert "circular" in out.read_text(encoding="utf-8")


def test_unknown_option_is_refused(capsys: Output) -> None:
    """An option that no design declares is a mistake, not an empty comparison."""
    assert run(["compare", "--config", "CONFIG_NONE=y", "examples/abba", "examples/abba-fixed"]) == 2
    assert "no model declares the kernel option 'CONFIG_NONE'" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["diff", "compare"])
def test_schemas_are_printed(what: str, capsys: Output) -> None:
    """The schemas of both documents are to be had from the command line."""
    assert run(["schema", what]) == 0
    assert json.loads(capsys.readouterr().out)["$id"] == f"lockcheck-{what}/1"
