"""Tries candidates: edits the text, checks again, keeps what works, ranks it.

Is: bounded, and the same for the same input: counts of tries, no clock. Is not: exhaustive: there are changes that no
candidate stands for.
"""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from lockcheck.bench.verbs import Verbs
from lockcheck.compare.difference import Difference, difference
from lockcheck.compare.repairs import Repair, Repairs, Site
from lockcheck.findings import Finding, Result
from lockcheck.model.facts import DEMONSTRATED
from lockcheck.model.places import Place
from lockcheck.repair.candidates import RECLAIM, Candidate, candidates
from lockcheck.repair.document import Document, applied, before, position
from lockcheck.source.limits import Limits
from lockcheck.source.problems import Collector, TooManyProblems
from lockcheck.source.reader import read
from lockcheck.source.text import SourceText

Check = Callable[[Mapping[str, str], "Mapping[str, bool] | None"], Result]
"""Checks the same models with these texts instead of what files of those names say: as they were checked, or (with a
mapping) in one config, with these kernel options."""

MOST_TRIES: Final = 32
"""Checks for one finding."""
MOST_SITES: Final = 4
"""Times that one change may have to be made, at one site after another, until the finding is gone."""
MOST_BEST: Final = 6
MOST_WORK: Final = 2_000_000
"""(Function, entry state) pairs that all checks together may follow."""
DISRUPTIVE: Final = frozenset({"drop", "try"})
"""Changes that let others in between, or let a path give up."""
HANGS: Final = frozenset({"circle", "recursion", "usage-conflict"})


class _Plan(NamedTuple):
    """A change under way: what was done so far, and the texts that it makes."""

    done: tuple[Candidate, ...]
    texts: Mapping[str, str]


def repairs(result: Result, check: Check, tries: int = MOST_TRIES) -> tuple[Repairs, ...]:
    """The repairs of each demonstrated deadlock among the findings, in their order.

    ``tries``: how many changes are tried for one finding. A change works when the finding is gone, nothing as bad is
    new, and no circle through the same locks is left. In a result over several configs a change is tried in one in
    which the finding holds; what works there is checked in all.
    """
    room = max(1, MOST_WORK // max(1, result.coverage.contexts))
    found = []
    for finding in result.findings:
        if finding.fact.replay is not None and finding.fact.replay.verdict == DEMONSTRATED:
            found.append(_of_finding(result, finding, check, min(tries, room)))
            room = max(1, room - found[-1].tried)
    return tuple(found)


def _of_finding(result: Result, finding: Finding, check: Check, tries: int) -> Repairs:
    if not result.configs.varied:
        return _Search(result, finding, lambda texts: check(texts, None)).run(tries)
    config = dict(finding.condition.any_of[0]) if finding.condition.any_of else {}
    base = check({}, config)
    same = next((one for one in base.findings if one.fingerprint == finding.fingerprint), finding)
    search = _Search(base, same, lambda texts: check(texts, config))
    search.confirm = lambda texts: works(finding, difference(result, check(texts, None)))
    return search.run(tries)


class _Search:
    """The search for one finding's repairs. ``confirm``: whether texts that work do so in every config, too."""

    def __init__(self, base: Result, finding: Finding, check: Callable[[Mapping[str, str]], Result]) -> None:
        self.base, self.finding, self.check = base, finding, check
        self.confirm: Callable[[Mapping[str, str]], bool] = lambda _: True
        self.found: list[tuple[_Plan, Repair]] = []

    def run(self, tries: int) -> Repairs:
        """Try single changes first, then those that need a further site."""
        first = candidates(_documents(self.base), self.finding.fact.legs)
        todo = deque(plan for one in first if (plan := self._plan(_Plan((), {}), one, self.base)) is not None)
        tried = 0
        while todo and tried < tries:
            tried += 1
            more = self._try(todo.popleft())
            if more is not None:
                todo.append(more)
        best = sorted(self.found, key=lambda one: _rank(one[1]))
        return Repairs(self.finding.fingerprint, tuple(self._best(best)), tried, len(best), len(todo))

    def _best(self, ranked: list[tuple[_Plan, Repair]]) -> Iterator[Repair]:
        """The first of each sort at each place, none that does more than another one."""
        places: list[tuple[str, set[Place]]] = []
        shown = 0
        for plan, repair in ranked:
            sort, sites = repair.sort, {site.place for site in repair.sites}
            if shown == MOST_BEST or any(sort == other and known <= sites for other, known in places):
                continue
            if self.confirm(plan.texts):
                places.append((sort, sites))
                shown += 1
                yield repair

    def _try(self, plan: _Plan) -> _Plan | None:
        """Check one plan: note a repair, or return the plan with the next site."""
        changed = self.check(plan.texts)
        if changed.failed:
            return None
        same = next((one for one in changed.findings if one.fingerprint == self.finding.fingerprint), None)
        if same is not None:
            return self._further(plan, changed, same)
        effect = difference(self.base, changed)
        if works(self.finding, effect):
            self.found.append((plan, self._repair(plan, effect)))
        return None

    def _further(self, plan: _Plan, changed: Result, left: Finding) -> _Plan | None:
        """The same change at the site that is left."""
        last = plan.done[-1]
        if len(plan.done) >= MOST_SITES:
            return None
        for one in candidates(_documents(changed), left.fact.legs):
            if (one.sort, one.detail) == (last.sort, last.detail):
                return self._plan(plan, one, changed)
        return None

    def _plan(self, plan: _Plan, one: Candidate, result: Result) -> _Plan | None:
        text = applied(_text(result, one.file), one.edits)
        if text is None or text == _text(self.base, one.file):
            return None
        return _Plan((*plan.done, one), {**plan.texts, one.file: text})

    def _repair(self, plan: _Plan, effect: Difference) -> Repair:
        included = any(file not in self.base.named_files for file in plan.texts)
        diff = tuple(line for file in plan.texts for line in _diff(file, _text(self.base, file), plan.texts[file]))
        return Repair(plan.done[0].sort, self._sites(plan), diff, plan.texts, effect, included)

    def _sites(self, plan: _Plan) -> tuple[Site, ...]:
        """The sites, where they are in the models as they were."""
        sites = []
        for number, one in enumerate(plan.done):
            place = one.site.place
            earlier = [other for other in plan.done[:number] if other.file == one.file]
            texts = [_text(self.base, one.file)]
            for other in earlier:
                texts.append(applied(texts[-1], other.edits) or "")
            offset = SourceText(one.file, texts.pop()).offset(place.line, place.column)
            for other in reversed(earlier):
                offset = before(offset, other.edits)
            line, column = position(texts[0] if texts else _text(self.base, one.file), offset)
            sites.append(one.site._replace(place=Place(one.file, line, column)))
        return tuple(sites)


def works(finding: Finding, effect: Difference) -> bool:
    """Whether a finding is gone for good: not waived, not for something as bad, not for another circle of its locks."""
    gone = any(one.fingerprint == finding.fingerprint for one in effect.findings.gone)
    worse = [one.after for one in effect.altered if one.after.severity > one.before.severity]
    if effect.failed or not gone or any(one.severity >= finding.severity for one in (*effect.findings.new, *worse)):
        return False
    known = {one.fingerprint for one in effect.base.findings}
    return not any(_same_locks(finding, one, one.fingerprint in known) for one in effect.change.findings)


def _same_locks(finding: Finding, other: Finding, known: bool) -> bool:
    """Whether a finding is a deadlock over the locks of the one to repair, whatever its severity."""
    ours, theirs = set(finding.locks), set(other.locks)
    return other.fact.kind in HANGS and (ours == theirs if known else ours <= theirs or theirs <= ours)


def _rank(repair: Repair) -> tuple[int, ...]:
    """Files of one's own first, then what leaves every section and path whole; by sites, by what is new or lost."""
    effect = repair.effect
    lost = sum(turn.lost for turn in effect.turns)
    new = len(effect.findings.new)
    orders = sum(one.inner not in RECLAIM for one in effect.dependencies.new)
    return (repair.included, repair.sort in DISRUPTIVE, len(repair.sites), new, lost, orders)


def _documents(result: Result) -> dict[str, Document]:
    """The model files that were read, by name."""
    return {file: Document(source, _verbs(source)) for file in result.files if (source := _source(result, file))}


def _verbs(source: SourceText) -> Verbs:
    """The verbs of a file's own table beside those of the dialect."""
    try:
        document = read(source, Limits(), Collector(1))
    except TooManyProblems:
        document = None
    return Verbs(document if isinstance(document, dict) else {})


def _source(result: Result, file: str) -> SourceText | None:
    source = result.sources.get(file)
    return source if isinstance(source, SourceText) else None


def _text(result: Result, file: str) -> str:
    source = _source(result, file)
    return source.text if source is not None else ""


def _diff(file: str, old: str, new: str) -> list[str]:
    """The edited lines, with one line around them."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), file, file, n=1, lineterm="")
    return list(lines)
