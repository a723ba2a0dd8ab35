"""The shipped models: they load, they are clean, every thing in them has a source line, and every example is true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import lockcheck
from lockcheck import Severity
from lockcheck.findings import Finding, Result

LIBRARY = Path(lockcheck.__file__).parent / "library"
LINUX = sorted(f"linux/{path.stem}" for path in (LIBRARY / "linux").glob("*.yaml"))
EXAMPLES = sorted(f"examples/{path.stem}" for path in (LIBRARY / "examples").glob("*.yaml"))
DESIGNS = sorted(f"designs/{path.stem}" for path in (LIBRARY / "designs").glob("*.yaml"))
WHAT_IFS = sorted(f"what-if/{path.stem}" for path in (LIBRARY / "what-if").glob("*.yaml"))
AT = re.compile(r"[a-z][\w./-]*\.[ch]:[1-9]\d*")
MODELINE = "# yaml-language-server: $schema=../../model.schema.json\n"

RT = {"CONFIG_PREEMPT_RT": True}
DEBUG = {
    "CONFIG_DEBUG_OBJECTS": True,
    "CONFIG_DEBUG_OBJECTS_FREE": True,
    "CONFIG_DEBUG_OBJECTS_WORK": True,
    "CONFIG_DEBUG_OBJECTS_PERCPU_COUNTER": True,
}
CONFIGS = {
    "default": {},
    "rt": RT,
    "no-memcg": {"CONFIG_MEMCG": False},
    "rt-no-memcg": {**RT, "CONFIG_MEMCG": False},
    "kfence": {"CONFIG_KFENCE": True},
    "kasan": {"CONFIG_KASAN_GENERIC": True},
    "kmemleak": {"CONFIG_DEBUG_KMEMLEAK": True},
    "rt-kasan-kmemleak": {**RT, "CONFIG_KASAN_GENERIC": True, "CONFIG_DEBUG_KMEMLEAK": True},
    "slab-debug": {"CONFIG_SLUB_DEBUG_ON": True},
    "debug-objects": DEBUG,
    "rt-debug-objects": {**RT, **DEBUG},
    "plain-slub": {
        "CONFIG_SLUB_CPU_PARTIAL": False,
        "CONFIG_SLUB_DEBUG": False,
        "CONFIG_HAVE_ALIGNED_STRUCT_PAGE": False,
        "CONFIG_MEMORY_HOTPLUG": False,
        "CONFIG_HOTPLUG_CPU": False,
    },
    "page-reporting": {"CONFIG_PAGE_REPORTING": True, "CONFIG_RCU_NOCB_CPU": True},
}


def said(findings: tuple[Finding, ...], mildest: Severity) -> list[str]:
    """Findings of at least that severity, in words for a failing test."""
    return [f"{one.rule}: {one.message} ({one.place})" for one in findings if one.severity >= mildest]


@cache
def result_of(name: str) -> Result:
    """One shipped model, checked alone with its own defaults."""
    return lockcheck.check(name)


def document(name: str) -> dict[str, Any]:
    """A shipped model as plain YAML."""
    text = (LIBRARY / f"{name}.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - only text, no objects
    return loaded


def verb_steps(steps: Any) -> Iterator[Any]:
    """Every step below ``steps`` that is not mere control flow."""
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, list):
            yield from verb_steps(step)
        elif isinstance(step, str):
            if step not in ("return", "break", "continue"):
                yield step
        else:
            if not {"if", "either", "optional", "loop", "goto", "label"} & set(step):
                yield step
            for key in ("do", "then", "else", "optional", "loop", "either"):
                yield from verb_steps(step.get(key))


@pytest.mark.parametrize("name", [*LINUX, *EXAMPLES, *DESIGNS, *WHAT_IFS])
def test_model_loads_alone(name: str) -> None:
    """Every shipped model loads by its name, with what it includes and nothing else, and has something to check."""
    result = result_of(name)

    assert [str(problem) for problem in result.problems] == []
    assert not result.checked_nothing


@pytest.mark.parametrize("name", [*LINUX, *EXAMPLES, *DESIGNS, *WHAT_IFS])
def test_model_has_title_and_modeline(name: str) -> None:
    """Every shipped model says what it is, to people and to editors."""
    assert (LIBRARY / f"{name}.yaml").read_text(encoding="utf-8").startswith(MODELINE)
    assert document(name)["title"]


@pytest.mark.parametrize("name", LINUX)
def test_room_is_clean_alone(name: str) -> None:
    """No room has a finding by itself, whatever else of Linux is left out."""
    assert said(result_of(name).findings, Severity.NOTE) == []


@pytest.mark.parametrize("name", LINUX)
def test_room_is_clean_alone_with_preempt_rt(name: str) -> None:
    """No room has a finding by itself when spinlocks sleep."""
    assert said(lockcheck.check(name, config=RT).findings, Severity.NOTE) == []


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_baseline_has_no_finding(config: dict[str, bool]) -> None:
    """All of the Linux models together are free of findings, in every kernel config that changes them."""
    result = lockcheck.check(LINUX, config=config)

    assert [str(problem) for problem in result.problems] == []
    assert said(result.findings, Severity.NOTE) == []


def test_baseline_follows_everything() -> None:
    """Every modelled function is reached from some entry, and every call is followed."""
    coverage = lockcheck.check(LINUX).coverage

    assert coverage.never_entered == ()
    assert [f"{place}: {why}" for why, place in coverage.not_followed] == []


@pytest.mark.parametrize("name", LINUX)
def test_every_thing_has_its_line(name: str) -> None:
    """Every lock, cache, work item, function and step of a Linux model carries the file:line that it models."""
    model = document(name)
    sections = ("locks", "caches", "workqueues", "work", "timers", "functions")
    things = [(key, value) for section in sections for key, value in (model.get(section) or {}).items()]
    steps = [step for _, value in things for step in verb_steps(value.get("steps"))]
    patched = (model.get("patch") or {}).get("functions") or {}
    steps += [step for value in patched.values() for key in ("before", "after") for step in verb_steps(value.get(key))]

    assert [key for key, value in things if not AT.fullmatch(value.get("at", ""))] == []
    assert [step for step in steps if isinstance(step, str) or not AT.fullmatch(step.get("at", ""))] == []


@pytest.mark.parametrize("name", [*EXAMPLES, *DESIGNS, *WHAT_IFS])
def test_example_meets_its_expectations(name: str) -> None:
    """Every example and every design has an ``expect:`` and produces exactly the findings that it names."""
    result = result_of(name)

    assert result.expecting
    assert [(one.what, one.text) for one in result.expectation_mismatches()] == []


def test_broken_examples_have_findings_and_fixed_ones_no_error() -> None:
    """An example shows a finding; its repaired twin, where it has one, no error."""
    fixed = [name for name in EXAMPLES if name.endswith("-fixed")]
    broken = [name for name in EXAMPLES if name not in fixed]

    assert [name for name in broken if not result_of(name).findings] == []
    assert [name for name in fixed if said(result_of(name).findings, Severity.ERROR)] == []
    assert [name for name in fixed if name.removesuffix("-fixed") not in broken] == []


def test_every_kind_of_finding_has_an_example() -> None:
    """Each built-in rule about a deadlock, a context, a balance or a destructor is shown by some example."""
    shown = {one.rule for name in EXAMPLES for one in result_of(name).findings}

    assert shown >= {
        "circular-dependency", "reclaim-recursion", "wait-deadlock", "flush-deadlock", "recursive-locking",
        "inconsistent-lock-state", "irq-inversion", "invalid-wait-context", "sleep-in-atomic", "bad-unlock-balance",
        "held-at-exit", "irq-state-at-exit", "irqs-enabled-in-hardirq", "nest-lock-not-held", "held-lock-freed",
        "held-on-return-to-user", "assertion-failed", "contract-not-held", "declared-leaf",
        "dtor-takes-sleeping-lock", "dtor-takes-non-leaf-lock", "dtor-takes-irq-unsafe-lock", "dtor-allocates",
        "dtor-sleeps",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("designs/today", set()),
        ("designs/rfc-mm-struct", set()),
        ("designs/rfc-tc-action", set()),
        ("designs/dtor-frees-pgd", set()),
        ("designs/dtor-workqueue", set()),
        ("designs/dtor-workqueue-waited", {"reclaim-recursion"}),
        ("designs/no-reclaim", {"sleep-in-atomic"}),
    ],
)
def test_deadlock_is_kept_apart_from_contract(name: str, errors: set[str]) -> None:
    """The proposal's own destructors break a contract and can not deadlock; which alternatives can, and how."""
    found = result_of(name).findings

    assert name in DESIGNS
    assert {one.rule for one in found if one.severity is Severity.ERROR} == errors


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("config", ["rt", "kfence"])
def test_design_says_nothing_of_what_it_leaves_alone(name: str, config: str) -> None:
    """In other kernel configs too, every finding of a design goes through what the design adds."""
    result = lockcheck.check(name, config=CONFIGS[config])
    own = {file for file in result.files if file.startswith("designs/")}
    files = [{step.place.file for leg in one.fact.legs for step in leg.steps} for one in result.findings]

    assert [one.rule for one, through in zip(result.findings, files, strict=True) if not own & through] == []
