"""Models of any size for measuring: functions in layers that call each other, a lock order, planted circles.

Is: deterministic text from a :class:`Shape`. Is not: a measurement.

Functions and locks belong to subsystems, as in a kernel. The order is safe by construction: a function of layer ``k``
takes locks of its subsystem's band ``k`` only, in rising order, and calls only functions of layer ``k + 1``; upper
bands are mutexes, lower ones spinlocks and raw spinlocks, so that no wait context breaks.
Each planted circle is one pair of functions that take two locks of their own in opposite orders.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """What to generate. ``branches``, ``readers``, ``irqs``: shares (0 to 1) of steps, locks and spinlocks.

    ``contexts``: in how many allocation scopes functions are called, and so followed: 1 (none) to 4.
    """

    functions: int = 30_000
    locks: int = 8_000
    steps: int = 10
    depth: int = 4
    subsystems: int = 600
    branches: float = 0.2
    readers: float = 0.1
    irqs: float = 0.1
    contexts: int = 1
    circles: int = 20
    seed: int = 1


VERBS = {
    "mutex": ("mutex_lock", "mutex_unlock"),
    "rwsem": ("down_write", "up_write"),
    "rwsem/read": ("down_read", "up_read"),
    "spinlock": ("spin_lock", "spin_unlock"),
    "spinlock/irq": ("spin_lock_irqsave", "spin_unlock_irqrestore"),
    "rwlock/read": ("read_lock", "read_unlock"),
    "rwlock": ("write_lock", "write_unlock"),
    "raw_spinlock": ("raw_spin_lock_irqsave", "raw_spin_unlock_irqrestore"),
}


class _Writer:
    """Writes one model."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.random = random.Random(shape.seed)
        self.kind: dict[str, str] = {}
        self.bands: dict[tuple[int, int], list[str]] = {}
        own = shape.locks - 2 * shape.circles
        for number in range(own):
            subsystem = number * shape.subsystems // own
            layer = number % shape.depth
            name = f"lock_{number:05}"
            self.kind[name] = self.kind_in(layer)
            self.bands.setdefault((subsystem, layer), []).append(name)
        self.layers: dict[tuple[int, int], list[int]] = {}
        self.count = shape.functions - 2 * shape.circles
        for number in range(self.count):
            self.layers.setdefault(self.place(number), []).append(number)
        self.planted = [(f"left_{i:03}", f"right_{i:03}") for i in range(shape.circles)]

    def place(self, number: int) -> tuple[int, int]:
        """Subsystem and layer of a function."""
        return number * self.shape.subsystems // self.count, number % self.shape.depth

    def kind_in(self, layer: int) -> str:
        """Sleeping locks above, spinlocks below, raw ones at the bottom."""
        if layer * 2 < self.shape.depth:
            return "rwsem" if self.random.random() < self.shape.readers else "mutex"
        if layer == self.shape.depth - 1:
            return "raw_spinlock"
        return "rwlock" if self.random.random() < self.shape.readers else "spinlock"

    def lines(self) -> Iterator[str]:
        """The model, line by line."""
        yield "lockcheck: 1"
        yield "title: generated for measuring"
        yield "locks:"
        for name, kind in self.kind.items():
            yield f"  {name}: {{kind: {kind}, at: gen/locks.c:{int(name[5:]) + 1}}}"
        for left, right in self.planted:
            yield f"  {left}: mutex"
            yield f"  {right}: mutex"
        yield "functions:"
        for number in range(self.count):
            yield from self.function(number)
        for number, (left, right) in enumerate(self.planted):
            yield from self.pair(f"forward_{number:03}", left, right)
            yield from self.pair(f"backward_{number:03}", right, left)

    def files(self) -> Iterator[tuple[str, list[str]]]:
        """The same model as a file for each subsystem; the two functions of a planted circle are in two of them."""
        locks: dict[int, list[str]] = {}
        for (subsystem, _), names in self.bands.items():
            locks.setdefault(subsystem, []).extend(names)
        functions: dict[int, list[int]] = {}
        for number in range(self.count):
            functions.setdefault(self.place(number)[0], []).append(number)
        last = self.shape.subsystems
        for subsystem in range(last):
            lines = ["lockcheck: 1", f"title: subsystem {subsystem}", "locks:"]
            lines += [
                f"  {name}: {{kind: {self.kind[name]}, at: gen/locks.c:{int(name[5:]) + 1}}}"
                for name in sorted(locks[subsystem])
            ]
            circles = [pair for pair in enumerate(self.planted) if pair[0] % last == subsystem]
            lines += [f"  {name}: mutex" for _, pair in circles for name in pair]
            lines.append("functions:")
            for number in functions[subsystem]:
                lines += self.function(number)
            for number, (left, right) in circles:
                lines += self.pair(f"forward_{number:03}", left, right)
            for number, (left, right) in enumerate(self.planted):
                if (number + 1) % last == subsystem:
                    lines += self.pair(f"backward_{number:03}", right, left)
            yield f"subsystem_{subsystem:03}.yaml", lines

    def pair(self, name: str, first: str, second: str) -> Iterator[str]:
        """A function that takes two locks in this order."""
        yield f"  {name}:"
        yield "    entry: task"
        yield "    steps:"
        yield from (f"      - mutex_lock: {first}", f"      - mutex_lock: {second}")
        yield from (f"      - mutex_unlock: {second}", f"      - mutex_unlock: {first}")

    def function(self, number: int) -> Iterator[str]:
        """One ordinary function of about ``steps`` steps."""
        place = self.place(number)
        layer = place[1]
        yield f"  function_{number:05}:"
        yield f"    at: gen/file_{layer}.c:{number + 1}"
        if layer == 0:
            yield "    entry: task"
        yield "    steps:"
        left = self.shape.steps
        while left > 0:
            block = list(self.section(place))
            left -= sum(1 for line in block if line.lstrip().startswith("- "))
            yield from (f"      {line}" for line in block)

    def section(self, place: tuple[int, int]) -> Iterator[str]:
        """Two nested locks with a call inside, perhaps under a condition."""
        band = self.bands[place]
        pair = sorted(self.random.sample(band, 2)) if len(band) > 1 else band
        body = [line for name in pair for line in self.take(name)]
        body += [*self.drop(pair[-1]), *self.call(place)]
        body += self.drop(pair[0]) if len(pair) > 1 else ()
        if self.random.random() < self.shape.branches:
            yield f"- if: word_{self.random.randrange(9)}"
            yield "  then:"
            yield from (f"    {line}" for line in body)
        else:
            yield from body
            yield from self.call(place)

    def mode(self, name: str) -> str:
        """Which verbs a lock is taken with; the same for taking and dropping, so decided by its name."""
        kind = self.kind[name]
        digit = int(name[-3:]) / 1000
        if kind in ("rwsem", "rwlock") and digit < 0.5:
            return f"{kind}/read"
        return "spinlock/irq" if kind == "spinlock" and digit < self.shape.irqs else kind

    def take(self, name: str) -> Iterator[str]:
        """The acquiring step."""
        yield f"- {VERBS[self.mode(name)][0]}: {name}"

    def drop(self, name: str) -> Iterator[str]:
        """The releasing step."""
        yield f"- {VERBS[self.mode(name)][1]}: {name}"

    def call(self, place: tuple[int, int]) -> Iterator[str]:
        """A call into the next layer of the subsystem."""
        below = self.layers.get((place[0], place[1] + 1))
        if below:
            scope = self.random.choice(SCOPES[: self.shape.contexts]) if self.shape.contexts > 1 else ""
            if scope:
                yield f"- {scope}_save"
            yield f"- call: function_{self.random.choice(below):05}"
            if scope:
                yield f"- {scope}_restore"


SCOPES = ("", "memalloc_nofs", "memalloc_noio", "memalloc_noreclaim")


@dataclass(frozen=True, slots=True)
class Order:
    """A bare lock-order graph: chains of nested acquisitions in one order of all locks, and inversions of it.

    ``nested``: acquisitions while another lock is held; ``chain``: how many locks each function nests. An inversion
    takes, the other way round, two locks that some chain takes one right under the other.
    """

    locks: int = 10_000
    nested: int = 100_000
    chain: int = 11
    circles: int = 5
    seed: int = 1

    @property
    def functions(self) -> int:
        """How many functions it takes."""
        return -(-(self.nested - self.circles) // (self.chain - 1)) + self.circles


SIZES: dict[str, Shape | Order] = {
    "small": Shape(functions=300, locks=80, subsystems=6, circles=3),
    "middle": Shape(functions=3_000, locks=800, subsystems=60, circles=8),
    "kernel": Shape(),
    "order": Order(),
}


def _order_lines(shape: Order) -> Iterator[str]:
    """The model of an order graph, line by line."""
    chance = random.Random(shape.seed)
    yield from ("lockcheck: 1", "title: generated for measuring", "locks:")
    yield from (f"  lock_{number:05}: mutex" for number in range(shape.locks))
    yield "functions:"
    left = shape.nested - shape.circles
    chains = []
    for number in range(shape.functions - shape.circles):
        chain = sorted(chance.sample(range(shape.locks), min(left, shape.chain - 1) + 1))
        left -= len(chain) - 1
        chains.append(chain)
        yield from _nested(f"function_{number:05}", chain)
    for number, chain in enumerate(chance.sample(chains, shape.circles)):
        at = chance.randrange(len(chain) - 1)
        yield from _nested(f"inversion_{number}", chain[at : at + 2][::-1])


def _nested(name: str, chain: list[int]) -> Iterator[str]:
    """A function that takes these locks, each under the ones before it."""
    yield from (f"  {name}:", "    entry: task", "    steps:")
    yield from (f"      - mutex_lock: lock_{lock:05}" for lock in chain)
    yield from (f"      - mutex_unlock: lock_{lock:05}" for lock in reversed(chain))


def files(shape: Shape) -> dict[str, str]:
    """The texts of a model of that shape in many files, by name."""
    return {name: "\n".join(lines) + "\n" for name, lines in _Writer(shape).files()}


def model(shape: Shape | Order) -> str:
    """The text of a model of that shape."""
    lines = _order_lines(shape) if isinstance(shape, Order) else _Writer(shape).lines()
    return "\n".join(lines) + "\n"
