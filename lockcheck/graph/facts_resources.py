"""Facts about what objects own: what a constructor leaves and its destructor does not take back, and the like.

Is: the comparison of a function that makes objects with the one that takes them apart: a cache's constructor and
destructor, and functions paired by ``undoes``. Is not: about locks.

Glossary words defined here: pair.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lockcheck.analysis.compile import CALL, RUN, Binding, Bundle, Code, Compiler, Op
from lockcheck.analysis.resources import TOO_MANY_BALANCES, Balance, Resources, TooManyBalancesError
from lockcheck.analysis.switches import Own
from lockcheck.analysis.walk import Node
from lockcheck.graph.facts_order import OrderFacts, make
from lockcheck.model.facts import Attribute, Fact, Leg, WitnessStep
from lockcheck.model.places import unpack

NONE: frozenset[str] = frozenset()


class Pair(NamedTuple):
    """``maker`` leaves objects owning things, ``undoer`` (None: there is none) takes them apart. ``cache``: whose
    constructor and destructor they are, or that they work for."""

    maker: Code
    undoer: Code | None
    cache: str | None


class ResourceFacts:
    """Makes the facts about resources."""

    def __init__(self, base: OrderFacts, compiler: Compiler) -> None:
        self.base, self.compiler = base, compiler
        self.program = compiler.program
        self.resources = Resources(compiler)
        self._leaked: dict[str | None, frozenset[str]] = {}
        self.cut: dict[tuple[str, str, int], None] = {}
        """(why, file, packed place) of each function that was too large to compare with what undoes it."""

    def facts(self) -> Iterator[Fact]:
        """Every fact of every pair, once."""
        found: dict[tuple[str, ...], Fact] = {}
        for pair in self.pairs():
            try:
                for fact in self.of(pair):
                    found.setdefault(fact.identity, fact)
            except TooManyBalancesError:
                maker = pair.maker.function
                self.cut[TOO_MANY_BALANCES, maker.file, maker.where] = None
        yield from found.values()

    def pairs(self) -> Iterator[Pair]:
        """Constructors with destructors, then functions with those that undo them, for each cache they work for."""
        for cache in self.program.caches:
            if cache.ctor is not None:
                undoer = None if cache.dtor is None else self.compiler.code(cache.dtor, ())
                yield Pair(self.compiler.code(cache.ctor, ()), undoer, cache.name)
        codes = list(dict.fromkeys(node.code for node in self.nodes()))
        for index, function in enumerate(self.program.functions):
            for maker in function.undoes:
                for code in codes:
                    if code.index == maker:
                        undoer = self.compiler.code(index, self.passed(code, function.params))
                        yield Pair(code, undoer, self.cache_of(code))

    def nodes(self) -> Iterable[Node]:
        """All that entries reach."""
        return self.base.composer.nodes

    @staticmethod
    def passed(code: Code, params: tuple[str, ...]) -> Binding:
        """The same values for the parameters of the same name."""
        given = dict(code.binding)
        return tuple((name, given[name]) for name in params if name in given)

    def cache_of(self, code: Code) -> str | None:
        """The cache that a function is bound to."""
        bound = [value.value for _, value in code.binding if value.kind == "cache"]
        return self.program.caches[bound[0]].name if bound else None

    def of(self, pair: Pair) -> Iterator[Fact]:
        """What one pair leaves or takes that it should not."""
        ends = self.resources.ends(pair.maker, Balance())
        full = frozenset().union(*(end.owned for end in ends))
        for name in sorted(frozenset().union(*(end.stray for end in ends))):
            yield self.fact("not owned", name, pair)
        lasting = frozenset(name for name in full if self.resources.until[name] == "dtor")
        for end in ends:
            some = end.owned & lasting
            for name in sorted(some) if some != lasting else ():
                yield self.fact("partial", name, pair)
        for name in sorted(full):
            until = self.resources.until[name]
            if until != "dtor" and self.is_hook(pair):
                yield self.fact("kept", name, pair)
        yield from self.undone(pair, full)

    def is_hook(self, pair: Pair) -> bool:
        """The pair is a cache's constructor and destructor: between them the object is used and freed, many times."""
        return any(cache.ctor == pair.maker.index for cache in self.program.caches)

    def undone(self, pair: Pair, full: frozenset[str]) -> Iterator[Fact]:
        """What the undoer leaves behind of a whole object, and what it drops that such an object does not own.

        What a cache's own destructor forgets is told once, not for every pair that works for the cache.
        """
        ends = (Balance(full),) if pair.undoer is None else self.resources.ends(pair.undoer, Balance(full))
        leaked = frozenset().union(*(end.owned & full for end in ends))
        hook = self.is_hook(pair)
        known = NONE if hook else self._leaked.get(pair.cache, NONE)
        if hook:
            self._leaked[pair.cache] = leaked
        for name in sorted(leaked - known):
            yield self.fact("leaked", name, pair)
        for name in sorted(frozenset().union(*(end.stray for end in ends)) if hook else ()):
            yield self.fact("not owned", name, pair)

    def fact(self, what: str, resource: str, pair: Pair) -> Fact:
        """One fact about one resource: where the maker gains it, and where the undoer drops it or ends."""
        maker = pair.maker.function.name
        undoer = pair.undoer.function.name if pair.undoer is not None else None
        attributes: dict[str, Attribute] = {
            "what": what,
            "resource": resource,
            "function": maker,
            "undone_by": undoer,
            "cache": pair.cache,
            "until": self.resources.until.get(resource, "dtor"),
        }
        legs = [self.told(code, resource) for code in (pair.maker, pair.undoer) if code is not None]
        identity = (what, resource, maker, undoer or "", pair.cache or "")
        return make("resource", identity, attributes, legs, self.base.prefer(legs))

    def told(self, code: Code, resource: str) -> Leg:
        """A function, and the nearest step in or below it that is about the resource."""
        came: dict[Code, tuple[Code, Op] | None] = {code: None}
        queue = deque([code])
        while queue:
            here = queue.popleft()
            last = next((op for op in here.ops if owns(op, resource)), None)
            if last is not None:
                return self.leg(code, [*way(came, here), (here, last)])
            for op in here.ops:
                for site in op.arg if op.code == CALL else ():  # type: ignore[attr-defined]
                    callee = self.compiler.at_site(site)
                    if callee not in came:
                        came[callee] = (here, op)
                        queue.append(callee)
        return self.leg(code, [])

    @staticmethod
    def leg(code: Code, path: list[tuple[Code, Op]]) -> Leg:
        """The lines of a path of calls."""
        function = code.function
        start = unpack(function.file, function.where)
        steps = [WitnessStep(0, function.name, function.name, "enter", start, function.at)]
        for depth, (here, op) in enumerate(path, 1):
            place = unpack(here.function.file, op.step.where) if op.step is not None else start
            action = "call" if op.code == CALL else "note"
            text, at = str(getattr(op.step, "text", "")), getattr(op.step, "at", None)
            steps.append(WitnessStep(depth, here.function.name, text, action, place, at))
        return Leg(function.name, function.name, tuple(steps))


def owns(op: Op, resource: str) -> bool:
    """The step gains or drops that resource."""
    actions = op.arg.actions if op.code == RUN and isinstance(op.arg, Bundle) else ()
    return any(isinstance(action, Own) and action.resource == resource for action in actions)


def way(came: dict[Code, tuple[Code, Op] | None], code: Code) -> list[tuple[Code, Op]]:
    """The calls that led to a function."""
    path: list[tuple[Code, Op]] = []
    call = came[code]
    while call is not None:
        path.append(call)
        call = came[call[0]]
    return path[::-1]
