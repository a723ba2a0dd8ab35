"""Where reports of a check go: several at once, each file whole or untouched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from lockcheck.cli import COMMANDS as COMMANDS_BY_NAME
from lockcheck.cli import run
from lockcheck.cli.problems import Closed
from lockcheck.cli.reports import Target, checkout_prefix, targets_of
from lockcheck.loading.trees import Disk
from tests.unit.cli.test_main import BAD, GOOD, ROOT

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


# ---------------------------------------------------------------- nothing is lost without a word


def in_shell(command: str) -> subprocess.CompletedProcess[str]:
    """A command line of the shell, with ``lockcheck`` in it."""
    whole = command.replace("lockcheck", f"{sys.executable} -m lockcheck")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(["sh", "-c", whole], capture_output=True, text=True, env=environment, check=False)


COMMANDS = ("check examples/abba", "models", "explain circular-dependency", "rules list", "graph examples/abba",
            "schema model", "coverage examples/abba", "--help")  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS[:2])
def test_a_full_device_behind_the_output_stream(command: str) -> None:
    """Output that has no room is one line and exit 2, whichever way a command prints."""
    done = in_shell(f"lockcheck {command} >/dev/full")

    assert (done.returncode, done.stderr) == (2, "lockcheck: can't go on: No space left on device\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_an_output_that_refuses(command: str, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    """No command takes a stream that can't be written for its own bug, or for success."""
    monkeypatch.setattr(sys, "stdout", Closed())

    assert run(command.split()) == 2
    assert capsys.readouterr().err == "lockcheck: can't go on: the output stream is closed\n"


def test_a_closed_output_stream() -> None:
    """A report that nobody can get is not a success."""
    done = in_shell("lockcheck check examples/abba >&-")

    assert (done.returncode, done.stderr) == (2, "lockcheck: can't go on: the output stream is closed\n")


def test_nowhere_to_complain() -> None:
    """Without a word to say, the status still says that it went wrong."""
    assert in_shell("lockcheck check no-such-model 2>/dev/full").returncode == 2
    assert in_shell("lockcheck check no-such-model 2>&-").returncode == 2
    assert in_shell("lockcheck check examples/abba >/dev/full 2>/dev/full").returncode == 2


@pytest.mark.parametrize("command", sorted(COMMANDS_BY_NAME))
def test_a_bug_of_any_command_says_how_to_report_it(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    """Whichever command meets it: one line, what to do, exit 2, no traceback and no control character."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("in \x1b[31mred")

    module = import_module(f"lockcheck.cli.{COMMANDS_BY_NAME[command]}")
    target = next(iter(module.command.commands.values())) if hasattr(module.command, "commands") else module.command
    words = [command, *([target.name] if target is not module.command else [])]
    monkeypatch.setattr(target, "parse_args", broken)

    assert run([str(word) for word in words]) == 2
    error = capsys.readouterr().err
    assert error.startswith("lockcheck: internal error: ZeroDivisionError: in \\x1b[31mred")
    assert "Please report it" in error
    assert "Traceback" not in error


def test_names_in_errors_are_only_names(capsys: Output) -> None:
    """What is wrong with an argument is said without the control characters in it."""
    assert run(["check", "--limit", "\x07red=1"]) == 2
    assert run(["check", "m\x07.yaml"]) == 2
    shown = capsys.readouterr().err
    assert "\x07" not in shown
    assert "unknown limit '\\x07red'" in shown
    assert "m\\x07.yaml: error: " in shown


def test_a_bad_target_is_one_line(tmp_path: Path, capsys: Output) -> None:
    """A folder, a name in a folder that is not there, and a read-only place are each one line and exit 2."""
    for target in (tmp_path, tmp_path / "none" / "x", Path("/proc/version")):
        assert run(["check", BAD, "-o", str(target)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"Error: can't write {target}: ")


def test_files_that_are_not_there(tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link to nowhere, a pattern without a match and a near miss each say what they are."""
    monkeypatch.chdir(tmp_path)
    Path("models").mkdir()
    Path("models/good.yaml").write_text(Path(GOOD).read_text(encoding="utf-8"), encoding="utf-8")
    for given, said in (
        ("models/god.yaml", "did you mean 'models/good.yaml'?"),
        ("models/x*.yaml", "no file matches this pattern"),
    ):
        assert run(["check", given]) == 2
        assert said in capsys.readouterr().err
    Path("models/link.yaml").symlink_to("nowhere.yaml")
    for given in ("models", "models/link.yaml"):
        assert run(["check", given]) == 2
        assert "models/link.yaml: error: this link leads nowhere" in capsys.readouterr().err


def test_a_file_that_vanishes(tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that goes away between being found and being read is an error about that model."""
    (tmp_path / "m.yaml").write_text(Path(GOOD).read_text(encoding="utf-8"), encoding="utf-8")

    def vanished(self: Disk, path: Path, most: int) -> bytes:
        raise FileNotFoundError(2, "No such file or directory", str(path))

    monkeypatch.setattr(Disk, "read", vanished)

    assert run(["check", str(tmp_path), "--no-cache"]) == 2
    assert "cannot be read: no such file or directory" in " ".join(capsys.readouterr().err.split())
