"""Where reports of a check go: several at once, each file whole or untouched."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lockcheck.cli import run
from lockcheck.cli.reports import Target, checkout_prefix, targets_of
from tests.unit.cli.test_main import BAD

Output = pytest.CaptureFixture[str]


def test_reports_in_several_places(tmp_path: Path, capsys: Output) -> None:
    """Each --output FORMAT=FILE is a report of its own, and the terminal keeps --format."""
    document, kernel = tmp_path / "report.json", tmp_path / "splat.txt"

    assert run(["check", BAD, "--output", f"json={document}", "--output", f"lockdep={kernel}"]) == 1

    assert json.loads(document.read_text(encoding="utf-8"))["exit_code"] == 1
    assert "possible circular locking dependency detected" in kernel.read_text(encoding="utf-8")
    assert "[circular-dependency]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("outputs", "targets"),
    [
        ((), [Target("text", None)]),
        (("a",), [Target("text", "a")]),
        (("json=a",), [Target("text", None), Target("json", "a")]),
        (("json=-",), [Target("json", None)]),
        (("-", "json=a"), [Target("text", None), Target("json", "a")]),
        (("a", "json=b"), [Target("text", "a"), Target("json", "b")]),
        (("json=a=b",), [Target("text", None), Target("json", "a=b")]),
        (("./x=y",), [Target("text", "./x=y")]),
    ],
)
def test_where_reports_go(outputs: tuple[str, ...], targets: list[Target]) -> None:
    """A plain file or '-' takes the place of the terminal; a format before '=' adds a report."""
    assert list(targets_of("text", outputs)) == targets


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (["jsn=a"], "there is no format 'jsn'; did you mean 'json'? (a file of that name is ./jsn=a)"),
        (["json="], "'json=' names no file; expected json=FILE"),
        (["json=a", "./a"], "two reports can't both go to"),
        (["json=-", "-"], "two reports can't both go to the terminal"),
    ],
)
def test_outputs_that_make_no_sense(outputs: list[str], message: str, capsys: Output) -> None:
    """A format that does not exist and two reports in one place are errors before anything is checked."""
    assert run(["check", BAD, *(word for one in outputs for word in ("--output", one))]) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_all_files_or_none(tmp_path: Path, capsys: Output) -> None:
    """When one report can't be written, the others are what they were before."""
    first = tmp_path / "first.json"
    first.write_text("before", encoding="utf-8")

    assert run(["check", BAD, "-o", f"json={first}", "-o", f"lockdep={tmp_path / 'none' / 'x'}"]) == 2

    assert first.read_text(encoding="utf-8") == "before"
    assert os.listdir(tmp_path) == ["first.json"]
    error = capsys.readouterr().err
    assert "can't write" in error
    assert "No such file or directory" in error


def test_an_interrupt_leaves_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a report is written leaves the file as it was, and nothing beside it."""
    target = tmp_path / "report.json"
    target.write_text("before", encoding="utf-8")

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)

    assert run(["check", BAD, "-o", f"json={target}"]) == 130
    assert target.read_text(encoding="utf-8") == "before"
    assert os.listdir(tmp_path) == ["report.json"]


def test_a_report_keeps_the_mode_and_the_link(tmp_path: Path) -> None:
    """A report goes to where a link leads, and the file there keeps its mode."""
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("before", encoding="utf-8")
    real.chmod(0o640)
    link.symlink_to(real)

    assert run(["check", BAD, "-o", str(link)]) == 1

    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "[circular-dependency]" in real.read_text(encoding="utf-8")


@pytest.mark.parametrize("where", ["-o", "json="])
def test_a_full_disk_is_one_line(where: str, capsys: Output) -> None:
    """A device without room is one line and exit 2."""
    words = ["-o", "/dev/full"] if where == "-o" else ["-o", "json=/dev/full"]

    assert run(["check", BAD, *words]) == 2
    assert capsys.readouterr().err == "Error: can't write /dev/full: No space left on device\n"


def test_findings_that_do_not_fail(capsys: Output) -> None:
    """--exit-zero makes 0 of 1 and nothing of 2, and the JSON says the same."""
    assert run(["check", BAD, "--exit-zero", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["exit_code"] == 0
    assert run(["check", "no-such-model", "--exit-zero"]) == 2


def test_the_folder_in_its_checkout(tmp_path: Path) -> None:
    """What is found below the top of a checkout can be named from there."""
    (tmp_path / "top" / ".git").mkdir(parents=True)
    below = tmp_path / "top" / "a" / "b"
    below.mkdir(parents=True)

    assert checkout_prefix(below) == "a/b/"
    assert checkout_prefix(tmp_path / "top") == ""
