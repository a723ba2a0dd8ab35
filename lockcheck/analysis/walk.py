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
from lockcheck.analysis.actions import Outcome, wait_limit
from lockcheck.analysis.compile import Code, Compiler, Op
from lockcheck.analysis.conditions import outcomes
from lockcheck.analysis.events import Event
from lockcheck.analysis.merge import Apart, Merged, TooManyStatesError
from lockcheck.analysis.state import Context, HeldStack, State, Universe


class Node:
    """A function in one entry state. ``complete``: its held-lock stack starts from an entry, nothing lies below.

    ``log``: (op index, outcome with events) in the order met; ``calls``: (op index, state at the call, callee);
    ``exits``: states at its end; ``sites``: calls that return with a stack; ``parent``: who called it first (node, op
    index, state).
    """

    __slots__ = (
        "callers", "calls", "code", "complete", "done", "entry", "exits", "log", "merged", "opened", "parent", "sites",
    )  # fmt: skip

    def __init__(self, code: Code, entry: State, complete: bool, parent: tuple[Node, int, State] | None) -> None:
        self.code, self.entry, self.complete, self.parent = code, entry, complete, parent
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
    """Walks nodes until nothing changes."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.universe = Universe()
        self._dirty: dict[Node, None] = {}

    def enter(self, code: Code, context: Context) -> Node:
        """Walk an entry and all that it reaches."""
        entry = self.universe.state(self.universe.empty, context)
        root = self.node(code, entry, True, None)
        if not root.done:
            self.drive(root)
        while self._dirty:
            node = next(iter(self._dirty))
            del self._dirty[node]
            self.drive(node)
        return root

    def node(self, code: Code, entry: State, complete: bool, parent: tuple[Node, int, State] | None) -> Node:
        """The node of that key, made if it is new."""
        table = code.whole if complete else code.closed
        found: Node | None = table.get(entry)
        if found is None:
            found = table[entry] = Node(code, entry, complete, parent)
        return found

    def drive(self, first: Node) -> None:
        """Walk a node, its new callees first; an explicit stack, so that no call depth is too deep."""
        running: dict[Node, Iterator[Node]] = {first: self.steps(first)}
        while running:
            node = next(reversed(running))
            before = (len(node.exits), node.opened)
            callee = self.advance(node, running[node])
            if callee is None:
                del running[node]
                node.done = True
                self.touch_callers(node, before, running)
            elif callee not in running:
                running[callee] = self.steps(callee)

    def touch_callers(self, node: Node, before: tuple[int, bool], running: dict[Node, Iterator[Node]]) -> None:
        """Callers that read this summary before it grew must read it again."""
        if (len(node.exits), node.opened) != before or node.opened:
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
        if node.opened:
            return
        try:
            yield from self.paths(node, node.entry, Apart())
        except TooManyStatesError:
            node.merged = True
            node.exits.clear()
            merging = self.universe.state(node.entry.held, node.entry.context._replace(merging=True))
            yield from self.paths(node, merging, Merged(self.universe))

    def paths(self, node: Node, start: State, meeting: Apart | Merged) -> Iterator[Node]:
        """Every (op, state) that ``meeting`` lets through at joins; a new path starts where ways part."""
        node.log = []
        node.calls = []
        ops = node.code.ops
        todo: list[tuple[int, State]] = [(node.code.entry, start)]
        while todo or meeting.waiting:
            joined = not todo
            index, state = meeting.next() if joined else todo.pop()
            while True:
                op = ops[index]
                if op.join and not joined and not meeting.passes(index, state):
                    break
                joined = False
                if op.code == cfg.RUN:
                    outcome = state.memo.get(op.arg) or op.arg.apply(self.universe, state)  # type: ignore[attr-defined]
                    if outcome.events:
                        node.log.append((index, outcome))
                    if outcome.opens and not node.complete:
                        raise _OpenedError
                    if outcome.state is None:
                        break
                    state, index = outcome.state, op.then
                elif op.code == cfg.CALL:
                    ways = yield from self.call(node, index, op, state)
                    if not ways:
                        break
                    todo.extend(ways[1:])
                    index, state = ways[0]
                elif op.code == cfg.END:
                    node.exits[meeting.end(state)] = None
                    break
                else:
                    ways = outcomes(op, state, self.universe)
                    todo.extend(reversed(ways[1:]))
                    index, state = ways[0]

    def call(self, node: Node, index: int, op: Op, state: State) -> Generator[Node, None, list[tuple[int, State]]]:
        """Call all sites of an op; yields callees without summary, returns where the caller goes on."""
        ways: list[tuple[int, State]] = []
        for site in op.arg:  # type: ignore[attr-defined]
            callee = self.callee(node, index, state, site)
            if not callee.done:
                yield callee
            if callee.opened and not callee.complete:
                callee = self.open_callee(node, index, state, site)
                if not callee.done:
                    yield callee
                if callee.opened:
                    raise _OpenedError
            node.calls.append((index, state, callee))
            callee.callers[node] = None
            ways.extend((op.then, after) for after in self.returns(node, state, callee, index))
        return ways

    def callee(self, node: Node, index: int, state: State, site: cfg.Site) -> Node:
        """The closed node that a call leads to: counters clamped to 0 or 1, held locks reduced to a wait limit."""
        entry = state.at_call
        if entry is None:
            entry = state.at_call = self.universe.state(self.universe.empty, self.call_context(state))
        code = site.code or self.compiler.at_site(site)
        found: Node | None = code.closed.get(entry)
        if found is None:
            found = code.closed[entry] = Node(code, entry, False, (node, index, state))
        return found

    def call_context(self, state: State) -> Context:
        """What a callee can see of its caller's state."""
        context = state.context
        return context._replace(
            bh=min(context.bh, 1),
            preempt=1 if context.preempt or self.blocks_sleep(state.held) else 0,
            nofs=min(context.nofs, 1),
            noio=min(context.noio, 1),
            memalloc=min(context.memalloc, 1),
            limit=wait_limit(state.held, context, self.compiler.binder.table),
            base=context.irq_context,
            saved=(),
            interrupted=(),
            words=(),
            merging=False,
        )

    def blocks_sleep(self, held: HeldStack) -> bool:
        """Some held lock forbids sleeping."""
        kinds = self.compiler.binder.kinds
        return any(kinds[entry.cls].blocks_sleep for entry in held.entries())

    def open_callee(self, node: Node, index: int, state: State, site: cfg.Site) -> Node:
        """The node of an open function: the caller's own held locks and exact counters come along."""
        context = state.context._replace(saved=(), interrupted=(), words=(), merging=False)
        entry = self.universe.state(state.held, context)
        return self.node(self.compiler.at_site(site), entry, node.complete, (node, index, state))

    def returns(self, node: Node, state: State, callee: Node, index: int) -> list[State]:
        """The caller's states after the call, one for each exit of the callee."""
        found = []
        for end in callee.exits:
            if end is callee.entry and not callee.entry.held.depth:
                found.append(state)
                continue
            key = (callee.entry, end)
            after = state.resumed.get(key)
            if after is None:
                after = state.resumed[key] = self.resume(state, callee.entry, end)
            for level in after.held.levels():
                node.sites.setdefault(level, index)
            found.append(after)
        return found

    def resume(self, state: State, entry: State, end: State) -> State:
        """Compose a caller's state with a callee's exit."""
        context, begun, ended = state.context, entry.context, end.context
        after = ended._replace(
            bh=max(context.bh + ended.bh - begun.bh, 0),
            preempt=max(context.preempt + ended.preempt - begun.preempt, 0),
            nofs=max(context.nofs + ended.nofs - begun.nofs, 0),
            noio=max(context.noio + ended.noio - begun.noio, 0),
            memalloc=max(context.memalloc + ended.memalloc - begun.memalloc, 0),
            limit=context.limit,
            base=context.base,
            saved=context.saved,
            interrupted=context.interrupted,
            words=context.words,
            merging=context.merging,
        )
        held = end.held
        if not entry.held.depth:
            held = state.held
            for taken in end.held.entries():
                held = held.push(taken)
        return self.universe.state(held, after)
