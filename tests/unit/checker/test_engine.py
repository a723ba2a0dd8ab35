"""The engine knows no rule: every judgement is a file."""

from __future__ import annotations

import ast
from pathlib import Path

from lockcheck.checker.reading import built_in, read_rules

ROOT = Path(__file__).resolve().parents[3] / "lockcheck"


def test_no_code_names_a_rule() -> None:
    """No text in the code but documentation is the id of a built-in rule."""
    rules = set(read_rules([built_in()]).rules)
    named = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}"
        for path in sorted(ROOT.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in rules
    ]

    assert len(rules) > 50
    assert named == []
