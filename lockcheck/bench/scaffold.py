"""What to start from: a new rule with three cases that run as they are, and a new project with a model and a rule.

Is: the texts. Is not: a writer of files (``cli/``).
"""

from __future__ import annotations

from pathlib import Path

SAMPLE = "new-rule"
STARTER = "starter"
CI_FILES = {
    "github": ("ci/github.yml", ".github/workflows/lockcheck.yml"),
    "gitlab": ("ci/gitlab.yml", ".gitlab/lockcheck.yml"),
    "shell": ("ci/shell.sh", "locking/check.sh"),
}
"""The CI file of each kind: where it is here, and where a project has it."""
FILES = ("rule.yaml", "bad.yaml", "repaired.yaml", "near-miss.yaml")


def scaffold(rule: str) -> dict[str, str]:
    """The files of a new rule of that id, by name."""
    folder = Path(__file__).parent / SAMPLE
    return {name: (folder / name).read_text(encoding="utf-8").replace(SAMPLE, rule) for name in FILES}


def starter(ci: str | None) -> dict[str, str]:
    """The files of a new project, by path, sorted. ``ci``: a kind of :data:`CI_FILES`, or None for no CI file."""
    folder = Path(__file__).parent / STARTER
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    files = {name: name for name in names if not name.startswith("ci/")}
    if ci is not None:
        files |= dict([CI_FILES[ci]])
    return {target: (folder / name).read_text(encoding="utf-8") for name, target in sorted(files.items())}
