"""The analysis of a program, as the checker sees it: facts by kind, the lock-order graph, usage, coverage.

Is: the front of ``analysis`` and ``graph``; facts are made when they are asked for. Is not: any judgement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING

from lockcheck.analysis.compile import Compiler
from lockcheck.analysis.compose import ENABLED, HARDIRQ, SOFTIRQ, USED_IN, Composer, UsageBit
from lockcheck.analysis.entries import Starter
from lockcheck.analysis.events import NotFollowed
from lockcheck.analysis.resources import TOO_MANY_BALANCES
from lockcheck.analysis.walk import CUTS, Walker
from lockcheck.graph.drafts import Draft
from lockcheck.graph.facts_classes import ClassFacts
from lockcheck.graph.facts_contexts import ContextFacts
from lockcheck.graph.facts_locks import LockFacts
from lockcheck.graph.facts_order import OrderFacts
from lockcheck.graph.facts_promises import PromiseFacts
from lockcheck.graph.facts_regions import DRAFTERS, Regions
from lockcheck.graph.facts_resources import ResourceFacts
from lockcheck.graph.facts_roles import RoleFacts
from lockcheck.graph.facts_steps import StepFacts
from lockcheck.graph.order import KIND_NAMES, LockOrder
from lockcheck.graph.shape import options_below
from lockcheck.graph.waits import add_waits
from lockcheck.graph.witness import Teller
from lockcheck.model.facts import Attribute, Coverage, Dependency, Fact, Leg, Unexercised, UsageSummary
from lockcheck.model.limits import AnalysisLimits
from lockcheck.model.locks import LockClass
from lockcheck.model.places import NOWHERE, Place, unpack
from lockcheck.model.program import Program

if TYPE_CHECKING:
    import networkx

_CUTS = CUTS | {TOO_MANY_BALANCES}
AGGREGATES = frozenset({"dependency", "lock-class"})
"""Fact kinds with attributes that many witnesses make together, of which the legs show some."""


def analyse(program: Program, limits: AnalysisLimits | None = None) -> Analysis:
    """Follow every path of a program and compose the result. Cannot fail on a well-formed program.

    What ``limits`` cut off is in ``coverage.not_followed``.
    """
    return Analysis(program, limits or AnalysisLimits())


class Analysis:
    """Facts about one program, for one kernel config.

    ``facts(kind)`` is sorted by place, then identity; ``kinds`` names what can be asked for. ``table``: lock classes
    and their dependencies by name.
    """

    def __init__(self, program: Program, limits: AnalysisLimits) -> None:
        self.program = program
        compiler = Compiler(program)
        walker = Walker(compiler, limits)
        starter = Starter(walker)
        roots = starter.start()
        self._cut = tuple(walker.cut)
        self.work = walker.work + walker.universe.work
        init = frozenset(index for index, label in enumerate(starter.labels) if label.init)
        self._composer = Composer(roots, compiler.binder, init)
        self._binder = compiler.binder
        self._teller = Teller(self._composer, compiler.binder)
        self._order = LockOrder(self._composer, starter.labels, len(compiler.binder.class_names))
        add_waits(self._order, self._teller)
        named = frozenset(program.named_files or program.files)
        self._base = base = OrderFacts(self._order, self._teller, named, walker)
        steps = StepFacts(base)
        roles = RoleFacts(steps)
        classes = ClassFacts(base)
        regions = Regions(roles)
        self.table = LockFacts(classes, regions)
        leaves = [c.name for c in program.classes if c.leaf]
        self._makers = _makers(base, steps, leaves)
        promises = PromiseFacts(steps)
        self._makers |= {"call-cycle": promises.cycles, "contract": lambda: promises.contracts(leaves)}
        self._regions = regions
        self._drafters = _drafters(roles, classes)
        self._contexts = ContextFacts(roles)
        roles.ways_into = self._contexts.worst_first
        self._drafters["context"] = self._contexts.contexts
        self._resources = ResourceFacts(base, compiler)
        self._makers["resource"] = self._resources.facts
        self._facts: dict[str, tuple[Fact, ...]] = {}
        self._drafts: dict[tuple[str, bool], tuple[Draft, ...]] = {}

    @property
    def composer(self) -> Composer:
        """What was composed: nodes, dependencies and usage by class index (for ``proof``)."""
        return self._composer

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of lock classes by class index."""
        return tuple(self._binder.class_names)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The fact kinds, sorted."""
        return tuple(sorted((*self._makers, *self._drafters)))

    def facts(self, kind: str) -> tuple[Fact, ...]:
        """All facts of a kind. Raises KeyError for a kind that does not exist."""
        if kind not in self._facts:
            made = (draft.fact for draft in self._drafted(kind)) if kind in self._drafters else self._makers[kind]()
            self._facts[kind] = _in_order(made)
        return self._facts[kind]

    def selected(
        self, kind: str, selects: Callable[[Mapping[str, Attribute]], bool], needs: frozenset[str] = frozenset()
    ) -> tuple[Fact, ...]:
        """Those of ``facts(kind)`` whose attributes ``selects`` takes; the witnesses of others need not be made.

        ``needs``: attributes that ``selects`` wants to be true or not empty; what happens outside roles has no
        ``inside``, and what is ``atomic`` there is found among the other sleeps, so that need not be looked at.
        """
        if kind in self._facts or kind not in self._drafters:
            return tuple(fact for fact in self.facts(kind) if selects(Draft.of(fact)))
        within = kind in DRAFTERS and ("inside" in needs or (kind == "sleep" and "atomic" in needs))
        return _in_order(draft.fact for draft in self._drafted(kind, within) if selects(draft))

    def _drafted(self, kind: str, within_roles: bool = False) -> tuple[Draft, ...]:
        inside = self._drafts.get((kind, True))
        if inside is None:
            inside = self._drafts[kind, True] = tuple(self._drafters[kind]())
        if within_roles or kind not in DRAFTERS:
            return inside
        if (kind, False) not in self._drafts:
            self._drafts[kind, False] = (*inside, *self._outside(kind))
        return self._drafts[kind, False]

    def _outside(self, kind: str) -> Iterator[Draft]:
        """What happens outside roles; sleeps in atomic context are facts already."""
        return (one for one in self._regions.outside_roles(kind) if kind != "sleep" or not one["atomic"])

    def contexts(self, function: str) -> tuple[Fact, ...]:
        """Every way into one function, with or without a role, as facts of kind ``context``, the worst first."""
        return tuple(draft.fact for draft in self._contexts.of(function))

    def lost_options(self) -> frozenset[str]:
        """Open options that were lost track of where many states were merged: what is said of them is not exact."""
        return options_below(self.program, self.coverage.merged)

    def entangled(self, kinds: Iterable[str]) -> frozenset[str]:
        """Open options on which facts of these kinds may depend without saying so in their legs.

        All of them for kinds that put many witnesses together, and for circles told for a whole component.
        """
        told_together = "circle" in kinds and self._base.folds()
        return frozenset(self.program.open_options if told_together or not AGGREGATES.isdisjoint(kinds) else ())

    def dependencies(self) -> tuple[Dependency, ...]:
        """All dependencies with one witness each, sorted by names."""
        table = self._composer.dependencies
        found = []
        for outer in table.outers():
            kinds: dict[int, list[str]] = {}
            for hop in table.hops(outer):
                kinds.setdefault(hop.inner, []).append(KIND_NAMES[hop.exclusive, hop.recursive])
            for inner, names in kinds.items():
                leg = self._teller.pair_leg(outer, inner)
                found.append(Dependency(self._name(outer), self._name(inner), tuple(sorted(names)), leg))
        return tuple(sorted(found, key=lambda dependency: (dependency.outer, dependency.inner)))

    def usage(self) -> tuple[UsageSummary, ...]:
        """Usage of every class that some path takes, sorted by name."""
        inner = self._composer.dependencies.inner_classes
        found = [self._usage(cls, not inner(cls)) for cls in self._composer.acquired]
        return tuple(sorted(found, key=lambda summary: summary.name))

    def usage_leg(self, lock: str, bit: str) -> Leg | None:
        """The leg that gives a class a usage bit, both by name; None when no path does."""
        for cls in self._composer.acquired:
            if self._name(cls) == lock:
                found = (one for one in sorted(self._composer.usage.get(cls, {})) if _bit_name(one) == bit)
                return next((self._base.usage(cls, one) for one in found), None)
        return None

    def functions(self) -> tuple[str, ...]:
        """Names of all functions, sorted."""
        return tuple(sorted({function.name for function in self.program.functions}))

    def roles(self) -> dict[str, tuple[str, ...]]:
        """The roles of those functions that have any, by name, sorted."""
        return {one.name: one.roles for one in sorted(self.program.functions, key=lambda one: one.name) if one.roles}

    def lock_order_graph(self) -> networkx.DiGraph[str]:
        """A networkx DiGraph: nodes are class names (``usage``, ``kind``, ``at``), edges carry ``kinds``."""
        import networkx as nx

        graph: networkx.DiGraph[str] = nx.DiGraph()
        for summary in self.usage():
            graph.add_node(summary.name, usage=summary.characters, kind=summary.kind, at=summary.at)
        table = self._composer.dependencies
        kinds: dict[tuple[str, str], list[str]] = {}
        for outer in table.outers():
            for hop in table.hops(outer):
                pair = (self._name(outer), self._name(hop.inner))
                kinds.setdefault(pair, []).append(KIND_NAMES[hop.exclusive, hop.recursive])
        for pair, names in sorted(kinds.items()):
            graph.add_edge(*pair, kinds=tuple(sorted(names)))
        return graph

    @cached_property
    def coverage(self) -> Coverage:
        """What was followed, and what could not be."""
        nodes = self._composer.nodes
        seen = {node.code.index for node in nodes if node.code.index >= 0}
        functions = self.program.functions
        never = tuple(f.name for index, f in enumerate(functions) if index not in seen)
        return Coverage(
            functions=len(seen),
            entries=len(self._composer.roots),
            classes=len(self._composer.acquired),
            dependencies=self._composer.dependencies.count(len(self._binder.class_names)),
            contexts=len(nodes),
            steps=sum(node.code.steps for node in nodes),
            never_entered=never,
            not_followed=tuple(sorted({*self.program.not_modelled, *self._not_followed()})),
            merged=tuple(sorted({node.code.function.name for node in nodes if node.merged})),
            cut=tuple(sorted((why, unpack(file, where)) for why, file, where in self._all_cut() if why in _CUTS)),
            unexercised=tuple(sorted((*self._never_entered(seen), *self._never_taken()))),
        )

    def _never_entered(self, seen: set[int]) -> Iterator[Unexercised]:
        """Functions that no path enters; those with a role are callbacks that nobody calls."""
        for index, one in enumerate(self.program.functions):
            if index not in seen:
                why = f"nobody calls this {one.roles[0]}" if one.roles else "never entered"
                yield Unexercised("callback" if one.roles else "function", one.name, why, unpack(one.file, one.where))

    @cached_property
    def declared_classes(self) -> tuple[LockClass, ...]:
        """The lock classes that the models declare and that a path may take so that it counts."""
        unchecked = {one.class_name for one in self.program.locks if not one.checked}
        return tuple(
            one
            for one in self.program.classes
            if one.kind.category == "lock" and one.kind.checked and one.place.file in self.program.files
            if one.name not in unchecked
        )

    def _never_taken(self) -> Iterator[Unexercised]:
        """Declared lock classes that no path takes, on whatever level."""
        taken = {self._name(cls) for cls in self._composer.acquired}
        taken |= {name.rpartition("/")[0] for name in taken}
        for one in self.declared_classes:
            if one.name not in taken:
                yield Unexercised("lock", one.name, "never taken", one.place)

    def _all_cut(self) -> tuple[tuple[str, str, int], ...]:
        """What limits ended: in the walk, and in the comparison of what objects own, which is made for that."""
        self.facts("resource")
        return (*self._cut, *self._resources.cut)

    def _not_followed(self) -> Iterator[tuple[str, Place]]:
        for why, file, where in self._all_cut():
            yield why, unpack(file, where)
        for node, index, event in self._composer.special:
            if type(event) is NotFollowed:
                yield event.why, self._teller.place(node, index)

    def _name(self, cls: int) -> str:
        return self._binder.class_names[cls]

    def _usage(self, cls: int, leaf: bool) -> UsageSummary:
        bits = self._composer.usage.get(cls, {})
        kind = self._binder.kinds[cls]
        base = self._name(cls).rsplit("/", 1)[0]
        declared = {c.name: c for c in self.program.classes}
        own = declared.get(self._name(cls)) or declared.get(base)
        safe = not any(bit.irq == HARDIRQ and bit.direction == ENABLED for bit in bits)
        names = tuple(sorted(_bit_name(bit) for bit in bits if bit.irq != "nmi"))
        rank = self._binder.table.ranks[cls]
        return UsageSummary(
            self._name(cls), kind.name, characters(bits), names, leaf, safe, own.place if own else NOWHERE,
            own.at if own else None, rank.inner, rank.outer or rank.inner,
        )  # fmt: skip


def _bit_name(bit: UsageBit) -> str:
    direction = "IN" if bit.direction == USED_IN else "ON"
    irq = bit.irq.upper()
    text = f"IN-{irq}" if direction == "IN" else f"{irq}-ON"
    return f"{text}-{'R' if bit.mode else 'W'}"


def characters(bits: Iterable[UsageBit]) -> str:
    """lockdep's four characters: hardirq, hardirq-read, softirq, softirq-read; each ``.``, ``-``, ``+`` or ``?``."""
    text = ""
    for irq in (HARDIRQ, SOFTIRQ):
        for reading in (False, True):
            used = any(b.irq == irq and b.direction == USED_IN and bool(b.mode) == reading for b in bits)
            enabled = any(b.irq == irq and b.direction == ENABLED and bool(b.mode) == reading for b in bits)
            text += "?" if used and enabled else "-" if used else "+" if enabled else "."
    return text


def _in_order(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    return tuple(sorted(facts, key=lambda fact: (fact.place, fact.identity)))


def _drafters(roles: RoleFacts, classes: ClassFacts) -> dict[str, Callable[[], Iterator[Draft]]]:
    """Of the kinds in ``DRAFTERS`` what happens inside roles."""
    done: dict[str, Callable[[], Iterator[Draft]]] = {kind: partial(DRAFTERS[kind], roles) for kind in DRAFTERS}
    return done | {"sleep": roles.sleeps, "dependency": classes.dependencies, "lock-class": classes.classes}


def _makers(base: OrderFacts, steps: StepFacts, leaves: list[str]) -> dict[str, Callable[[], Iterator[Fact]]]:
    return {
        "circle": base.circles,
        "recursion": base.recursions,
        "usage-conflict": base.conflicts,
        "leaf": lambda: base.leaves(leaves),
        "wait-context": steps.wait_contexts,
        "release": lambda: steps.missteps("release"),
        "nest-lock": lambda: steps.missteps("nest-lock"),
        "pin": lambda: steps.missteps("pin"),
        "irq-enable": lambda: steps.missteps("irq-enable"),
        "depth": lambda: steps.missteps("depth"),
        "assertion": lambda: steps.assertions("assertion"),
        "lock-memory": lambda: steps.assertions("lock-memory"),
        "user-return": lambda: steps.assertions("user-return"),
        "exit": steps.exits,
        "irq-state": steps.irq_states,
    }
