"""What paths leave an object owning: memory, references, registrations, as the model's ``owns`` and ``disowns`` say.

Is: a walk over compiled code that follows every way, for one object, and the sets of resources it can end with. Free
words are followed both ways each time. Is not: about locks, nor a judgement.

Glossary words defined here: resource, balance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lockcheck.analysis import compile as cfg
from lockcheck.analysis.compile import Bundle, Code, Compiler, Op
from lockcheck.analysis.switches import Own
from lockcheck.model.steps import Call, Hook

TOO_MANY_BALANCES = "too many ways to make or undo an object to compare what it owns"
MOST_STATES = 20_000
"""(op, balance) pairs of one question; with more there is no answer."""
MOST_DEPTH = 200
"""Calls inside calls that are followed."""


class TooManyBalancesError(Exception):
    """The ways through a function can not all be followed."""


class Balance(NamedTuple):
    """``owned``: resources of the object; ``stray``: dropped though it did not own them. ``guard``: depth of scopes in
    which only objects that were constructed are meant."""

    owned: frozenset[str] = frozenset()
    stray: frozenset[str] = frozenset()
    guard: int = 0


class Resources:
    """Asks what functions do to the resources of an object. ``until``: by when each resource must be gone."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.until: dict[str, str] = {}
        self._known: dict[tuple[Code, Balance], dict[Balance, None]] = {}
        self._running: set[tuple[Code, Balance]] = set()
        self._work = 0
        self._matters: dict[Code, bool] = {}

    def ends(self, code: Code, start: Balance) -> tuple[Balance, ...]:
        """The balances that a function can end with, sorted. Raises TooManyBalancesError."""
        self._work = 0
        found = self._ends(code, start)
        return tuple(sorted(found, key=lambda end: (sorted(end.owned), sorted(end.stray), end.guard)))

    def _ends(self, code: Code, start: Balance) -> dict[Balance, None]:
        key = (code, start)
        if key in self._known:
            return self._known[key]
        if key in self._running:  # a recursion adds nothing that its first round does not do
            return {}
        self._running.add(key)
        try:
            found = self._walk(code, start)
        finally:
            self._running.discard(key)
        if not self._running:
            self._known[key] = found
        return found

    def _walk(self, code: Code, start: Balance) -> dict[Balance, None]:
        found: dict[Balance, None] = {}
        seen: set[tuple[int, Balance]] = set()
        todo = [(code.entry, start)]
        while todo:
            here = todo.pop()
            if here in seen:
                continue
            seen.add(here)
            self._work += 1
            if self._work > MOST_STATES or len(self._running) > MOST_DEPTH:
                raise TooManyBalancesError
            index, balance = here
            op = code.ops[index]
            if op.code == cfg.END:
                found[balance] = None
            else:
                todo.extend(self._next(op, balance))
        return found

    def _next(self, op: Op, balance: Balance) -> Iterator[tuple[int, Balance]]:
        if op.code == cfg.RUN:
            assert isinstance(op.arg, Bundle)
            for action in op.arg.actions:
                if isinstance(action, Own):
                    balance = self._after(action, balance)
            yield op.then, balance
        elif op.code == cfg.CALL:
            for callee in callees(op, self.compiler):
                if not self.matters(callee) or self._another(op, callee, balance):
                    yield op.then, balance
                    continue
                for end in self._ends(callee, balance):
                    yield op.then, end
        else:
            yield from ((way, balance) for way in (op.other or (op.then,)))

    def _another(self, op: Op, callee: Code, balance: Balance) -> bool:
        """A constructor that runs while the object is constructed already runs for another object."""
        step = op.step
        hooks = step.targets if isinstance(step, Call) else ()
        if not balance.owned or not any(isinstance(hook, Hook) and hook.which == "ctor" for hook in hooks):
            return False
        return any(end.owned & balance.owned for end in self._ends(callee, Balance()))

    def matters(self, code: Code) -> bool:
        """Something in or below a function is about resources."""
        if code not in self._matters:
            below: dict[Code, list[Code]] = {}
            todo = [code]
            while todo:
                here = todo.pop()
                if here not in below and here not in self._matters:
                    calls = [callee for op in here.ops if op.code == cfg.CALL for callee in callees(op, self.compiler)]
                    below[here] = calls
                    todo.extend(calls)
            self._spread(below)
        return self._matters[code]

    def _spread(self, below: dict[Code, list[Code]]) -> None:
        above: dict[Code, list[Code]] = {}
        for caller, calls in below.items():
            for callee in calls:
                above.setdefault(callee, []).append(caller)
        todo = [one for one in (*below, *above) if self._matters.get(one) or any(map(owns, one.ops))]
        self._matters.update(dict.fromkeys(below, False))
        while todo:
            here = todo.pop()
            self._matters[here] = True
            todo.extend(caller for caller in above.get(here, ()) if not self._matters[caller])

    def _after(self, action: Own, balance: Balance) -> Balance:
        if action.what in ("guard", "unguard"):
            return balance._replace(guard=max(0, balance.guard + (1 if action.what == "guard" else -1)))
        name = action.resource
        if action.what == "gain":
            self.until.setdefault(name, action.until)
            return balance._replace(owned=balance.owned | {name})
        if name in balance.owned:
            return balance._replace(owned=balance.owned - {name})
        return balance if balance.guard else balance._replace(stray=balance.stray | {name})


def callees(op: Op, compiler: Compiler) -> list[Code]:
    """The functions that a call may go to."""
    sites: tuple[cfg.Site, ...] = op.arg  # type: ignore[assignment]
    return [compiler.at_site(site) for site in sites]


def owns(op: Op) -> bool:
    """The step is about resources."""
    return isinstance(op.arg, Bundle) and any(isinstance(action, Own) for action in op.arg.actions)
