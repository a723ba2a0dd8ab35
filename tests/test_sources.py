"""``lockcheck sources``: references of models held against small made-up kernel trees."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lockcheck.cli import run
from lockcheck.loading import ModelText, library, stated
from lockcheck.model.references import Held
from lockcheck.tree.files import MAX_FILE_BYTES, Tree
from lockcheck.tree.hold import hold

DATA = Path(__file__).parent / "data" / "sources"
TREE = DATA / "tree"

EXPECTED = {
    # what, reference: (status, where it is now)
    ("lock ok_decl", "lib/pool.c:4"): ("ok", None),
    ("lock moved_decl", "lib/pool.c:9"): ("moved", ("lib/pool.c", 5)),
    ("lock gone_decl", "lib/pool.c:5"): ("gone", None),
    ("lock p.lock", "lib/pool.c:59"): ("ok", None),
    ("cache token", "lib/pool.c:6"): ("ok", None),
    ("timer p.shrink", "lib/pool.c:60"): ("ok", None),
    ("function pool_get", "lib/pool.c:17"): ("ok", None),
    ("step spin_lock_irqsave: ok_decl", "lib/pool.c:26"): ("ok", None),
    ("step if: pool_empty", "lib/pool.c:27"): ("ok", None),
    ("step call: pool_pop", "lib/pool.c:28"): ("moved", ("lib/pool.c", 27)),
    ("step kmalloc: GFP_KERNEL", "lib/pool.c:33"): ("ok", None),
    ("step kmem_cache_alloc: token, GFP_ATOMIC", "lib/pool.c:33"): ("changed", None),
    ("function pool_put", "lib/pool.c:36"): ("ok", None),
    ("step mutex_lock: moved_decl", "lib/pool.c:39"): ("ok", None),
    ("step call: pool_push", "lib/pool.c:39"): ("moved", ("lib/pool.c", 40)),
    ("step spin_lock: p.lock", "lib/pool.c:42"): ("ok", None),
    ("step call: pool_count", "lib/pool.c:42"): ("unclear", None),
    ("step mutex_lock: moved_decl", "lib/pool.c:53"): ("moved", ("lib/pool.c", 39)),
    ("step spin_lock: ok_decl", "lib/pool.c:42"): ("changed", None),
    ("function pool_drain", "lib/pool.c:47"): ("ok", None),
    ("step mutex_lock: moved_decl", "lib/pool.c:51"): ("ok", None),
    ("step call: pool_free_all", "lib/pool.c:52"): ("ok", None),
    ("function pool_check", "lib/pool.c:70"): ("moved", ("lib/pool_debug.c", 3)),
    ("step spin_lock: p.lock", "lib/pool.c:72"): ("moved", ("lib/pool_debug.c", 5)),
    ("step call: pool_walk", "lib/pool.c:73"): ("moved", ("lib/pool_debug.c", 6)),
    ("function pool_dump", "lib/pool_debug.c:10"): ("gone", None),
    ("step mutex_lock: moved_decl", "lib/pool_debug.c:12"): ("changed", None),
    ("step call: pool_walk", "lib/pool_debug.c:13"): ("changed", None),
    ("step call: pool_print", "lib/pool_debug.c:14"): ("changed", None),
    ("function pool_lost", "lib/nowhere.c:1"): ("gone", None),
    ("step mutex_lock: moved_decl", "lib/nowhere.c:3"): ("gone", None),
}  # fmt: skip


def held_in(tree: Path, model: str = "") -> dict[tuple[str, str], Held]:
    """Every reference of a model (the made-up pool, if none is given) by what it is and where it says to be."""
    said = stated([ModelText(model) if model else DATA / "pool.yaml"])
    assert said.problems == ()
    return {(f"{one.reference.kind} {one.reference.name}", one.reference.at): one
            for one in hold(said.references, Tree(tree))}  # fmt: skip


def test_every_status() -> None:
    """Each reference of the made-up pool is ok, moved (told where to), changed, gone or unclear as it ought to be."""
    assert {key: (one.status, one.now) for key, one in held_in(TREE).items()} == EXPECTED


STUBBED = """\
#ifdef CONFIG_POOL
void pool_put(void)
{
	pool_lock_all();
	pool_push(1);
	pool_push(2);
}

#define pool_lock_all() spin_lock(&pool_lock)
#else
static inline void pool_put(void) { }
#endif
"""
PUTS = """\
lockcheck: 1
locks: {pool_lock: {kind: spinlock, at: "lib/pool.c:9"}}
functions:
  pool_push: {c: none}
  pool_put:
    at: lib/pool.c:14
    entry: task
    steps:
      - spin_lock: pool_lock
        note: pool_lock_all()
        at: lib/pool.c:12
        do:
          - {call: pool_push, at: "lib/pool.c:20"}
          - {call: pool_push, at: "lib/pool.c:22"}
"""


def test_the_real_function_is_told_from_its_stub(tmp_path: Path) -> None:
    """Of two definitions the one that does the steps is meant; a wrapper's own definition is no use of it."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/pool.c").write_text(STUBBED, encoding="utf-8")
    held = held_in(tmp_path, PUTS)

    assert held["function pool_put", "lib/pool.c:14"].now == ("lib/pool.c", 2)
    assert held["step spin_lock: pool_lock", "lib/pool.c:12"].now == ("lib/pool.c", 4)


def test_equal_steps_keep_their_order(tmp_path: Path) -> None:
    """Two references that say the same go to the two lines that say it, the first to the first."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/pool.c").write_text(STUBBED, encoding="utf-8")
    held = held_in(tmp_path, PUTS)

    assert held["step call: pool_push", "lib/pool.c:20"].now == ("lib/pool.c", 5)
    assert held["step call: pool_push", "lib/pool.c:22"].now == ("lib/pool.c", 6)


def test_a_renamed_function_is_guessed() -> None:
    """Of a function that is gone, the one that does most of its steps is named."""
    lost = held_in(TREE)["function pool_dump", "lib/pool_debug.c:10"]

    assert lost.why.endswith("pool_dump_all() on line 10 does 3 of its 3 steps")


def test_what_has_no_line_says_so() -> None:
    """``c: none`` says that there is no line; without it, a function without ``at`` is told."""
    said = stated([DATA / "pool.yaml"])

    assert [(one.kind, one.name) for one in said.unsaid] == [("function", "pool_push")]


def test_links_out_of_the_tree_are_refused(tmp_path: Path) -> None:
    """A symbolic link that leaves the tree is not followed, and that is no verdict about the model: status 2."""
    shutil.copytree(TREE, tmp_path / "tree")
    outside = tmp_path / "outside.c"
    (tmp_path / "tree/lib/pool.c").rename(outside)
    (tmp_path / "tree/lib/pool.c").symlink_to(outside)
    held = held_in(tmp_path / "tree")

    assert held["lock ok_decl", "lib/pool.c:4"].status == "unread"
    assert "leads out of the tree" in held["function pool_get", "lib/pool.c:17"].why
    assert run(["sources", str(tmp_path / "tree"), str(DATA / "pool.yaml")]) == 2


def test_huge_files_are_refused(tmp_path: Path) -> None:
    """A file beyond the bound is not read."""
    (tmp_path / "lib").mkdir()
    with (tmp_path / "lib/pool.c").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)

    assert held_in(tmp_path)["lock ok_decl", "lib/pool.c:4"].status == "unread"


@pytest.mark.parametrize("at", ["../secret.c:1", "/etc/passwd:1", "lib/pool.c", "lib/pool.c:0", "lib/pool.c:x"])
def test_references_stay_in_the_tree(at: str) -> None:
    """What is no path below the tree with a line is an error of the model, with its place."""
    said = stated([ModelText(f'lockcheck: 1\nlocks:\n  A: {{kind: mutex, at: "{at}"}}\n')])

    assert [(one.code, one.line) for one in said.problems] == [("bad-at", 3)]


def test_text_is_worst_first(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The report begins with what is gone, ends with the counts, and the exit status is that of findings."""
    monkeypatch.chdir(DATA)
    code = run(["sources", "tree", "pool.yaml"])
    lines = capsys.readouterr().out.splitlines()

    assert code == 1
    assert lines[0].endswith("gone: lock gone_decl")
    assert lines[-3:] == [
        "31 references of 1 model held against tree: 14 ok, 7 moved, 1 unclear, 5",
        "  changed, 4 gone",
        "without a source line: 1 declaration or step (at: file:line, or c: none)",
    ]
    assert [line for line in lines if len(line) > 80] == []


def test_a_clean_tree_is_status_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """When all is where the model says, the status is 0."""
    model = tmp_path / "m.yaml"
    model.write_text('lockcheck: 1\nlocks:\n  pool_lock: {kind: spinlock, at: "lib/pool.c:4"}\n', encoding="utf-8")

    assert run(["sources", str(TREE), str(model)]) == 0
    assert "1 reference of 1 model held against tree: 1 ok" in capsys.readouterr().out


def test_json_has_every_reference(capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON document holds each reference with its status and its place in the model."""
    run(["sources", "--format", "json", str(TREE), str(DATA / "pool.yaml")])
    document = json.loads(capsys.readouterr().out)

    assert document["schema"] == "lockcheck-sources/1"
    assert sum(document["counts"].values()) == len(document["references"]) == len(EXPECTED)
    assert {one["at"]: one["now"] for one in document["references"]}["lib/pool.c:70"] == "lib/pool_debug.c:3"
    assert document["exit_code"] == 1


def test_the_patch_moves_what_moved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Applying the lines of ``--format diff`` to the model leaves nothing that has moved."""
    model = tmp_path / "pool.yaml"
    shutil.copy(DATA / "pool.yaml", model)
    run(["sources", "--format", "diff", str(TREE), str(model)])
    lines = model.read_text(encoding="utf-8").split("\n")
    for old, new in _replaced(capsys.readouterr().out):
        lines[lines.index(old)] = new
    model.write_text("\n".join(lines), encoding="utf-8")
    said = stated([model])

    statuses = [one.status for one in hold(said.references, Tree(TREE))]
    assert "moved" not in statuses
    assert statuses.count("ok") == sum(status in ("ok", "moved") for status, _ in EXPECTED.values())


def _replaced(diff: str) -> list[tuple[str, str]]:
    """Pairs of a removed and an added line of a unified diff in which lines are only replaced."""
    body = [line for line in diff.split("\n") if not line.startswith(("---", "+++"))]
    old = [line[1:] for line in body if line.startswith("-")]
    new = [line[1:] for line in body if line.startswith("+")]
    assert len(old) == len(new)
    return list(zip(old, new, strict=True))


def test_shipped_models_say_where_all_of_it_stands() -> None:
    """Everything in the shipped Linux models has a source line, or says that it is a device of the model."""
    said = stated([name for name in library() if name.startswith("linux/")])

    assert said.problems == ()
    assert [str(one.place) for one in said.unsaid] == []
    assert len({one.file for one in said.references}) > 30
