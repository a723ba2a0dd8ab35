"""Hand-made facts for tests of the rooms above the analysis: small, but with all parts that a real one has."""

from __future__ import annotations

from lockcheck.checker.sources import NoLocks
from lockcheck.findings import Finding, Severity, fingerprint
from lockcheck.model.facts import Attribute, Coverage, Dependency, Fact, Hold, Leg, UsageSummary, WitnessStep
from lockcheck.model.places import Place

COVERAGE = Coverage(functions=2, entries=2, classes=2, dependencies=2, contexts=2, steps=8)


def place(line: int, file: str = "m.yaml", column: int = 7) -> Place:
    """A place in the sample model."""
    return Place(file, line, column)


def leg(entry: str, holds: str, wants: str, line: int, **more: str) -> Leg:
    """A leg that takes ``holds`` in ``entry`` and then, in a callee, waits for ``wants``."""
    steps = (
        WitnessStep(0, entry, entry, "enter", place(line), f"kernel/{entry}.c:10"),
        WitnessStep(1, entry, f"mutex_lock({holds})", "acquire", place(line + 1), f"kernel/{entry}.c:11", holds,
                    "exclusive"),
        WitnessStep(1, entry, f"call({entry}_inner)", "call", place(line + 2), None),
        WitnessStep(2, f"{entry}_inner", f"mutex_lock({wants})", "acquire", place(line + 3),
                    f"kernel/{entry}.c:22", wants, "exclusive"),
    )  # fmt: skip
    held = (Hold(holds, "exclusive", place(line + 1), f"kernel/{entry}.c:11", False, holds),)
    return Leg(more.get("title", "task"), entry, steps, holds, wants, "exclusive", "exclusive", held,
               more.get("context", "task"), more.get("irqs", "on"), more.get("bh", "on"))  # fmt: skip


def circle(*names: str, guards: tuple[str, ...] = (), categories: tuple[str, ...] = ("lock",)) -> Fact:
    """The circle through ``names``, one leg per pair."""
    following = (*names[1:], names[0])
    legs = tuple(leg(f"f{i}", a, b, 10 * (i + 1)) for i, (a, b) in enumerate(zip(names, following, strict=True)))
    attributes: dict[str, Attribute] = {
        "locks": names,
        "functions": tuple(dict.fromkeys(step.function for one in legs for step in one.steps)),
        "chain": " -> ".join((*names, names[0])),
        "length": len(names),
        "readers": False,
        "lock_kinds": ("mutex",),
        "categories": categories,
        "guards": guards,
    }
    last = legs[0].steps[-1]
    return Fact("circle", names, tuple(sorted(attributes.items())), last.place, legs, last.at)


def simple(kind: str, attributes: dict[str, Attribute], *, line: int = 12, title: str = "task") -> Fact:
    """A fact of one leg that ends at ``line``."""
    names = attributes.get("locks", ())
    lock = names[0] if isinstance(names, tuple) and names else "A"
    steps = (
        WitnessStep(0, "f", "f", "enter", place(line - 1)),
        WitnessStep(1, "f", f"spin_lock({lock})", "acquire", place(line), None, lock, "exclusive"),
    )
    one = Leg(title, "f", steps, None, lock, None, "exclusive", (), "task", "on", "on")
    full: dict[str, Attribute] = {"locks": (), "functions": ("f",), **attributes}
    identity = (kind, *(str(value) for _, value in sorted(full.items())))
    return Fact(kind, identity, tuple(sorted(full.items())), steps[-1].place, (one,))


def conflict(form: str = "one-class", irq: str = "hardirq") -> Fact:
    """A usage conflict: A in the interrupt, and A or B with it enabled."""
    inside = leg("handler", "A", "A", 10, title=irq, context=irq, irqs="off")
    between = leg("between", "A", "B", 20, irqs="off")
    outside = leg("outside", "B", "B", 30)
    names = ("A",) if form == "one-class" else ("A", "B")
    attributes: dict[str, Attribute] = {
        "locks": names,
        "functions": ("handler", "outside"),
        "form": form,
        "irq": irq,
        "safe": "A",
        "unsafe": names[-1],
        "chain": " -> ".join(names),
        "safe_read": False,
        "unsafe_read": False,
        "by_writer": False,
    }
    legs = (inside, outside) if form == "one-class" else (inside, between, outside)
    return Fact("usage-conflict", (irq, *names), tuple(sorted(attributes.items())), outside.steps[-1].place, legs)


def finding(fact: Fact, rule: str = "circular-dependency", message: str = "") -> Finding:
    """A finding of a rule over a fact."""
    message = message or f"circular dependency: {fact.get('chain')}"
    mark = fingerprint(rule, (fact.kind, *fact.identity))
    return Finding(rule, Severity.ERROR, message, "take them in one order", fact, mark)


class Facts:
    """An analysis made of facts by hand."""

    coverage = COVERAGE
    table = NoLocks()

    def __init__(self, *facts: Fact) -> None:
        self._facts = facts

    def facts(self, kind: str) -> tuple[Fact, ...]:
        """The facts of one kind."""
        return tuple(one for one in self._facts if one.kind == kind)

    def dependencies(self) -> tuple[Dependency, ...]:
        """A -> B -> C and back."""
        pairs = (("A", "B"), ("B", "A"), ("B", "C"), ("C", "D"))
        return tuple(Dependency(a, b, ("EN",), leg("f", a, b, 10)) for a, b in pairs)

    def roles(self) -> dict[str, tuple[str, ...]]:
        """One function has a role."""
        return {"f_inner": ("dtor",)}

    def usage(self) -> tuple[UsageSummary, ...]:
        """Usage of A to D."""
        return tuple(UsageSummary(name, "mutex", "+.+.", (), name == "D", False, inner=4, outer=4) for name in "ABCD")
