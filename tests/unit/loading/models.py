"""Helpers: a model as text, and what its functions came to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockcheck.loading import ModelText, load
from lockcheck.model.program import Function, Program
from lockcheck.model.steps import Branch, Call, Choice, Do, Effect, Jump, Label, Loop, Step
from lockcheck.source.reader import AT, KEYS

LOCKS = """
lockcheck: 1
locks:
  {m: mutex, m2: mutex, s: spinlock, raw: raw_spinlock, rw: rwlock, sem: rwsem, local: local_lock, q: srcu,
   done: completion, wq: wait_queue, page: page_lock, ctx: ww_ctx, ww: ww_mutex, seq: seqlock, parent: {kind: mutex}}
caches: {objects: {ctor: construct}}
functions:
  construct: {}
"""


def program(text: str, config: Mapping[str, bool] | None = None) -> Program:
    """The program of a model without problems."""
    loaded = load([ModelText(text, "m.yaml")], config=config)
    assert loaded.problems == ()
    assert loaded.program is not None
    return loaded.program


def problems(text: str, config: Mapping[str, bool] | None = None) -> list[str]:
    """What is wrong with a model, as ``code line:column``."""
    loaded = load([ModelText(text, "m.yaml")], config=config)
    return [f"{problem.code} {problem.line}:{problem.column}" for problem in loaded.problems]


def steps(
    lines: str, config: Mapping[str, bool] | None = None, *, params: str = "[]", more: str = ""
) -> tuple[Step, ...]:
    """The steps of one function among the locks of :data:`LOCKS`."""
    body = "".join(f"      {line}\n" for line in lines.strip().splitlines())
    text = f"{LOCKS}{more}  f:\n    params: {params}\n    steps:\n{body}"
    return function(program(text, config), "f").steps


def function(of: Program, name: str) -> Function:
    """The function of that name."""
    return next(one for one in of.functions if one.name == name)


def effects(lines: str, config: Mapping[str, bool] | None = None) -> tuple[Effect, ...]:
    """All effects of a function without control flow, in order."""
    found: list[Effect] = []
    for step in steps(lines, config):
        assert isinstance(step, Do)
        found += step.effects
    return tuple(found)


def shape(block: tuple[Step, ...]) -> str:
    """A block in short: texts of what is done, control flow in brackets."""
    return " ".join(_short(step) for step in block)


def _short(step: Step) -> str:
    if isinstance(step, Do | Call):
        return step.text
    if isinstance(step, Branch):
        return f"if({step.cond.op})[{shape(step.then)}|{shape(step.orelse)}]"
    if isinstance(step, Choice):
        return f"either[{'|'.join(shape(block) for block in step.blocks)}]"
    if isinstance(step, Loop):
        return f"loop{'1' if step.once else ''}[{shape(step.body)}]"
    if isinstance(step, Label):
        return f"{step.name}:"
    assert isinstance(step, Jump)
    return step.what if step.label is None else f"{step.what} {step.label}"


def plain(value: Any) -> Any:
    """A document without positions, with the words of step lists as words again."""
    if isinstance(value, dict):
        if len(value) == 2 and AT in value and None in value.values():
            return next(key for key in value if key != AT)
        return {key: plain(item) for key, item in value.items() if key not in (AT, KEYS)}
    return [plain(item) for item in value] if isinstance(value, list) else value
