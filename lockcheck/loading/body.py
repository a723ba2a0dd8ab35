"""The steps of one function, from mappings to the model's tree: control flow, scopes, early exits, names.

Is: lowering of blocks. Is not: what a verb does (``plans``) nor a check of what callers pass (``flow``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from lockcheck.loading.calls import Calls
from lockcheck.loading.conditions import ConditionError
from lockcheck.loading.decide import lower_condition
from lockcheck.loading.dialect import Verb
from lockcheck.loading.flow import Flow
from lockcheck.loading.plans import Plan, PlanError, Plans
from lockcheck.loading.shape_errors import place_of, problems_of
from lockcheck.loading.shapes import StepShape, adapter
from lockcheck.loading.world import World
from lockcheck.model.steps import (
    Acquire,
    Allocate,
    Branch,
    Call,
    Choice,
    Do,
    Effect,
    Enter,
    Jump,
    Label,
    Leave,
    Loop,
    Ref,
    Signal,
    Sleep,
    Step,
)
from lockcheck.source.problems import Collector, Problem, did_you_mean, quote
from lockcheck.source.reader import AT, STEP_LISTS
from lockcheck.source.text import SourceText

_COMMON: Final = frozenset({"at", "note", "when", "unless"})
_BESIDE: Final = _COMMON | {"do", "then", "else", "nested", "nest", "with", "once", "threaded"}
_SIMPLE: Final = frozenset({"at", "do", "then", "else"})


class _Scope(NamedTuple):
    """An open block. ``end``: what runs when it is left (empty for a loop). ``owner``: id of the step that opened it."""

    owner: int
    end: tuple[tuple[Effect, ...], str] | None
    loop: bool


class Shared(NamedTuple):
    """What all functions of a program share. ``simple``: plans of the plainest steps by verb and operand.

    ``unmodelled``: verb to (text, file, packed position) of calls that the model leaves open.
    """

    world: World
    plans: Plans
    problems: Collector
    flow: Flow
    simple: dict[str, dict[Any, tuple[tuple[Effect, ...], str]]]
    unmodelled: dict[str, tuple[str, str, int]]
    bodies: Mapping[str, Any]


class Body:
    """Lowers the steps of one function."""

    def __init__(self, shared: Shared, function: str, params: tuple[str, ...], source: SourceText, active: bool) -> None:
        self._shared = shared
        self._function = function
        self._params = params
        self._source = source
        self._active = active
        self._scopes: list[_Scope] = []
        self._labels: dict[str, tuple[int, ...]] | None = None
        self._root: Any = ()
        self._calls = Calls(shared.world, shared.flow, function, params, shared.bodies)

    def lower(self, raw: Any, key: str = "steps") -> tuple[Step, ...]:
        """The block of steps under ``key`` of the mapping ``raw``."""
        self._root = raw.get(key, ())
        return self._block(self._root, raw, (key,))

    # ------------------------------------------------------------ blocks

    def _block(self, steps: Any, owner: Any, path: tuple[str | int, ...]) -> tuple[Step, ...]:
        """A list of steps. ``owner`` and ``path`` say where it is, for problems."""
        if steps.__class__ is not list:
            if steps:
                self._say(owner, path, f"expected a list of steps, found {quote(steps)}", "wrong-type", "start each with '- '")
            return ()
        out: list[Step] = []
        simple = self._shared.simple
        for index, raw in enumerate(steps):
            if raw.__class__ is not dict:
                self._say(owner, (*path, index), f"expected a step, found {quote(raw)}", "wrong-type")
                continue
            if len(raw) == 2:
                verb = next(reversed(raw))
                operand = raw[verb]
                if operand.__class__ is str or operand is None:
                    plan = simple.get(verb, {}).get(operand)
                    if plan is not None:
                        out.append(Do(plan[0], raw[AT], plan[1]))
                        continue
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
        control = _CONTROL.get(main)
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
        if self._shared.world.on(when, unless):
            self._dispatch(raw, main, out)
            return
        before, self._active = self._active, False
        self._dispatch(raw, main, [])
        self._active = before

    def _config_exists(self, raw: dict[str, Any], key: str, name: str) -> None:
        config = self._shared.world.config
        if name not in config:
            hint = did_you_mean(name, config) or "declare it under `configs:`"
            self._say(raw, (key,), f"unknown kernel option '{name}'", "unknown-config", hint)

    def _main_key(self, raw: dict[str, Any]) -> str | None:
        """The one key that says what the step is."""
        if len(raw) == 2:
            return next(reversed(raw))
        found = [key for key in raw if key not in _BESIDE and key != AT]
        if len(found) == 1:
            return found[0]
        known = [key for key in found if key in _CONTROL or key in self._shared.world.dialect.verbs]
        if not found:
            keys = ", ".join(key for key in raw if key != AT) or "nothing"
            self._say(raw, (), f"a step needs a verb, found only {keys}", "no-verb")
        elif len(known) == 1:
            other = next(key for key in found if key not in known)
            hint = did_you_mean(other, sorted(_BESIDE))
            self._say(raw, (other,), f"unknown key '{other}' beside {known[0]}", "unknown-key", hint, of_key=True)
        elif len(known) > 1:
            self._say(raw, (known[1],), f"a step has one verb, found {known[0]} and {known[1]}", "two-verbs",
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
                self._say(raw, (key,), f"'{key}' does not belong beside {main}", "unknown-key",
                          f"beside it: {', '.join(sorted(allowed))}", of_key=True)  # fmt: skip
                good = False
        if all(key in _SIMPLE or key == main or key == AT for key in raw) and isinstance(raw.get("at", ""), str):
            return good
        options = {key: value for key, value in raw.items() if key != main}
        try:
            adapter(StepShape).validate_python(options)
        except ValidationError as error:
            found = problems_of(error, StepShape, self._source, raw, f"a {main} step")
            self._shared.problems.add_all(found)
            return False
        return good

    # ------------------------------------------------------------ verbs

    def _verb(self, raw: dict[str, Any], name: str, out: list[Step]) -> None:
        verb = self._shared.world.dialect.verb(name)
        if verb is None:
            if name not in self._shared.world.dialect.verbs:
                self._unknown_verb(raw, name)
            plan = None
        else:
            plan = self._plan(raw, verb, name)
        if verb is None or plan is None:
            for key in ("do", "then", "else"):
                self._block(raw.get(key, ()), raw, (key,))
            return
        if self._active and not verb.calls and not verb.fails and not plan.params and not verb.starts and len(raw) == 2:
            operand = raw[name]
            if operand.__class__ is str or operand is None:
                self._shared.simple.setdefault(name, {})[operand] = (plan.effects, plan.text)
        self._note(plan, raw, name)
        self._emit(raw, plan, out)

    def _plan(self, raw: dict[str, Any], verb: Verb, name: str) -> Plan | None:
        nested = raw.get("nested", 0)
        if not verb.acquires and ("nested" in raw or "nest" in raw):
            self._say(raw, ("nested" if "nested" in raw else "nest",), f"{name} takes no lock: it cannot be nested", "nesting")
        if not verb.enters and "threaded" in raw:
            self._say(raw, ("threaded",), f"'threaded' does not belong beside {name}", "unknown-key", None, of_key=True)
        try:
            return self._shared.plans.make(
                verb, raw[name], self._params, active=self._active, nested=nested, nest=raw.get("nest"),
                threaded=raw.get("threaded", True),
            )  # fmt: skip
        except PlanError as error:
            path: tuple[str | int, ...] = (name,)
            operand = raw[name]
            if error.key == "nest" and "nest" in raw:
                path = ("nest",)
            elif isinstance(operand, dict) and error.key in operand:
                path = (name, error.key)
            elif isinstance(operand, list) and error.key is not None:
                known = [one.name for one in verb.operands]
                path = (name, min(known.index(str(error.key)), len(operand) - 1)) if error.key in known else path
            at_value = error.code != "operands" and error.key is not None
            self._say(raw, path, str(error), error.code, error.hint, of_key=not at_value)
            return None

    def _note(self, plan: Plan, raw: dict[str, Any], name: str) -> None:
        """Remember what is only known when all functions are: parameters' uses, started functions, open calls."""
        if not self._active:
            return
        for param, operand in plan.params:
            self._shared.flow.use(self._function, param, plan.verb, operand)
        if plan.verb.starts and plan.started:
            self._shared.flow.start(self._function, plan.started, plan.verb.starts)
        if plan.call:
            self._calls.through_verb(plan, raw, self._source)
        if plan.unmodelled:
            only = f"only its own {_effect_words(plan)} is seen" if plan.effects else "what it does is not seen"
            new = (f"{name}() is not modelled here: {only}", self._source.file, raw[AT])
            old = self._shared.unmodelled.get(name)
            if old is None or new[1:] < old[1:]:
                self._shared.unmodelled[name] = new

    def _emit(self, raw: dict[str, Any], plan: Plan, out: list[Step]) -> None:
        """The step itself, its block, and what happens when it fails."""
        verb, where, at = plan.verb, raw[AT], raw.get("at")
        got: list[Step] = []
        if plan.effects or plan.call is None:
            got.append(Do(plan.effects, where, plan.text, at))
        if plan.call is not None:
            got.append(Call((plan.call[0],), plan.call[1], where, plan.text, at))
        if "do" in raw:
            got.extend(self._scope(raw, plan))
        if "then" in raw and self._may_fail(raw, verb, "then"):
            got.extend(self._block(raw["then"], raw, ("then",)))
        if verb.fails is None:
            if "else" in raw:
                self._may_fail(raw, verb, "else")
            out.extend(got)
            return
        failed: tuple[Step, ...] = ()
        if "else" in raw:
            failed = self._block(raw["else"], raw, ("else",))
        elif verb.fails != "try":
            failed = (*self._leaving(0, where), Jump("return", where))
        out.append(Choice((tuple(got), failed), where))

    def _may_fail(self, raw: dict[str, Any], verb: Verb, key: str) -> bool:
        if verb.fails is None:
            self._say(raw, (key,), f"{verb.name} cannot fail: '{key}:' has no meaning beside it", "cannot-fail",
                      "use the try, interruptible or killable verb, or `if:`", of_key=True)  # fmt: skip
        elif "do" in raw and key == "then":
            self._say(raw, (key,), f"{verb.name} has both 'do:' and 'then:'", "two-blocks", "keep one", of_key=True)
        return verb.fails is not None

    def _scope(self, raw: dict[str, Any], plan: Plan) -> list[Step]:
        """The ``do:`` block of a verb, ended by its ending verb on every way out."""
        verb = plan.verb
        ending = self._shared.world.dialect.verb(verb.ends) if verb.ends else None
        if ending is None:
            self._say(raw, ("do",), f"{verb.name} has no ending verb: 'do:' has no meaning beside it", "no-ending", None, of_key=True)
            return list(self._block(raw["do"], raw, ("do",)))
        known = {one.name for one in ending.operands}
        given = {key: value for key, value in plan.given.items() if key in known}
        try:
            end = self._shared.plans.make(ending, given, self._params, active=self._active)
        except PlanError as error:
            self._say(raw, (verb.name,), str(error), error.code, error.hint)
            return []
        return self._inside(raw, (end.effects, end.text))

    def _inside(self, raw: dict[str, Any], end: tuple[tuple[Effect, ...], str]) -> list[Step]:
        """The ``do:`` block of ``raw``, then ``end``."""
        self._scopes.append(_Scope(id(raw), end, False))
        steps = list(self._block(raw.get("do", ()), raw, ("do",)))
        self._scopes.pop()
        if not (steps and isinstance(steps[-1], Jump)):
            steps.append(Do(end[0], raw[AT], end[1], raw.get("at")))
        return steps

    def _leaving(self, down_to: int, where: int) -> list[Step]:
        """The ends of all open scopes above the first ``down_to``, innermost first."""
        return [Do(scope.end[0], where, scope.end[1]) for scope in reversed(self._scopes[down_to:]) if scope.end]

    def _unknown_verb(self, raw: dict[str, Any], name: str) -> None:
        hint = did_you_mean(name, [*self._shared.world.dialect.verbs, *_CONTROL])
        if name in self._shared.world.functions:
            hint = f"to call the function, write `call: {name}`"
        self._say(raw, (name,), f"unknown verb '{name}'", "unknown-verb", hint, of_key=True)

    # ------------------------------------------------------------ control

    def _call(self, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
        self._call_targets(raw, operand, [operand], (("call",),), out)

    def _call_any(self, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
        callbacks = self._shared.world.callbacks
        if isinstance(operand, str) and operand in callbacks:
            names = list(callbacks[operand])
            self._call_targets(raw, operand, names, (("call_any",),) * len(names), out)
        elif isinstance(operand, str):
            hint = did_you_mean(operand, callbacks) or "name a list under `callbacks:`, or give a list of functions"
            self._say(raw, ("call_any",), f"unknown callbacks '{operand}'", "unknown-callbacks", hint)
        elif isinstance(operand, list):
            paths = tuple(("call_any", index) for index in range(len(operand)))
            self._call_targets(raw, operand, operand, paths, out)
        else:
            self._say(raw, ("call_any",), f"expected functions to call, found {quote(operand)}", "wrong-type")

    def _call_targets(
        self, raw: dict[str, Any], operand: Any, names: list[Any], paths: tuple[tuple[str | int, ...], ...], out: list[Step]
    ) -> None:
        """A call of one of several functions."""
        targets = []
        for name, path in zip(names, paths, strict=True):
            try:
                target = self._calls.target(name)
            except PlanError as error:
                self._say(raw, path, str(error), error.code, error.hint)
                continue
            if target is not None:
                targets.append(target)
        calls: list[Step] = []
        for given in self._shared.world.each({key: value for key, value in (raw.get("with") or {}).items() if key != AT}):
            args = self._arguments(raw, names, given)
            shown = ", ".join(str(given[key]) for key in sorted(given))
            text = f"{operand}({shown})" if isinstance(operand, str) else f"any of {', '.join(map(str, names))}"
            bound = tuple((key, args[key][0]) for key in sorted(args))
            calls.append(Call(tuple(targets), bound, raw[AT], text, raw.get("at")))
        if targets and len(calls) > 1:
            out.append(Choice(tuple((call,) for call in calls), raw[AT]))
        elif targets:
            out.extend(calls)

    def _arguments(self, raw: dict[str, Any], names: list[Any], given: dict[str, Any]) -> dict[str, tuple[Ref, str]]:
        """The arguments under ``with:``, each with its text, checked against the callees that are known."""
        known = self._shared.world.functions
        callees = [name for name in names if isinstance(name, str) and name in known]
        if not given and not any(self._shared.world.params[name] for name in callees):
            return {}
        args = {}
        for error in self._calls.check_arguments(given, callees, len(callees) < len(names)):
            path = ("with", error.key) if error.key is not None else ("call" if "call" in raw else "call_any",)
            self._say(raw, path, str(error), error.code, error.hint, of_key=error.key is not None)
        for key, value in given.items():
            try:
                args[key] = (self._calls.argument(value, callees, key, self._active), str(value))
            except PlanError as error:
                self._say(raw, ("with", key), str(error), error.code, error.hint)
        if self._active:
            self._calls.record(callees, args, raw, self._source)
        return args

    def _if(self, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
        where = raw[AT]
        if "then" not in raw and "else" not in raw:
            self._say(raw, ("if",), "an 'if' needs 'then:' or 'else:'", "missing-key", None, of_key=True)
        try:
            cond = lower_condition(operand, self._shared.world, self._params)
        except ConditionError as error:
            hint = did_you_mean(error.word, error.among) if error.word else None
            self._say(raw, ("if",), str(error), "condition", hint)
            cond = None
        active = self._active
        decided = cond.a if cond is not None and cond.op == "const" else None
        self._active = active and decided is not False
        then = self._block(raw.get("then", ()), raw, ("then",))
        self._active = active and decided is not True
        orelse = self._block(raw.get("else", ()), raw, ("else",))
        self._active = active
        if cond is None:
            return
        if decided is not None:
            out.extend(then if decided else orelse)
        else:
            out.append(Branch(cond, then, orelse, where))

    def _either(self, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
        if not isinstance(operand, list) or len(operand) < 2:
            self._say(raw, ("either",), "'either' needs a list of at least two blocks", "wrong-type", "either: [[...], [...]]")
            return
        blocks = []
        for index, block in enumerate(operand):
            if not isinstance(block, list):
                self._say(raw, ("either", index), f"expected a list of steps, found {quote(block)}", "wrong-type",
                          "each block is a list: `- - step`")  # fmt: skip
            else:
                blocks.append(self._block(block, raw, ("either", index)))
        out.append(Choice(tuple(blocks), raw[AT]))

    def _optional(self, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
        out.append(Choice((self._block(operand, raw, ("optional",)), ()), raw[AT]))

    def _loop(self, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
        self._scopes.append(_Scope(id(raw), None, True))
        body = self._block(operand, raw, ("loop",))
        self._scopes.pop()
        out.append(Loop(body, raw.get("once") is True, raw[AT]))

    def _return(self, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
        if operand is not None:
            self._say(raw, ("return",), f"'return' takes nothing, found {quote(operand)}", "wrong-type", "write `- return`")
        out.extend(self._leaving(0, raw[AT]))
        out.append(Jump("return", raw[AT]))

    def _loop_jump(self, raw: dict[str, Any], operand: Any, out: list[Step], what: str) -> None:
        loops = [index for index, scope in enumerate(self._scopes) if scope.loop]
        if not loops:
            self._say(raw, (what,), f"'{what}' outside a loop", "outside-loop", None, of_key=True)
            return
        out.extend(self._leaving(loops[-1] + 1, raw[AT]))
        out.append(Jump(what, raw[AT]))

    def _break(self, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
        self._loop_jump(raw, operand, out, "break")

    def _continue(self, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
        self._loop_jump(raw, operand, out, "continue")

    def _goto(self, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
        if self._labels is None:
            self._labels = {}
            _find_labels(self._root, (), self._labels)
        if not isinstance(operand, str) or operand not in self._labels:
            hint = did_you_mean(operand, self._labels) if isinstance(operand, str) else None
            self._say(raw, ("goto",), f"unknown label {quote(operand)}", "unknown-label", hint or f"write `- label: {operand}`")
            return
        target = self._labels[operand]
        mine = [scope.owner for scope in self._scopes if not scope.loop]
        if list(target) != mine[: len(target)]:
            self._say(raw, ("goto",), f"goto {operand} jumps into a 'do:' block", "goto-into", "move the label out of it")
            return
        keep = next((i for i, scope in enumerate(self._scopes) if not scope.loop and scope.owner not in target), len(self._scopes))
        out.extend(self._leaving(keep, raw[AT]))
        out.append(Jump("goto", raw[AT], operand))

    def _label(self, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
        if not isinstance(operand, str):
            self._say(raw, ("label",), f"expected the name of a label, found {quote(operand)}", "wrong-type")
            return
        out.append(Label(operand, raw[AT]))

    def _interrupt(self, raw: dict[str, Any], operand: Any, out: list[Step]) -> None:
        if operand not in ("softirq", "hardirq", "nmi"):
            hint = did_you_mean(operand, ("softirq", "hardirq", "nmi")) if isinstance(operand, str) else None
            message = f"'interrupt': expected softirq, hardirq or nmi, found {quote(operand)}"
            self._say(raw, ("interrupt",), message, "unknown-word", hint)
            return
        out.append(Do((Enter(operand, raw.get("threaded", True)),), raw[AT], f"{operand} strikes", raw.get("at")))
        out.extend(self._inside(raw, ((Leave(operand),), f"{operand} returns")))

    # ------------------------------------------------------------ problems

    def _say(
        self, raw: Any, path: tuple[str | int, ...], message: str, code: str, hint: str | None = None, *, of_key: bool = False
    ) -> None:
        line, column = place_of(self._source, raw, path, of_key=of_key)
        self._shared.problems.add(Problem(self._source.file, line, column, message, hint, code))


_CONTROL: Final[dict[str, Callable[[Body, dict[str, Any], Any, list[Step]], None]]] = {
    "call": Body._call,
    "call_any": Body._call_any,
    "if": Body._if,
    "either": Body._either,
    "optional": Body._optional,
    "loop": Body._loop,
    "return": Body._return,
    "break": Body._break,
    "continue": Body._continue,
    "goto": Body._goto,
    "label": Body._label,
    "interrupt": Body._interrupt,
}
_BESIDE_VERB: Final = _COMMON | {"do", "then", "else", "nested", "nest", "threaded"}
_ALLOWED: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(_CONTROL, _COMMON),
    "call": _COMMON | {"with"},
    "call_any": _COMMON | {"with"},
    "if": _COMMON | {"then", "else"},
    "loop": _COMMON | {"once"},
    "interrupt": _COMMON | {"do", "threaded"},
}


def _words(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value or []


def _find_labels(steps: Any, scopes: tuple[int, ...], labels: dict[str, tuple[int, ...]]) -> None:
    """Fill ``labels`` with every label below ``steps`` and the ``do:`` blocks that it stands in."""
    for raw in steps if isinstance(steps, list) else ():
        if isinstance(raw, list):
            _find_labels(raw, scopes, labels)
        elif isinstance(raw, dict):
            name = raw.get("label")
            if isinstance(name, str):
                labels[name] = scopes
            for key in STEP_LISTS:
                if key in raw:
                    _find_labels(raw[key], (*scopes, id(raw)) if key == "do" else scopes, labels)


def _effect_words(plan: Plan) -> str:
    """What a call that is not modelled still does here."""
    words = {Allocate: "might_alloc()", Sleep: "might_sleep()", Acquire: "locking", Signal: "waking"}
    found = [words.get(type(effect), "effect") for effect in plan.effects]
    return " and ".join(dict.fromkeys(found))
