"""A program as small graphs of effects, in plain lists and numbers: what the verifier carries out.

Is: the compiled functions that entries reach over any call, with every name resolved. The same program gives the same
form, whatever was analysed before. Is not: followed anywhere; nothing here knows a state.

Glossary words defined here: lowered program.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from lockcheck.analysis import actions as act
from lockcheck.analysis import compile as cfg
from lockcheck.analysis import switches as sw
from lockcheck.analysis.compile import Bundle, Code, Compiler, Op
from lockcheck.analysis.entries import Starter
from lockcheck.analysis.lifted import OPTION
from lockcheck.analysis.state import Context, HeldStack, State
from lockcheck.analysis.walk import Walker
from lockcheck.model.limits import AnalysisLimits
from lockcheck.model.program import Program
from lockcheck.model.steps import Cond, Value

Json: TypeAlias = "list[Any]"


class Lowered:
    """The lowered form of a program (``document``). ``starts``: codes of the entries, in order."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.compiler = Compiler(program)
        starter = Starter(Walker(self.compiler, AnalysisLimits()))
        begun = list(starter.starts())
        self.starts = [start.code for start in begun]
        self.codes: dict[Code, int] = {}
        self._found: list[Code] = []
        self._by_key: dict[object, int] = {}
        for code in self.starts:
            self._add(code)
        functions = [self._function(code) for code in self._found]  # grows while it is read
        self.labels = starter.labels
        self.document: dict[str, Any] = {
            "functions": functions,
            "starts": [
                {
                    "name": program.functions[start.function].name,
                    "function": self.codes[start.code],
                    "entry": stated(State(HeldStack(None, None), start.context)),
                    "keeps": list(program.functions[start.function].returns_holding),
                }
                for start in begun
            ],
            "classes": self._classes(),
            "locks": [{"name": lock.name, "rank": lock.rank} for lock in program.locks],
            "init": [index for index, label in enumerate(starter.labels) if label.init],
            "config_rank": int(self.compiler.binder.table.config_rank),
        }

    def number(self, code: Code, start: int | None = None) -> int:
        """The function number of a code of another compiler. ``start``: the entry whose prelude it is."""
        if code.index < 0:
            assert start is not None
            return self.codes[self.starts[start]]
        return self._by_key[code.index, code.binding]

    @property
    def class_names(self) -> list[str]:
        """Names of lock classes, by number."""
        return self.compiler.binder.class_names

    def _add(self, code: Code) -> int:
        if code not in self.codes:
            self.codes[code] = len(self.codes)
            self._found.append(code)
            if code.index >= 0:
                self._by_key[code.index, code.binding] = self.codes[code]
        return self.codes[code]

    def _function(self, code: Code) -> dict[str, Any]:
        return {"name": code.function.name, "start": code.entry, "ops": [self._op(op) for op in code.ops]}

    def _op(self, op: Op) -> Json:
        if op.code == cfg.END:
            return ["end"]
        if op.code == cfg.RUN:
            assert isinstance(op.arg, Bundle)
            return ["do", effects(op.arg.actions), op.then]
        if op.code == cfg.CALL:
            return ["call", [self._add(self.compiler.at_site(site)) for site in op.arg], op.then]  # type: ignore[attr-defined]
        if op.code == cfg.FORGET:
            return ["forget", sorted(op.arg), op.then]  # type: ignore[call-overload]
        if op.code == cfg.TEST:
            assert isinstance(op.arg, Cond)
            return ["if", condition(op.arg), *op.other]
        return ["fork", list(op.other or (op.then,))]

    def _classes(self) -> list[dict[str, Any]]:
        binder = self.compiler.binder
        leaves = {one.name for one in self.program.classes if one.leaf}
        return [
            {
                "name": name,
                "inner": rank.inner,
                "outer": rank.outer,
                "override": rank.override,
                "sleepless": kind.blocks_sleep,
                "aside": kind.per_cpu or kind.override,
                "leaf": name in leaves,
            }
            for name, kind, rank in zip(binder.class_names, binder.kinds, binder.table.ranks, strict=True)
        ]


def stated(state: State, classes: Callable[[int], int] = int) -> Json:
    """A state as a certificate writes it. ``classes``: renumbers lock classes."""
    held = [
        [classes(one.cls), one.lock, one.mode, one.trylock, one.checked, one.nest, one.irqs_off, one.irq_context,
         one.refs, one.pins]
        for one in state.held.entries()
    ]  # fmt: skip
    now: Context = state.context
    return [
        held, now.softirq, now.hardirq, now.nmi, now.irqs_on, now.bh, now.preempt, now.nofs, now.noio, now.memalloc,
        now.limit, now.base, _lists(now.saved), _lists(now.interrupted), _lists(now.words), now.confinement,
        now.inherited,
    ]  # fmt: skip


def _lists(value: Any) -> Any:
    return [_lists(one) for one in value] if isinstance(value, tuple) else value


def condition(cond: Cond) -> Json:
    """A test that only the state can decide; one that nothing known decides goes both ways."""
    if cond.op == OPTION:
        return ["word", cond.a, None]
    if cond.op in ("word", "irqs", "in"):
        return [cond.op, cond.a, None]
    if cond.op == "preemptible":
        return [cond.op, None, None]
    if cond.op == "gfp" and isinstance(cond.a, Value) and isinstance(cond.b, int):
        return ["gfp", cond.a.value, cond.b]
    return ["any", None, None]


def effects(actions: tuple[act.Action, ...]) -> list[Json]:
    """Actions as effects."""
    return [EFFECTS[type(one)](one) for one in actions if type(one) not in SILENT]


def _reclaim(one: Any) -> Json:
    begun = effects(one.always)
    return ["reclaim", one.flags, [*effects((one.reclaim,)), *begun], begun]


SILENT = frozenset((sw.Own, sw.FreePoint, sw.SignalWaiters))
"""Actions that leave a state as it is and say nothing about locks."""

EFFECTS: dict[type, Callable[[Any], Json]] = {
    act.Take: lambda one: ["take", one.cls, one.lock, one.mode, one.trylock, one.sync, one.nest, one.checked],
    act.Drop: lambda one: ["drop", one.cls, one.lock],
    act.Change: lambda one: ["change", one.own_cls, one.lock, one.cls or 0, one.downgrade],
    act.PinLock: lambda one: ["pin", one.lock, one.delta],
    act.AssertHeld: lambda one: ["assert", "assertion", one.lock, one.mode, one.held],
    sw.MustBeFree: lambda one: ["assert", one.what, one.lock, None, False],
    sw.SwitchIrq: lambda one: ["irq", one.what],
    sw.Counter: lambda one: ["count", one.field, one.delta],
    sw.EnterInterrupt: lambda one: ["enter", one.kind, one.threaded],
    sw.LeaveInterrupt: lambda _: ["leave"],
    sw.AllocationPoint: lambda one: ["alloc", one.flags, one.what, effects(one.reclaim), effects(one.notifier)],
    sw.ReclaimScope: _reclaim,
    sw.MaySleep: lambda one: ["sleep", one.what],
    sw.Unknown: lambda one: ["unknown", one.why],
}
"""How each action is written; one that is missing here could not be certified."""
