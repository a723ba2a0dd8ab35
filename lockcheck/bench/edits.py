"""Mutants of a model: one small change each, of the sort that people make.

Is: edits of the tree of one file, found in document order, each with the place and the change in words. Is not: a
judge of them; whether a mutant is still a model is found out by reading it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

from lockcheck.bench.verbs import Verbs
from lockcheck.model.places import Place, unpack
from lockcheck.source.reader import AT, KEYS

Tree: TypeAlias = dict[str, Any]
Steps: TypeAlias = list[Any]
Path: TypeAlias = "tuple[str | int, ...]"

BLOCKS = ("do", "then", "else", "loop", "optional")
MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Mutant:
    """A model with one change. ``sort``: which edit made it; ``tree``: the whole document."""

    sort: str
    place: Place
    change: str
    tree: Tree


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """One step with a verb: the list it stands in, its index there, its verb and its main value."""

    path: Path
    index: int
    step: Tree
    verb: str
    value: Any

    @property
    def said(self) -> str:
        """The step as it is written, without what stands beside or below it."""
        return _said(self.verb, self.value)


class Change(NamedTuple):
    """What to do to a copy of the document, at which step, in words."""

    site: Site
    words: str
    edit: Callable[[Tree], None]


Find: TypeAlias = Callable[[list[Site], Verbs], Iterator[Change]]
"""Finds all changes of one sort in the steps of one function."""


def mutants(document: Tree, file: str, most: int) -> Iterator[Mutant]:
    """Mutants of a document, by sort, then in document order; at most that many of each sort."""
    verbs = Verbs(document)
    for sort, find in EDITS.items():
        for change in islice(_changes(document, find, verbs), most):
            tree = copy.deepcopy(document)
            change.edit(tree)
            yield Mutant(sort, unpack(file, change.site.step[AT]), change.words, tree)


def _changes(document: Tree, find: Find, verbs: Verbs) -> Iterator[Change]:
    for name, function in _functions(document):
        sites = list(_sites(function.get("steps"), ("functions", name, "steps"), verbs, 0))
        yield from find(sites, verbs)


def _functions(document: Tree) -> list[tuple[str, Tree]]:
    functions = document.get("functions")
    pairs = functions.items() if isinstance(functions, dict) else ()
    return [(name, one) for name, one in pairs if isinstance(one, dict) and name not in (AT, KEYS)]


def _sites(steps: Any, path: Path, verbs: Verbs, depth: int) -> Iterator[Site]:
    """Every step with a verb, outer before inner, in order."""
    if not isinstance(steps, list) or depth > MAX_DEPTH:
        return
    for index, step in enumerate(steps):
        if isinstance(step, list):
            yield from _sites(step, (*path, index), verbs, depth + 1)
        elif isinstance(step, dict):
            verb = next((key for key in step if isinstance(key, str) and verbs.known(key)), None)
            if verb is not None:
                yield Site(path, index, step, verb, step[verb])
            for block in (*BLOCKS, "either"):
                yield from _sites(step.get(block), (*path, index, block), verbs, depth + 1)


def _at(tree: Any, path: Path) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def _steps(tree: Tree, site: Site) -> Steps:
    """The list that a site stands in, in a copy of the document."""
    steps: Steps = _at(tree, site.path)
    return steps


def _said(verb: str, value: Any) -> str:
    if value is None:
        return verb
    if isinstance(value, dict):
        shown = "{" + ", ".join(f"{key}: {one}" for key, one in value.items() if key not in (AT, KEYS)) + "}"
    elif isinstance(value, list):
        shown = "[" + ", ".join(map(str, value)) + "]"
    else:
        shown = str(value)
    return f"{verb}: {shown}"


def _renamed(step: Tree, names: dict[str, str]) -> Tree:
    return {names.get(key, key): value for key, value in step.items()}


# ------------------------------------------------------------ the edits


def _drop_masks(sites: list[Site], verbs: Verbs) -> Iterator[Change]:
    """Interrupts (or softirqs) stay on: the plain form, all through the function, for one lock."""
    seen: set[tuple[str, str]] = set()
    for site in sites:
        plain = verbs.plainer(site.verb)
        if plain is None or (key := (site.verb, str(site.value))) in seen:
            continue
        seen.add(key)
        names = {site.verb: plain}
        end, plain_end = verbs.ends(site.verb), verbs.ends(plain)
        if end and plain_end:
            names[end] = plain_end
        same = [one for one in sites if one.verb in names and str(one.value) == str(site.value)]
        yield Change(site, f"{site.said} -> {_said(plain, site.value)}", _renaming(same, names))


def _renaming(sites: list[Site], names: dict[str, str]) -> Callable[[Tree], None]:
    def edit(tree: Tree) -> None:
        for site in sites:
            steps = _steps(tree, site)
            steps[site.index] = _renamed(steps[site.index], names)

    return edit


def _swap_locks(sites: list[Site], verbs: Verbs) -> Iterator[Change]:
    """Two locks in the other order: each with its verb and options, the blocks stay where they are."""
    held: list[Site] = []
    for site in sites:
        held = [one for one in held if site.path[: len(one.path)] == one.path]
        if verbs.releases(site.verb):
            held = [one for one in held if str(one.value) != str(site.value)]
        elif verbs.acquires(site.verb) and not verbs.tries(site.verb):
            if held and str(held[-1].value) != str(site.value):
                words = f"{held[-1].said} <-> {site.said}"
                yield Change(site, words, _swapping(held[-1], site))
            if site.step.get("do") is None or site.step["do"]:
                held.append(site)


def _swapping(outer: Site, inner: Site) -> Callable[[Tree], None]:
    def edit(tree: Tree) -> None:
        one, other = _steps(tree, outer)[outer.index], _steps(tree, inner)[inner.index]
        first, second = _head(one), _head(other)
        _steps(tree, outer)[outer.index] = {**second, **_blocks(one)}
        _steps(tree, inner)[inner.index] = {**first, **_blocks(other)}

    return edit


def _head(step: Tree) -> Tree:
    return {key: value for key, value in step.items() if key not in BLOCKS}


def _blocks(step: Tree) -> Tree:
    return {key: value for key, value in step.items() if key in BLOCKS}


def _move_allocation(sites: list[Site], verbs: Verbs) -> Iterator[Change]:
    """An allocation beside a critical section comes to stand in it."""
    for site in sites:
        if not verbs.allocates(site.verb):
            continue
        beside = [one for one in sites if one.path == site.path]
        later = next((one for one in beside if one.index > site.index and verbs.acquires(one.verb)), None)
        if later is not None:
            yield Change(site, f"{site.said} moved behind {later.said}", _moving(site, later, after=True))
        before = [one for one in beside if one.index < site.index and _closes(one, verbs)]
        if before:
            words = f"{site.said} moved into the section of {before[-1].said}"
            yield Change(site, words, _moving(site, before[-1], after=False))


def _closes(site: Site, verbs: Verbs) -> bool:
    block = verbs.acquires(site.verb) and isinstance(site.step.get("do"), list)
    return block or verbs.releases(site.verb)


def _moving(site: Site, target: Site, *, after: bool) -> Callable[[Tree], None]:
    def edit(tree: Tree) -> None:
        steps = _steps(tree, site)
        step, goal = steps[site.index], steps[target.index]
        steps.remove(step)
        inside = goal.get("do", goal.get("then"))
        if isinstance(inside, list):
            inside.insert(0 if after else len(inside), step)
        else:
            steps.insert(_index(steps, goal) + after, step)

    return edit


def _index(steps: Steps, wanted: Any) -> int:
    return next(index for index, one in enumerate(steps) if one is wanted)


def _drop_release(sites: list[Site], verbs: Verbs) -> Iterator[Change]:
    """A lock is not released: on its own step, or at the end of a block."""
    for site in sites:
        if verbs.releases(site.verb):
            yield Change(site, f"{site.said} removed", _replacing(site, lambda _: []))
        elif verbs.acquires(site.verb) and isinstance(site.step.get("do"), list):
            yield Change(site, f"{site.said} never released", _replacing(site, _without_block))


def _without_block(step: Tree) -> Steps:
    return [{key: value for key, value in step.items() if key != "do"}, *step["do"]]


def _replacing(site: Site, by: Callable[[Tree], Steps]) -> Callable[[Tree], None]:
    def edit(tree: Tree) -> None:
        steps = _steps(tree, site)
        steps[site.index : site.index + 1] = by(steps[site.index])

    return edit


def _drop_check(sites: list[Site], verbs: Verbs) -> Iterator[Change]:
    """What a try was to guard runs whether the lock was got or not."""
    for site in sites:
        if verbs.tries(site.verb) and isinstance(site.step.get("then"), list):
            yield Change(site, f"{site.said} not checked", _replacing(site, _unchecked))


def _unchecked(step: Tree) -> Steps:
    return [_head(step), *step["then"]]


def _wait_instead(sites: list[Site], verbs: Verbs) -> Iterator[Change]:
    """Waits for a lock that was only tried."""
    for site in sites:
        waits = verbs.blocking(site.verb)
        if waits is not None:
            words = f"{site.said} -> {_said(waits, site.value)}"
            yield Change(site, words, _replacing(site, _waiting(site.verb, waits)))


def _waiting(verb: str, waits: str) -> Callable[[Tree], Steps]:
    def by(step: Tree) -> Steps:
        then = step.get("then")
        return [_renamed(_head(step), {verb: waits}), *(then if isinstance(then, list) else [])]

    return by


def _drop_scope(sites: list[Site], verbs: Verbs) -> Iterator[Change]:
    """An allocation scope is gone, from its begin to its end."""
    for site in sites:
        if not verbs.opens_scope(site.verb):
            continue
        if isinstance(site.step.get("do"), list):
            yield Change(site, f"{site.said} removed", _replacing(site, lambda step: step["do"]))
        else:
            ends = [one for one in sites if one.verb in (site.verb, verbs.ends(site.verb))]
            yield Change(site, f"{site.said} removed", _removing(ends))


def _removing(sites: list[Site]) -> Callable[[Tree], None]:
    def edit(tree: Tree) -> None:
        for site in sorted(sites, key=lambda one: (len(one.path), one.index), reverse=True):
            del _steps(tree, site)[site.index]

    return edit


def _widen_flags(sites: list[Site], verbs: Verbs) -> Iterator[Change]:
    """An allocation that was careful is not any more."""
    for site in sites:
        values = site.value if isinstance(site.value, (dict, list)) else [site.value]
        for flags in values.values() if isinstance(values, dict) else values:
            wide = verbs.wider(flags) if isinstance(flags, str) else None
            if wide is not None and verbs.allocates(site.verb):
                yield Change(site, f"{site.said}: {flags} -> {wide}", _putting(site, flags, wide))


def _putting(site: Site, old: str, new: str) -> Callable[[Tree], None]:
    def edit(tree: Tree) -> None:
        step = _steps(tree, site)[site.index]
        value = step[site.verb]
        if isinstance(value, dict):
            step[site.verb] = {key: new if one == old else one for key, one in value.items()}
        else:
            step[site.verb] = [new if one == old else one for one in value] if isinstance(value, list) else new

    return edit


EDITS: dict[str, Find] = {
    "interrupts stay on": _drop_masks,
    "two locks swapped": _swap_locks,
    "allocation under a lock": _move_allocation,
    "unlock dropped": _drop_release,
    "try not checked": _drop_check,
    "waits instead of trying": _wait_instead,
    "allocation scope dropped": _drop_scope,
    "allocation may do more": _widen_flags,
}
"""The edits by sort, in the order in which they are made."""
