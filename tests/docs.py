"""The documentation's examples, executed: ``python -m tests.docs [--fix] [PAGE...]``.

Is: a reader of fenced blocks. In README.md and every page under docs/, in the order of the page,

* a block fenced as ``yaml model=NAME`` (or ``python file=NAME``, ``yaml file=NAME``) is written to the page's own empty
  folder, where it stays for the commands that follow;
* a ``console`` block runs each ``$ lockcheck ...`` or ``$ python ...`` line there and compares what was printed.
  ``exit=N`` after ``console`` is the exit status to expect (0 without it); ``head=N`` and ``tail=N`` show only the
  first and the last lines of long output, with ``...`` for what is left out.

``--fix`` writes what was really printed into the page; reading the difference is then the reviewer's work.
Is not: a test of what the examples say; tests/test_docs.py runs it and adds what must be true of the pages.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<info>.*)$")
TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Block:
    """One fenced block. ``start`` and ``end`` are the indexes of its first body line and of its closing fence."""

    language: str
    options: dict[str, str]
    start: int
    end: int
    body: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """One command of a console block: what it should have printed and what it printed."""

    page: str
    line: int
    command: str
    expected: tuple[str, ...]
    printed: tuple[str, ...]
    expected_exit: int
    exit_status: int

    @property
    def agrees(self) -> bool:
        """Whether page and program say the same."""
        return self.expected == self.printed and self.expected_exit == self.exit_status

    def report(self) -> str:
        """Both sides, for a person."""
        exits = f"exit status {self.exit_status}, the page says {self.expected_exit}"
        page, program = ("\n".join(f"    {text}" for text in side) for side in (self.expected, self.printed))
        return f"{self.page}:{self.line}: $ {self.command}\n  {exits}\n  the page:\n{page}\n  printed:\n{program}"


def pages() -> list[Path]:
    """README.md and every page of docs/, sorted."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(lines: list[str]) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    index = 0
    while index < len(lines):
        opening = FENCE.match(lines[index])
        if opening is None:
            index += 1
            continue
        start = index + 1
        end = next((n for n in range(start, len(lines)) if lines[n].rstrip() == opening["ticks"]), len(lines))
        words = opening["info"].split()
        options = dict(word.partition("=")[::2] for word in words[1:])
        yield Block(words[0] if words else "", options, start, end, tuple(lines[start:end]))
        index = end + 1


def split_commands(block: Block) -> list[tuple[int, str, tuple[str, ...]]]:
    """(offset in the block, command, expected output) for every ``$`` line of a console block."""
    marks = [n for n, text in enumerate(block.body) if text.startswith("$ ")]
    ends = [*marks[1:], len(block.body)]
    return [(n, block.body[n][2:], block.body[n + 1 : end]) for n, end in zip(marks, ends, strict=True)]


def execute(command: str, folder: Path) -> tuple[int, tuple[str, ...]]:
    """Run one command line in ``folder``; exit status and printed lines, errors after output."""
    words = shlex.split(command)
    start = {"lockcheck": [sys.executable, "-m", "lockcheck"], "python": [sys.executable]}
    if words[0] not in start:
        raise ValueError(f"a console block runs lockcheck or python, not {words[0]!r}")
    done = subprocess.run(
        start[words[0]] + words[1:],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return done.returncode, tuple(text.rstrip() for text in (done.stdout + done.stderr).splitlines())


def cut(printed: tuple[str, ...], options: dict[str, str]) -> tuple[str, ...]:
    """The first ``head`` and the last ``tail`` lines of what was printed, with ``...`` for what is left out."""
    if not {"head", "tail"} & set(options):
        return printed
    head, tail = int(options.get("head", "0")), int(options.get("tail", "0"))
    if head + tail >= len(printed):
        return printed
    return (*printed[:head], "...", *printed[len(printed) - tail :])


def run_block(page: str, block: Block, folder: Path) -> list[Run]:
    """Run every command of a console block."""
    runs = []
    for offset, command, expected in split_commands(block):
        status, printed = execute(command, folder)
        shown = cut(printed, block.options)
        exit_wanted = int(block.options.get("exit", "0"))
        runs.append(Run(page, block.start + offset + 1, command, expected, shown, exit_wanted, status))
    return runs


def run_page(path: Path) -> list[tuple[Block, list[Run]]]:
    """Execute a page in a folder of its own: every console block with its runs."""
    name = path.relative_to(ROOT).as_posix()
    results = []
    with tempfile.TemporaryDirectory(prefix="lockcheck-docs-") as made:
        folder = Path(made)
        for block in blocks(path.read_text(encoding="utf-8").splitlines()):
            target = block.options.get("model") or block.options.get("file")
            if target:
                file = folder / target
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("\n".join(block.body) + "\n", encoding="utf-8")
            elif block.language == "console":
                results.append((block, run_block(name, block, folder)))
    return results


def fix_page(path: Path) -> bool:
    """Write what was really printed into a page; True when that changed it."""
    lines = path.read_text(encoding="utf-8").splitlines()
    new = list(lines)
    for block, runs in reversed(run_page(path)):
        body = [text for run in runs for text in (f"$ {run.command}", *run.printed)]
        statuses = sorted({run.exit_status for run in runs})
        new[block.start : block.end] = body
        if len(statuses) == 1:
            new[block.start - 1] = _with_exit(new[block.start - 1], statuses[0])
    path.write_text("\n".join(new) + "\n", encoding="utf-8")
    return new != lines


def _with_exit(fence: str, status: int) -> str:
    """The opening fence with ``exit=`` set to what really happened."""
    bare = re.sub(r"\s+exit=\d+", "", fence)
    return bare if status == 0 else bare.replace("console", f"console exit={status}", 1)


def write_generated() -> None:
    """Write the generated reference pages."""
    from tests import generated

    for name, make in generated.PAGES.items():
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_text(make(), encoding="utf-8")
    for path in (ROOT / generated.RULE_PAGES).glob("*.md"):
        if path.relative_to(ROOT).as_posix() not in generated.PAGES:
            path.unlink()


def main(arguments: list[str]) -> int:
    """Check (or with ``--fix`` rewrite) the pages named, or all of them. Exit status 1 when a page was wrong."""
    if "--fix" in arguments:
        write_generated()
    chosen = [Path(word).resolve() for word in arguments if not word.startswith("--")] or pages()
    if "--fix" in arguments:
        for path in chosen:
            print(f"{path.relative_to(ROOT)}: {'rewritten' if fix_page(path) else 'as it was'}")
        return 0
    runs = [run for path in chosen for _, page_runs in run_page(path) for run in page_runs]
    wrong = [run for run in runs if not run.agrees]
    for run in wrong:
        print(run.report() + "\n")
    print(f"{len(runs)} commands in {len(chosen)} pages: {len(runs) - len(wrong)} agree, {len(wrong)} differ")
    return 1 if wrong or not runs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
