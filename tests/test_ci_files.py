"""What other CI takes from here: pre-commit hooks, a GitHub action, a GitLab job, the start that `init` writes.

Each is run as far as that can be done without those services: pre-commit for real, the scripts of the jobs by bash.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from lockcheck.bench.scaffold import starter

ROOT = Path(__file__).resolve().parent.parent
ACTION = ROOT / ".github/actions/lockcheck/action.yml"
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
GOOD = """\
lockcheck: 1
title: one order
locks: {A: mutex, B: mutex}
functions:
  one: {entry: task, steps: [mutex_lock: A, mutex_lock: B, mutex_unlock: B, mutex_unlock: A]}
"""
BAD = GOOD + "  two: {entry: task, steps: [mutex_lock: B, mutex_lock: A, mutex_unlock: A, mutex_unlock: B]}\n"

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a good model, and a folder before it in PATH that has this lockcheck."""
    (tmp_path / "project/models").mkdir(parents=True)
    (tmp_path / "project/models/m.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "project/lockcheck.toml").write_text('models = ["models"]\n', encoding="utf-8")
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin/lockcheck"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m lockcheck "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return tmp_path / "project"


def bash(project: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script in the project, as a job would."""
    path = f"{project.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {"HOME": str(project.parent), "PATH": path, **variables}
    return subprocess.run(["bash", "-e", "-o", "pipefail", "-c", script], cwd=project, env=environment,
                          capture_output=True, text=True, check=False)  # fmt: skip


def git(folder: Path, *words: str) -> None:
    """Run git in a folder, as nobody."""
    who = ["-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def committed(folder: Path) -> None:
    """Make a repository of a folder."""
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "all")


@needs_git
def test_pre_commit_runs_the_hooks(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pre-commit takes the hooks from a repository and passes a good model, and stops one with two orders."""
    pytest.importorskip("pre_commit", reason="pre-commit is not installed")
    hooks = project.parent / "hooks"
    hooks.mkdir()
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks)
    committed(hooks)
    revision = subprocess.run(["git", "rev-parse", "HEAD"], cwd=hooks, check=True, capture_output=True, text=True)
    # `system` instead of `python`: what is under test is on the PATH, and nothing is fetched
    used = [{"id": name, "language": "system"} for name in ("lockcheck", "lockcheck-rules")]
    config = {"repos": [{"repo": str(hooks), "rev": revision.stdout.strip(), "hooks": used}]}
    (project / ".pre-commit-config.yaml").write_text(json.dumps(config), encoding="utf-8")
    for name, text in starter(None).items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    committed(project)
    monkeypatch.setenv("PRE_COMMIT_HOME", str(project.parent / "home"))
    monkeypatch.setenv("PATH", f"{project.parent / 'bin'}{os.pathsep}{os.environ['PATH']}")

    def run_hooks() -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color=never", "--verbose"]
        return subprocess.run(words, cwd=project, capture_output=True, text=True, check=False)

    good = run_hooks()
    assert good.returncode == 0, good.stdout + good.stderr
    assert "no findings in locking/models/driver.yaml" in good.stdout
    assert "1 rule, 3 cases: 1 caught, 2 clean" in good.stdout
    (project / "locking/models/driver.yaml").write_text(BAD, encoding="utf-8")
    bad = run_hooks()
    assert bad.returncode == 1
    assert "circular dependency: A -> B -> A" in bad.stdout


def test_hooks_check_whole_programs() -> None:
    """No hook is given single files: models are one program, and a circle goes through several."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))

    assert [(one["id"], one["language"], one["pass_filenames"]) for one in hooks] == [
        ("lockcheck", "python", False),
        ("lockcheck-rules", "python", False),
    ]
    for name in ("models/a.yaml", "lockcheck.toml", "sub/lockcheck.toml", "a.yml"):
        assert all(re.search(one["files"], name) for one in hooks), name
    assert not any(re.search(one["files"], "mylockcheck.toml.c") for one in hooks)


def action() -> dict[str, Any]:
    """The action as plain values."""
    found = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def test_shape_of_the_action() -> None:
    """A composite action whose steps name a shell or an action, and whose inputs are described, used, and never in a
    script: a text put there would be run."""
    made = action()

    assert set(made) == {"name", "description", "author", "inputs", "outputs", "runs"}
    assert made["runs"]["using"] == "composite"
    for step in made["runs"]["steps"]:
        assert ("run" in step) != ("uses" in step)
        assert "run" not in step or step["shell"] == "bash"
        assert not EXPRESSION.search(step.get("run", ""))
        assert re.fullmatch(r"[\w-]+/[\w/-]+@v\d+", step.get("uses", "a/b@v1"))
    text = ACTION.read_text(encoding="utf-8")
    used = {one.partition("inputs.")[2].split()[0] for one in EXPRESSION.findall(text) if "inputs." in one}
    assert used == set(made["inputs"])
    assert all(one["description"] and isinstance(one["default"], str) for one in made["inputs"].values())
    steps = {step["id"] for step in made["runs"]["steps"] if "id" in step}
    assert {
        name.split(".")[1] for one in made["outputs"].values() for name in EXPRESSION.findall(one["value"])
    } == steps


def run_action(project: Path, **given: str) -> tuple[subprocess.CompletedProcess[str], Mapping[str, str], str]:
    """Run the step that checks; what it did, its outputs and the summary."""
    (step,) = [one for one in action()["runs"]["steps"] if one.get("id") == "check"]
    files = {name: project.parent / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("", encoding="utf-8")
    inputs = dict.fromkeys(step["env"], "") | given
    named = {name: str(file) for name, file in files.items()}
    done = bash(project, step["run"], RUNNER_TEMP=str(project.parent), **named, **inputs)
    lines = files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines()
    outputs = dict(line.split("=", 1) for line in lines)
    return done, outputs, files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")


@needs_bash
def test_action_checks(project: Path) -> None:
    """The action's script annotates, fills the summary, writes SARIF, and ends with the status of the check."""
    done, outputs, summary = run_action(project)
    assert (done.returncode, outputs["status"]) == (0, "0"), done.stderr
    assert "no findings" in summary

    (project / "models/with space.yaml").write_text(BAD, encoding="utf-8")
    done, outputs, summary = run_action(
        project, PATHS="models/with space.yaml\n", ARGS="--all-configs\n", FAIL_ON="error"
    )
    assert (done.returncode, outputs["status"]) == (1, "1"), done.stderr
    assert done.stdout.startswith("::error ")
    assert "circular" in summary
    document = json.loads(Path(outputs["sarif"]).read_text(encoding="utf-8"))
    assert [one["ruleId"] for one in document["runs"][0]["results"]] == ["circular-dependency"]

    done, outputs, _ = run_action(project, PATHS="$(touch pwned)\n`touch pwned`; touch pwned")
    assert (done.returncode, outputs["status"]) == (2, "2")
    assert not (project / "pwned").exists()


@needs_bash
@needs_git
def test_gitlab_job_checks(project: Path) -> None:
    """The GitLab job's script writes its reports; in a merge request only what the branch adds fails."""
    made = yaml.safe_load((ROOT / ".gitlab/lockcheck.yml").read_text(encoding="utf-8"))
    assert list(made) == ["lockcheck"]
    job = made["lockcheck"]
    script = "\n".join(job["script"])
    (project / "models/m.yaml").write_text(BAD, encoding="utf-8")
    committed(project)

    done = bash(project, script, **job["variables"])
    assert done.returncode == 1, done.stderr
    reports = job["artifacts"]["reports"]
    assert json.loads((project / reports["codequality"]).read_text(encoding="utf-8"))
    assert "<failure" in (project / reports["junit"]).read_text(encoding="utf-8")
    done = bash(project, script, CI_MERGE_REQUEST_DIFF_BASE_SHA="HEAD", **job["variables"])
    assert done.returncode == 0, done.stderr
    assert "no new findings (1 known)" in done.stdout
    done = bash(project, script, **{**job["variables"], "LOCKCHECK_ARGS": "--fail-on error --exit-zero"})
    assert done.returncode == 0, done.stderr


@needs_bash
@pytest.mark.parametrize("ci", ["github", "gitlab", "shell"])
def test_ci_file_of_the_start_checks(ci: str, project: Path) -> None:
    """The CI file that `init` writes runs commands that there are, and passes on what `init` writes."""
    shutil.rmtree(project / "models")
    for name, text in starter(ci).items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    file = {"github": ".github/workflows/lockcheck.yml", "gitlab": ".gitlab/lockcheck.yml", "shell": "locking/check.sh"}
    text = (project / file[ci]).read_text(encoding="utf-8")
    if ci == "github":
        lines = [step["run"] for step in yaml.safe_load(text)["jobs"]["lockcheck"]["steps"] if "run" in step]
    elif ci == "gitlab":
        lines = yaml.safe_load(text)["lockcheck"]["script"]
    else:
        lines = [f"sh {file[ci]}"]
    script = [line for line in lines if "pip install" not in line]

    assert script
    done = bash(project, "\n".join(script))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no findings" in done.stdout
    assert "1 rule, 3 cases" in done.stdout
