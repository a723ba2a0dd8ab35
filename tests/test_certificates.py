"""Certificates of clean runs: the verifier accepts what is proven and refuses everything else, with a reason."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import lockcheck
from lockcheck.analysis.actions import Action
from lockcheck.api import built_in_rules
from lockcheck.certificates import Given, certify, own_digest, verify
from lockcheck.cli import cli
from lockcheck.loading import library
from lockcheck.proof.lowering import EFFECTS, SILENT
from lockcheck.proof.writing import UnprovableError, document
from lockcheck.report.certificate import certificate_text
from lockcheck.verifier.check import examine

HERE = Path(__file__).resolve().parent
MODEL = """
lockcheck: 1
title: a driver that takes its locks in one order
locks:
  big: mutex
  table: {kind: rwlock}
  queue: spinlock
  last: {kind: raw_spinlock, leaf: true}
functions:
  probe:
    entry: task
    steps:
      - mutex_lock: big
      - call: fill
      - mutex_unlock: big
  fill:
    held: [big]
    steps:
      - might_alloc: GFP_KERNEL
      - write_lock_irqsave: table
      - call: kick
      - write_unlock_irqrestore: table
      - optional:
        - call: kick
  kick:
    steps:
      - spin_lock_irqsave: queue
      - raw_spin_lock: last
      - raw_spin_unlock: last
      - spin_unlock_irqrestore: queue
  interrupt:
    entry: hardirq
    steps:
      - read_lock: table
      - call: kick
      - read_unlock: table
"""


PARTS = ("program", "states", "summaries", "dependencies", "usage", "order", "inputs", "rules", "not_covered",
         "established")  # fmt: skip


def certified(folder: Path, text: str) -> dict[str, Any]:
    """The certificate of a model, as a program reads it from a file."""
    model = folder / "model.yaml"
    model.write_text(text)
    made = certify(lockcheck.check(model), built_in_rules(), Given(("model.yaml",), "of this test"))
    read = json.loads(certificate_text(made))
    assert isinstance(read, dict)
    return read


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The working folder, where the certified model is."""
    made = tmp_path_factory.mktemp("certified")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(made)
        yield made


@pytest.fixture(scope="module")
def certificate(folder: Path) -> dict[str, Any]:
    """That of :data:`MODEL`."""
    return certified(folder, MODEL)


def test_a_clean_run_has_a_certificate_that_holds(certificate: dict[str, Any]) -> None:
    """What was certified is accepted, and the verifier has carried out every summary."""
    verdict = verify(certificate)
    assert verdict.refusals == ()
    assert verdict.summaries == len(certificate["summaries"]) > 4
    assert verdict.not_covered


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths to all values that hold no others."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    yield from (found for key, one in inner for found in places(one, (*path, key)))
    if not isinstance(value, (dict, list)) or not value:
        yield path


def changed(value: Any) -> Any:
    """Something else of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return ["something"] if isinstance(value, list) else {"some": 1} if isinstance(value, dict) else f"{value}x"


def tampered(certificate: dict[str, Any], path: tuple[Any, ...], change: Callable[[Any], Any]) -> dict[str, Any]:
    """The certificate with one value in it changed, and its own digest made right again."""
    other = copy.deepcopy(certificate)
    at = other
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = change(at[path[-1]])
    return {**other, "sha256": own_digest(other)}


@pytest.mark.parametrize("part", PARTS)
def test_any_changed_value_is_refused(certificate: dict[str, Any], part: str) -> None:
    """Each single value of a certificate, changed, with its own digest made right again, is refused."""
    own_word = {index for index, one in enumerate(certificate["rules"]) if one["because"].endswith("(not re-checked)")}
    paths = [one for one in places(certificate[part], (part,)) if one[0] != "rules" or one[1] not in own_word]
    for path in paths:
        assert refused(tampered(certificate, path, changed)), path


@pytest.mark.parametrize("part", PARTS)
def test_any_entry_left_out_is_refused(certificate: dict[str, Any], part: str) -> None:
    """A dependency, a summary, an exit, an op, an input: none can be dropped, nor stand twice as something new."""
    for path, value in lists(certificate[part], (part,)):
        for index in range(len(value)):
            without = tampered(certificate, path, lambda old, index=index: old[:index] + old[index + 1 :])
            assert refused(without), (path, index)


def lists(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], list[Any]]]:
    """The paths to all lists."""
    if isinstance(value, list):
        yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    yield from (found for key, one in inner for found in lists(one, (*path, key)))


def test_a_swapped_order_is_refused(certificate: dict[str, Any]) -> None:
    """Two classes that a dependency connects do not change places, and the refusal names them."""
    order = certificate["order"]
    swapped = {**order, "big": order["queue"], "queue": order["big"]}
    other = {**certificate, "order": swapped}
    other["sha256"] = own_digest(other)
    (refusal,) = refused(other)
    assert "the order has" in refusal


def test_another_config_is_refused_where_it_matters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that claims another kernel config is refused when the models are another program in that."""
    monkeypatch.chdir(tmp_path)
    guarded = MODEL.replace("title:", "configs: {CONFIG_KICK: y}\ntitle:", 1)
    guarded = guarded.replace("- optional:\n", "- if: CONFIG_KICK\n        then:\n").replace(
        "  - call: kick\n  kick", "  - call: kick\n  kick"
    )
    other = tampered(certified(tmp_path, guarded), ("config", "CONFIG_KICK"), changed)
    assert "its program is not that of the models" in refused(other)[0]


def test_changed_without_its_digest_is_refused(certificate: dict[str, Any]) -> None:
    """Even what nothing follows from cannot be changed by accident."""
    assert "its own digest is wrong" in refused({**certificate, "made_by": "somebody"})[0]


def test_another_model_is_refused(certificate: dict[str, Any], tmp_path: Path) -> None:
    """A certificate does not hold for a model that was changed, even where only a comment was."""
    (tmp_path / "model.yaml").write_text(MODEL + "# changed\n")
    verdict = verify(certificate, [str(tmp_path / "model.yaml")])
    assert "as it was checked" in " ".join(verdict.refusals)


@pytest.mark.parametrize("key", ["models", "roots", "rule_folders"])
@pytest.mark.parametrize("name", ["/etc", "../other"])
def test_a_certificate_does_not_lead_out_of_the_folder(certificate: dict[str, Any], key: str, name: str) -> None:
    """A stranger's certificate has nothing read that is outside of the working folder."""
    other = {**certificate, key: [name]}
    (refusal,) = refused({**other, "sha256": own_digest(other)})
    assert f"it names {name}, which is outside" in refusal


def test_an_elsewhere_named_model_may_be_given(certificate: dict[str, Any], folder: Path) -> None:
    """Whoever re-checks may say where the models are; what counts is what is in them."""
    other = {**certificate, "models": ["/somewhere/else.yaml"]}
    other["sha256"] = own_digest(other)
    assert verify(other, [str(folder / "model.yaml")]).refusals == ()


UNCLEAN = {
    "a circle": ("raw_spin_unlock: last",
                 "raw_spin_unlock: last\n      - mutex_lock: big\n      - mutex_unlock: big"),
    "a missing unlock": ("      - mutex_unlock: big\n", ""),
    "irqs on": ("write_lock_irqsave: table\n      - call: kick\n      - write_unlock_irqrestore: table",
                "write_lock: table\n      - call: kick\n      - write_unlock: table"),
    "a sleep": ("write_lock_irqsave: table", "write_lock_irqsave: table\n      - might_sleep: {}"),
    "a lock not held": ("- mutex_lock: big\n      - call: fill\n      - mutex_unlock: big", "- call: fill"),
    "a recursion": ("raw_spin_lock: last", "spin_lock: queue"),
}  # fmt: skip


@pytest.mark.parametrize("what", UNCLEAN)
def test_what_is_not_clean_is_refused(what: str) -> None:
    """The verifier sees each kind of mistake itself, whatever the analysis and the rules say."""
    text = MODEL.replace(*UNCLEAN[what])
    assert text != MODEL
    result = lockcheck.check(text)
    assert not result.problems and result.findings
    try:
        proof = document(result.analysis)  # type: ignore[arg-type]
    except UnprovableError as error:
        assert "no order ranks" in str(error)
    else:
        assert "not clean" in examine(json.loads(json.dumps(proof))).refusals[0]


def test_shipped_models_are_certified() -> None:
    """The shipped Linux models are clean, and the verifier agrees in every summary."""
    result = lockcheck.check([Path(name) for name in library() if name.startswith("linux/")])
    examined = examine(json.loads(json.dumps(document(result.analysis))))  # type: ignore[arg-type]
    assert examined.refusals == ()
    assert examined.summaries == result.coverage.contexts


def test_every_action_is_lowered() -> None:
    """No action of the analysis is unknown to the form that the verifier carries out."""
    assert set(Action.__subclasses__()) == EFFECTS.keys() | SILENT


def test_check_writes_a_certificate_of_a_clean_run_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command writes nothing for findings (exit 1), nor for what the verifier would refuse (exit 2)."""
    monkeypatch.chdir(tmp_path)
    for status, text in ((0, MODEL), (1, MODEL.replace(*UNCLEAN["a sleep"])), (2, GATED)):
        Path("model.yaml").write_text(text)
        ran = CliRunner().invoke(cli, ["check", "--certificate", f"{status}.json", "model.yaml"], standalone_mode=False)
        code = ran.return_value if ran.exception is None else getattr(ran.exception, "exit_code", None) and 2
        assert (code, Path(f"{status}.json").exists()) == (status, status == 0), ran.output
    assert "no order ranks" in str(ran.exception)


GATED = """
lockcheck: 1
title: two orders behind a gate
locks: {gate: mutex, one: mutex, two: mutex}
functions:
  there:
    entry: task
    steps:
      - mutex_lock: gate
      - mutex_lock: one
      - mutex_lock: two
      - mutex_unlock: two
      - mutex_unlock: one
      - mutex_unlock: gate
  back:
    entry: task
    steps:
      - mutex_lock: gate
      - mutex_lock: two
      - mutex_lock: one
      - mutex_unlock: one
      - mutex_unlock: two
      - mutex_unlock: gate
"""


def test_hostile_certificates_are_refused() -> None:
    """Whatever a certificate holds, it is refused with a reason, and nothing is raised."""
    for bad in ({}, {"certificate": 1}, {"certificate": 1, "program": []}, {"certificate": 2}, {"certificate": [[]]}):
        assert verify(bad).refusals


def refused(tampered: dict[str, Any]) -> tuple[str, ...]:
    """Why it is refused; the verifier alone is asked first, which is quicker."""
    return examine(tampered).refusals or verify(tampered).refusals
