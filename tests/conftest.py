"""What every test starts with: a cache of its own, so that none sees what another one or the user kept."""

from __future__ import annotations

import itertools
import os
import tempfile
from pathlib import Path

import pytest

_NUMBERS = itertools.count()
_BASE = Path(tempfile.gettempdir()) / f"lockcheck-tests-{os.getpid()}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A folder that does not exist yet; a run makes it."""
    os.environ["LOCKCHECK_CACHE_DIR"] = str(_BASE / str(next(_NUMBERS)))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Nothing stays behind."""
    import shutil

    shutil.rmtree(_BASE, ignore_errors=True)
