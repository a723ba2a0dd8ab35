"""Evidence -> legs: who does what, step by step, from an entry to the step that gets stuck.

Is: the reconstruction of call chains, held-lock stacks and places; done only for facts that somebody asks for.
Is not: words about what it means.

Glossary words defined here: witness, leg, call chain.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from lockcheck.analysis.binder import Binder
from lockcheck.analysis.compose import Composer, passes, reachable
from lockcheck.analysis.dependencies import Evidence, Outer, acquisition_key
from lockcheck.analysis.entries import Root
from lockcheck.analysis.events import Acquired, Enabled
from lockcheck.analysis.lifted import literals_of
from lockcheck.analysis.state import HeldLock, HeldStack, State
from lockcheck.analysis.walk import Node
from lockcheck.graph.frames import Frame, Goal, light_calls, lightest
from lockcheck.model.facts import Hold, Leg, WitnessStep
from lockcheck.model.locks import Mode
from lockcheck.model.places import NOWHERE, Place, unpack

__all__ = ["MODES", "Frame", "Goal", "Teller"]

MODES = (Mode.EXCLUSIVE.name.lower(), Mode.SHARED.name.lower(), Mode.RECURSIVE.name.lower())


class Teller:
    """Builds legs for one composed program."""

    def __init__(self, composer: Composer, binder: Binder) -> None:
        self.composer, self.binder = composer, binder
        self.open = frozenset(binder.program.open_options)
        self.root_of: dict[Node, Root] = {}
        self._first_inner: dict[int, Leg | None] = {}
        self._light: dict[Node, Frame | None] | None = None
        self._below: dict[Node, dict[Node, Frame | None]] = {}
        self._sites: dict[Node, tuple[dict[tuple[int, int], int], dict[int, int]]] = {}
        for root in composer.roots:
            self.root_of.setdefault(root.node, root)

    # -- places and names ------------------------------------------------------------------------------------------

    def class_name(self, cls: int) -> str:
        """The name of a class index."""
        return self.binder.class_names[cls]

    def lock_name(self, lock: int) -> str:
        """The name of an instance."""
        return self.binder.program.locks[lock].name

    def place(self, node: Node, index: int) -> Place:
        """Where an op stands in the model."""
        step = node.code.ops[index].step
        return unpack(node.code.function.file, step.where) if step is not None else NOWHERE

    def at(self, node: Node, index: int) -> str | None:
        """The kernel place an op models."""
        return getattr(node.code.ops[index].step, "at", None)

    def text(self, node: Node, index: int) -> str:
        """An op as the model writes it."""
        return str(getattr(node.code.ops[index].step, "text", ""))

    # -- call chains -----------------------------------------------------------------------------------------------

    def trail(self, node: Node) -> list[Frame]:
        """The calls from an entry down to ``node``."""
        frames: list[Frame] = []
        caller = self.composer.parents[node]
        while caller is not None:
            frames.append(Frame(*caller))
            caller = self.composer.parents[caller[0]]
        return frames[::-1]

    def light_trail(self, node: Node) -> list[Frame]:
        """The calls from an entry down to ``node`` that take as few open options one way as any, or nearly so."""
        if not self.open:
            return self.trail(node)
        if self._light is None:
            self._light = light_calls((root.node for root in self.composer.roots), self.open)
        return self._unwind(self._light, node)

    def descend(
        self, start: Node, goal: Callable[[Node], int | None], through: Callable[[State, Node], bool] | None = None
    ) -> tuple[list[Frame], Node, int]:
        """The calls from ``start`` to the nearest node where ``goal`` gives an op index."""
        came: dict[Node, Frame | None] = {start: None}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            index = goal(node)
            if index is not None:
                return self._unwind(came, node), node, index
            for at, state, callee in node.calls:
                if callee not in came and (through is None or through(state, callee)):
                    came[callee] = Frame(node, at, state)
                    queue.append(callee)
        raise LookupError("a composed fact has no path; this is a bug in lockcheck")

    def way(self, start: Node, node: Node) -> list[Frame]:
        """The calls from ``start`` to a node below it, shortest first found; one search serves all nodes."""
        came = self._below.get(start)
        if came is None:
            came = self._below[start] = {start: None}
            queue = deque([start])
            while queue:
                caller = queue.popleft()
                for at, state, callee in caller.calls:
                    if callee not in came:
                        came[callee] = Frame(caller, at, state)
                        queue.append(callee)
        return self._unwind(came, node)

    @staticmethod
    def _unwind(came: dict[Node, Frame | None], node: Node) -> list[Frame]:
        frames: list[Frame] = []
        frame = came[node]
        while frame is not None:
            frames.append(frame)
            frame = came[frame.node]
        return frames[::-1]

    def exposed_in(self, key: int) -> Callable[[Node], int | None]:
        """A goal: the op that makes an exposed acquisition with that key."""

        def goal(node: Node) -> int | None:
            if not self.composer.exposed_own[self.composer.number[node]] >> key & 1:
                return None
            for index, event in node.events():
                if type(event) is Acquired and acquisition_key(event) == key and not event.entry.trylock:
                    context = event.state.context
                    exposed = context.irq_context == context.base and not event.excused
                    if exposed and event.state.held.blockers(context.irq_context)[1]:
                        return index
            return None

        return goal

    # -- legs ------------------------------------------------------------------------------------------------------

    def first_inner(self, cls: int) -> Leg | None:
        """The leg of some dependency from a class, the first by name; None for a leaf."""
        if cls not in self._first_inner:
            dependencies = self.composer.dependencies
            inner = sorted(dependencies.inner_classes(cls), key=self.class_name)
            told = (self.pair_leg(cls, one, light=True) for one in (inner if self.open else inner[:1]))
            self._first_inner[cls] = lightest(told)
        return self._first_inner[cls]

    def pair_leg(self, outer: int, inner: int, *, light: bool = False) -> Leg:
        """The leg of the dependency between two classes, in its first kind. ``light``: as in :meth:`light_trail`."""
        dependencies = self.composer.dependencies
        hops = dependencies.hops(outer, 3 << inner * 2)
        hop = min(hops, key=lambda hop: (hop.recursive, not hop.exclusive))
        holds: list[Outer] = hops[hop]
        if light and self.open:
            ways = ((dependencies.evidence(hold, one), one.recursive) for one in hops for hold in hops[one])
            told = lightest(self.dependency_leg(way, inner, recursive, light=True) for way, recursive in ways)
            assert told is not None
            return told
        return self.dependency_leg(dependencies.evidence(holds[0], hop), inner, hop.recursive)

    def dependency_leg(self, evidence: Evidence, inner: int, recursive: bool, *, light: bool = False) -> Leg:
        """The leg of one dependency: hold the outer class, then take ``inner``."""
        if evidence.level is None:
            return self.signaller_leg(evidence, inner, recursive)
        above = self.light_trail(evidence.node) if light else self.trail(evidence.node)
        frames = [*above, Frame(evidence.node, evidence.op, evidence.state)]
        if evidence.callee is not None:
            more, node, index = self.descend(evidence.callee, self.exposed_in(evidence.key), passes)
            state = self.state_at(node, index, evidence.key)
            frames += [*more, Frame(node, index, state)]
        level = evidence.level
        wanted = self.acquired_at(frames[-1], inner)
        goal = Goal(self.class_name(inner), wanted.entry.mode if wanted else 2 * recursive)
        action = "wait" if self.binder.kinds[inner].category == "wait" else "acquire"
        return self.leg(frames, goal._replace(action=action), level, evidence.node)

    def signaller_leg(self, evidence: Evidence, inner: int, recursive: bool) -> Leg:
        """The leg of somebody who would end a wait but must take ``inner`` first; it holds nothing of it."""
        frames = self.signaller_frames(evidence)
        wanted = self.acquired_at(frames[-1], inner)
        action = "wait" if self.binder.kinds[inner].category == "wait" else "acquire"
        mode = wanted.entry.mode if wanted else 2 * recursive
        ends = [wanted.state] if wanted else []
        return self.leg(frames, Goal(self.class_name(inner), mode, action), None, evidence.node, ends)

    def signaller_frames(self, evidence: Evidence) -> list[Frame]:
        """The calls from an entry to what a signaller must take first."""
        frames = [*self.trail(evidence.node), Frame(evidence.node, evidence.op, evidence.state)]
        if evidence.callee is not None:
            target, index = evidence.callee, evidence.key
            start = next(c for i, s, c in evidence.node.calls if i == evidence.op and target in reachable([c]))
            more, _, _ = self.descend(start, lambda at: index if at is target else None)
            frames += [*more, Frame(target, index, target.entry)]
        return frames

    def acquired_at(self, frame: Frame, cls: int) -> Acquired | None:
        """The acquisition of a class at a step."""
        for index, event in frame.node.events():
            if index == frame.op and type(event) is Acquired and event.entry.cls == cls:
                return event
        return None

    def state_at(self, node: Node, index: int, key: int) -> State:
        """The state before an acquisition."""
        for at, event in node.events():
            if at == index and type(event) is Acquired and acquisition_key(event) == key:
                return event.state
        return node.entry

    def event_leg(
        self,
        node: Node,
        index: int,
        state: State,
        goal: Goal,
        level: HeldStack | None = None,
        ends: Iterable[State] = (),
    ) -> Leg:
        """The leg that ends in one step of one node. ``ends``: as for :meth:`leg`."""
        return self.leg([*self.trail(node), Frame(node, index, state)], goal, level, node, ends)

    def chain_leg(self, chain: list[Frame], goal: Goal) -> Leg:
        """The leg of a chain of calls, from an entry down to it and through it."""
        return self.leg([*self.trail(chain[0].node), *chain], goal, None, chain[0].node)

    def call_leg(self, evidence: Evidence, node: Node, index: int, state: State, goal: Goal) -> Leg:
        """The leg of something that happens in a known node below a call."""
        frames = [*self.trail(evidence.node), Frame(evidence.node, evidence.op, evidence.state)]
        assert evidence.callee is not None
        more, _, _ = self.descend(evidence.callee, lambda at: index if at is node else None)
        return self.leg([*frames, *more, Frame(node, index, state)], goal, evidence.level, evidence.node)

    def enabled_leg(self, evidence: Evidence, bit: int, goal: Goal) -> Leg:
        """The leg to where interrupts are (or become) enabled while a class is held or as it is taken."""
        frames = [*self.trail(evidence.node), Frame(evidence.node, evidence.op, evidence.state)]
        ends: list[State] = []
        if evidence.callee is not None:
            more, node, index = self.descend(evidence.callee, self.enables(bit))
            frames += [*more, Frame(node, index, node.entry)]
            ends = [event.state for at, event in node.events() if at == index and type(event) is Enabled][:1]
        return self.leg(frames, goal, evidence.level, evidence.node, ends)

    def enables(self, bit: int) -> Callable[[Node], int | None]:
        """A goal: the op where hardirqs (bit 0) or softirqs (bit 1) go from off to on."""

        def goal(node: Node) -> int | None:
            for index, event in node.events():
                if type(event) is Enabled and (event.hardirq if bit == 0 else event.softirq):
                    return index
            return None

        return goal

    def leg(
        self, frames: list[Frame], goal: Goal, level: HeldStack | None, holder: Node, ends: Iterable[State] = ()
    ) -> Leg:
        """A leg from its frames: calls, with the step that takes ``level`` where it happens, and the last step.

        ``ends``: further states that it depends on, for the options they are reached with.
        """
        root = self.root_of.get(frames[0].node)
        function = frames[0].node.code.function
        held = self.held(frames)
        last = frames[-1]
        context = last.state.context
        entry = level.entry if level is not None else None
        return Leg(
            title=self.title(root, frames),
            entry=self.function_name(root, function.name),
            steps=tuple(self.steps(frames, goal, entry, holder)),
            holds=self.class_name(entry.cls) if entry is not None else None,
            holds_mode=MODES[entry.mode] if entry is not None else None,
            wants=goal.lock,
            wants_mode=MODES[goal.mode] if goal.mode is not None else None,
            held=tuple(held),
            context=context.name,
            irqs="on" if context.irqs_on else "off",
            bh="on" if context.softirqs_on else "off",
            options=self.options([*(frame.state for frame in frames), *ends]) if self.open else (),
        )

    def options(self, states: Iterable[State]) -> tuple[tuple[str, bool], ...]:
        """What these states take open options to be, sorted."""
        return tuple(sorted({pair for state in states for pair in literals_of(state.context, self.open)}))

    def title(self, root: Root | None, frames: list[Frame]) -> str:
        """Who this leg is: the entry's own word, or the interrupt it is in by now."""
        now = frames[-1].state.context.name
        began = frames[0].node.entry.context.name
        if now != began:
            return now
        if root is None or root.entry.word == "task":
            return began
        return root.entry.word

    def function_name(self, root: Root | None, name: str) -> str:
        """The function an entry starts, also behind a prelude."""
        return self.binder.program.functions[root.function].name if root is not None else name

    def steps(self, frames: list[Frame], goal: Goal, taken: HeldLock | None, holder: Node) -> Iterable[WitnessStep]:
        """The lines of a leg."""
        function = frames[0].node.code.function
        start = unpack(function.file, function.where)
        yield WitnessStep(0, function.name, function.name, "enter", start, function.at)
        told = taken is None
        for depth, frame in enumerate(frames):
            if not told and taken is not None:
                site = self.site(frame.node, taken)
                if site is not None and (frame.node is holder or frame.node.entry.held.depth == 0):
                    told = True
                    if site != frame.op or frame is not frames[-1]:
                        yield self.hold_step(depth + 1, frame.node, site, taken)
            if frame is frames[-1]:
                yield self.last_step(depth + 1, frame, goal)
            else:
                yield self.call_step(depth + 1, frame, frames[depth + 1].node)

    def call_step(self, depth: int, frame: Frame, callee: Node) -> WitnessStep:
        """A call as a line; a step that does not name the function that runs (a callback) is followed by it."""
        line = self.step(depth, frame.node, frame.op, "call")
        name = callee.code.function.name
        if line.text.split("(")[0] == name or callee.code.index < 0:
            return line
        return replace(line, text=f"{line.text} -> {name}()")

    def step(self, depth: int, node: Node, index: int, action: str) -> WitnessStep:
        """One op as a line."""
        name = node.code.function.name
        return WitnessStep(depth, name, self.text(node, index), action, self.place(node, index), self.at(node, index))

    def hold_step(self, depth: int, node: Node, index: int, taken: HeldLock) -> WitnessStep:
        """The line that takes the lock that stays held."""
        line = self.step(depth, node, index, "acquire")
        return WitnessStep(
            line.depth, line.function, line.text, "acquire", line.place, line.at, self.class_name(taken.cls),
            MODES[taken.mode],
        )  # fmt: skip

    def last_step(self, depth: int, frame: Frame, goal: Goal) -> WitnessStep:
        """The line a leg ends in."""
        line = self.step(depth, frame.node, frame.op, goal.action)
        mode = MODES[goal.mode] if goal.mode is not None else None
        return WitnessStep(
            line.depth, line.function, line.text, goal.action, line.place, line.at, goal.lock, mode
        )  # fmt: skip

    def site(self, node: Node, taken: HeldLock) -> int | None:
        """The op of ``node`` that took a held lock: its acquisition, or the call that returned with it."""
        known = self._sites.get(node)
        if known is None:
            known = self._sites[node] = sites(node)
        taking, returning = known
        return taking.get((taken.lock, taken.cls), returning.get(taken.lock))

    def held(self, frames: list[Frame]) -> list[Hold]:
        """The whole held-lock stack before the last step, outermost first."""
        holds: list[Hold] = []
        owners: list[Node] = []
        for position, frame in enumerate(frames):
            owners.append(frame.node)
            following = frames[position + 1].node if position + 1 < len(frames) else None
            if following is None or not following.entry.held.depth:
                holds += [self.hold(entry, owners) for entry in frame.state.held.entries()]
        return holds

    def hold(self, entry: HeldLock, owners: list[Node]) -> Hold:
        """One held lock with the place that took it, looked for from the innermost function outwards."""
        for node in reversed(owners):
            site = self.site(node, entry)
            if site is not None:
                break
        else:
            return Hold(self.class_name(entry.cls), MODES[entry.mode], NOWHERE, None, entry.trylock)
        return Hold(
            self.class_name(entry.cls), MODES[entry.mode], self.place(node, site), self.at(node, site),
            entry.trylock, self.lock_name(entry.lock),
        )  # fmt: skip


def sites(node: Node) -> tuple[dict[tuple[int, int], int], dict[int, int]]:
    """The first op that takes each (instance, class), and the first call that returns with each new instance held."""
    taking: dict[tuple[int, int], int] = {}
    for index, event in node.events():
        if type(event) is Acquired and not event.replayed and not event.sync:
            taking.setdefault((event.entry.lock, event.entry.cls), index)
    imported = {entry.lock for entry in node.entry.held.entries()}
    returning: dict[int, int] = {}
    for stack, index in node.sites.items():
        if stack.entry is not None and stack.entry.lock not in imported:
            returning.setdefault(stack.entry.lock, index)
    return taking, returning
