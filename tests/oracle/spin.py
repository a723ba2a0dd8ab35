"""Asking Spin: compile the verifier of an exported program and read its verdict.

Is: a subprocess and its answer. Is not: needed by anything else; without Spin and a C compiler it says so.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

SECONDS = 120


def available() -> bool:
    """Spin and a C compiler are installed."""
    return bool(shutil.which("spin") and shutil.which("cc"))


def hangs(text: str) -> bool | None:
    """Whether the Promela model has an invalid end state; None when the search was not complete.

    Raises RuntimeError when Spin does not accept the model.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model.pml").write_text(text, encoding="ascii")
        _run(["spin", "-a", "model.pml"], folder)
        _run(["cc", "-O1", "-w", "-DSAFETY", "-DVECTORSZ=2048", "-DNOREDUCE", "-o", "pan", "pan.c"], folder)
        told = _run(["./pan", "-m200000", "-w20"], folder)
    if "invalid end state (at depth" in told:
        return True
    complete = "errors: 0" in told and "max search depth too small" not in told
    return False if complete else None


def _run(command: list[str], folder: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")
    return done.stdout
