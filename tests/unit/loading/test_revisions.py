"""Models read from a commit: what is found there, what is refused, and that nothing of the repository runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lockcheck.cli import run
from lockcheck.loading import Limits, load

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
Output = pytest.CaptureFixture[str]
PARTS = "lockcheck: 1\ntitle: parts\nlocks: {A: mutex, B: mutex}\n"
ORDER = """
lockcheck: 1
title: an order
include: [sub/parts.yaml]
functions:
  f: {entry: task, steps: [mutex_lock: A, mutex_lock: B, mutex_unlock: B, mutex_unlock: A]}
"""
OTHER = "  g: {entry: task, steps: [mutex_lock: B, mutex_lock: A, mutex_unlock: A, mutex_unlock: B]}\n"


class Repository:
    """A checkout to try things on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        """Run git in it."""
        identity = {f"GIT_{who}_{what}": "t@t.t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        done = subprocess.run(["git", *arguments], cwd=self.folder, env={**os.environ, **identity}, check=True,
                              capture_output=True, text=True)  # fmt: skip
        return done.stdout.strip()

    def commit(self, **files: str) -> str:
        """Write files (``a__b`` is a/b.yaml) and commit them with all that changed."""
        for name, text in files.items():
            path = self.folder / (name.replace("__", "/") + ".yaml")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-qm", "x")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A checkout with one commit of a model and its include, as the working folder."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    made = Repository(tmp_path)
    made.commit(order=ORDER, sub__parts=PARTS)
    monkeypatch.chdir(tmp_path)
    return made


def names(result: object) -> list[str]:
    """The codes of the problems of a load."""
    return sorted({one.code for one in result.problems})  # type: ignore[attr-defined]


def test_revision_is_read_and_not_the_disk(repository: Repository) -> None:
    """Model and include come from the commit, whatever stands on disk, and the disk stays as it is."""
    (repository.folder / "order.yaml").write_text("broken: [", encoding="utf-8")
    (repository.folder / "sub" / "parts.yaml").unlink()

    found = load(["order.yaml"], revision="main")
    assert found.program is not None
    assert found.program.files == ("order.yaml", "sub/parts.yaml")
    assert repository.git("status", "--porcelain").split() == ["M", "order.yaml", "D", "sub/parts.yaml"]
    assert load(["order.yaml"]).program is None


def test_folder_of_a_revision(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder means the models that were in it then; paths are relative to the working folder."""
    repository.commit(sub__late="lockcheck: 1\ntitle: late\nlocks: {C: mutex}\n")

    assert load(["sub"], revision="main~1").program.named_files == ("sub/parts.yaml",)  # type: ignore[union-attr]
    monkeypatch.chdir(repository.folder / "sub")
    late = load(["."], revision="main").program
    assert late is not None
    assert late.named_files == ("late.yaml", "parts.yaml")
    assert load(["../order.yaml"], revision="main").program is not None


def test_shipped_models_are_the_installed_ones(repository: Repository) -> None:
    """Includes of shipped models work from a revision of any repository."""
    repository.commit(mine="lockcheck: 1\ntitle: mine\ninclude: [linux/sched]\n")

    found = load(["mine.yaml"], revision="HEAD").program
    assert found is not None
    assert "linux/sched.yaml" in found.files


@pytest.mark.parametrize("wanted", ["../outside.yaml", "/etc/hostname", "sub/../../outside.yaml", "link.yaml",
                                    "dir/x.yaml"])  # fmt: skip
def test_nothing_outside_of_the_commit_is_read(repository: Repository, wanted: str) -> None:
    """Includes cannot leave the checkout, and symbolic links in a commit are not followed."""
    (repository.folder.parent / "outside.yaml").write_text(PARTS, encoding="utf-8")
    (repository.folder / "link.yaml").symlink_to("../outside.yaml")
    (repository.folder / "dir").symlink_to("..")
    repository.commit(mine=f"lockcheck: 1\ntitle: mine\ninclude: ['{wanted}']\n")

    assert names(load(["mine.yaml"], revision="HEAD")) in (["escape"], ["no-such-file"])
    assert names(load(["../outside.yaml"], revision="HEAD")) == ["no-such-file"]


def test_nothing_of_the_repository_runs(repository: Repository) -> None:
    """Hooks, filters, file-system monitors and remotes of a stranger's repository stay unused."""
    script = repository.folder / "script"
    script.write_text("#!/bin/sh\ntouch ran\n", encoding="utf-8")
    script.chmod(0o755)
    (repository.folder / ".gitattributes").write_text("*.yaml filter=f diff=f\n", encoding="utf-8")
    commit = repository.commit()
    for key in ("core.fsmonitor", "filter.f.smudge", "filter.f.process", "diff.f.textconv", "core.pager",
                "core.sshCommand", "alias.cat-file", "core.alternateRefsCommand"):  # fmt: skip
        repository.git("config", key, "./script")
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        shutil.copy(script, repository.folder / ".git" / "hooks" / hook)

    assert load(["order.yaml"], revision=commit).program is not None
    assert not (repository.folder / "ran").exists()


@pytest.mark.parametrize("revision", ["none", "--all", "-h", "", "main:order.yaml", "HEAD^{tree}"])
def test_what_is_no_commit_is_a_problem(repository: Repository, revision: str) -> None:
    """A word that names no commit is said to be none, also when it looks like an option."""
    found = load(["order.yaml"], revision=revision)

    assert names(found) == ["bad-revision"]
    assert f"there is no revision '{revision}'" in str(found.problems[0])


def test_outside_of_a_checkout_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a repository there are no revisions."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    assert "in no checkout of a git repository" in str(load(["x.yaml"], revision="HEAD").problems[0])


def test_limits_hold_for_a_revision(repository: Repository) -> None:
    """A blob that is too large is refused by its size, before it is read."""
    repository.commit(large=PARTS + "#" * 5000)

    assert names(load(["large.yaml"], revision="HEAD", limits=Limits(max_file_bytes=4000))) == ["too-large"]


def test_diff_between_revisions(repository: Repository, capsys: Output) -> None:
    """A..B compares two commits, A a commit with the disk, A...B begins where B left A; only new findings exit 1."""
    first = repository.git("rev-parse", "HEAD")
    repository.git("checkout", "-qb", "topic")
    repository.commit(order=ORDER + OTHER)
    repository.git("checkout", "-q", "main")
    repository.commit(order=ORDER.replace("A, mutex_lock: B, mutex_unlock: B", "A"))

    assert run(["diff", "--rev", f"{first}..topic", "order.yaml"]) == 1
    assert "circular dependency: A -> B -> A" in capsys.readouterr().out
    assert run(["diff", "--rev", "topic..main", "order.yaml"]) == 0
    assert "1 gone finding" in capsys.readouterr().out
    assert run(["diff", "--rev", "main...topic", "order.yaml"]) == 1
    assert "gone dependenc" not in capsys.readouterr().out
    (repository.folder / "order.yaml").write_text(ORDER + OTHER, encoding="utf-8")
    assert run(["diff", "--rev", "main", "order.yaml"]) == 1
    assert capsys.readouterr().out.startswith("base: order.yaml in main\nchange: order.yaml as it is now\n")


def test_model_that_was_not_there_is_all_new(repository: Repository, capsys: Output) -> None:
    """A model that one side lacks is no failure; one that both lack, or a broken side, is."""
    repository.commit(late=ORDER + OTHER)

    assert run(["diff", "--rev", "HEAD~1..HEAD", "late.yaml"]) == 1
    assert "2 new dependencies" in capsys.readouterr().out
    assert run(["diff", "--rev", "HEAD~1..HEAD", "late.yaml", "order.yaml"]) == 2
    assert run(["diff", "--rev", "HEAD~1..HEAD", "none.yaml"]) == 2
    assert "no such model on either side: none.yaml" in capsys.readouterr().err
    assert run(["diff", "--rev", "none..HEAD", "late.yaml"]) == 2
    assert "there is no revision 'none'" in capsys.readouterr().err
    assert run(["diff", "--rev", "HEAD", "a.yaml", "--", "b.yaml"]) == 2
