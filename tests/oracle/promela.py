"""A small program as Promela, for a second opinion from Spin.

Is: text. Each process picks one path and runs it once; an interrupt may strike once for each process and context
wherever that is open, also while its process waits. A hang is then an invalid end state.
Is not: used to decide anything by itself.

Programs with completions or reclaim are not exported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.oracle.paths import EXCLUSIVE, GREEDY, Path, Position, Programme


def promela(program: Programme, actors: int) -> str:
    """The model. Raises ValueError for a program that waits for completions or runs reclaim."""
    if program.waits or any(path.reclaim is not None or path.notifier or path.thread for path in program.paths):
        raise ValueError("waits, reclaim and threads are not exported")
    locks = sorted({one.lock for one in program.positions if one.lock})
    lines = ["#define busy(l) (excl[l] + shared[l])"]
    lines += [f"#define {lock} {at}" for at, lock in enumerate(locks)]
    count = max(1, len(locks))
    lines += [f"byte excl[{count}];", f"byte shared[{count}];", f"byte queued[{count}];", ""]
    lines += [f"active [{actors}] proctype actor() {{", "  bool hard, soft;", "  if"]
    writer = _Writer(program)
    for number, path in enumerate(program.paths):
        if path.first >= 0:
            lines.append(f"  :: true -> /* {path.context} */")
            lines += [f"    {line}" for line in writer.body(path, (), f"p{number}")]
    lines += ["  :: true -> skip", "  fi", "}", ""]
    return "\n".join(lines)


class _Writer:
    """Writes bodies of paths, with the interrupts that may strike inside them."""

    def __init__(self, program: Programme) -> None:
        self._positions = program.positions
        self._interrupts = [path for path in program.paths if path.context != "task" and path.first >= 0]
        self._labels = 0
        self._waits = 0

    def body(self, path: Path, outer: tuple[Position, ...], label: str) -> Iterator[str]:
        """The steps of one path; ``outer``: where the paths below it stand."""
        self._labels += 1
        end = f"end_of_{label}_{self._labels}"
        index = path.first
        held: Sequence[tuple[str, str]] = ()
        while index >= 0:
            here = self._positions[index]
            yield from _give_back(held, here.holds)
            yield from self._step(here, outer, end)
            held = (*here.holds, (here.lock, here.mode)) if here.kind in ("acquire", "try") else here.holds
            index = here.next
        yield from _give_back(held, ())
        yield f"{end}: skip;"

    def _step(self, here: Position, outer: tuple[Position, ...], end: str) -> Iterator[str]:
        strikes = list(self._strikes(here, outer))
        if here.kind in ("acquire", "sync"):
            yield from self._acquire(here, strikes)
            return
        if strikes:
            yield "if"
            yield from strikes
            yield ":: true -> skip"
            yield "fi;"
        if here.kind == "try":
            yield "if"
            yield f":: atomic {{ {_free(here)} -> {_take(here.lock, here.mode)} }}"
            yield f":: !({_free(here)}) -> {' '.join(_give_back(here.holds, ()))} goto {end}"
            yield "fi;"

    def _acquire(self, here: Position, strikes: list[str]) -> Iterator[str]:
        """Blocks until the lock is free; a writer of a fair lock queues when it is not; interrupts may strike."""
        taken = _take(here.lock, here.mode) if here.kind == "acquire" else "skip;"
        self._waits += 1
        waiting = f"waiting{self._waits}"
        leave = f"if :: {waiting} -> queued[{here.lock}]--; {waiting} = false :: else fi;" if here.queues else ""
        if here.queues:
            yield f"bool {waiting};"
        yield "do"
        yield f":: atomic {{ {_free(here)} -> {taken} {leave} break }}"
        if here.queues:
            yield f":: atomic {{ !{waiting} && busy({here.lock}) > 0 -> queued[{here.lock}]++; {waiting} = true }}"
        yield from strikes
        yield "od;"

    def _strikes(self, here: Position, outer: tuple[Position, ...]) -> Iterator[str]:
        stack = (*outer, here)
        for path in self._interrupts:
            hard = path.context == "hardirq"
            if not all(one.hardirqs if hard else one.softirqs for one in stack):
                continue
            flag = "hard" if hard else "soft"
            yield f":: !{flag} -> {flag} = true;"
            yield from self.body(path, stack, "irq")


def _free(here: Position) -> str:
    """When an acquisition goes through."""
    if here.kind == "sync" or here.mode == EXCLUSIVE:
        return f"busy({here.lock}) == 0"
    if here.mode == GREEDY:
        return f"excl[{here.lock}] == 0"
    return f"excl[{here.lock}] == 0 && queued[{here.lock}] == 0"


def _take(lock: str, mode: str) -> str:
    return f"{'excl' if mode == EXCLUSIVE else 'shared'}[{lock}]++;"


def _give_back(before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]) -> Iterator[str]:
    """What was held before and is no more; a downgrade gives back one and takes the other."""
    left = list(after)
    for lock, mode in before:
        if (lock, mode) in left:
            left.remove((lock, mode))
        else:
            yield f"{'excl' if mode == EXCLUSIVE else 'shared'}[{lock}]--;"
    for lock, mode in left:
        yield _take(lock, mode)
