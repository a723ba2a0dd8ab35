"""Follows every path of every function, once per (function, entry state).

Is: the tabulation: a node is a (code, entry context) pair with what is imported of its caller's held locks; its
summary is the set of states it can return in. Calls are followed on an explicit stack; recursion is a fixpoint.
Is not: the composition of dependencies over calls (``compose``).

Held locks of callers are not part of a node, or every chain of callers would be a context of its own. A function
that touches its caller's holds (drops or re-classes a lock that it did not take, needs a nest lock from outside) is
*open*: it is followed again with the caller's held-lock stack imported. docs/decisions/0003 argues this.

Glossary words defined here: node, entry state, open function, exit.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from lockcheck.analysis import compile as cfg
from lockcheck.analysis.actions import MAX_DEPTH, Outcome, wait_limit
from lockcheck.analysis.compile import Code, Compiler, Op
from lockcheck.analysis.conditions import outcomes
from lockcheck.analysis.events import Event
from lockcheck.analysis.lifted import Lifted, joined_words, met_exits
from lockcheck.analysis.merge import Apart, Merged, TooManyStatesError, merged_exits
from lockcheck.analysis.state import COUNTERS, PREEMPT, Context, HeldStack, State, Universe
from lockcheck.model.limits import AnalysisLimits
from lockcheck.model.program import Function

WORK_PER_STEP = 50
"""What each step of the program adds to the limit on work: long programs may take longer."""
TOO_MUCH_WORK = "more steps than max_work"
TOO_MANY_CONTEXTS = "calls in more states than max_contexts"
TOO_MANY_STATES = "more interrupt and preemption states than max_merged_states"
CUTS = frozenset({TOO_MUCH_WORK, TOO_MANY_CONTEXTS, TOO_MANY_STATES})
"""Reasons after which a run does not speak for all of the model."""
TOO_MANY_HELD = f"what is held above {MAX_DEPTH} locks after a call"


class Node:
    """A function in one entry state. ``complete``: its held-lock stack starts from an entry, nothing lies below.

    ``log``: (op index, outcome with events) in the order met; ``calls``: (op index, state at the call, callee);
    ``exits``: states at its end; ``sites``: calls that return with a stack.
    """

    __slots__ = (
        "callers", "calls", "code", "complete", "done", "entry", "exits", "log", "merged", "opened",
        "sites",
    )  # fmt: skip

    def __init__(self, code: Code, entry: State, complete: bool) -> None:
        self.code, self.entry, self.complete = code, entry, complete
        self.exits: dict[State, None] = {}
        self.log: list[tuple[int, Outcome]] = []
        self.calls: list[tuple[int, State, Node]] = []
        self.callers: dict[Node, None] = {}
        self.sites: dict[HeldStack, int] = {}
        self.done = False
        self.opened = False
        self.merged = False

    def events(self) -> Iterator[tuple[int, Event]]:
        """(op index, event) for all events, in the order met."""
        for index, outcome in self.log:
            for event in outcome.events:
                yield index, event


class _OpenedError(Exception):
    """The function needs its caller's held-lock stack."""


class Walker:
    """Walks nodes until nothing changes, or until the limits are reached.

    ``cut``: (why, file, packed place) of each function for all that was not followed; ``work``: steps followed so far.
    ``open``: kernel options that the program leaves open.
    """

    def __init__(self, compiler: Compiler, limits: AnalysisLimits) -> None:
        self.compiler = compiler
        self.limits = limits
        self.cut: dict[tuple[str, str, int], None] = {}
        self.work = 0
        self.open = frozenset(compiler.program.open_options)
        self._contexts: dict[object, int] = {}
        steps = sum(len(function.steps) for function in compiler.program.functions)
        self._most_work = limits.max_work + WORK_PER_STEP * steps
        self.universe = Universe()
        self._dirty: dict[Node, None] = {}

    def enter(self, code: Code, context: Context) -> Node:
        """Walk an entry and all that it reaches."""
        entry = self.universe.state(self.universe.empty, context)
        root = self.node(code, entry, True)
        if not root.done:
            self.drive(root)
        while self._dirty:
            node = next(iter(self._dirty))
            del self._dirty[node]
            self.drive(node)
        return root

    def node(self, code: Code, entry: State, complete: bool) -> Node:
        """The node of that key, made if it is new."""
        table = code.whole if complete else code.closed
        found: Node | None = table.get(entry)
        if found is None:
            found = table[entry] = Node(code, entry, complete)
            self._count(code)
        return found

    def _count(self, code: Code) -> None:
        """One more entry state of a function."""
        key = code.index if code.index >= 0 else code
        self._contexts[key] = self._contexts.get(key, 0) + 1

    def leave_out(self, why: str, function: Function) -> None:
        """Not all of a function is followed, and that will be said."""
        self.cut[why, function.file, function.where] = None

    def full(self, index: int) -> bool:
        """A function has as many entry states as it may have."""
        return self._contexts.get(index, 0) >= self.limits.max_contexts

    def exhausted(self, node: Node, before: tuple[list[tuple[int, Outcome]], list[tuple[int, State, Node]]]) -> bool:
        """No more may be followed, and that is noted for this node's function, which keeps the log and calls of
        ``before``, too."""
        if self.work + self.universe.work < self._most_work:
            return False
        self.leave_out(TOO_MUCH_WORK, node.code.function)
        node.log, node.calls = before[0] + node.log, before[1] + node.calls
        return True

    def drive(self, first: Node) -> None:
        """Walk a node, its new callees first; an explicit stack, so that no call depth is too deep."""
        running: dict[Node, Iterator[Node]] = {first: self.steps(first)}
        while running:
            node = next(reversed(running))
            before = (tuple(node.exits), node.opened)
            callee = self.advance(node, running[node])
            if callee is None:
                del running[node]
                node.done = True
                self.touch_callers(node, before, running)
            elif callee not in running:
                running[callee] = self.steps(callee)

    def touch_callers(
        self, node: Node, before: tuple[tuple[State, ...], bool], running: dict[Node, Iterator[Node]]
    ) -> None:
        """Callers that read this summary before it grew must read it again."""
        if (tuple(node.exits), node.opened) != before:
            for caller in node.callers:
                if caller.done or caller in running:
                    self._dirty[caller] = None

    @staticmethod
    def advance(node: Node, steps: Iterator[Node]) -> Node | None:
        """The next callee that must be walked first, or None at the end."""
        try:
            return next(steps, None)
        except _OpenedError:
            node.opened = True
            node.exits.clear()
            node.log.clear()
            node.calls.clear()
            return None

    def steps(self, node: Node) -> Iterator[Node]:
        """Walk all paths of a node; yields callees that have no summary yet."""
        if node.opened or self.exhausted(node, ([], [])):
            return
        exits = dict(node.exits)
        try:
            yield from self.paths(node, node.entry, self.apart())
        except TooManyStatesError:
            node.merged = True
            node.exits = exits
            merging = self.universe.state(node.entry.held, node.entry.context._replace(merging=True))
            united = Merged(self.universe, self.limits)
            yield from self.paths(node, merging, united)
            if united.dropped:
                self.leave_out(TOO_MANY_STATES, node.code.function)
        if self.open:
            node.exits = met_exits(node.exits, self.universe, self.open)
        if len(node.exits) > self.limits.max_exits:
            node.merged = True
            kept, dropped = merged_exits(node.exits, self.universe, self.limits.max_merged_states)
            node.exits = dict.fromkeys(kept)
            if dropped:
                self.leave_out(TOO_MANY_STATES, node.code.function)

    def apart(self) -> Apart | Lifted:
        """How states meet as long as they are kept apart."""
        return Lifted(self.universe, self.limits, self.open) if self.open else Apart(self.limits)

    def paths(self, node: Node, start: State, meeting: Apart | Lifted | Merged) -> Iterator[Node]:
        """Every (op, state) that ``meeting`` lets through at joins; a new path starts where ways part."""
        before = node.log, node.calls
        node.log, node.calls = [], []
        ops, log, universe, closed = node.code.ops, node.log, self.universe, not node.complete
        todo: list[tuple[int, State]] = [(node.code.entry, start)]
        while (todo or meeting.waiting) and not self.exhausted(node, before):
            joined = not todo
            index, state = meeting.next() if joined else todo.pop()
            while True:
                self.work += 1
                op = ops[index]
                if op.join and not joined and not meeting.passes(index, state):
                    break
                joined = False
                code = op.code
                if code == cfg.RUN:
                    outcome = state.memo.get(op.arg) or op.arg.apply(universe, state)  # type: ignore[attr-defined]
                    if outcome.events:
                        log.append((index, outcome))
                    if outcome.opens and closed:
                        raise _OpenedError
                    if outcome.state is None:
                        break
                    state, index = outcome.state, op.then
                elif code == cfg.CALL and self.passed(node, index, op, state):
                    index = op.then
                elif code == cfg.END:
                    node.exits[meeting.end(state)] = None
                    break
                else:
                    if code == cfg.CALL:
                        ways = yield from self.returned(node, index, op, state, meeting)
                    else:
                        ways = outcomes(op, state, universe)
                    if not ways:
                        break
                    todo.extend(reversed(ways[1:]))
                    index, state = ways[0]

    @staticmethod
    def passed(node: Node, index: int, op: Op, state: State) -> bool:
        """Most calls: of one function that was followed in this state, and leaves everything as it was."""
        sites: tuple[cfg.Site, ...] = op.arg  # type: ignore[assignment]
        entry, code = state.at_call, sites[0].code
        if len(sites) > 1 or entry is None or code is None:
            return False
        callee: Node | None = code.closed.get(entry)
        if callee is None or not callee.done or callee.opened or len(callee.exits) != 1 or entry not in callee.exits:
            return False
        node.calls.append((index, state, callee))
        callee.callers[node] = None
        return True

    def returned(
        self, node: Node, index: int, op: Op, state: State, meeting: Apart | Lifted | Merged
    ) -> Generator[Node, None, list[tuple[int, State]]]:
        """:meth:`call`; a callee may return in many states, which meet behind the call."""
        ways = yield from self.call(node, index, op, state)
        if not node.code.ops[op.then].join:
            ways = [way for way in ways if meeting.passes(*way)]
        return ways[:1] + ways[:0:-1]

    def call(self, node: Node, index: int, op: Op, state: State) -> Generator[Node, None, list[tuple[int, State]]]:
        """Call all sites of an op; yields callees without summary, returns where the caller goes on."""
        ways: list[tuple[int, State]] = []
        for site in op.arg:  # type: ignore[attr-defined]
            callee = self.callee(state, site)
            if callee is not None and not callee.done:
                yield callee
            if callee is not None and callee.opened and not callee.complete:
                callee = self.open_callee(node, state, site)
                if callee is not None and not callee.done:
                    yield callee
                if callee is not None and callee.opened:
                    raise _OpenedError
            if callee is None:
                self.leave_out(TOO_MANY_CONTEXTS, self.compiler.program.functions[site.function])
                continue
            node.calls.append((index, state, callee))
            callee.callers[node] = None
            ways.extend((op.then, after) for after in self.returns(node, state, callee, index))
        return ways

    def callee(self, state: State, site: cfg.Site) -> Node | None:
        """The closed node that a call leads to: counters reduced to bits, held locks to a wait limit.

        None when the function has too many entry states already.
        """
        entry = state.at_call
        if entry is None:
            entry = state.at_call = self.universe.state(self.universe.empty, self.call_context(state))
        code = site.code
        if code is None:
            if self.full(site.function):
                return None
            code = self.compiler.at_site(site)
            self.work += len(code.ops)
        found: Node | None = code.closed.get(entry)
        if found is None and not self.full(code.index):
            found = code.closed[entry] = Node(code, entry, False)
            self._count(code)
        return found

    def call_context(self, state: State) -> Context:
        """What a callee can see of its caller's state: that counters are above zero, not how far.

        A callee that counts below where it began is open, and is followed again with the exact counters.
        """
        context = state.context
        inherited = context.inherited
        for field, bit in COUNTERS.items():
            if getattr(context, field):
                inherited |= bit
        if state.held.sleepless(self.compiler.binder.kinds):
            inherited |= PREEMPT
        return context._replace(
            bh=0,
            preempt=0,
            nofs=0,
            noio=0,
            memalloc=0,
            inherited=inherited,
            limit=wait_limit(state.held, context, self.compiler.binder.table),
            base=context.irq_context,
            saved=(),
            interrupted=(),
            words=(),
            merging=False,
        )

    def open_callee(self, node: Node, state: State, site: cfg.Site) -> Node | None:
        """The node of an open function: the caller's own held locks and exact counters come along."""
        context = state.context._replace(interrupted=(), words=(), merging=False)
        entry = self.universe.state(state.held, context)
        code = self.compiler.at_site(site)
        known = code.whole if node.complete else code.closed
        if entry not in known and self.full(code.index):
            return None
        return self.node(code, entry, node.complete)

    def returns(self, node: Node, state: State, callee: Node, index: int) -> list[State]:
        """The caller's states after the call, one for each exit of the callee."""
        found = []
        entry = callee.entry
        for end in callee.exits:
            if end is entry and not entry.held.depth:
                found.append(state)
                continue
            after = self.resumed(state, callee, end)
            if after is None:
                continue
            for level in after.held.levels():
                node.sites.setdefault(level, index)
            found.append(after)
        return found

    def resumed(self, state: State, callee: Node, end: State) -> State | None:
        """:meth:`resume`, remembered. None when the two take an open option to be different things."""
        known = state.resumed
        if known is None:
            known = state.resumed = {}
        after = known.get((callee.entry, end))
        if after is None:
            words = joined_words(state.context, end.context, self.open) if self.open else state.context.words
            if words is None:
                return None
            after = known[callee.entry, end] = self.resume(state, callee, end, words)
        return after

    def resume(self, state: State, callee: Node, end: State, words: tuple[tuple[str, bool], ...]) -> State:
        """Compose a caller's state with a callee's exit. ``words``: those of the caller from here on."""
        entry = callee.entry
        context, begun, ended = state.context, entry.context, end.context
        after = ended._replace(
            bh=context.bh + ended.bh - begun.bh,
            preempt=context.preempt + ended.preempt - begun.preempt,
            nofs=context.nofs + ended.nofs - begun.nofs,
            noio=context.noio + ended.noio - begun.noio,
            memalloc=context.memalloc + ended.memalloc - begun.memalloc,
            inherited=context.inherited,
            limit=context.limit,
            base=context.base,
            saved=ended.saved if begun.saved or entry.held.depth else context.saved + ended.saved,
            interrupted=context.interrupted,
            words=words,
            merging=context.merging,
        )
        held = end.held
        if not entry.held.depth:
            held = state.held
            for taken in end.held.entries():
                if held.depth >= MAX_DEPTH:
                    self.leave_out(TOO_MANY_HELD, callee.code.function)
                    break
                if context.merging and context.words:
                    taken = taken._replace(guard=context.words)
                held = held.push(taken)
        return self.universe.state(held, after)
