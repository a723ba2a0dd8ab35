"""Facts about single steps and their contexts: sleeping, wait contexts, assertions, imbalance, what is left held.

Is: events of the walk with the context their callers put them in. Is not: anything about order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping

from lockcheck.analysis import switches
from lockcheck.analysis.actions import holds
from lockcheck.analysis.compile import RUN, Bundle, Code
from lockcheck.analysis.entries import Root
from lockcheck.analysis.events import Acquired, Allocated, Asserted, Misstep, Slept
from lockcheck.analysis.state import BH, Context, HeldStack, State
from lockcheck.analysis.walk import Node
from lockcheck.graph.facts_order import OrderFacts, make
from lockcheck.graph.origins import origins
from lockcheck.graph.witness import Frame, Goal
from lockcheck.model.facts import Attribute, Fact, Leg
from lockcheck.model.locks import WaitType


class StepFacts:
    """Makes the facts of steps. Shares the teller and the preferences of :class:`OrderFacts`."""

    def __init__(self, base: OrderFacts) -> None:
        self.base, self.teller, self.composer = base, base.teller, base.composer
        self._callers: dict[Node, list[Frame]] | None = None
        self._holding: dict[tuple[HeldStack, int, int | None], bool] = {}
        self._passed: dict[tuple[int, int | None, bool], set[Node]] = {}

    def callers(self, node: Node) -> list[Frame]:
        """All calls of a node."""
        if self._callers is None:
            self._callers = {}
            for caller in self.composer.nodes:
                for index, state, callee in caller.calls:
                    self._callers.setdefault(callee, []).append(Frame(caller, index, state))
        return self._callers.get(node, [])

    # -- missteps --------------------------------------------------------------------------------------------------

    def missteps(self, what: str) -> Iterator[Fact]:
        """Steps that cannot be right: one fact for each function and lock."""
        found: dict[tuple[str, ...], Fact] = {}
        for node, index, event in self.composer.special:
            if type(event) is Misstep and event.what == what:
                lock = self.teller.lock_name(event.lock) if event.lock >= 0 else None
                identity = (what, node.code.function.name, lock or event.detail, self.teller.text(node, index))
                if identity not in found:
                    found[identity] = self.misstep(identity, lock, node, index, event)
        yield from found.values()

    def misstep(self, identity: tuple[str, ...], lock: str | None, node: Node, index: int, event: Misstep) -> Fact:
        """The fact of one misstep."""
        function = node.code.function.name
        action = {"release": "release", "irq-enable": "irq"}.get(event.what, "acquire")
        leg = self.teller.event_leg(node, index, event.state, Goal(lock, None, action))
        attributes: dict[str, Attribute] = {"locks": (lock,) if lock else ()}
        if event.what == "irq-state":
            attributes |= {"what": _UNBALANCED.get(event.detail, event.detail), "function": function}
        elif event.what == "depth":
            attributes["depth"] = event.state.held.depth
        elif event.what in ("release", "irq-enable"):
            attributes["function"] = function
        if lock and event.what != "depth":
            attributes["lock"] = lock
        if event.what == "nest-lock":
            attributes["nest"] = self.teller.lock_name(event.other)
        return make(event.what, identity, attributes, [leg], leg.steps[-1].place)

    # -- wait contexts and sleeping ----------------------------------------------------------------------------------

    def wait_contexts(self) -> Iterator[Fact]:
        """Acquisitions whose wait type exceeds the limit: one fact for each lock and place where the limit is set."""
        broken: dict[tuple[int, int], dict[Frame, Acquired]] = {}
        for node, index, event in self.composer.special:
            if type(event) is Acquired and event.outer > event.limit:
                frame = Frame(node, index, event.state)
                broken.setdefault((event.entry.cls, event.limit), {}).setdefault(frame, event)
        found: dict[tuple[str, ...], Fact] = {}
        for (_, limit), events in broken.items():
            chains = origins(events, limited_to(limit), self.callers)
            for chain in one_for_each_step(chains):
                fact = self.wait_context(chain, events[chain[-1]])
                found.setdefault(fact.identity, fact)
        yield from found.values()

    def wait_context(self, chain: list[Frame], event: Acquired) -> Fact:
        """The fact of one acquisition in a context too strict for it."""
        name = self.teller.class_name(event.entry.cls)
        leg = self.teller.chain_leg(chain, Goal(name, event.entry.mode))
        limiter = self.limiter(leg, event)
        attributes: dict[str, Attribute] = {
            "locks": (name, limiter) if limiter in {hold.lock for hold in leg.held} else (name,),
            "lock": name,
            "lock_kind": self.teller.binder.kinds[event.entry.cls].name,
            "outer": WaitType(event.outer).name.lower(),
            "limit": WaitType(event.limit).name.lower(),
            "limited_by": limiter,
            "context": event.state.context.name,
        }
        identity = (name, limiter, chain[0].node.code.function.name)
        return make("wait-context", identity, attributes, [leg], self.base.prefer([leg]))

    def limiter(self, leg: Leg, event: Acquired) -> str:
        """What set the limit: the innermost held lock of that rank, else the context."""
        ranks = {name: self.teller.binder.table.ranks[i] for i, name in enumerate(self.teller.binder.class_names)}
        for hold in reversed(leg.held):
            if ranks[hold.lock].inner == event.limit:
                return hold.lock
        return leg.context

    def sleeps(self) -> Iterator[Fact]:
        """Sleeping where that is a bug: one fact for each place that makes the context atomic."""
        found: dict[tuple[str, ...], Fact] = {}
        targets: dict[Frame, Slept] = {}
        for node, index, event in self.composer.special:
            if type(event) is Slept:
                targets.setdefault(Frame(node, index, event.state), event)
        chains = origins(targets, lambda node: node.entry.context.atomic, self.callers)
        for chain in one_for_each_step(chains):
            fact = self.sleep(chain, targets[chain[-1]])
            found.setdefault(fact.identity, fact)
        yield from found.values()

    def sleep(self, chain: list[Frame], event: Slept) -> Fact:
        """The fact of one sleep in atomic context."""
        last = chain[-1]
        leg = self.teller.chain_leg(chain, Goal(None, None, "sleep"))
        because = self.because(leg, event.state.context)
        attributes: dict[str, Attribute] = {
            "locks": tuple(dict.fromkeys(hold.lock for hold in leg.held)),
            "what": self.teller.text(last.node, last.op) or event.what,
            "cause": self.cause(last.node, last.op),
            "atomic": True,
            "because": because,
            "context": leg.context,
            "inside": (),  # what happens inside roles are facts of their own (facts_roles)
            "role_function": None,
        }
        first = chain[0]
        function, text = first.node.code.function.name, self.teller.text(first.node, first.op)
        identity = (function, text, event.what, *because, leg.entry)
        return make("sleep", identity, attributes, [leg], self.base.prefer([leg]))

    def cause(self, node: Node, index: int) -> str:
        """What makes a step sleep: an ``allocation``, a ``lock`` that it takes, or the ``step`` itself."""
        events = [event for at, event in node.events() if at == index]
        if any(type(event) is Allocated for event in events):
            return "allocation"
        return "lock" if any(type(event) is Acquired and not event.sync for event in events) else "step"

    def is_atomic(self, state: State) -> bool:
        """Sleeping is a bug here: by the context, or by a lock held in this function."""
        return state.context.atomic or self.composer.blocks_sleep(state)

    def because(self, leg: Leg, context: Context) -> tuple[str, ...]:
        """Why sleeping is a bug there, in words, outermost first."""
        kinds = {name: self.teller.binder.kinds[i] for i, name in enumerate(self.teller.binder.class_names)}
        found = [context.name] if context.name != "task" else []
        found += [hold.lock for hold in leg.held if kinds[hold.lock].blocks_sleep]
        if not context.irqs_on and context.name not in ("hardirq", "nmi"):
            found.append("hardirqs off")
        if context.bh or context.inherited & BH:
            found.append("softirqs off")
        if not found:
            found.append("preemption off")
        return tuple(dict.fromkeys(found))

    # -- assertions ------------------------------------------------------------------------------------------------

    def assertions(self, what: str) -> Iterator[Fact]:
        """Assertions that fail on some chain of callers: one fact for each (function, lock, entry)."""
        found: dict[tuple[str, ...], Fact] = {}
        for node, index, event in self.composer.special:
            if type(event) is Asserted and event.what == what and event.ok is not True:
                for frames in self.failing(node, index, event):
                    fact = self.assertion(frames, event)
                    found.setdefault(fact.identity, fact)
        yield from found.values()

    def failing(self, node: Node, index: int, event: Asserted) -> Iterator[list[Frame]]:
        """Chains from a caller that decides down to the assertion, on which it fails."""
        last = Frame(node, index, event.state)
        if event.ok is False:
            yield [last]
            return
        # nodes from which no chain of callers fails: most assertions hold, and many share their callers
        passed = self._passed.setdefault((event.lock, event.mode, event.held), set())
        if node in passed:
            return
        failed = False
        below: dict[Node, tuple[Frame, Node | None]] = {node: (last, None)}
        queue = deque([node])
        while queue:
            reached = queue.popleft()
            if reached.complete:
                if event.held:
                    failed = True
                    yield chain_down(reached, below)
                continue
            for caller in self.callers(reached):
                if self.holding(caller.state, event):
                    if not event.held:
                        failed = True
                        yield [caller, *chain_down(reached, below)]
                elif caller.node not in below and caller.node not in passed:
                    below[caller.node] = (caller, reached)
                    queue.append(caller.node)
        if not failed:
            passed.update(below)

    def holding(self, state: State, event: Asserted) -> bool:
        """Whether the asserted lock is held in a state."""
        key = (state.held, event.lock, event.mode)
        found = self._holding.get(key)
        if found is None:
            entries = state.held.entries()
            found = self._holding[key] = any(holds(entry, event.lock, event.mode) for entry in entries)
        return found

    def assertion(self, chain: list[Frame], event: Asserted) -> Fact:
        """The fact of one failed assertion."""
        lock = event.lock
        if lock < 0:
            lock = chain[0].state.held.entries()[-1].lock
        name = self.teller.lock_name(lock)
        frames = [*self.teller.trail(chain[0].node), *chain]
        leg = self.teller.leg(frames, Goal(name, event.mode, "note"), None, chain[0].node)
        attributes: dict[str, Attribute] = {"locks": (name,), "lock": name}
        if event.what == "assertion":
            attributes |= {"held": event.held, "contract": event.contract}
        elif event.what == "lock-memory":
            attributes["what"] = event.detail
        identity = (event.what, name, chain[-1].node.code.function.name, leg.entry, str(event.held))
        return make(event.what, identity, attributes, [leg], self.base.prefer([leg]))

    # -- what entries leave behind -------------------------------------------------------------------------------------

    def exits(self) -> Iterator[Fact]:
        """Locks still held where an entry ends."""
        found: dict[tuple[str, ...], Fact] = {}
        for root in self.composer.roots:
            function = self.teller.binder.program.functions[root.function]
            for state in root.node.exits:
                for entry in state.held.entries():
                    identity = (function.name, self.teller.class_name(entry.cls))
                    if entry.lock not in function.returns_holding and identity not in found:
                        found[identity] = self.left_held(root, function.name, state, entry.lock)
        yield from found.values()

    def left_held(self, root: Root, function: str, state: State, lock: int) -> Fact:
        """The fact of a lock left held, at the step that took it."""
        entry = next(e for e in state.held.entries() if e.lock == lock)
        site = self.teller.site(root.node, entry)
        index = site if site is not None else root.node.code.entry
        name = self.teller.class_name(entry.cls)
        leg = self.teller.event_leg(root.node, index, root.node.entry, Goal(name, entry.mode), ends=[state])
        names = tuple(self.teller.class_name(e.cls) for e in state.held.entries())
        attributes: dict[str, Attribute] = {"locks": names, "lock": name, "function": function}
        return make("exit", (function, name), attributes, [leg], leg.steps[-1].place)

    def irq_states(self) -> Iterator[Fact]:
        """State that an entry does not restore; and counters that go below zero."""
        found: dict[tuple[str, ...], Fact] = {}
        for fact in self.missteps("irq-state"):
            found.setdefault(fact.identity, fact)
        for root in self.composer.roots:
            function = self.teller.binder.program.functions[root.function]
            for state in root.node.exits:
                if state.held.depth:  # a lock left held brings its interrupt state along: that is told, once
                    continue
                for what, action in changed_state(root.node.entry.context, state.context):
                    fact = self.unrestored(root, function.name, what, action, state)
                    found.setdefault(fact.identity, fact)
        yield from found.values()

    def unrestored(self, root: Root, function: str, what: str, action: str, state: State) -> Fact:
        """The fact of one piece of state left changed, at the last step that changes it."""
        index = self.changer(root.node, action)
        leg = self.teller.event_leg(root.node, index, root.node.entry, Goal(None, None, "irq"), ends=[state])
        attributes: dict[str, Attribute] = {"what": what, "function": function}
        place = leg.steps[-1].place
        return make("irq-state", ("irq-state", function, what), attributes, [leg], place)

    @staticmethod
    def changer(node: Node, action: str) -> int:
        """The last op that changes that state, or the first op when a callee does."""
        found = node.code.entry
        for index, op in enumerate(node.code.ops):
            if op.code == RUN and isinstance(op.arg, Bundle):
                for part in op.arg.actions:
                    kind = "irq" if isinstance(part, switches.SwitchIrq) else getattr(part, "what", "")
                    if kind == action and (found == node.code.entry or op.step is not None):
                        found = index
        return found


def chain_down(node: Node, below: Mapping[Node, tuple[Frame, Node | None]]) -> list[Frame]:
    """The frames from a node down to where a search for callers began."""
    frames: list[Frame] = []
    at: Node | None = node
    while at is not None:
        frame, at = below[at]
        frames.append(frame)
    return frames


def limited_to(limit: int) -> Callable[[Node], bool]:
    """Whether a node is entered with a wait limit that low already."""
    return lambda node: node.entry.context.limit <= limit


def one_for_each_step(chains: Iterable[list[Frame]]) -> Iterator[list[Frame]]:
    """The first chain from each step of the model, whatever else is held there."""
    seen: set[tuple[Code, int]] = set()
    for chain in chains:
        key = (chain[0].node.code, chain[0].op)
        if key not in seen:
            seen.add(key)
            yield chain


_UNBALANCED = {
    "restore": "hardirqs (restored without a save)",
    "save": "hardirqs (saved without end)",
    "softirq": "softirqs (enabled more often than disabled)",
    "preempt": "preemption (enabled more often than disabled)",
    "nofs": "the NOFS scope (ended more often than begun)",
    "noio": "the NOIO scope (ended more often than begun)",
    "memalloc": "the memalloc scope (ended more often than begun)",
    "interrupt": "the interrupt context",
}


def changed_state(before: Context, after: Context) -> Iterator[tuple[str, str]]:
    """(what is not restored, the action that changes it)."""
    if before.irqs_on != after.irqs_on and before.name not in ("hardirq", "nmi"):
        yield "hardirqs", "irq"  # in a handler, enabling them is a fact of its own
    for field, word, action in (
        ("bh", "softirqs", "softirq"),
        ("preempt", "preemption", "preempt"),
        ("nofs", "the NOFS scope", "nofs"),
        ("noio", "the NOIO scope", "noio"),
        ("memalloc", "the memalloc scope", "memalloc"),
        ("interrupted", "the interrupt context", "interrupt"),
    ):
        if getattr(before, field) != getattr(after, field):
            yield word, action
