"""What a run exercised of all that models and rules declare: locks, functions, dependencies, rules, their branches.

Is: counting, from the finished analysis. Is not: a rendering (``report/coverage.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from lockcheck.checker.exercise import branches
from lockcheck.checker.orders import Composed, Link
from lockcheck.checker.reading import RuleSet, built_in
from lockcheck.checker.vacuity import idle, names_of
from lockcheck.checker.waivers import WAIVER
from lockcheck.model.places import NOWHERE, Place, unpack
from lockcheck.report.coverage import Item, Survey
from lockcheck.report.graphs import pairs_of

if TYPE_CHECKING:
    from lockcheck.findings import Analysed
    from lockcheck.graph.analysis import Analysis

VALID = ("valid", "as declared")
UNSEEN = "declared, unseen"
WORST_FIRST = ("in a circle", "against a declared order", "as declared", "valid", UNSEEN)
"""States of a dependency: of several configs the worst is told, and unseen is what none of them sees."""


class Surveyor:
    """Collects what is declared, and whether any of the configs that were analysed used it."""

    def __init__(self, ruleset: RuleSet) -> None:
        self._ruleset = ruleset
        self._found: dict[str, dict[str, Item]] = {}

    def add(self, analysis: Analysed) -> None:
        """Count one analysis."""
        from lockcheck.graph.analysis import Analysis

        if not isinstance(analysis, Analysis):
            return
        own = frozenset(analysis.program.named_files)
        self._note("locks", _locks(analysis, own))
        self._note("functions", _functions(analysis, own))
        self._note("dependencies", _dependencies(analysis, self._ruleset, own))
        self._note("rules", _rules(analysis, self._ruleset))
        self._note("branches of rules", _branches(analysis, self._ruleset))

    def survey(self) -> Survey:
        """What was found, by sort. Of one config in its order; what others have beside it comes behind."""
        return Survey(tuple((sort, tuple(items.values())) for sort, items in self._found.items()))

    def _note(self, sort: str, items: Iterable[Item]) -> None:
        known = self._found.setdefault(sort, {})
        for one in items:
            before = known.setdefault(one.name, one)
            if _tells_more(one, before):
                known[one.name] = one


def _tells_more(one: Item, before: Item) -> bool:
    """Whether what one config says of a thing counts more than what was known."""
    if one.state in WORST_FIRST and before.state in WORST_FIRST:
        return WORST_FIRST.index(one.state) < WORST_FIRST.index(before.state)
    return one.used and not before.used


def _locks(analysis: Analysis, own: frozenset[str]) -> Iterator[Item]:
    never = {one.name for one in analysis.coverage.unexercised if one.what == "lock"}
    for one in analysis.declared_classes:
        used = one.name not in never
        yield Item(one.name, "taken" if used else "never taken", used, "", one.place, one.place.file in own)


def _functions(analysis: Analysis, own: frozenset[str]) -> Iterator[Item]:
    never = {one.name: one for one in analysis.coverage.unexercised if one.what in ("function", "callback")}
    for one in analysis.program.functions:
        place = unpack(one.file, one.where)
        why = never[one.name].why if one.name in never else ""
        state = "never entered" if one.name in never else "entered"
        yield Item(one.name, state, one.name not in never, why, place, place.file in own)


def _dependencies(analysis: Analysis, ruleset: RuleSet, own: frozenset[str]) -> Iterator[Item]:
    """Those that were seen, against circles and declared orders; then those that are declared and were not seen."""
    bad = frozenset[tuple[str, str]]().union(*(pairs_of(one) for one in analysis.facts("circle")))
    orders = Composed([rule.order for rule in ruleset.sorted() if rule.order is not None], analysis.table)
    seen = set()
    for one in analysis.dependencies():
        pair = (one.outer, one.inner)
        seen.add(pair)
        last = one.leg.steps[-1].place if one.leg.steps else NOWHERE
        state = "in a circle" if pair in bad else _against(orders, *pair)
        mine = any(step.place.file in own for step in one.leg.steps)
        yield Item(f"{one.outer} -> {one.inner}", state, state in VALID, "", last, mine)
    names = analysis.table.names
    for before, row in sorted(orders.links.items()):
        for after, links in sorted(row.items()):
            if before in names and after in names and (before, after) not in seen:
                yield Item(f"{before} -> {after}", UNSEEN, False, f"{UNSEEN} ({links[0].rule})", None, _mine(links))


def _against(orders: Composed, outer: str, inner: str) -> str:
    """How a dependency stands to the declared orders."""
    if orders.is_before(inner, outer):
        return "against a declared order"
    return "as declared" if orders.is_before(outer, inner) else "valid"


def _mine(links: Iterable[Link]) -> bool:
    """Whether some of the declarations are not those of built-in rules."""
    shipped = built_in().as_posix()
    return any(not one.chain.place.file.startswith(shipped) for one in links)


def _rules(analysis: Analysis, ruleset: RuleSet) -> Iterator[Item]:
    why = idle(ruleset.sorted(), names_of(analysis.program), analysis.table)
    shipped = built_in()
    for rule in ruleset.sorted():
        own = rule.folder is None or not rule.folder.is_relative_to(shipped)
        state = "nothing to judge" if rule.id in why else "judged"
        yield Item(rule.id, state, rule.id not in why, why.get(rule.id, ""), rule.place if own else None, own)


def _branches(analysis: Analysis, ruleset: RuleSet) -> Iterator[Item]:
    """Alternatives of a project's own rules: which of them some fact of these models meets."""
    shipped = built_in()
    for rule in ruleset.sorted():
        own = rule.folder is None or not rule.folder.is_relative_to(shipped)
        if not own or WAIVER in rule.kinds:
            continue
        for one in branches(rule, analysis):
            place: Place = rule.place
            yield Item(f"{one.rule} {one.path}", "met" if one.met else "met by nothing", one.met, "", place)
