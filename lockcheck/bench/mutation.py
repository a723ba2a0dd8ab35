"""Runs mutants of clean cases: which of them does some rule notice?

Is: deterministic, and bounded by a number of mutants per case. Is not: a proof that rules are complete: a mutant may
be as correct as the case it was made from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice, zip_longest
from typing import TYPE_CHECKING, Any

from lockcheck.bench.cases import CASE_DATE, Case, verdict
from lockcheck.bench.edits import EDITS, Mutant, mutants

if TYPE_CHECKING:
    from lockcheck.checker.reading import RuleSet


def noticed(case: Case, ruleset: RuleSet, most: int) -> Iterator[tuple[Mutant, tuple[str, ...] | None]]:
    """Each mutant of a clean case, in document order, with the rules that noticed it; None: it is no model any more.

    Nothing for a case that is not clean.
    """
    from lockcheck.api import check_case
    from lockcheck.loading import ModelText

    if verdict(case, ruleset).word != "clean":
        return
    document = _document(case)
    chosen = few(mutants(document, case.path.as_posix(), most), most)
    for mutant in sorted(chosen, key=lambda one: (one.place, one.change)):
        text = ModelText(json.dumps(bare(mutant.tree)), case.path.as_posix())
        result = check_case(ruleset, text, CASE_DATE, roots=[case.path.parent])
        yield mutant, None if result.failed else tuple(sorted({one.rule for one in result.findings}))


def few(every: Iterable[Mutant], most: int) -> list[Mutant]:
    """At most that many, some of each sort."""
    by_sort: dict[str, list[Mutant]] = {sort: [] for sort in EDITS}
    for mutant in every:
        by_sort[mutant.sort].append(mutant)
    return [one for one in islice(chain.from_iterable(zip_longest(*by_sort.values())), most * len(EDITS)) if one][:most]


def _document(case: Case) -> dict[str, Any]:
    """The tree of a case that was read without a problem before."""
    from lockcheck.source.limits import Limits
    from lockcheck.source.problems import Collector
    from lockcheck.source.reader import read
    from lockcheck.source.text import SourceText

    text = case.path.read_text(encoding="utf-8-sig")
    tree = read(SourceText(case.path.as_posix(), text), Limits(), Collector(1))
    return dict(tree) if isinstance(tree, dict) else {}


def bare(tree: Any) -> Any:
    """A tree without the reader's positions."""
    from lockcheck.source.reader import AT, KEYS

    if isinstance(tree, dict):
        return {key: bare(value) for key, value in tree.items() if key not in (AT, KEYS)}
    return [bare(value) for value in tree] if isinstance(tree, list) else tree
