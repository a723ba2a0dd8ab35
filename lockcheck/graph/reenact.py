"""Replays circles, recursions and usage conflicts: legs become concrete threads and interrupts, and are interleaved.

Is: the choice of evidence for each leg (the least guarded first), of callers and of queued writers, and the verdict.
Is not: the search itself (``schedule``), nor the proof that legs exclude each other (``guards``).

Glossary words defined here: replay, demonstrated, guarded, undecided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count, islice, pairwise, product
from typing import NamedTuple

from lockcheck.analysis.compose import Composer
from lockcheck.analysis.dependencies import Evidence, Hop
from lockcheck.analysis.events import Acquired, Enabled
from lockcheck.analysis.state import HeldLock, State
from lockcheck.analysis.walk import Node, Walker
from lockcheck.graph.conflicts import Conflict
from lockcheck.graph.guards import Alternative, Guards, Pair, waits
from lockcheck.graph.openings import OpenCircles, Others, chains, legs, shortcuts
from lockcheck.graph.order import LockOrder
from lockcheck.graph.retrace import Hold, Position, Retracer, UntraceableError
from lockcheck.graph.schedule import FAIR, HARDIRQ, INLINE, SOFTIRQ, Actor, Search
from lockcheck.graph.telling import told
from lockcheck.graph.witness import Frame, Teller
from lockcheck.model.facts import DEMONSTRATED, GUARDED, UNDECIDED, Replay

MOST_WAYS = 4
"""Alternatives of one dependency that are replayed; guards are proved over all of them."""
MOST_CASTS = 24
"""Combinations of them."""
MOST_WRITERS = 2
MOST_RANKED = 200
"""Alternatives that are ranked by what they hold; guards are proved over all."""
TOO_MUCH = "more replays than are tried"
MOST_WORK = 20_000
"""Positions, states and alternatives looked at for all facts of one analysis; what comes after that is undecided."""


class Part(NamedTuple):
    """One actor to be, with its evidence: what it holds (None: nothing of the circle) and wants."""

    frames: tuple[Frame, ...]
    wanted: Acquired | None
    held: HeldLock | None
    confinement: int
    kind: str = "task"
    host: int = -1
    stands_for: int = -1
    """A wait class: the actor is a signaller, and the wait ends only when it gets through."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Parts that may hang together; ``must`` are the numbers of those that have to."""

    parts: tuple[Part, ...]
    must: tuple[int, ...]


class Reenactor:
    """Replays facts of one analysis."""

    def __init__(self, walker: Walker, order: LockOrder, teller: Teller) -> None:
        self._walker, self._order, self._teller = walker, order, teller
        self._composer: Composer = order.composer
        self._binder = teller.binder
        self.guards = Guards(order.composer, teller.binder)
        self._retracer = Retracer(walker, order.composer)
        self._callers: dict[Node, list[Frame]] | None = None
        self._parts: dict[Pair, list[Part]] = {}
        self._work = 0
        self._free = frozenset(self._nobody_waits_for())

    def _nobody_waits_for(self) -> Iterator[int]:
        """Instances that block nobody: RCU readers, per-CPU locks, reclaim as a lock."""
        rt = self._binder.program.preempt_rt  # there, two tasks on one CPU do wait for each other's per-CPU lock
        for number, lock in enumerate(self._binder.program.locks):
            if (
                (lock.kind.per_cpu and not rt)
                or lock.kind.override
                or lock.kind.category == "reclaim"
                or not lock.kind.checked
            ):
                yield number

    # -- what can be replayed ----------------------------------------------------------------------------------------

    def prepare(self, circles: Iterable[Sequence[int]]) -> None:
        """Look for the evidence of all these circles' legs at once: one pass over the program instead of one each."""
        self.guards.look_for(pair for circle in circles for one in shortcuts(circle) for pair in legs(one))

    def circle(self, hops: Sequence[Hop], evidence: Sequence[Evidence], others: Others) -> Replay:
        """The replay of a circle. ``others``: circles over the same locks that are told, too.

        A circle over A, B and C whose legs exclude each other may hide one over A and C alone, or another through
        locks of the same tangle: a guard is named only when no such circle is open.
        """
        if any(where.level is None for where in evidence):
            ways = [self._ways(hop, where) for hop, where in zip(hops, evidence, strict=True)]
            return self._decide(self._casts_of_circle(ways))
        circle = [hop.outer for hop in hops]
        found = self._try(shortcuts(circle))
        if found.verdict != GUARDED:
            return found
        others_open = OpenCircles(self.guards, others, lambda cls: not self._readers_only(cls))
        more = self._try(others_open)
        if more.verdict == DEMONSTRATED or not others_open.complete:
            reason = f"guarded by {found.reason}, but there are too many circles around it to look at all"
            return more if more.verdict == DEMONSTRATED else Replay(UNDECIDED, reason)
        return found if more.verdict == GUARDED else more

    def _try(self, circles: Iterable[tuple[int, ...]]) -> Replay:
        """The first circle that hangs; guarded when the legs of all exclude each other."""
        closed = undecided = ""
        for circle in circles:
            if self._work > MOST_WORK:
                return Replay(UNDECIDED, TOO_MUCH)
            pairs = legs(circle)
            self.guards.look_for(pairs)
            if not all(self.guards.alternatives(pair) for pair in pairs):
                continue
            reason = self._guard(pairs)
            if reason is not None:
                closed = closed or reason
                continue
            replay = self._decide(self._casts_of_circle([self._of_pair(pair) for pair in pairs]))
            if replay.verdict == DEMONSTRATED:
                return replay
            undecided = undecided or replay.reason
        return Replay(UNDECIDED, undecided) if undecided else Replay(GUARDED, closed)

    def _guard(self, pairs: Sequence[Pair]) -> str | None:
        lock = self.guards.guard(pairs)
        if lock is not None:
            return self._teller.lock_name(lock)
        for _, cls in pairs:
            if self._readers_only(cls):
                return f"nobody takes {self._teller.class_name(cls)} for writing"
        return None

    def _readers_only(self, cls: int) -> bool:
        return self._binder.kinds[cls].category == "lock" and self.guards.never_written(cls)

    def _casts_of_circle(self, ways: Sequence[Sequence[Part]]) -> Iterator[Cast]:
        for parts in islice(product(*ways), MOST_CASTS):
            if self._compatible(parts):
                merged = self._with_reclaim(parts)
                yield from self._with_writers(merged, tuple(range(len(merged))))

    def conflict(self, conflict: Conflict, first: Evidence, last: Evidence) -> Replay:
        """The replay of a usage conflict. ``first``: its class is taken in the interrupt; ``last``: held with it on."""
        if conflict.irq not in (HARDIRQ, SOFTIRQ):
            return Replay(UNDECIDED, "NMIs are not replayed")
        frames = tuple(self._open_frames(conflict, last))
        host = Part(frames, None, None, last.state.context.confinement)
        return self._decide(
            cast
            for chain in chains([conflict.safe, *(hop.inner for hop in conflict.hops)])
            for cast in self._casts_of_conflict(conflict.irq, host, first, chain)
        )

    def _open_frames(self, conflict: Conflict, last: Evidence) -> Iterator[Frame]:
        """To where the last class is held with the interrupt on."""
        yield from self._chain(last.node)
        if last.callee is not None:
            yield Frame(last.node, last.op, last.state)
            goal = self._teller.enables(int(conflict.irq == SOFTIRQ))
            more, node, index = self._teller.descend(last.callee, goal)
            yield from more
            events = (event for at, event in node.events() if at == index and type(event) is Enabled)
            yield Frame(node, index, next(events).state)
        elif last.level is not None:
            yield Frame(last.node, last.op, last.state)
        else:
            yield Frame(last.node, last.op, self._taken(last, conflict.unsafe))

    def _taken(self, where: Evidence, cls: int) -> State:
        """The state behind an acquisition."""
        for at, event in where.node.events():
            if at == where.op and type(event) is Acquired and event.state is where.state and event.entry.cls == cls:
                return self._walker.universe.state(event.state.held.push(event.entry), event.state.context)
        return where.state

    def _casts_of_conflict(self, irq: str, host: Part, first: Evidence, chain: Sequence[int]) -> Iterator[Cast]:
        """``chain``: the classes from the one that the handler wants to the one that the task holds."""
        handler = self._part(first, None)
        root = handler.frames[0].node.entry.context
        if not (root.hardirq if irq == HARDIRQ else root.softirq):
            return
        for middle in islice(product(*map(self._of_pair, pairwise(chain))), MOST_CASTS):
            if self._compatible((host, *middle)):
                parts = (host, handler._replace(kind=irq, host=0), *middle)
                yield from self._with_writers(parts, tuple(range(len(parts))))

    def recursion(self, evidence: Evidence, event: Acquired, node: Node, op: int) -> Replay:
        """The replay of a same-class acquisition: one thread, and perhaps a writer."""
        held = evidence.level.entry if evidence.level is not None else None
        if held is not None and held.lock != event.entry.lock:
            names = f"{self._teller.lock_name(held.lock)} and {self._teller.lock_name(event.entry.lock)}"
            return Replay(UNDECIDED, f"{names} are two locks of one class")
        frames = [*self._chain(evidence.node), Frame(evidence.node, evidence.op, evidence.state)]
        if evidence.callee is not None:
            more, _, _ = self._teller.descend(evidence.callee, lambda at: op if at is node else None)
            frames += [*more, Frame(node, op, event.state)]
        part = Part(tuple(frames), event, held, event.state.context.confinement)
        return self._decide(self._with_writers((part,), (0,)))

    # -- parts -------------------------------------------------------------------------------------------------------

    def _ways(self, hop: Hop, first: Evidence) -> list[Part]:
        """The parts of a hop of a circle in which somebody waits for a signal."""
        return [self._signaller(hop, first)] if first.level is None else self._of_pair((hop.outer, hop.inner))

    def _of_pair(self, pair: Pair) -> list[Part]:
        """The alternatives of a leg, those that hold least first."""
        if pair not in self._parts:
            found = self.guards.alternatives(pair)
            self._work += len(found)
            few = found[:MOST_RANKED]
            ranked = sorted(range(len(few)), key=lambda at: (len(self.guards.around(few[at])), at))
            self._parts[pair] = [self._of_alternative(few[at], pair[1]) for at in ranked[:MOST_WAYS]]
        return self._parts[pair]

    def _of_alternative(self, one: Alternative, inner: int) -> Part:
        frames = [*self._chain(one.node), Frame(one.node, one.op, one.state)]
        wanted = one.event
        if one.callee is not None:
            more, node, index = self._teller.descend(one.callee, lambda node: self._taking(node, inner))
            events = (event for at, event in node.events() if at == index and type(event) is Acquired)
            wanted = next(event for event in events if _waits_for(event, inner))
            frames += [*more, Frame(node, index, wanted.state)]
        return Part(tuple(frames), wanted, one.level.entry, one.state.context.confinement)

    def _taking(self, node: Node, cls: int) -> int | None:
        """The op of a node that waits for a class."""
        if not self._composer.acquired_own[self._composer.number[node]] >> cls & 1:
            return None
        found = (at for at, event in node.events() if type(event) is Acquired and _waits_for(event, cls))
        return next(found, None)

    def _signaller(self, hop: Hop, evidence: Evidence) -> Part:
        frames = self._teller.signaller_frames(evidence)
        wanted = self._teller.acquired_at(frames[-1], hop.inner)
        return Part(tuple(frames), wanted, None, evidence.state.context.confinement, stands_for=hop.outer)

    def _part(self, evidence: Evidence, held: HeldLock | None) -> Part:
        """The actor of a usage: it takes the class at that step."""
        frames = (*self._chain(evidence.node), Frame(evidence.node, evidence.op, evidence.state))
        events = (event for at, event in evidence.node.events() if at == evidence.op)
        wanted = next((e for e in events if type(e) is Acquired and e.state is evidence.state), None)
        return Part(frames, wanted, held, evidence.state.context.confinement)

    def _chain(self, node: Node) -> list[Frame]:
        """Calls from an entry to ``node`` that hold as few locks as any."""
        callers = self._all_callers()
        best: dict[Node, int] = {node: 0}
        below: dict[Node, tuple[Frame, Node]] = {}
        number = count()  # ties go to what was found first: nodes have no order
        heap: list[tuple[int, int, Node]] = [(0, next(number), node)]
        while heap:
            cost, _, at = heappop(heap)
            if cost > best[at]:
                continue
            if at in self._teller.root_of:
                return _down(at, node, below)
            for frame in callers.get(at, ()):
                price = cost + 1 + (0 if at.entry.held.depth else 1000 * frame.state.held.depth)
                if frame.node not in best or price < best[frame.node]:
                    best[frame.node], below[frame.node] = price, (frame, at)
                    heappush(heap, (price, next(number), frame.node))
        return self._teller.trail(node)

    def _all_callers(self) -> dict[Node, list[Frame]]:
        if self._callers is None:
            self._callers = {}
            for node in self._composer.nodes:
                for index, state, callee in node.calls:
                    self._callers.setdefault(callee, []).append(Frame(node, index, state))
        return self._callers

    def _with_reclaim(self, parts: Sequence[Part]) -> tuple[Part, ...]:
        """Who waits for reclaim runs it: the leg that holds it goes on top of the one before it."""
        maps = (self._binder.program.fs_reclaim, self._binder.program.mmu_notifier)
        found = list(parts)
        for number, part in enumerate(parts):
            if part.held is not None and part.held.lock in maps:
                found[number] = part._replace(kind=INLINE, host=(number - 1) % len(parts))
        return tuple(found)

    # -- casts -------------------------------------------------------------------------------------------------------

    def _compatible(self, parts: Sequence[Part]) -> bool:
        labels = self._order.labels
        tasks = [labels[part.confinement] for part in parts]
        self._work += sum(len(part.frames) for part in parts)
        if self._teller.open:
            options = self._teller.options(frame.state for part in parts for frame in part.frames)
            if len(dict(options)) < len(set(options)):
                return False  # no kernel config has all of them
        return all(one.allows(two) for at, one in enumerate(tasks) for two in tasks[:at])

    def _with_writers(self, parts: Sequence[Part], must: tuple[int, ...]) -> Iterator[Cast]:
        """The cast, and with a writer that queues for each lock that a fair reader wants."""
        yield Cast(tuple(parts), must)
        locks = {part.wanted.entry.lock for part in parts if part.wanted is not None and part.wanted.entry.mode == FAIR}
        ways = [self._writers(lock) for lock in sorted(locks)]
        for writers in product(*ways) if ways and all(ways) else ():
            yield Cast((*parts, *writers), must)

    def _writers(self, lock: int) -> list[Part]:
        """Those who wait for a lock exclusively, holding least."""
        found: list[tuple[int, int, Node, int, Acquired]] = []
        for number, node in enumerate(self._composer.nodes):
            for index, event in node.events():
                if type(event) is Acquired and event.entry.lock == lock and _waits_to_write(event):
                    found.append((event.state.held.depth, number, node, index, event))
        found.sort(key=lambda one: one[:2])
        return [
            Part((*self._chain(node), Frame(node, index, event.state)), event, None, event.state.context.confinement)
            for _, _, node, index, event in found[:MOST_WRITERS]
        ]

    # -- the verdict -------------------------------------------------------------------------------------------------

    def _decide(self, casts: Iterable[Cast]) -> Replay:
        """The first cast that hangs, or why none does."""
        why = "no schedule of these paths was found that hangs"
        for cast in casts:
            if self._work > MOST_WORK:
                return Replay(UNDECIDED, TOO_MUCH)
            try:
                actors = [self._actor(part) for part in cast.parts]
            except UntraceableError as untraceable:
                why = str(untraceable)
                continue
            search = Search(actors, self._free.union(self._others_own(cast)))
            found = search.hang(cast.must)
            self._work += search.states
            if found is not None:
                return told(self._teller, [part.frames for part in cast.parts], actors, *found)
            if not search.complete:
                why = "more interleavings than are tried"
        return Replay(UNDECIDED, why)

    def _others_own(self, cast: Cast) -> Iterator[int]:
        """Locks of many objects that nobody in the cast gets stuck at: everybody may hold one of his own."""
        stuck = {part.wanted.entry.lock for part in cast.parts if part.wanted is not None}
        locks = self._binder.program.locks
        return (number for number, lock in enumerate(locks) if lock.many and number not in stuck)

    def _actor(self, part: Part) -> Actor:
        positions = self._retracer.thread(part.frames, part.wanted)
        self._work += len(positions)
        if part.kind == INLINE:
            positions = _since(positions, part.held.lock if part.held is not None else -1)
        if part.stands_for >= 0:
            extra = tuple(Hold(lock, 0) for lock in self._instances(part.stands_for))
            positions = tuple(one._replace(holds=(*extra, *one.holds)) for one in positions)
        return Actor(positions, part.kind, part.host)

    def _instances(self, cls: int) -> list[int]:
        locks = self._binder.program.locks
        return [number for number in range(len(locks)) if self._binder.class_index(number, 0) == cls]


def _waits_to_write(event: Acquired) -> bool:
    return event.entry.mode == 0 and waits(event) and not event.sync


def _waits_for(event: Acquired, cls: int) -> bool:
    return event.entry.cls == cls and waits(event)


def _since(positions: Sequence[Position], lock: int) -> tuple[Position, ...]:
    """The positions while a lock is held, and what is held above it."""
    found = []
    for position in positions:
        at = next((at for at, hold in enumerate(position.holds) if hold.lock == lock), None)
        if at is not None:
            found.append(position._replace(holds=position.holds[at + 1 :]))
    return tuple(found)


def _down(root: Node, node: Node, below: dict[Node, tuple[Frame, Node]]) -> list[Frame]:
    """The calls from a root to ``node``; ``below`` has, for each caller, the call towards it and its callee."""
    frames: list[Frame] = []
    at = root
    while at is not node:
        frame, at = below[at]
        frames.append(frame)
    return frames
