"""The steps of one function, from mappings to the model's tree: control flow, scopes, early exits, names.

Is: lowering of blocks. Is not: what a verb does (``plans``) nor a check of what callers pass (``flow``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from lockcheck.loading.calls import Calls
from lockcheck.loading.control import CONTROL, Scope
from lockcheck.loading.decide import condition
from lockcheck.loading.dialect import Verb
from lockcheck.loading.flow import Flow
from lockcheck.loading.guards import Guard
from lockcheck.loading.known import Known, known_step
from lockcheck.loading.plans import Plan, PlanError, Plans
from lockcheck.loading.shape_errors import place_of, problems_of
from lockcheck.loading.shapes import StepShape
from lockcheck.loading.world import World
from lockcheck.model.steps import (
    Acquire,
    Allocate,
    Branch,
    Call,
    Choice,
    Cond,
    Do,
    Effect,
    Free,
    Jump,
    Signal,
    Sleep,
    Step,
)
from lockcheck.source.problems import Collector, Problem, did_you_mean, quote
from lockcheck.source.reader import AT
from lockcheck.source.text import SourceText
from lockcheck.source.typed import ShapeError, adapter

_COMMON: Final = frozenset({"at", "c", "note", "when", "unless", "waive"})
BESIDE: Final = _COMMON | {"do", "then", "else", "nested", "nest", "with", "once", "threaded"}
_SIMPLE: Final = frozenset({"at", "do", "then", "else"})


class Shared(NamedTuple):
    """What all functions of a program share. ``simple``: plans of the plainest steps by verb and operand.

    ``unmodelled``: verb to (text, file, packed position) of calls that the model leaves open. ``waived``: steps that
    carry a waiver.
    """

    world: World
    plans: Plans
    problems: Collector
    flow: Flow
    simple: dict[str, dict[Any, Known]]
    unmodelled: dict[str, tuple[str, str, int]]
    bodies: Mapping[str, Any]
    conditions: dict[str, Cond]
    waived: list[tuple[Any, SourceText]]


class Body:
    """Lowers the steps of one function."""

    def __init__(
        self, shared: Shared, function: str, params: tuple[str, ...], source: SourceText, active: bool,
        guard: Mapping[str, bool] | None = None,
    ) -> None:  # fmt: skip
        self.shared = shared
        self.guard = Guard(shared.world, guard or {})
        self._function = function
        self.params = params
        self.source = source
        self.active = active
        self.scopes: list[Scope] = []
        self.labels: dict[str, tuple[int, ...]] | None = None
        self.placed: set[str] = set()
        self.jumps: list[tuple[Any, str]] = []
        self.root: Any = ()
        self.calls = Calls(shared.world, shared.flow, function, params, shared.bodies)

    def lower(self, raw: Any, key: str = "steps") -> tuple[Step, ...]:
        """The block of steps under ``key`` of the mapping ``raw``."""
        self.root = raw.get(key, ())
        steps = self.block(self.root, raw, (key,))
        for jump, label in self.jumps:
            if label not in self.placed:
                message = f"label '{label}' does not exist with these options"
                self.say(jump, ("goto",), message, "not-in-config", "give both the same `when:` or `unless:`")
        return steps

    # ------------------------------------------------------------ blocks

    def block(self, steps: Any, owner: Any, path: tuple[str | int, ...]) -> tuple[Step, ...]:
        """A list of steps. ``owner`` and ``path`` say where it is, for problems."""
        if steps.__class__ is not list:
            if steps is not None and steps != ():
                self.say(
                    owner, path, f"expected a list of steps, found {quote(steps)}", "wrong-type", "start each with '- '"
                )
            return ()
        out: list[Step] = []
        simple = self.shared.simple
        for index, raw in enumerate(steps):
            if raw.__class__ is not dict:
                self.say(owner, (*path, index), f"expected a step, found {quote(raw)}", "wrong-type")
                continue
            step = known_step(raw, simple)
            if step is not None:
                out.append(step)
            else:
                self._step(raw, out)
        return tuple(out)

    def _step(self, raw: dict[str, Any], out: list[Step]) -> None:
        """Any step: find its main key, decide its options, hand it on."""
        main = self._main_key(raw)
        if main is None:
            return
        if len(raw) > 2 and not self._options_fit(raw, main):
            return
        if "when" in raw or "unless" in raw:
            self._conditional(raw, main, out)
            return
        self._dispatch(raw, main, out)

    def _dispatch(self, raw: dict[str, Any], main: str, out: list[Step]) -> None:
        if self.active and raw.get("waive") is not None:
            self.shared.waived.append((raw, self.source))
        control = CONTROL.get(main)
        if control is not None:
            control(self, raw, raw[main], out)
        else:
            self._verb(raw, main, out)

    def _conditional(self, raw: dict[str, Any], main: str, out: list[Step]) -> None:
        """A step with ``when:`` or ``unless:``; one that is off is still checked, then dropped."""
        when, unless = _words(raw.get("when")), _words(raw.get("unless"))
        for key, names in (("when", when), ("unless", unless)):
            for name in names:
                self._config_exists(raw, key, name)
        left = self.shared.world.left_open(when, unless)
        if left is not None:
            self._open(raw, main, left if self.active else {}, out)
            return
        before, self.active = self.active, False
        self._dispatch(raw, main, [])
        self.active = before

    def _open(self, raw: dict[str, Any], main: str, left: dict[str, bool], out: list[Step]) -> None:
        """A step that exists with these open options only."""
        steps: list[Step] = []
        before = self.guard.within(left)
        self._dispatch(raw, main, steps if left else out)
        self.guard.options = before
        if left:
            out.append(Branch(condition(left), tuple(steps), (), raw[AT]))

    def _config_exists(self, raw: dict[str, Any], key: str, name: str) -> None:
        config = self.shared.world.config
        if name not in config:
            hint = did_you_mean(name, config) or "declare it under `configs:`"
            self.say(raw, (key,), f"unknown kernel option '{name}'", "unknown-config", hint)

    def _main_key(self, raw: dict[str, Any]) -> str | None:
        """The one key that says what the step is."""
        if len(raw) == 2 and (only := next(reversed(raw))) not in BESIDE:
            return only
        found = [key for key in raw if key not in BESIDE and key != AT]
        if len(found) == 1:
            return found[0]
        known = [key for key in found if key in CONTROL or key in self.shared.world.dialect.verbs]
        if not found:
            keys = ", ".join(key for key in raw if key != AT) or "nothing"
            self.say(raw, (), f"a step needs a verb, found only {keys}", "no-verb")
        elif len(known) == 1:
            other = next(key for key in found if key not in known)
            hint = did_you_mean(other, sorted(BESIDE))
            self.say(raw, (other,), f"unknown key '{other}' beside {known[0]}", "unknown-key", hint, of_key=True)
        elif len(known) > 1:
            self.say(raw, (known[1],), f"a step has one verb, found {known[0]} and {known[1]}", "two-verbs",
                      f"start a new item: `- {known[1]}:`", of_key=True)  # fmt: skip
        else:
            for key in found:
                self._unknown_verb(raw, key)
        return None

    def _options_fit(self, raw: dict[str, Any], main: str) -> bool:
        """Whether the keys beside ``main`` belong there and have the right types."""
        allowed = _ALLOWED.get(main, _BESIDE_VERB)
        good = True
        for key in raw:
            if key != AT and key != main and key not in allowed:
                self.say(raw, (key,), f"'{key}' does not belong beside {main}", "unknown-key",
                          f"beside it: {', '.join(sorted(allowed))}", of_key=True)  # fmt: skip
                good = False
        if all(key in _SIMPLE or key in (main, AT) for key in raw) and isinstance(raw.get("at", ""), str):
            return good
        options = {key: value for key, value in raw.items() if key != main}
        try:
            adapter(StepShape).validate_python(options)
        except ShapeError as error:
            found = problems_of(error, StepShape, self.source, raw, f"a {main} step")
            self.shared.problems.add_all(found)
            return False
        return good

    # ------------------------------------------------------------ verbs

    def _verb(self, raw: dict[str, Any], name: str, out: list[Step]) -> None:
        verb = self.shared.world.dialect.verb(name)
        if verb is None:
            if name not in self.shared.world.dialect.verbs:
                self._unknown_verb(raw, name)
            plan = None
        else:
            plan = self._plan(raw, verb, name)
        if verb is None or plan is None:
            for key in ("do", "then", "else"):
                self.block(raw.get(key, ()), raw, (key,))
            return
        if self.active and self.shared.world.guarded:
            self.guard.locks([*plan.given.values(), raw.get("nest")])
        if self.active and not (verb.calls or verb.fails or plan.params or verb.starts) and self.guard.bare(raw, name):
            self.remember(name, raw[name], (plan.effects, plan.text, None))
        self._note(plan, raw, name)
        self._emit(raw, plan, out)

    def remember(self, main: str, operand: Any, known: Known) -> None:
        """The next step like this one need not be looked at again."""
        if operand.__class__ is str or operand is None:
            self.shared.simple.setdefault(main, {})[operand] = known

    def _plan(self, raw: dict[str, Any], verb: Verb, name: str) -> Plan | None:
        nested = raw.get("nested", 0)
        if not verb.acquires and ("nested" in raw or "nest" in raw):
            self.say(
                raw, ("nested" if "nested" in raw else "nest",), f"{name} takes no lock: it cannot be nested", "nesting"
            )
        if not verb.enters and "threaded" in raw:
            self.say(raw, ("threaded",), f"'threaded' does not belong beside {name}", "unknown-key", None, of_key=True)
        try:
            if not ("nested" in raw or "nest" in raw or "threaded" in raw):
                return self.shared.plans.plain(verb, raw[name], self.params, active=self.active)
            return self.shared.plans.make(
                verb, raw[name], self.params, active=self.active, nested=nested, nest=raw.get("nest"),
                threaded=raw.get("threaded", True),
            )  # fmt: skip
        except PlanError as error:
            at_value = error.code != "operands" and error.key is not None
            self.say(raw, _operand_path(raw, verb, error.key), str(error), error.code, error.hint, of_key=not at_value)
            return None

    def _note(self, plan: Plan, raw: dict[str, Any], name: str) -> None:
        """Remember what is only known when all functions are: parameters' uses, started functions, open calls."""
        if not self.active:
            return
        for param, operand in plan.params:
            self.shared.flow.use(self._function, param, plan.verb, operand)
        if plan.verb.starts and plan.started:
            self.guard.demand()
            self.shared.flow.start(self._function, plan.started, plan.verb.starts)
        if plan.call:
            self.calls.through_verb(plan, raw, self.source)
        if plan.unmodelled:
            new = (f"{name}() is not modelled here: {_what_is_seen(plan)}", self.source.file, raw[AT])
            old = self.shared.unmodelled.get(name)
            if old is None or new[1:] < old[1:]:
                self.shared.unmodelled[name] = new

    def _emit(self, raw: dict[str, Any], plan: Plan, out: list[Step]) -> None:
        """The step itself, its block, and what happens when it fails."""
        verb, where, at = plan.verb, raw[AT], raw.get("at")
        got: list[Step] = []
        if plan.effects or plan.call is None:
            got.append(Do(plan.effects, where, plan.text, at))
        if plan.call is not None:
            call = Call((plan.call[0],), plan.call[1], where, plan.text, at)
            self.guard.calls(plan.callee or "", [call], where, got)
        if "do" in raw:
            got.extend(self._scope(raw, plan))
        if "then" in raw and self._may_fail(raw, verb, "then"):
            got.extend(self.block(raw["then"], raw, ("then",)))
        if verb.fails is None:
            if "else" in raw:
                self._may_fail(raw, verb, "else")
            out.extend(got)
            return
        failed: tuple[Step, ...] = ()
        if "else" in raw:
            failed = self.block(raw["else"], raw, ("else",))
        elif verb.fails != "try":
            failed = (*self.leaving(0, where), Jump("return", where))
        out.append(Choice((tuple(got), failed), where))

    def _may_fail(self, raw: dict[str, Any], verb: Verb, key: str) -> bool:
        if verb.fails is None:
            self.say(raw, (key,), f"{verb.name} cannot fail: '{key}:' has no meaning beside it", "cannot-fail",
                      "use the try, interruptible or killable verb, or `if:`", of_key=True)  # fmt: skip
        elif "do" in raw and key == "then":
            self.say(raw, (key,), f"{verb.name} has both 'do:' and 'then:'", "two-blocks", "keep one", of_key=True)
        return verb.fails is not None

    def _scope(self, raw: dict[str, Any], plan: Plan) -> list[Step]:
        """The ``do:`` block of a verb, ended by its ending verb on every way out."""
        verb = plan.verb
        try:
            end = self.shared.plans.ending(plan, self.params, active=self.active)
        except PlanError as error:
            self.say(raw, (verb.name,), str(error), error.code, error.hint)
            return []
        if end is None:
            self.say(
                raw,
                ("do",),
                f"{verb.name} has no ending verb: 'do:' has no meaning beside it",
                "no-ending",
                None,
                of_key=True,
            )
            return list(self.block(raw["do"], raw, ("do",)))
        return self.inside(raw, end)

    def inside(self, raw: dict[str, Any], end: tuple[tuple[Effect, ...], str]) -> list[Step]:
        """The ``do:`` block of ``raw``, then ``end``."""
        self.scopes.append(Scope(id(raw), end, False))
        steps = list(self.block(raw.get("do", ()), raw, ("do",)))
        self.scopes.pop()
        if not (steps and isinstance(steps[-1], Jump)):
            steps.append(Do(end[0], raw[AT], end[1], raw.get("at")))
        return steps

    def leaving(self, down_to: int, where: int) -> list[Step]:
        """The ends of all open scopes above the first ``down_to``, innermost first."""
        return [Do(scope.end[0], where, scope.end[1]) for scope in reversed(self.scopes[down_to:]) if scope.end]

    def _unknown_verb(self, raw: dict[str, Any], name: str) -> None:
        hint = did_you_mean(name, [*self.shared.world.dialect.verbs, *CONTROL])
        if name in self.shared.world.functions:
            hint = f"to call the function, write `call: {name}`"
        self.say(raw, (name,), f"unknown verb '{name}'", "unknown-verb", hint, of_key=True)

    # ------------------------------------------------------------ problems

    def say(
        self,
        raw: Any,
        path: tuple[str | int, ...],
        message: str,
        code: str,
        hint: str | None = None,
        *,
        of_key: bool = False,
    ) -> None:
        """Record a problem at the value (or key) that ``path`` leads to in ``raw``."""
        line, column = place_of(self.source, raw, path, of_key=of_key)
        self.shared.problems.add(Problem(self.source.file, line, column, message, hint, code))


_BESIDE_VERB: Final = _COMMON | {"do", "then", "else", "nested", "nest", "threaded"}
_ALLOWED: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(CONTROL, _COMMON),
    "call": _COMMON | {"with"},
    "call_any": _COMMON | {"with"},
    "if": _COMMON | {"then", "else"},
    "loop": _COMMON | {"once"},
    "interrupt": _COMMON | {"do", "threaded"},
}


def _operand_path(raw: dict[str, Any], verb: Verb, key: str | int | None) -> tuple[str | int, ...]:
    """Where in a step the operand ``key`` of its verb stands."""
    operand = raw[verb.name]
    if key == "nest" and "nest" in raw:
        return ("nest",)
    if isinstance(operand, dict) and key is not None and key in operand:
        return (verb.name, key)
    known = [one.name for one in verb.operands]
    if isinstance(operand, list) and operand and key in known:
        return (verb.name, min(known.index(str(key)), len(operand) - 1))
    return (verb.name,)


def _words(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value or []


def _what_is_seen(plan: Plan) -> str:
    """What is known of a call that is not modelled. That memory goes back is not much of it."""
    words = {Allocate: "might_alloc()", Sleep: "might_sleep()", Acquire: "locking", Signal: "waking"}
    found = [words.get(type(effect), "effect") for effect in plan.effects if type(effect) is not Free]
    return f"only its own {' and '.join(dict.fromkeys(found))} is seen" if found else "what it does is not seen"
