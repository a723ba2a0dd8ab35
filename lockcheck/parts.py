"""A check of the parts of a program that changed; what is known of the others is put beside it.

Is: files that have nothing to do with each other, checked apart or together as it happens, so that an edit costs what
the files cost that have to do with the edited one. Is not: an approximation: where it is not plain that the parts are
apart (``loading/links.py``), or anything is wrong or was cut short, there is no result, and the whole run is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from lockcheck.analysis.walk import WORK_PER_STEP
from lockcheck.cache.codec import BadEntryError, decode, encode
from lockcheck.cache.store import Store, digest
from lockcheck.checker.judge import Judgement
from lockcheck.findings import Analysed, Finding, Result
from lockcheck.graph import analyse
from lockcheck.graph.shares import shares, together
from lockcheck.loading import Models
from lockcheck.loading.links import Link, components, link_of, shared_words
from lockcheck.loading.survey import Survey, Surveyed
from lockcheck.model.configs import Configs
from lockcheck.model.facts import Coverage
from lockcheck.model.program import Waiver
from lockcheck.source.garbage import collector_paused
from lockcheck.source.limits import Limits
from lockcheck.source.problems import Collector

LEAST_FILES: Final = 8
"""With fewer there is nothing to win."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is known of linked files. ``key``: their content. ``work``: of the whole analysis ``batch`` that it was in;
    ``steps``: of its functions, by which the limit on that work is reckoned."""

    key: str
    findings: tuple[Finding, ...]
    coverage: Coverage
    waivers: tuple[Waiver, ...]
    config: tuple[tuple[str, bool], ...]
    steps: int
    batch: str
    work: int


@dataclass(frozen=True, slots=True)
class Table:
    """What is kept from run to run: links by the content of files, and parts."""

    links: tuple[Link, ...]
    parts: tuple[Part, ...]


class Asked(NamedTuple):
    """What to check: files with their content, rules, options. ``key``: of all that is not in the files."""

    survey: Survey
    judgement: Judgement
    limits: Limits
    config: Mapping[str, bool]
    key: str


def assembled(store: Store, asked: Asked, analysis: Analysed) -> Result | None:
    """The result, but for texts and rules; None when it has to be found by a run of the whole.

    ``analysis``: that of the result, made when somebody asks.
    """
    files = {one.name: one for one in asked.survey.files}
    if len(files) < LEAST_FILES or not asked.judgement.only_built_in:
        return None
    with collector_paused():
        table = _table(store, asked.key)
        links = _links(asked.survey, table)
        if links is None or sum(one.count for one in links.values()) > asked.limits.max_declarations:
            return None
        known = {part.key: part for part in table.parts}
        wanted = {_key(names, files): names for names in components(links, asked.survey.includes())}
        stale = {key: names for key, names in wanted.items() if key not in known}
        fresh = _checked(asked, stale) if stale else {}
        if fresh is None:
            return None
        parts = [known.get(key) or fresh[key] for key in wanted]
        if _too_much(parts, asked.limits):
            return None
        store.parts = len(stale), len(parts)
        if stale:
            store.put(asked.key, encode(Table(tuple(links[name] for name in sorted(links)), tuple(parts))))
        return _result(asked, parts, analysis)


def _table(store: Store, key: str) -> Table:
    data = store.get(key)
    try:
        return decode(Table, data) if data is not None else Table((), ())
    except BadEntryError:
        return Table((), ())


def _links(survey: Survey, table: Table) -> dict[str, Link] | None:
    """The link of each file; None when a file is not one that may be in a part, or cannot be read."""
    known = {link.digest: link for link in table.links}
    shared, local = frozenset[str](), frozenset[str]()
    found: dict[str, Link] = {}
    for file in survey.files:
        link = known.get(file.digest)
        if link is None:
            document = survey.found.parsed(file.name)
            if document is None:
                return None
            if not shared:
                shared, local = shared_words()
            link = link_of(file.digest, document, file.source, shared, local)
        if not link.alone:
            return None
        found[file.name] = link
    return found


def _key(names: Sequence[str], files: Mapping[str, Surveyed]) -> str:
    return digest(*(word for name in names for word in (name, files[name].digest, str(files[name].named))))


def _checked(asked: Asked, stale: Mapping[str, Sequence[str]]) -> dict[str, Part] | None:
    """These parts, checked together as one program; None when there is any problem, or some of it was cut off."""
    part_of = {name: key for key, names in stale.items() for name in names}
    problems = Collector(asked.limits.max_problems)
    files = asked.survey.found.some(sorted(part_of), problems)
    if files is None:
        return None
    loaded = Models([], None, asked.limits, found=(files, problems)).load(asked.config)
    if loaded.problems or loaded.program is None or loaded.program.expecting:
        return None
    program = loaded.program
    analysis = analyse(program, asked.limits)
    rules = [rule for rule in asked.judgement.rules if rule.order is not None]
    if analysis.coverage.cut or any(_selects(rule, analysis.table) for rule in rules):
        return None
    findings: dict[str, list[Finding]] = {key: [] for key in stale}
    waivers: dict[str, list[Waiver]] = {key: [] for key in stale}
    steps = dict.fromkeys(stale, 0)
    try:
        coverage = shares(analysis, part_of)
        for finding in asked.judgement.judge(program, analysis):
            findings[part_of[finding.place.file]].append(finding)
        for waiver in program.waivers:
            waivers[part_of[waiver.place.file]].append(waiver)
        for function in program.functions:
            steps[part_of[function.file]] += len(function.steps)
    except KeyError:
        return None  # something of no part
    batch = digest(*sorted(stale))
    return {
        key: Part(
            key,
            tuple(findings[key]),
            coverage[key],
            tuple(waivers[key]),
            program.config,
            steps[key],
            batch,
            analysis.work,
        )
        for key in stale
    }


def _selects(rule: Any, table: Any) -> bool:
    """Whether a rule about the order of locks has locks in these models: two parts may then have to do with it."""
    return any(element.candidates(table) for chain in rule.order.chains for element in chain.elements)


def _too_much(parts: Sequence[Part], limits: Limits) -> bool:
    """Whether one run might have been cut off by the limit on all its work."""
    work = sum({part.batch: part.work for part in parts}.values())
    return work > limits.max_work + WORK_PER_STEP * sum(part.steps for part in parts)


def _result(asked: Asked, parts: Sequence[Part], analysis: Analysed) -> Result:
    files = asked.survey.files
    config = tuple(sorted({option for part in parts for option in part.config}))
    coverage = together(part.coverage for part in parts)
    waivers = sorted((waiver for part in parts for waiver in part.waivers), key=lambda one: one.place)
    judgement = asked.judgement.afresh()
    judgement.add_parts(
        coverage, [one.name for one in files], [one.name for one in files if one.named], waivers, analysis
    )
    findings = sorted((finding for part in parts for finding in part.findings), key=Finding.sort_key)
    return judgement.result(findings, Configs(config), {})
