"""The schedule of a replay as the CPU table, and its verdict in words.

Is: columns by CPU, an interrupt in the column of the task it strikes, who waits for whom at the end. Is not: the table
that lockdep prints without having tried it (``scenario``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockcheck.model.facts import DEMONSTRATED, GUARDED, Replay, ReplayStep
from lockcheck.report.layout import clean, wrap
from lockcheck.report.paint import Paint
from lockcheck.report.scenario import DEADLOCK, MOST_CPUS, NARROW, Move, drawn, lock

STRUCK = {"interrupt": "<Interrupt>", "reclaim": "<direct reclaim>"}
INDENT = 2


def replay_lines(replay: Replay, paint: Paint) -> Iterator[str]:
    """The table of a demonstrated hang, or one sentence about why there is none."""
    yield ""
    if replay.verdict != DEMONSTRATED:
        yield from wrap(clean(sentence(replay), paint.ascii_only), 2, 4)
        return
    columns = cpus(replay)
    for title in titles(replay):
        yield from wrap(clean(title, paint.ascii_only), 2, 6)
    yield ""
    moves = moves_of(replay)
    many = 1 + max(columns)
    if many > MOST_CPUS or (many == MOST_CPUS and max(len(move.text) + move.indent for move in moves) >= NARROW):
        for move in moves:
            yield from wrap(clean(f"CPU{move.cpu} {' ' * move.indent}{move.text}", paint.ascii_only), 2, 8)
    else:
        yield from (clean(line, paint.ascii_only) for line in drawn(moves))
    yield ""
    yield paint(DEADLOCK, "error") + "  demonstrated: this schedule was found by replaying the paths"


def titles(replay: Replay) -> Iterator[str]:
    """Who the actors are, by CPU, those on top of others below them."""
    columns = cpus(replay)
    for actor in sorted(range(len(columns)), key=lambda actor: (columns[actor], bool(_place(replay, actor)), actor)):
        yield f"CPU{columns[actor]}{_place(replay, actor)}: {replay.actors[actor]}"


def sentence(replay: Replay) -> str:
    """Why there is no schedule: the guard, or what stood in the way."""
    if replay.verdict != GUARDED:
        return f"not demonstrated: {replay.reason}"
    if " " in replay.reason:
        return f"guarded: {replay.reason}; when somebody does, this can hang"
    return (
        f"guarded by {replay.reason}: two of these legs hold it on every path, so they never stand there at the same "
        "time; without it this can hang"
    )


def _place(replay: Replay, actor: int) -> str:
    """Whether the actor runs on top of another one."""
    words = {"interrupt": ", interrupt", "reclaim": ", reclaim"}
    return next((words[step.action] for step in replay.steps if step.actor == actor and step.action in words), "")


def cpus(replay: Replay) -> list[int]:
    """The CPU of each actor: interrupts and reclaim share that of the task under them."""
    hosts = {step.actor: step.host for step in replay.steps if step.host is not None}
    found: list[int] = []
    numbers = {actor: number for number, actor in enumerate(a for a in range(len(replay.actors)) if a not in hosts)}
    for actor in range(len(replay.actors)):
        below = actor
        while below in hosts:
            below = hosts[below]
        found.append(numbers[below])
    return found


def moves_of(replay: Replay) -> tuple[Move, ...]:
    """The lines of the table, in the order in which they happen."""
    return tuple(line for _, line in stepwise(replay))


def stepwise(replay: Replay) -> Iterator[tuple[ReplayStep, Move]]:
    """Each line of the table with the step that it tells, which knows its place."""
    columns = cpus(replay)
    hosted = {step.actor for step in replay.steps if step.host is not None}
    for step in replay.steps:
        for line in _lines(step, columns, INDENT * (step.actor in hosted)):
            yield step, line


def _lines(step: ReplayStep, columns: Sequence[int], indent: int) -> Iterator[Move]:
    cpu = columns[step.actor]
    if step.action in STRUCK:
        yield Move(cpu, STRUCK[step.action])
        return
    yield Move(cpu, lock(step.lock, step.mode), indent)
    if step.action == "wait":
        for other in sorted({columns[one] for one in step.waits_for}):
            who = "itself" if other == cpu and not indent else f"CPU{other}"
            yield Move(cpu, f"waits for {who}", indent + INDENT)
