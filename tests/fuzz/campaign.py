"""Many inputs in several processes, and what came of them.

Is: the parts started with different hash seeds, their lines read and compared. Is not: the running of an input
(``worker``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]


class Campaign:
    """Runs the seeds ``first`` to ``first + count - 1`` in ``parts`` processes. ``told``: one record for each run."""

    def __init__(self, first: int, count: int, parts: int = 2) -> None:
        self.first, self.count, self.parts = first, count, parts
        self.told: list[dict[str, Any]] = []

    def run(self) -> None:
        """Start all parts and read what they tell."""
        with ExitStack() as stack:
            files = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(self.parts)]
            processes = [self._start(part, file) for part, file in enumerate(files)]
            for process, file in zip(processes, files, strict=True):
                process.wait()
                file.seek(0)
                self.told += [json.loads(line) for line in file]
                if process.returncode:
                    raise RuntimeError(f"a worker ended with status {process.returncode}")

    def _start(self, part: int, file: IO[str]) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.fuzz.worker", *map(str, (self.first, self.count, part, self.parts))]
        environment = {**os.environ, "PYTHONHASHSEED": str(part + 1)}
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, text=True)

    def unstable(self) -> list[int]:
        """Seeds of inputs that said something else under another hash seed."""
        digests: dict[int, set[str]] = {}
        for one in self.told:
            if "digest" in one:
                digests.setdefault(one["seed"], set()).add(one["digest"])
        return sorted(seed for seed, some in digests.items() if len(some) > 1)

    def faults(self) -> list[str]:
        """Everything that is wrong, a line for each."""
        found = [f"{one['what']}: seed {one['seed']} ({one['kind']}): {one['where']}"
                 for one in self.told if one["what"] != "ok"]  # fmt: skip
        return sorted(set(found)) + [f"unstable: seed {seed}" for seed in self.unstable()]

    def summary(self) -> list[str]:
        """What a person wants to know of the run."""
        kinds = Counter((one["kind"], one.get("status")) for one in self.told)
        slow = sorted(self.told, key=lambda one: -one["seconds"])[:5]
        peak = max(self.told, key=lambda one: one["peak"])
        lines = [f"{len({one['seed'] for one in self.told})} inputs from seed {self.first} on, {len(self.told)} runs"]
        for (kind, status), number in sorted(kinds.items(), key=str):
            lines.append(f"  {kind}, exit status {status}: {number}")
        lines.append("slowest: " + ", ".join(f"seed {one['seed']} ({one['seconds']:.1f} s)" for one in slow))
        lines.append(f"most memory: seed {peak['seed']} ({peak['peak'] >> 20} MiB)")
        faults = self.faults()
        return [*lines, *faults, f"{len(faults)} faults"]
