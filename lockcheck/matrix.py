"""One model under every combination of kernel options, without one run for each of them.

Is: the choice of runs. A run leaves options open wherever its program can (``loading`` says where it cannot, and those
are enumerated); its findings come with the options that their witnesses take. A finding without any holds in all
configs of the run. Otherwise the run is split at such an option, for the rules concerned only, until each rule's
findings hold throughout. So the number of runs follows from how many options decide findings, not from how many there
are (docs/decisions/0014). Is not: the analysis, nor a judgement.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from lockcheck.checker.evaluate import judged
from lockcheck.checker.relevant import STANDING_ALONE, Key, asks_of_configs, key_of, reasons_of, undecided
from lockcheck.checker.rule import Rule
from lockcheck.findings import Finding
from lockcheck.graph import Analysis, analyse
from lockcheck.graph.shape import shaping_options
from lockcheck.model.configs import Condition, Configs, Cube, count_of
from lockcheck.model.facts import Fact

if TYPE_CHECKING:
    from lockcheck.checker.judge import Judgement
    from lockcheck.loading import Models
    from lockcheck.source.limits import Limits
    from lockcheck.source.problems import Problem

Group = frozenset[str]
"""Fact kinds that some rule looks at together: their findings are settled together."""


class Want(NamedTuple):
    """What is to be settled: findings of the rules about a group. ``keys``: of the facts with these; None: of all."""

    group: Group
    keys: frozenset[Key] | None = None

    def has(self, key: Key) -> bool:
        """Whether facts with this key are to be settled."""
        return self.keys is None or key in self.keys


CHOSEN_TOGETHER: Final = frozenset({"wait-context"})
"""Kinds of which one fact stands for several: which of them is told may depend on an option that its witness lacks."""


class Found(NamedTuple):
    """What a run found about a group. ``deciding``: by key, the options that its facts take one way.

    ``entangled``: options that the group depends on as a whole.
    """

    findings: Sequence[tuple[Key, Finding]]
    deciding: Mapping[Key, frozenset[str]]
    entangled: frozenset[str]


class Problems(Exception):  # noqa: N818 - it is no error of the program
    """Models that cannot be loaded in some config."""

    def __init__(self, found: tuple[Problem, ...]) -> None:
        super().__init__("problems in some config")
        self.found = found


@dataclass(slots=True)
class _Run:
    """What is kept of one run. ``split``: options that it could not leave open."""

    left_open: frozenset[str]
    split: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    checked: bool = False
    found: dict[Group, Found] = field(default_factory=dict)
    analysis: Analysis | None = None


class _Part(NamedTuple):
    """Configs still to be looked at: those of ``cube``, for what is in ``wanted``.

    The nearest to the defaults, and of those the smallest, come first. ``must``: options to decide before a run.
    """

    changed: int
    larger: int
    number: int
    cube: Cube
    wanted: tuple[Want, ...]
    must: tuple[str, ...] = ()


class Matrix:
    """Checks models under all combinations of the options ``varied`` (with their defaults)."""

    def __init__(
        self,
        models: Models,
        judgement: Judgement,
        fixed: Mapping[str, bool],
        varied: Mapping[str, bool],
        limits: Limits,
        say: Callable[[str], None],
    ) -> None:
        self.models, self.judgement, self.limits, self.say = models, judgement, limits, say
        self.fixed, self.varied = dict(fixed), dict(sorted(varied.items()))
        self.rules = judgement.rules
        self._runs: dict[Cube, _Run] = {}
        self._number = count()
        self._parts: list[_Part] = []
        self._cubes: dict[str, list[Cube]] = {}
        self._first: dict[str, Finding] = {}
        self._skipped: list[Cube] = []

    def check(self) -> tuple[list[Finding], Configs]:
        """All findings, each with the condition under which it holds, and what was checked.

        Raises :class:`Problems` when some config cannot be loaded.
        """
        self._add(frozenset(), tuple(map(Want, groups(self.rules))))
        while self._parts:
            self._settle(heapq.heappop(self._parts))
        missed = self._nothing_run()
        conditions = {name: Condition.of(cubes) for name, cubes in self._cubes.items()}
        findings = [replace(one, condition=conditions[name]) for name, one in self._first.items()]
        skipped = count_of(self._skipped, tuple(self.varied)) - missed
        configs = Configs(tuple(sorted(self.fixed.items())), tuple(self.varied), skipped, len(self._runs))
        return sorted(findings, key=Finding.sort_key), configs

    def _add(self, cube: Cube, wanted: tuple[Want, ...], must: tuple[str, ...] = ()) -> None:
        changed = sum(1 for name, on in cube if self.varied[name] is not on)
        heapq.heappush(self._parts, _Part(changed, -len(cube), next(self._number), cube, wanted, must))

    def _split(self, part: _Part, wanted: tuple[Want, ...], name: str, must: tuple[str, ...] = ()) -> None:
        """Both ways of an option."""
        for on in (True, False):
            self._add(part.cube | {(name, on)}, wanted, must)

    def _settle(self, part: _Part) -> None:
        """Note what holds throughout a part; split the rest of it."""
        if part.must:
            self._split(part, part.wanted, part.must[0], part.must[1:])
            return
        run = self._run(part.cube)
        if run is None:
            self._skipped.append(part.cube)
            return
        if run.problems and not run.left_open:
            raise Problems(run.problems)
        if run.split:
            first, *others = sorted(run.split)
            self._split(part, part.wanted, first, tuple(others))
            return
        at: dict[str, list[Want]] = {}
        for want in part.wanted:
            found = self._found(run, part.cube, want.group)
            later = list(to_split(found, want))
            open_keys = [rest.keys for _, rest in later]
            if None not in open_keys:
                self._note(part.cube, found, want, frozenset().union(*filter(None, open_keys)))
            for name, rest in later:
                at.setdefault(name, []).append(rest)
        run.analysis = None  # as large as a run is; made again if rules come this way later
        for name, wanted in sorted(at.items()):
            self._split(part, tuple(wanted), name)

    def _nothing_run(self) -> int:
        """With too low a limit even on the runs that find out what can be left open: the defaults alone, one config."""
        if any(run.checked for run in self._runs.values()):
            return 0
        defaults = frozenset(self.varied.items())
        run = self._made(defaults)
        if run.problems:
            raise Problems(run.problems)
        for group in groups(self.rules):
            self._note(defaults, self._found(run, defaults, group), Want(group))
        return 1

    def _note(self, cube: Cube, found: Found, want: Want, but: frozenset[Key] = frozenset()) -> None:
        """What holds throughout ``cube``, of what is wanted but for the facts with the keys ``but``."""
        for key, finding in found.findings:
            if want.has(key) and key not in but:
                self._cubes.setdefault(finding.fingerprint, []).append(cube)
                self._first.setdefault(finding.fingerprint, finding)

    # -- runs ------------------------------------------------------------------------------------------------------

    def _run(self, cube: Cube) -> _Run | None:
        """The run for these configs, made once; None when there were as many runs as there may be."""
        known = self._runs.get(cube)
        if known is None and len(self._runs) < self.limits.max_configs:
            known = self._runs[cube] = self._made(cube)
        return known

    def _made(self, cube: Cube) -> _Run:
        self.say(f"analysing, run {len(self._runs) + 1}")
        left_open = frozenset(self.varied) - {name for name, _ in cube}
        loaded = self.models.load({**self.varied, **self.fixed, **dict(cube)}, left_open)
        if loaded.problems or loaded.program is None:
            return _Run(left_open, frozenset(sorted(left_open)[:1]), loaded.problems)
        if loaded.demanded:
            return _Run(left_open, loaded.demanded)
        shaping = shaping_options(loaded.program)
        if shaping:
            return _Run(left_open, shaping)
        analysis = analyse(loaded.program, self.limits)
        lost = analysis.lost_options()
        if lost:
            return _Run(left_open, lost)
        self.judgement.add(loaded.program, analysis)
        return _Run(left_open, checked=True, analysis=analysis)

    def _found(self, run: _Run, cube: Cube, group: Group) -> Found:
        """What a run found about some rules, and which options decide that."""
        if group not in run.found:
            analysis = run.analysis = run.analysis or self._made(cube).analysis
            assert analysis is not None
            rules = [rule for rule in self.rules if group.issuperset(rule.kinds)]
            pairs = judged(rules, analysis)
            deciding: dict[Key, frozenset[str]] = {}
            entangled: frozenset[str] = frozenset()
            if run.left_open:
                by_id = {rule.id: rule for rule in rules}
                told = ((by_id[finding.rule], fact) for finding, fact in pairs)
                for rule, fact in (*told, *undecided(rules, analysis, run.left_open)):
                    options = options_of(fact, reasons_of(rule))
                    if options:
                        key = key_of(rule.id, fact)
                        deciding[key] = deciding.get(key, frozenset()) | options
                entangled = analysis.entangled(group)
                chosen_together = bool(pairs) and not CHOSEN_TOGETHER.isdisjoint(group)
                if chosen_together or any(map(asks_of_configs, rules)):
                    entangled = run.left_open
            run.found[group] = Found([(key_of(one.rule, fact), one) for one, fact in pairs], deciding, entangled)
        return run.found[group]


def to_split(found: Found, want: Want) -> Iterator[tuple[str, Want]]:
    """At which options to split, and what is to be settled there: of facts that stand alone only what they decide."""
    deciding = {key: options for key, options in found.deciding.items() if want.has(key)}
    tally = Counter(name for options in (*deciding.values(), found.entangled) for name in options)

    def first(names: Iterable[str]) -> str:
        return min(names, key=lambda name: (-tally[name], name))

    if not tally:
        return
    if found.entangled or not want.group <= STANDING_ALONE:
        yield first(tally), want
        return
    keys: dict[str, set[Key]] = {}
    for key, options in deciding.items():
        keys.setdefault(first(options), set()).add(key)
    for name, some in sorted(keys.items()):
        yield name, Want(want.group, frozenset(some))


def options_of(fact: Fact, reasons: frozenset[str] | None) -> frozenset[str]:
    """The open options that a fact's witness takes one way. ``reasons``: the legs that count beside the main ones."""
    legs = (leg for leg in fact.legs if reasons is None or not leg.about or leg.about in reasons)
    return frozenset(name for leg in legs for name, _ in leg.options)


def groups(rules: Sequence[Rule]) -> Iterator[Group]:
    """The kinds of facts, those together that one rule looks at."""
    left = [frozenset(rule.kinds) for rule in rules if rule.kinds]
    while left:
        group = left.pop(0)
        while touching := [other for other in left if other & group]:
            group = group.union(*touching)
            left = [other for other in left if other not in touching]
        yield group
