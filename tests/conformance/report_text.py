"""What a lockdep report says, read from its text: the kernel's own, or the one that lockcheck prints in its place.

Is: title, locks, their order, the held-lock stack and the scenario table, without addresses, pids, files and usage
characters; and when two reports say the same. Is not: a judge of whether either is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

STAMP = re.compile(r"^\[ *\d+\.\d+\] ?", re.MULTILINE)
TITLE = re.compile(r"^(?:(?:WARNING|INFO|BUG): |\[ BUG: )(.+?)(?: \])?$", re.MULTILINE)
PLACE = re.compile(r" at \S+:\d.*| PID: .*")
CHAIN = re.compile(r"^-> #\d+ \((.+)\)\{", re.MULTILINE)
HELD = re.compile(r"^ #\d+: (?:[0-9a-f]+ )?\((.+)\)\{", re.MULTILINE)
EXISTS = re.compile(r"Chain exists of:\n +(.+)")
STATES = re.compile(r"inconsistent (\{.+?\}) -> (\{.+?\}) usage")
TABLE = re.compile(r"^ +CPU0.*\n +----.*\n((?:.*\n)*?) *\n *\*\*\* DEADLOCK", re.MULTILINE)
EVENT = re.compile(
    r"(?:is trying to acquire(?: lock)?:|just changed the state of lock:|takes:|is trying to lock:|still held there!)\n"
    r"(?: ?[0-9a-f]+)? ?\((.+)\)\{"
    r"|is trying to release lock \((.+?)\) at"
)
HOLDS = re.compile(r"already holding(?: lock)?:\n(?: ?[0-9a-f]+)? ?\((.+)\)\{")
PREFIX = re.compile(r"\(wq_completion\)|&mm->")
"""What the kernel puts before the names of workqueues and of the memory map's lock."""

IRQ_TITLES = ("irq lock inversion", "-unsafe lock order")


class Report(NamedTuple):
    """One report. Each part is empty where the report has none.

    ``lock``: class that the reported event is about; ``holds``: the one it says is held. ``chain``: the dependency
    chain as printed; ``exists``: the one-line chain; ``states``: the two usages of *inconsistent lock state*;
    ``held``: the held-lock stack; ``table``: lines of the scenario table.
    """

    title: str
    lock: str = ""
    holds: str = ""
    chain: tuple[str, ...] = ()
    exists: str = ""
    states: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    table: tuple[str, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """The parts that it has, as JSON says them."""
        return {key: list(part) if isinstance(part, tuple) else part for key, part in self._asdict().items() if part}


def from_data(data: Mapping[str, Any]) -> Report:
    """The inverse of :meth:`Report.as_data`."""
    blank = Report("")
    return Report(*(type(part)(data.get(key, part)) for key, part in blank._asdict().items()))


def reports(text: str) -> Iterator[Report]:
    """The reports in a text, in order."""
    text = PREFIX.sub("", STAMP.sub("", text))
    titles = list(TITLE.finditer(text))
    for number, found in enumerate(titles):
        end = titles[number + 1].start() if number + 1 < len(titles) else len(text)
        body = text[found.end() : end]
        states, table = STATES.search(body), TABLE.search(body)
        yield Report(
            title=PLACE.sub("", found[1]).strip(),
            lock=_first(EVENT, body),
            holds=_first(HOLDS, body),
            chain=tuple(CHAIN.findall(body)),
            exists=_first(EXISTS, body),
            states=states.groups() if states else (),
            held=tuple(HELD.findall(body)),
            table=tuple(line.rstrip() for line in table[1].splitlines() if line.strip()) if table else (),
        )


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return next((group for group in found.groups() if group), "").strip() if found else ""


def _circle(chain: tuple[str, ...]) -> tuple[str, ...]:
    """The chain turned so that it starts at its least name: a circle has no first lock."""
    first = chain.index(min(chain)) if chain else 0
    return chain[first:] + chain[:first]


def alike(kernel: Report, other: Report) -> bool:
    """Do two reports say the same, whichever event came last?

    The last event decides where the circle is cut open, which usage comes second, and whether an order between an
    irq-safe and an irq-unsafe class is told as an order or as an inversion. Where it is the same one, all must be.
    """
    if (kernel.title, kernel.lock, kernel.holds, kernel.states) == (other.title, other.lock, other.holds, other.states):
        return kernel == other
    if kernel.chain:
        return kernel.title == other.title and _circle(kernel.chain) == _circle(other.chain)
    if kernel.states:
        return (kernel.title, kernel.lock) == (other.title, other.lock) and {*kernel.states} == {*other.states}
    titles = [any(part in one.title for part in IRQ_TITLES) for one in (kernel, other)]
    return all(titles) and kernel.table == other.table
