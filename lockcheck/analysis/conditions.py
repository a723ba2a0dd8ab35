"""Conditions that only the state can decide: contexts, interrupt state, free words, scoped gfp bits.

Is: the branching half of the walk. Is not: what parameters decide (``binder.decide``).
"""

from __future__ import annotations

from lockcheck.analysis import compile as cfg
from lockcheck.analysis.compile import Op
from lockcheck.analysis.lifted import OPTION
from lockcheck.analysis.merge import loosen, without_guard
from lockcheck.analysis.state import Context, State, Universe
from lockcheck.analysis.switches import scoped_gfp
from lockcheck.model.steps import Cond, Value


def outcomes(op: Op, state: State, universe: Universe) -> list[tuple[int, State]]:
    """Where a fork, test, forget or no-op goes on from ``state``: (op index, state) pairs, at least one."""
    if op.code == cfg.FORK:
        return [(way, state) for way in op.other]
    if op.code == cfg.NOP:
        return [(op.then, state)]
    if op.code == cfg.FORGET:
        return [(op.then, _forget(op.arg, state, universe))]  # type: ignore[arg-type]
    assert isinstance(op.arg, Cond)
    yes, no = op.other
    if op.arg.op in ("word", OPTION):
        return _word(str(op.arg.a), yes, no, state, universe)
    verdict = _decide(op.arg, state)
    if verdict is None:
        return [(yes, state), (no, state)]
    return [(yes if verdict else no, state)]


def _word(word: str, yes: int, no: int, state: State, universe: Universe) -> list[tuple[int, State]]:
    words = dict(state.context.words)
    if word in words:
        return [(yes if words[word] else no, state)]
    found = []
    for way, value in ((yes, True), (no, False)):
        context = state.context._replace(words=tuple(sorted({**words, word: value}.items())))
        held = without_guard(state.held, (word, not value)) if context.merging else state.held
        found.append((way, universe.state(held, context)))
    return found


def _forget(words: frozenset[str], state: State, universe: Universe) -> State:
    """The state when these words are decided anew: what was held under them may be held."""
    kept = tuple(pair for pair in state.context.words if pair[0] not in words)
    held = state.held
    if state.context.merging:
        held = loosen(held, words)
    if held is state.held and len(kept) == len(state.context.words):
        return state
    return universe.state(held, state.context._replace(words=kept))


def _decide(cond: Cond, state: State) -> bool | None:
    context = state.context
    if cond.op == "irqs":
        return context.irqs_on != bool(cond.a)
    if cond.op == "preemptible":
        return not context.atomic
    if cond.op == "in":
        return _in_context(str(cond.a), context)
    if cond.op == "gfp" and isinstance(cond.a, Value) and isinstance(cond.b, int):
        return scoped_gfp(cond.a.value, state) & cond.b == cond.b
    return None


def _in_context(name: str, context: Context) -> bool:
    if name == "interrupt":
        return context.name != "task"
    if name == "softirq":
        return context.softirq and not context.hardirq
    return context.name == name
