"""Repairs as people and programs get them: ``check --fix-hints``."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from lockcheck.cli import run
from lockcheck.report.json_schema import json_schema
from tests.unit.repair.test_repairs import HEAD, TWO_ORDERS

Output = pytest.CaptureFixture[str]


def checked(path: Path, *words: str) -> int:
    """The exit status of a check of two orders with ``--fix-hints``."""
    (path / "m.yaml").write_text(HEAD + TWO_ORDERS, encoding="utf-8")
    return run(["check", str(path / "m.yaml"), "--fix-hints", *words])


def test_text(tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each repair is told with its place, its edited lines and what else it changes."""
    monkeypatch.chdir(tmp_path)

    assert checked(Path()) == 1
    text = capsys.readouterr().out
    told = text[text.index("  repair: ") :].splitlines()
    assert told[0] == "  repair: 5 of 6 changes tried work:"
    assert told[2:9] == [
        "    1. take A before B  m.yaml:19  fs/x.c:20",
        "       @@ -18,5 +18,5 @@",
        "            steps:",
        "       +      - mutex_lock: A",
        "       +        at: fs/x.c:20",
        "              - mutex_lock: B",
        "       -        at: fs/x.c:20",
    ]
    assert "       B is a leaf now" in told and "       gone: B -> A" in told
    assert max(map(len, told)) <= 80


def test_json(tmp_path: Path, capsys: Output) -> None:
    """In JSON each finding's repairs carry its fingerprint, and the document fits its schema."""
    assert checked(tmp_path, "--format", "json") == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, json_schema())
    [found] = document["repairs"]

    assert found["fingerprint"] == document["findings"][0]["fingerprint"]
    assert (found["tried"], found["work"], found["left"]) == (6, 5, 0)
    assert found["best"][0]["gone_dependencies"] == [["B", "A"]]
    assert found["best"][0]["diff"].startswith("--- ")


def test_markdown_and_json_lines(tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """Repairs are in Markdown, with the edited lines as a diff, and a line of their own in JSON lines."""
    monkeypatch.chdir(tmp_path)

    assert checked(Path(), "--format", "markdown") == 1
    text = capsys.readouterr().out
    assert "**Repair: 5 of 6 changes tried work:**" in text
    assert "1. take A before B (`m.yaml:19`)" in text and "```diff\n@@ -18,5 +18,5 @@\n" in text
    assert checked(Path(), "--format", "json-lines") == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["type"] for line in lines] == ["run", "finding", "repairs"]


def test_nothing_to_try(tmp_path: Path, capsys: Output) -> None:
    """A clean run has nothing to repair, and a deadlock that no change ends says how many were tried."""
    body = "functions: {one: {entry: task, steps: [mutex_lock: A, mutex_lock: A, mutex_unlock: A, mutex_unlock: A]}}\n"
    (tmp_path / "m.yaml").write_text(HEAD + body, encoding="utf-8")

    assert run(["check", str(tmp_path / "m.yaml"), "--fix-hints"]) == 1
    assert "  repair: none of the 1 change tried works" in capsys.readouterr().out
