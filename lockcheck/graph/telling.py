"""A schedule as steps that people can follow: who locks what where, who is interrupted, who waits for whom at the end.

Is: names and places for moves. What an actor takes and gives back before the end is left out. Is not: a rendering.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from lockcheck.graph.retrace import Hold, Position
from lockcheck.graph.schedule import INLINE, Actor, Move
from lockcheck.graph.witness import MODES, Frame, Teller
from lockcheck.model.facts import DEMONSTRATED, Replay, ReplayStep


def told(
    teller: Teller, frames: Sequence[Sequence[Frame]], actors: Sequence[Actor], moves: Sequence[Move],
    waits: Mapping[int, Sequence[int]],
) -> Replay:  # fmt: skip
    """The replay of a schedule that hangs. ``waits``: for each actor those that it waits for at the end."""
    last: dict[int, int] = {}
    for move in moves:
        last[move.actor] = max(last.get(move.actor, 0), move.position + (0 if move.waits else 1))
    kept = {number: Counter(actors[number].positions[at].holds) for number, at in last.items()}
    steps = [step for move in moves for step in _steps(teller, actors, move, kept, waits)]
    # who is interrupted before its own first step is in the story too
    who = sorted({*last, *(step.host for step in steps if step.host is not None)})
    names = {number: at for at, number in enumerate(who)}
    renumbered = (_renumber(step, names) for step in steps)
    return Replay(DEMONSTRATED, "", tuple(_title(teller, frames[number]) for number in who), tuple(renumbered))


def _renumber(step: ReplayStep, names: Mapping[int, int]) -> ReplayStep:
    host = names[step.host] if step.host is not None else None
    waits_for = tuple(sorted(names[one] for one in step.waits_for if one in names))
    return ReplayStep(
        names[step.actor], step.action, step.function, step.place, step.lock, step.mode, step.at, host, waits_for
    )


def _title(teller: Teller, frames: Sequence[Frame]) -> str:
    root = teller.root_of.get(frames[0].node)
    name = teller.function_name(root, frames[0].node.code.function.name)
    word = root.entry.word if root is not None else frames[0].node.entry.context.name
    return f"{word}: {name}()"


def _steps(
    teller: Teller, actors: Sequence[Actor], move: Move, kept: Mapping[int, Counter[Hold]],
    waits: Mapping[int, Sequence[int]],
) -> Iterator[ReplayStep]:  # fmt: skip
    actor = actors[move.actor]
    if move.position < 0:
        position = actor.positions[0]
        action = "reclaim" if actor.kind == INLINE else "interrupt"
        yield _step(teller, move.actor, action, position, host=actor.host)
        return
    before = actor.positions[move.position]
    if move.waits:
        if before.want is not None and move.actor in waits:
            hold = Hold(before.want.lock, before.want.mode)
            yield _step(teller, move.actor, "wait", before, hold, waits_for=tuple(waits[move.actor]))
        return
    after = actor.positions[move.position + 1] if move.position + 1 < len(actor.positions) else before
    for hold in (Counter(after.holds) - Counter(before.holds)).elements():
        if kept[move.actor][hold]:
            yield _step(teller, move.actor, "lock", before, hold)


def _step(
    teller: Teller, actor: int, action: str, position: Position, hold: Hold | None = None, host: int | None = None,
    waits_for: tuple[int, ...] = (),
) -> ReplayStep:  # fmt: skip
    node, op = position.node, position.op
    return ReplayStep(
        actor, action, node.code.function.name, teller.place(node, op), teller.lock_name(hold.lock) if hold else None,
        MODES[min(hold.mode, 2)] if hold else None, teller.at(node, op), host, waits_for,
    )  # fmt: skip
