"""A function with its parameters bound -> a control-flow graph of bundles of actions.

Is: the place where references become indexes and where conditions that parameters decide disappear.
Is not: any following of paths (``walk``). Steps are compiled back to front, each with its continuation, so that
loops, early returns, gotos and breaks are plain edges and nothing is unrolled.

Glossary words defined here: bundle, binding.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from lockcheck.analysis.actions import Action, Outcome
from lockcheck.analysis.binder import Binder
from lockcheck.analysis.blocks import labels, words_in, words_of
from lockcheck.analysis.events import Event, Misstep
from lockcheck.analysis.state import State, Universe
from lockcheck.model.program import Function, Program
from lockcheck.model.steps import Branch, Call, Choice, Cond, Do, Hook, Jump, Label, Loop, Param, Ref, Step, Value

Binding: TypeAlias = "tuple[tuple[str, Value], ...]"

RUN, CALL, TEST, FORK, FORGET, NOP, END = range(7)


class Bundle:
    """The actions of one step; its outcome is remembered per state (``State.memo``)."""

    __slots__ = ("actions",)

    def __init__(self, actions: tuple[Action, ...]) -> None:
        self.actions = actions

    def apply(self, universe: Universe, state: State) -> Outcome:
        """All actions in order. Stops where the path stops."""
        now: State | None = state
        events: tuple[object, ...] = ()
        opens = False
        for action in self.actions:
            assert now is not None
            outcome = action.apply(universe, now)
            events += outcome.events if not events else _following(events, outcome.events)
            opens = opens or outcome.opens
            now = outcome.state
            if now is None:
                break
        outcome = state.memo[self] = Outcome(now, events, opens)  # type: ignore[arg-type]
        return outcome


def _following(before: tuple[object, ...], events: tuple[Event, ...]) -> tuple[Event, ...]:
    """The events of a later action of a step; dropping a lock that is not held says all about the step's counters."""
    if any(isinstance(event, Misstep) and event.what == "release" for event in before):
        return tuple(event for event in events if not (isinstance(event, Misstep) and event.what == "irq-state"))
    return events


class Site:
    """Where a call may go: function index and binding; ``code`` once it was compiled."""

    __slots__ = ("binding", "code", "function")

    def __init__(self, function: int, binding: Binding) -> None:
        self.function, self.binding = function, binding
        self.code: Code | None = None


class Op:
    """A node of the graph. ``arg`` by code: Bundle, tuple of sites, (atom, binding-free test), words, or None."""

    __slots__ = ("arg", "code", "join", "other", "step", "then")

    def __init__(
        self, code: int, arg: object, then: int, other: tuple[int, ...] = (), step: Step | None = None
    ) -> None:
        self.code, self.arg, self.then, self.other, self.step = code, arg, then, other, step
        self.join = False


class Code:
    """A compiled function: ``ops``, how many of them are a step of the model, and where it starts.

    ``closed`` and ``whole`` belong to the walk: its nodes of this code, by entry state.
    """

    __slots__ = ("binding", "closed", "entry", "function", "index", "ops", "steps", "whole")

    def __init__(self, index: int, function: Function, binding: Binding, ops: list[Op], entry: int) -> None:
        self.index, self.function, self.binding, self.ops, self.entry = index, function, binding, ops, entry
        self.steps = 0
        self.closed: dict[State, Any] = {}
        self.whole: dict[State, Any] = {}


class Compiler:
    """Compiles each (function, binding) once."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.binder = Binder(program)
        self._known: dict[tuple[int, Binding], Code] = {}
        self._bundles: dict[tuple[int, Binding], tuple[object, Bundle]] = {}
        self._sites: dict[tuple[int, Binding], Site] = {}
        self._plain: dict[int, tuple[object, Bundle]] = {}
        self._called: dict[int, tuple[object, tuple[Site, ...] | None]] = {}

    def code(self, index: int, binding: Binding) -> Code:
        """The code of a function; ``binding`` holds only parameters it declares, in its order."""
        key = (index, binding)
        found = self._known.get(key)
        if found is None:
            function = self.program.functions[index]
            found = self._known[key] = _Builder(self, function, dict(binding)).build(index, binding)
        return found

    def site(self, index: int, binding: Binding) -> Site:
        """The one site for a function and binding; it is compiled when it is first followed."""
        key = (index, binding)
        found = self._sites.get(key)
        if found is None:
            found = self._sites[key] = Site(index, binding)
        return found

    def at_site(self, site: Site) -> Code:
        """The code a site leads to."""
        if site.code is None:
            site.code = self.code(site.function, site.binding)
        return site.code

    def synthetic(self, function: Function) -> Code:
        """Code of a function that is not in the program (an entry's prelude)."""
        return _Builder(self, function, {}).build(-1, ())

    def bundle(self, step: Do, binding: dict[str, Value]) -> Bundle:
        """The compiled effects of a step; shared by all steps with the same effects and binding."""
        key = (id(step.effects), tuple(binding.items()))
        found = self._bundles.get(key)
        if found is None:
            actions = tuple(action for effect in step.effects for action in self.binder.actions(effect, binding))
            found = self._bundles[key] = (step.effects, Bundle(actions))
        return found[1]

    def plain_bundle(self, step: Do) -> Bundle:
        """:meth:`bundle` without binding: most steps have none."""
        found = self._plain.get(id(step.effects))
        if found is None:
            found = self._plain[id(step.effects)] = (step.effects, self.bundle(step, {}))
        return found[1]

    def plain_sites(self, step: Call) -> tuple[Site, ...] | None:
        """The sites of a call without arguments of functions without parameters; None for any other call."""
        if step.args:
            return None
        found = self._called.get(id(step.targets))
        if found is None:
            indexes = [target.value for target in step.targets if type(target) is Value and target.kind == "function"]
            plain = len(indexes) == len(step.targets) and not any(self.program.functions[i].params for i in indexes)
            sites = tuple(self.site(index, ()) for index in dict.fromkeys(indexes)) if plain else None
            found = self._called[id(step.targets)] = (step.targets, sites)
        return found[1]


_BRANCHING = frozenset({Branch, Choice, Loop, Jump, Label})


class _Builder:
    """Builds one control-flow graph, back to front."""

    def __init__(self, compiler: Compiler, function: Function, binding: dict[str, Value]) -> None:
        self.compiler, self.function, self.binding = compiler, function, binding
        self.ops: list[Op] = []
        self.bare = 0
        self.labels: dict[str, int] = {}
        self.decided: dict[int, frozenset[str]] = {}
        self.tracked: frozenset[str] = frozenset()
        self.end = self.emit(Op(END, None, -1))

    def build(self, index: int, binding: Binding) -> Code:
        """The finished code, with join points marked."""
        steps = self.function.steps
        simple = _BRANCHING.isdisjoint(map(type, steps))
        if not simple:
            self.note_words(steps, set())
            counts = Tally(words_in(steps))
            self.tracked = frozenset(word for word, count in counts.items() if count > 1)
            for name in labels(steps):
                self.labels[name] = self.emit(Op(NOP, None, self.end))
        entry = self.block(steps, self.end, frozenset(), (-1, -1))
        if not simple:
            self.mark_joins(entry)
        code = Code(index, self.function, binding, self.ops, entry)
        code.steps = len(self.ops) - self.bare
        return code

    def note_words(self, steps: Iterable[Step], seen: set[str]) -> None:
        """For each loop, which words were asked for before it: they keep their value in it. Extends ``seen``."""
        for step in steps:
            if isinstance(step, Branch):
                seen.update(words_of(step.cond))
                self.note_words(step.then, seen)
                self.note_words(step.orelse, seen)
            elif isinstance(step, Choice):
                for block in step.blocks:
                    self.note_words(block, seen)
            elif isinstance(step, Loop):
                self.decided[id(step)] = frozenset(seen)
                self.note_words(step.body, seen)

    def mark_joins(self, entry: int) -> None:
        """Nodes with several predecessors: only there can paths meet."""
        seen = {entry}
        todo = [entry]
        while todo:
            op = self.ops[todo.pop()]
            for successor in (op.then, *op.other):
                if successor < 0:
                    continue
                if successor in seen:
                    self.ops[successor].join = True
                else:
                    seen.add(successor)
                    todo.append(successor)

    def emit(self, op: Op) -> int:
        """Add a node; its index."""
        self.bare += op.step is None
        self.ops.append(op)
        return len(self.ops) - 1

    def block(self, steps: Sequence[Step], then: int, live: frozenset[str], loop: tuple[int, int]) -> int:
        """Compile steps that continue at ``then``. ``live``: tracked words still asked for afterwards.
        ``loop``: where break and continue go."""
        ops, bound, plain = self.ops, bool(self.binding), self.compiler.plain_bundle
        for step in reversed(steps):
            if type(step) is Do and not bound:
                ops.append(Op(RUN, plain(step), then, (), step))
                then = len(ops) - 1
                continue
            if self.tracked and not self.labels:
                used = self.tracked.intersection(words_in((step,)))
                dying = used - live
                if dying:
                    then = self.emit(Op(FORGET, dying, then))
                live |= used
            then = self.step(step, then, live, loop)
        return then

    def step(self, step: Step, then: int, live: frozenset[str], loop: tuple[int, int]) -> int:
        """Compile one step that continues at ``then``; the index where it starts."""
        if type(step) is Do:
            return self.emit(Op(RUN, self.compiler.bundle(step, self.binding), then, (), step))
        if isinstance(step, Call):
            return self.call(step, then)
        if isinstance(step, Branch):
            yes = self.block(step.then, then, live, loop)
            no = self.block(step.orelse, then, live, loop)
            return self.test(step.cond, yes, no, step)
        if isinstance(step, Choice):
            ways = tuple(self.block(block, then, live, loop) for block in step.blocks)
            return self.emit(Op(FORK, None, -1, ways, step))
        if isinstance(step, Loop):
            return self.loop(step, then, live)
        if isinstance(step, Jump):
            return self.jump(step, loop)
        assert isinstance(step, Label)
        self.ops[self.labels[step.name]].then = then
        return self.labels[step.name]

    def jump(self, step: Jump, loop: tuple[int, int]) -> int:
        """return, break, continue or goto: just the place where it goes."""
        if step.what == "goto":
            return self.labels[step.label or ""]
        return {"return": self.end, "break": loop[0], "continue": loop[1]}[step.what]

    def loop(self, step: Loop, then: int, live: frozenset[str]) -> int:
        """The body any number of times; words first asked for in it are decided anew each time round.

        Going round forgets them, leaving does not: behind the loop they are what they were in its last round.
        """
        head = self.emit(Op(FORK, None, -1, (), step))
        words = self.tracked.intersection(words_in(step.body))
        fresh = words - self.decided.get(id(step), frozenset())
        again = head
        if fresh:
            again = self.emit(Op(FORK, None, -1, (), step))
        body = self.block(step.body, again, live | words, (then, again))
        self.ops[head].other = (then, body)
        if fresh:
            self.ops[again].other = (then, self.emit(Op(FORGET, fresh, body)))
        return body if step.once else head

    def test(self, cond: Cond, yes: int, no: int, step: Step) -> int:
        """A condition as branches over its atoms, short-circuited; decided atoms leave nothing behind."""
        if cond.op == "not":
            assert isinstance(cond.a, Cond)
            return self.test(cond.a, no, yes, step)
        if cond.op in ("and", "or"):
            assert isinstance(cond.a, Cond) and isinstance(cond.b, Cond)
            second = self.test(cond.b, yes, no, step)
            return self.test(cond.a, second, no, step) if cond.op == "and" else self.test(cond.a, yes, second, step)
        decided = self.compiler.binder.decide(cond, self.binding)
        if decided is not None:
            return yes if decided else no
        if cond.op == "word" and cond.a not in self.tracked:
            return self.emit(Op(FORK, None, -1, (yes, no), step))
        atom = self.compiler.binder.bound(cond, self.binding)
        return self.emit(Op(TEST, atom, -1, (yes, no), step))

    def call(self, step: Call, then: int) -> int:
        """A call of any of the targets; a hook without function is nothing, a callback without value is said."""
        known = self.compiler.plain_sites(step)
        if known:
            return self.emit(Op(CALL, known, then, (), step))
        sites: dict[tuple[int, Binding], Site] = {}
        unknown: list[str] = []
        for target in step.targets:
            index = self.target(target, unknown)
            if index is not None:
                binding = self.arguments(step, index)
                sites.setdefault((index, binding), self.compiler.site(index, binding))
        start = then
        if sites:
            start = self.emit(Op(CALL, tuple(sites.values()), then, (), step))
        if unknown:
            note = Bundle((self.compiler.binder.unknown(f"call through ${unknown[0]} with no known target"),))
            start = self.emit(Op(RUN, note, start, (), step))
        return start

    def target(self, target: Ref | Hook, unknown: list[str]) -> int | None:
        """The function index behind a target, or None."""
        if isinstance(target, Hook):
            cache = self.resolve(target.cache)
            if cache is None:
                unknown.append(f"{getattr(target.cache, 'name', '')}.{target.which}")
                return None
            found: int | None = getattr(self.compiler.program.caches[cache.value], target.which)
            return found
        value = self.resolve(target)
        if value is None or value.kind != "function":
            unknown.append(target.name if isinstance(target, Param) else "")
            return None
        return value.value

    def resolve(self, ref: Ref) -> Value | None:
        """A reference as a value, or None when this call leaves it open."""
        return self.binding.get(ref.name) if isinstance(ref, Param) else ref

    def arguments(self, step: Call, index: int) -> Binding:
        """The callee's binding: its own parameters, in its order."""
        params = self.compiler.program.functions[index].params
        if not params:
            return ()
        given = {name: self.resolve(ref) for name, ref in step.args}
        bound = []
        for name in params:
            value = given.get(name)
            if value is not None:
                bound.append((name, value))
        return tuple(bound)
