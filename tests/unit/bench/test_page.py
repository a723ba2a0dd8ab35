"""A rule's page is its words and what a run of its cases prints now."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockcheck.api import built_in_rules
from lockcheck.bench.markdown import markdown
from lockcheck.bench.page import page
from lockcheck.bench.scaffold import scaffold
from lockcheck.cli import run
from lockcheck.findings import Severity

RULES = built_in_rules()


def own_rule(tmp_path: Path) -> Path:
    """A project's rule with its cases."""
    folder = tmp_path / "mine" / "my-rule"
    folder.mkdir(parents=True)
    for name, text in scaffold("my-rule").items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", sorted(RULES.rules))
def test_a_page_shows_its_rule_at_work(name: str) -> None:
    """The example is a finding of that rule, the repaired one has no findings, and both are shown as they are run."""
    made = page(RULES.rules[name], RULES)

    assert made.bad and made.repaired and made.near_miss
    assert made.bad.output.replace("\n    ", " ").count(f"[{name}]") >= 1
    assert "no findings" in made.repaired.output
    assert made.bad.exit_code == (made.rule.severity > Severity.NOTE)
    assert (made.repaired.exit_code, made.near_miss.exit_code) == (0, 0)
    assert any(line.startswith(("+", "-")) for line in made.repair)
    text = markdown(made)
    assert made.bad.output.rstrip() in text and made.repaired.output.rstrip() in text


def test_explain_is_the_same_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`explain` prints what the page has: words, example, output, repair, limits; for a project's own rule too."""
    folder = own_rule(tmp_path)
    rule = folder / "rule.yaml"
    rule.write_text(
        rule.read_text(encoding="utf-8") + "limits: knows one bus\nexceptions: none yet\n", encoding="utf-8"
    )

    assert run(["explain", "my-rule", "--rules", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "$ lockcheck check bad.yaml\nbad.yaml:12:9: warning: probes takes A, a mutex [my-rule]\n" in told
    assert "    +      - spin_lock: B\n" in told
    assert "$ lockcheck check repaired.yaml\nno findings in repaired.yaml\n" in told
    assert "Limits: knows one bus\n" in told and "Exceptions: none yet\n" in told and "Since 1.0." in told
    assert max(map(len, told.splitlines())) <= 80
    assert run(["explain", "my-rule", "--rules", str(tmp_path), "--format", "markdown"]) == 0
    text = capsys.readouterr().out
    assert "## Exceptions\n\nnone yet\n" in text and "## Limits\n\nknows one bus\n" in text


def test_a_changed_case_changes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is shown is what the case prints now, not what it printed once."""
    folder = own_rule(tmp_path)
    bad = folder / "bad.yaml"
    bad.write_text(bad.read_text(encoding="utf-8").replace("A", "other"), encoding="utf-8")

    assert run(["explain", "my-rule", "--rules", str(tmp_path)]) == 0
    assert "probes takes other, a mutex" in capsys.readouterr().out
