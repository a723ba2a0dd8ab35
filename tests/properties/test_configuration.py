"""Configurations and baselines from strangers: whatever stands there, an answer or a mistake with its place."""

from __future__ import annotations

import random
import tomllib
from pathlib import Path

import pytest

from lockcheck.cli.settings import Settings, SettingsError, find
from lockcheck.loading.baseline import read_baseline
from lockcheck.source.toml import positions

TOML = """\
# start
models = ["a", "b"]  # [x]
fail-on = "error"
limits.max-files = 3
"outputs" = ['json=x.json',
  "sarif=y.sarif",
]
[config]
CONFIG_X = true
[severities]
leaf = "off"
[verdicts]
guarded = \"\"\"note\"\"\"
"""
BASELINE = """\
lockcheck-baseline: 1
findings:
- {id: "0123456789abcdef", severity: error, rule: r, locks: [A, "b c"], functions: [f], model: m.yaml}
- {id: "0123456789abcdee", severity: note, rule: r, locks: [], functions: [], model: ""}
"""
PIECES = ("[", "]", "{", "}", '"', "'", '"""', "'''", "=", ".", "\n", "#", ":", "- ", "\\", "true", "1e999", "\t", "\0",
          "&a ", "*a", "!!x ", "\u202e", "\U0001f512", "<<: ", "? ", "|", "0x", "9" * 40, "[" * 300)  # fmt: skip


def broken(text: str, choose: random.Random) -> str:
    """The text with a few pieces put in, taken out or doubled."""
    for _ in range(choose.randint(1, 4)):
        at, width = choose.randrange(len(text) + 1), choose.randrange(12)
        middle = choose.choice((choose.choice(PIECES), "", text[at : at + width] * 2))
        text = text[:at] + middle + text[at + width :]
    return text


@pytest.mark.parametrize("part", range(2))
def test_any_configuration_has_an_answer(part: int, tmp_path: Path) -> None:
    """A broken configuration is told with its file, never with a traceback."""
    choose = random.Random(part)
    (tmp_path / ".git").mkdir()
    told = 0
    for _ in range(200):
        text = broken(TOML, choose)
        (tmp_path / "lockcheck.toml").write_text(text, encoding="utf-8", newline="")
        try:
            assert isinstance(find(tmp_path), Settings)
        except SettingsError as error:
            told += 1
            assert error.problems
            assert all("lockcheck.toml" in str(one) and str(one).isprintable() for one in error.problems)
    assert told > 80


def test_keys_of_any_toml_are_placed() -> None:
    """Whatever tomllib reads, each of its top keys has a line, and it is there that the key is written."""
    choose = random.Random(1)
    read = 0
    for _ in range(1200):
        text = broken(TOML, choose)
        try:
            tree = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
        read += 1
        found = positions(text)
        lines = text.split("\n")
        for key in tree:
            assert (key,) in found, (key, text)
            line, column = found[key,]
            written = lines[line - 1][column - 1 :]
            assert key in written or repr(key)[1:-1] in written or '"' in written, (key, text)
    assert read > 90


@pytest.mark.parametrize("part", range(2))
def test_any_baseline_has_an_answer(part: int, tmp_path: Path) -> None:
    """A broken baseline is problems in its file, or entries; never a traceback."""
    choose = random.Random(part)
    told = 0
    for _ in range(200):
        (tmp_path / "b.yaml").write_text(broken(BASELINE, choose), encoding="utf-8", newline="")
        found = read_baseline(tmp_path / "b.yaml")
        told += bool(found.problems)
        assert all(one.file.endswith("b.yaml") and one.message for one in found.problems)
    assert told > 80
