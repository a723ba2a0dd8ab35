"""Re-checks a certificate of a clean run: a small checker that shares no code with what made it.

Is: one pass over every summary of the certificate. A function's steps are carried out once for each state it is
entered in, and its calls are answered by the summaries that the certificate states, so that a fixpoint is checked
instead of computed. What comes out must be what is stated, entry by entry; the order must rank every dependency, and
no usage may conflict. Needs nothing but the standard library. Is not: a reader of models (it is given their program,
in the form that docs/reference/certificate.md describes), nor a printer.

Glossary words defined here: certificate, refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from lockcheck.verifier.locking import (
    BITS,
    EXCLUSIVE,
    MOST_DEPTH,
    RECURSIVE,
    SHARED,
    Locking,
    RefusedError,
    State,
    Summary,
    frozen,
    state_of,
)

FORMAT = 1
MOST_STEPS = 20_000_000


class Examined(NamedTuple):
    """What came of re-checking: why the certificate is refused (nothing if it is not), and how much was carried out."""

    refusals: tuple[str, ...]
    summaries: int = 0
    steps: int = 0
    dependencies: int = 0


def examine(certificate: dict[str, Any]) -> Examined:
    """Re-check a certificate. Never raises for a bad one: what is wrong with it is in ``refusals``."""
    try:
        if certificate.get("certificate") != FORMAT:
            return Examined((f"its format is {certificate.get('certificate')!r}; expected {FORMAT}",))
        verifier = Verifier(certificate)
        verifier.run()
        verifier.compare(certificate)
    except RefusedError as refused:
        return Examined((str(refused),))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, AssertionError, RecursionError) as error:
        return Examined((f"it is not in the form of a certificate ({type(error).__name__}: {error})",))
    return Examined((), len(verifier.summaries), verifier.steps, len(verifier.dependencies))


class Verifier(Locking):
    """Carries out a program against the summaries that a certificate states."""

    def __init__(self, certificate: dict[str, Any]) -> None:
        super().__init__(certificate["program"])
        states = list(map(state_of, certificate["states"]))
        self.summaries = [Summary(stated, states) for stated in certificate["summaries"]]
        self.table = {(one.function, one.entry, one.whole): one for one in self.summaries}
        self.starts = [(start, state_of(start["entry"])) for start in certificate["program"]["starts"]]
        self.used: set[Summary] = set()
        self.steps = 0

    def run(self) -> None:
        """Carry out every summary. Raises :class:`RefusedError` for one that does not follow from its steps."""
        for start, entry in self.starts:
            self.leave(start, entry, self.find(start["function"], entry, True))
        for summary in self.summaries:
            self.now = summary
            self.paths(summary)
            for part, stated in summary.stated.items():
                self.same(f"{part} of {self.name(summary)}", stated, summary.seen[part])
        for summary in self.summaries:
            if summary not in self.used:
                raise RefusedError(f"nothing leads to the summary of {self.name(summary)}")

    def same(self, what: str, stated: Iterable[Any], found: Iterable[Any]) -> None:
        """Both have the same members."""
        missing, surplus = set(found) - set(stated), set(stated) - set(found)
        if missing or surplus:
            word, one = ("leave out", min(map(str, missing))) if missing else ("add", min(map(str, surplus)))
            raise RefusedError(f"the {what} {word} {one}")

    def name(self, summary: Summary) -> str:
        """The function of a summary."""
        return str(self.functions[summary.function]["name"])

    # -- paths and calls ---------------------------------------------------------------------------------------------

    def paths(self, summary: Summary) -> None:
        """Every path of a function from one entry state."""
        function = self.functions[summary.function]
        todo, met = [(function["start"], summary.entry)], set()
        while todo:
            at, state = todo.pop()
            if (at, state) in met:
                continue
            met.add((at, state))
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise RefusedError(f"more than {MOST_STEPS} steps")
            code, *op = function["ops"][at]
            if code == "end":
                summary.seen["exits"].add(state)
            elif code == "do":
                after = self.effects(state, op[0])
                todo += [(op[1], after)] if after is not None else []
            elif code == "call":
                todo += [(op[1], after) for target in op[0] for after in self.call(state, target)]
            elif code == "forget":
                words = tuple(pair for pair in state.words if pair[0] not in op[0])
                todo.append((op[1], state._replace(words=words)))
            else:
                todo += self.ways(state, code, op)

    def ways(self, state: State, code: str, op: list[Any]) -> Iterator[tuple[int, State]]:
        """Where a fork or a test goes on."""
        if code == "fork":
            yield from ((way, state) for way in op[0])
            return
        (what, a, b), yes, no = op[0], op[1], op[2]
        if code != "if":
            raise RefusedError(f"no step is called '{code}'")
        if what == "word":
            known = dict(state.words)
            for value in [known[a]] if a in known else [True, False]:
                yield (yes if value else no), state._replace(words=tuple(sorted({**known, a: value}.items())))
            return
        name = "nmi" if state.nmi else "hardirq" if state.hardirq else "softirq" if state.softirq else "task"
        groups = {"interrupt": name != "task", "softirq": state.softirq and not state.hardirq}
        answers = {"irqs": state.irqs_on != bool(a), "preemptible": not state.atomic, "in": groups.get(a, name == a),
                   "gfp": what == "gfp" and self.scoped(state, a) & b == b}  # fmt: skip
        for value in [answers[what]] if what in answers else [True, False]:
            yield (yes if value else no), state

    def find(self, function: int, entry: State, whole: bool) -> Summary | None:
        """The summary of a function in a state."""
        found = self.table.get((function, entry, whole))
        if found is not None:
            self.used.add(found)
        return found

    def call(self, state: State, function: int) -> Iterator[State]:
        """The caller's states after a call; what the callee reaches meets what the caller holds."""
        inherited = state.inherited
        for counter, bit in BITS.items():
            inherited |= bit if getattr(state, counter) else 0
        if any(self.classes[one.cls]["sleepless"] for one in state.held):
            inherited |= BITS["preempt"]
        closed = state._replace(held=(), bh=0, preempt=0, nofs=0, noio=0, memalloc=0, limit=self.limit(state),
                                base=state.context, saved=(), interrupted=(), words=(),
                                inherited=inherited)  # fmt: skip
        callee = self.find(function, closed, False)
        callee = callee or self.find(function, state._replace(interrupted=(), words=()), self.now.whole)
        if callee is None:
            raise RefusedError(f"no summary of {self.functions[function]['name']} as {self.here()} calls it")
        self.meet(state, callee)
        for end in callee.stated["exits"]:
            yield self.resumed(state, callee.entry, end)

    def resumed(self, state: State, begun: State, end: State) -> State:
        """A caller's state and a callee's exit, put together."""
        counts = {name: getattr(state, name) + getattr(end, name) - getattr(begun, name) for name in BITS}
        held, saved = state.held + end.held, state.saved + end.saved
        if begun.held:
            held = end.held
        if begun.saved or begun.held:
            saved = end.saved
        if len(held) > MOST_DEPTH:
            raise RefusedError(f"more than {MOST_DEPTH} locks are held in {self.here()}")
        return end._replace(held=held, saved=saved, inherited=state.inherited, limit=state.limit, base=state.base,
                            interrupted=state.interrupted, words=state.words, **counts)  # fmt: skip

    def meet(self, state: State, callee: Summary) -> None:
        """What a callee reaches, seen from its caller."""
        seen, stated = self.now.seen, callee.stated
        levels, bottom = self.blockers(state)
        if callee.entry.held or (bottom and state.context == state.base):
            seen["exposed"] |= stated["exposed"]
        seen["takes"] |= stated["takes"]
        seen["enables"] |= stated["enables"]
        for what, lock, mode, held in stated["asserts"] if not callee.whole else ():
            self.asserted(state, what, lock, mode, held)
        if callee.entry.held:
            return
        for one in levels:
            for cls, recursive in stated["exposed"]:
                self.depend(one, cls, recursive, state.label)
        for cls, lock, mode in stated["takes"]:
            if any(self.collides(one, cls, lock, mode) for one in state.held):
                self.note("recursion", self.classes[cls]["name"])
        if stated["enables"]:
            self.mark(state, stated["enables"])

    def leave(self, start: dict[str, Any], entry: State, summary: Summary | None) -> None:
        """What an entry may not leave behind."""
        if summary is None:
            raise RefusedError(f"no summary of the entry {start['name']}")
        for state in summary.stated["exits"]:
            for one in state.held:
                if one.lock not in start["keeps"]:
                    self.note("exit", self.classes[one.cls]["name"], start["name"])
            changed = [name for name in (*BITS, "interrupted") if getattr(state, name) != getattr(entry, name)]
            if state.irqs_on != entry.irqs_on and not (entry.hardirq or entry.nmi):
                changed.append("irqs_on")
            for name in changed if not state.held else ():
                self.note("irq-state", name, start["name"])

    # -- what follows for the whole ------------------------------------------------------------------------------------

    def compare(self, certificate: dict[str, Any]) -> None:
        """Dependencies, usage and order are as stated, and nothing is wrong. Raises :class:`RefusedError`."""
        names = [cls["name"] for cls in self.classes]
        waits = set(frozen(certificate["waits"]))
        self.same("dependencies", frozen(certificate["dependencies"]), self.dependencies)
        usage = {(names[cls], *bit) for cls, bits in self.usage.items() for bit in bits}
        self.same("usage", frozen(certificate["usage"]), usage)
        usable = {one for one in self.dependencies | waits if one[4] not in self.init}
        self.rank(certificate["order"], usable)
        for cls, bits in self.usage.items():
            self.conflicts(cls, bits, usable)
        for outer, _, inner, _, _ in usable:
            if any(cls["name"] == outer and cls["leaf"] for cls in self.classes):
                self.note("leaf", outer, inner)
        if self.odd:
            raise RefusedError("not clean: " + " ".join(min(self.odd)))

    @staticmethod
    def rank(order: dict[str, list[int]], dependencies: set[tuple[Any, ...]]) -> None:
        """Each class, arrived at otherwise or as a recursive reader, stands right behind all that it is taken under."""
        found: dict[tuple[str, int], int] = {(name, kind): 0 for name in order for kind in (0, 1)}
        for outer, held, inner, taken, _ in dependencies:
            target = (inner, int(taken == "recursive"))
            for kind in (0, 1) if held == "exclusive" else (0,):
                if order[outer][kind] >= order[inner][target[1]]:
                    raise RefusedError(f"the order has {inner} not behind {outer}, under which it is taken")
                found[target] = max(found[target], order[outer][kind] + 1)
        for (name, kind), level in found.items():
            if order[name][kind] != level:
                raise RefusedError(
                    f"the order has {name} at {order[name][kind]}, where it follows that it is at {level}"
                )

    def conflicts(self, cls: int, bits: set[tuple[str, str, int]], dependencies: set[tuple[Any, ...]]) -> None:
        """Usage conflicts of one class, with itself and along strong paths that begin at it."""
        name, aside = self.classes[cls]["name"], {one["name"] for one in self.classes if one["aside"]}
        for irq in ("hardirq", "softirq", "nmi"):
            used = {mode for kind, way, mode in bits if (kind, way) == (irq, "in")}
            held = {mode for kind, way, mode in bits if (kind, way) == (irq, "on")}
            queued = SHARED in used and held - {EXCLUSIVE} and irq != "nmi" and name not in aside
            if (used and held and EXCLUSIVE in used | held) or queued:
                self.note("usage-conflict", irq, name, name)
            if not used or irq == "nmi" or name in aside:
                continue
            unsafe = {(self.classes[one]["name"], mode) for one, own in self.usage.items()
                      for kind, way, mode in own if (kind, way) == (irq, "on")}  # fmt: skip
            for inner, reader in self.reached(name, used == {RECURSIVE}, dependencies, aside):
                if any((inner, mode) in unsafe for mode in ((0,) if reader else (0, 1, 2))):
                    self.note("usage-conflict", irq, name, inner)

    @staticmethod
    def reached(name: str, reader: bool, dependencies: set[tuple[Any, ...]], aside: set[str]) -> set[tuple[str, bool]]:
        """Where strong paths from a class lead, each with whether only a recursive reader arrives."""
        met: set[tuple[str, bool]] = set()
        todo = [(name, reader)]
        while todo:
            at, recursive = todo.pop()
            for outer, held, inner, taken, _ in dependencies:
                to = (inner, taken == "recursive")
                usable = outer == at and not (recursive and held == "shared") and inner != name and inner not in aside
                if usable and to not in met:
                    met.add(to)
                    todo.append(to)
        return met
