"""What of an analysis belongs to each of several parts of its program that have nothing to do with each other.

Is: the coverage, counted for each part. Is not: the finding of such parts (``loading/links.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

from lockcheck.graph.analysis import Analysis
from lockcheck.model.facts import Coverage

Part = TypeVar("Part", bound=Hashable)
Item = TypeVar("Item")


def shares(analysis: Analysis, part_of: Mapping[str, Part]) -> dict[Part, Coverage]:
    """The coverage of each part. ``part_of``: by file. Raises KeyError for what is in none of these files."""
    composer, whole, functions = analysis._composer, analysis.coverage, analysis.program.functions
    parts = {cls: part_of[where.node.code.function.file] for cls, where in composer.acquired.items()}
    files = {one.name: one.file for one in functions}
    nodes = [(part_of[node.code.function.file], node) for node in composer.nodes]
    seen = {(part, node.code.index) for part, node in nodes if node.code.index >= 0}
    inner: Counter[Part] = Counter()
    for cls, count in composer.dependencies.counts(len(analysis._binder.class_names)).items():
        inner[parts[cls]] += count
    steps: Counter[Part] = Counter()
    for part, node in nodes:
        steps[part] += node.code.steps
    entered = Counter(part for part, _ in seen)
    entries = Counter(part_of[root.node.code.function.file] for root in composer.roots)
    classes, contexts = Counter(parts.values()), Counter(part for part, _ in nodes)
    never = _by(whole.never_entered, lambda name: part_of[files[name]])
    not_followed = _by(whole.not_followed, lambda one: part_of[one[1].file])
    merged = _by(whole.merged, lambda name: part_of[files[name]])
    unexercised = _by(whole.unexercised, lambda one: part_of[one.place.file])
    return {
        part: Coverage(
            entered[part], entries[part], classes[part], inner[part], contexts[part], steps[part],
            never.get(part, ()), not_followed.get(part, ()), merged.get(part, ()), (), unexercised.get(part, ()),
        )
        for part in dict.fromkeys(part_of.values())
    }  # fmt: skip


def together(parts: Iterable[Coverage]) -> Coverage:
    """The coverage of a program whose parts have these."""
    all_of = list(parts)
    return Coverage(
        functions=sum(one.functions for one in all_of),
        entries=sum(one.entries for one in all_of),
        classes=sum(one.classes for one in all_of),
        dependencies=sum(one.dependencies for one in all_of),
        contexts=sum(one.contexts for one in all_of),
        steps=sum(one.steps for one in all_of),
        never_entered=tuple(sorted(name for one in all_of for name in one.never_entered)),
        not_followed=tuple(sorted(item for one in all_of for item in one.not_followed)),
        merged=tuple(sorted(name for one in all_of for name in one.merged)),
        unexercised=tuple(sorted(item for one in all_of for item in one.unexercised)),
    )


def _by(items: Iterable[Item], part: Callable[[Item], Part]) -> dict[Part, tuple[Item, ...]]:
    found: dict[Part, list[Item]] = {}
    for item in items:
        found.setdefault(part(item), []).append(item)
    return {key: tuple(values) for key, values in found.items()}
