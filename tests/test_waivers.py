"""Waivers: in a model's list, next to the step or in the project's file; what allows nothing is a finding."""

from __future__ import annotations

import datetime
import random
import re
from pathlib import Path

import pytest

import lockcheck
from lockcheck.checker.reading import built_in
from lockcheck.cli import run
from lockcheck.findings import Result

RT = "CONFIG_PREEMPT_RT"
LEAK = """\
lockcheck: 1
locks: {{A: mutex, B: mutex}}
functions:
  f:
    entry: task
    steps:
      - mutex_lock: A
{beside}
  g:
    entry: task
    steps:
      - mutex_lock: B
"""
WAIVE = "        waive: {{rule: held-at-exit, reason: handed over{more}}}"


def leak(more: str | None = None) -> str:
    """Two functions that each leave a lock held; with ``more`` a waiver stands beside the first one's step."""
    return LEAK.format(beside="" if more is None else WAIVE.format(more=more))


def found(result: Result) -> list[tuple[str, tuple[str, ...]]]:
    """Rule and locks of every finding."""
    return [(one.rule, one.locks) for one in result.findings]


def waivers(tmp_path: Path, *lines: str) -> Path:
    """A project's file of waivers."""
    path = tmp_path / "waivers.yaml"
    path.write_text("waivers:\n" + "".join(f"  - {line}\n" for line in lines), encoding="utf-8")
    return path


def test_next_to_the_step() -> None:
    """A waiver beside a step allows findings of its rule through that step, and no others of that rule."""
    result = lockcheck.check(leak(""))

    assert found(result) == [("held-at-exit", ("B",))]
    assert [(one.finding.locks, one.reason, one.place.line) for one in result.waived] == [(("A",), "handed over", 7)]


def test_next_to_a_step_that_is_fine() -> None:
    """A waiver beside a step that no finding goes through is reported, at that step."""
    text = leak("").replace("  g:", "      - mutex_unlock: A\n  g:")
    result = lockcheck.check(text)

    assert sorted(found(result)) == [("held-at-exit", ("B",)), ("unused-waiver", ())]
    assert [one.place.line for one in result.findings if one.rule == "unused-waiver"] == [7]


def test_a_step_that_is_not_there_waives_nothing() -> None:
    """With the step's option off, its waiver does not exist, and nobody misses it."""
    text = leak("").replace("reason: handed over}", "reason: handed over}\n        when: CONFIG_X")
    result = lockcheck.check("configs: {CONFIG_X: n}\n" + text)

    assert found(result) == [("held-at-exit", ("B",))]


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        ("{rule: held-at-exit}", "reason"),
        ("{reason: r}", "a waiver needs 'rule' or 'fingerprint'"),
        ("{rule: held-at-exits, reason: r}", "unknown rule 'held-at-exits'"),
        ("{rule: held-at-exit, reason: r, locks: C}", "unknown lock 'C'"),
        ("{rule: held-at-exit, reason: r, config: {CONFIG_Y: y}}", "unknown kernel option 'CONFIG_Y'"),
        ("{rule: held-at-exit, reason: r, config: {CONFIG_PREEMPT_RT: on}}", "'CONFIG_PREEMPT_RT' is y or n"),
    ],
)
def test_wrong_waivers_are_told(beside: str, said: str) -> None:
    """What is wrong with a waiver beside a step is a problem with its place, not silence."""
    result = lockcheck.check(LEAK.format(beside=f"        waive: {beside}"))

    assert result.exit_code == 2
    assert said in " ".join(one.message for one in result.problems)
    assert all(one.line in (7, 8) for one in result.problems)


def test_in_the_projects_file(tmp_path: Path) -> None:
    """A file of waivers allows findings by rule and locks, or by fingerprint; the models say nothing of it."""
    fingerprints = {one.locks: one.fingerprint for one in lockcheck.check(leak()).findings}
    path = waivers(
        tmp_path,
        "{rule: held-at-exit, locks: A, reason: one}",
        f"{{fingerprint: {fingerprints['B',]}, reason: other}}",
    )
    result = lockcheck.check(leak(), waivers=[path])

    assert (found(result), [one.reason for one in result.waived]) == ([], ["one", "other"])


def test_named_by_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`waivers` in lockcheck.toml, and `--waivers` beside it, are in force without a word in the models."""
    waivers(tmp_path, "{rule: held-at-exit, locks: A, reason: one}")
    (tmp_path / "more.yaml").write_text("waivers: [{rule: held-at-exit, locks: B, reason: two}]\n", encoding="utf-8")
    (tmp_path / "m.yaml").write_text(leak(), encoding="utf-8")
    (tmp_path / "lockcheck.toml").write_text('waivers = ["waivers.yaml"]\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert run(["check", "m.yaml"]) == 1
    assert "1 error (1 waived) in m.yaml\n" in capsys.readouterr().out
    assert run(["check", "m.yaml", "--waivers", "more.yaml"]) == 0
    assert "no findings (2 waived) in m.yaml\n" in capsys.readouterr().out


def test_unmatched_and_expired_are_findings(tmp_path: Path) -> None:
    """A waiver of the project's file that matches nothing, or is past its last day, is a finding at its line."""
    path = waivers(
        tmp_path,
        "{rule: recursive-locking, locks: A, reason: gone}",
        "{rule: held-at-exit, locks: A, reason: old, expires: 2026-01-01}",
        "{rule: held-at-exit, locks: B, reason: still good, expires: 2026-01-02}",
    )
    result = lockcheck.check(leak(), waivers=[path], today=datetime.date(2026, 1, 2))

    about = [(one.rule, one.place.line) for one in result.findings if one.place.file == path.as_posix()]
    assert sorted(about) == [("expired-waiver", 3), ("unused-waiver", 2)]
    assert ("held-at-exit", ("A",)) in found(result)


def test_a_config_of_its_own(tmp_path: Path) -> None:
    """A waiver with a config allows the finding there only; elsewhere it stays, with the configs that are left."""
    path = waivers(tmp_path, f"{{rule: held-at-exit, locks: A, reason: r, config: {{{RT}: y}}}}")

    def kept(on: bool) -> list[tuple[str, ...]]:
        result = lockcheck.check(leak(), waivers=[path], config={RT: on})
        return [one.locks for one in result.findings]

    assert kept(True) == [("B",)]
    assert kept(False) == [("A",), ("B",)]
    both = lockcheck.check("configs: {CONFIG_PREEMPT_RT: n}\n" + leak(), waivers=[path], all_configs=True)
    held = {one.locks: one.condition for one in both.findings}
    assert [held["A",].holds({RT: on}) for on in (True, False)] == [False, True]
    assert held["B",].always


def test_an_option_that_nobody_knows_rots(tmp_path: Path) -> None:
    """A waiver for an option that the models do not have is reported; one for a config not checked is not."""
    unknown = waivers(tmp_path, "{rule: held-at-exit, locks: A, reason: r, config: {CONFIG_NONE: y}}")
    assert "unused-waiver" in dict(found(lockcheck.check(leak(), waivers=[unknown])))
    other = waivers(tmp_path, f"{{rule: held-at-exit, locks: A, reason: r, config: {{{RT}: y}}}}")
    assert "unused-waiver" not in dict(found(lockcheck.check(leak(), waivers=[other])))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("waivers: 3\n", "expected a list under 'waivers'"),
        ("", "expected a list under 'waivers'"),
        ("waivers: []\nwaiver: []\n", "unknown key 'waiver' in a file of waivers"),
        ("waivers: [a]\n", "expected a mapping, found"),
        ("waivers:\n  - {rule: held-at-exit, reasn: r}\n", "reasn"),
        ("waivers:\n  - {rule: held-at-exit, reason: r, expires: 2026-02-30}\n", "is not a date"),
        ("waivers: [\n", "did not find"),
    ],
)
def test_a_broken_file_ends_the_run(text: str, said: str, tmp_path: Path) -> None:
    """With waivers that can't be read nothing is claimed: exit status 2, with the place."""
    path = tmp_path / "w.yaml"
    path.write_text(text, encoding="utf-8")
    result = lockcheck.check(leak(), waivers=[path])

    assert result.exit_code == 2
    assert said in " ".join(one.message for one in result.problems)
    assert all(one.file == path.as_posix() for one in result.problems)


def test_no_such_file(tmp_path: Path) -> None:
    """A file of waivers that is not there is a problem."""
    assert lockcheck.check(leak(), waivers=[tmp_path / "none.yaml"]).exit_code == 2


def shuffled(text: str, order: random.Random) -> str:
    """The same model: sections and functions in another order, every line elsewhere."""
    parts = re.split(r"(?m)^(?=\w)", text)
    head = [part for part in parts if part.startswith(("#", "lockcheck"))]
    rest = [part for part in parts if part not in head]
    order.shuffle(rest)
    for index, part in enumerate(rest):
        if part.startswith(("functions:", "locks:\n")):
            name, *entries = re.split(r"(?m)^(?=  [\w$])", part)
            entries = [one if one.endswith("\n") else one + "\n" for one in entries]
            order.shuffle(entries)
            rest[index] = name + "# moved\n".join(entries)
        rest[index] = "# a line\n" * order.randrange(4) + rest[index].rstrip("\n") + "\n"
    return "".join([*head, *rest])


@pytest.mark.parametrize("path", sorted(built_in().glob("*/*/bad.yaml")), ids=lambda path: path.parent.name)
def test_fingerprints_survive_moving(path: Path, tmp_path: Path) -> None:
    """Renumbered lines, reordered sections and functions, and a renamed file leave every fingerprint as it was."""
    text = path.read_text(encoding="utf-8")
    before = {one.fingerprint for one in lockcheck.check(path).findings}
    for seed in range(2):
        other = tmp_path / f"renamed-{seed}" / "other.yaml"
        other.parent.mkdir()
        other.write_text(shuffled(text, random.Random(seed)), encoding="utf-8")
        assert {one.fingerprint for one in lockcheck.check(other).findings} == before


def test_fingerprints_survive_splitting(tmp_path: Path) -> None:
    """The same functions in two files, in whatever order these are named, have the same fingerprints."""
    circle = (built_in() / "ordering" / "circular-dependency" / "bad.yaml").read_text(encoding="utf-8")
    head, _, functions = circle.partition("functions:\n")
    one, other = re.split(r"(?m)^(?=  \w)", functions)[1:3]
    first, second = tmp_path / "z.yaml", tmp_path / "a.yaml"
    first.write_text(head + "functions:\n" + one, encoding="utf-8")
    second.write_text("lockcheck: 1\nfunctions:\n" + other, encoding="utf-8")
    whole = {one.fingerprint for one in lockcheck.check(circle).findings}

    assert {one.fingerprint for one in lockcheck.check([first, second]).findings} == whole
    assert {one.fingerprint for one in lockcheck.check([second, first]).findings} == whole
