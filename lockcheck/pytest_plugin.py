"""The pytest plugin's door: its options. ``pytest --lockcheck PATH`` runs cases of rules and models, one test each.

Is: all that pytest loads when nobody asks for it. Is not: the collecting (``pytest_cases.py``), imported when asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two options."""
    group = parser.getgroup("lockcheck", "lock dependencies of models")
    group.addoption("--lockcheck", action="append", default=[], metavar="PATH",
                    help="Test the rules and the models with an 'expect' list in this file or folder.")  # fmt: skip
    group.addoption("--lockcheck-rules", action="append", default=[], metavar="DIR",
                    help="A folder of rules beside the built-in ones and those in PATH (repeatable).")  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Load the rest if it is asked for."""
    paths = config.getoption("--lockcheck")
    if paths:
        from lockcheck.pytest_cases import Cases

        config.pluginmanager.register(Cases(config, paths, config.getoption("--lockcheck-rules")), "lockcheck-cases")
