"""The last lines of every run: how many findings, what was checked, and what could not be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lockcheck.findings import SEVERITIES, Result
from lockcheck.model.configs import MOST_COUNTED, Configs
from lockcheck.model.places import Place
from lockcheck.report.layout import clean, count, listing, wrap
from lockcheck.report.legs import where
from lockcheck.report.paint import Paint

NOTHING = "nothing was checked: no function has an entry"
MOST_PLACES = 5


def summary(result: Result, paint: Paint, *, compare: bool = False) -> Iterator[str]:
    """The lines, most important first."""
    if result.checked_nothing:
        yield paint(NOTHING, "error")
        yield "  = help: say where the world calls in: entry: task (or softirq, hardirq, any)"
        return
    clean_run = not (result.mismatches if compare else result.findings)
    for line in wrap(clean(headline(result, compare=compare), paint.ascii_only), 0, 2):
        yield paint(line, "good") if clean_run else line
    yield from wrap(covered(result), 0, 2)
    for line in left_out(result):
        yield from wrap(clean(line, paint.ascii_only), 0, 2)


def headline(result: Result, *, compare: bool = False) -> str:
    """How many findings, or whether they are those that were expected, and in which models."""
    return f"{_expected(result) if compare else _found(result)} in {_models(result)}"


def _found(result: Result) -> str:
    new = "" if result.baseline is None else "new "
    counts = [count(result.count(severity), new + severity.word) for severity in reversed(SEVERITIES.values())
              if result.count(severity)]  # fmt: skip
    text = ", ".join(counts) or f"no {new}findings"
    besides = [f"{len(some)} {word}" for word, some in (("known", result.known), ("waived", result.waived)) if some]
    return f"{text} ({', '.join(besides)})" if besides else text


def _expected(result: Result) -> str:
    missed = sum(1 for one in result.mismatches if one.what == "missed")
    unexpected = len(result.mismatches) - missed
    if not result.mismatches:
        return "as expected: " + _found(result)
    return f"not as expected: {missed} missed, {unexpected} unexpected"


def _models(result: Result) -> str:
    named = [name for name in result.named_files if name] or list(result.files)
    included = len(set(result.files) - set(named))
    text = named[0] if len(named) == 1 else count(len(named), "model")
    return f"{text} (and {count(included, 'included model')})" if included else text


def covered(result: Result) -> str:
    """What was checked, in numbers."""
    has = result.coverage
    counts = [
        count(has.functions, "function"),
        count(has.entries, "entry", "entries"),
        count(has.classes, "lock class", "lock classes"),
        count(has.dependencies, "dependency", "dependencies"),
        count(has.contexts, "context"),
    ]
    text = "checked " + ", ".join(counts)
    return f"{text} in {_configs(result.configs)}" if result.configs.varied else text


def _configs(configs: Configs) -> str:
    """How many configs were checked."""
    if len(configs.varied) > MOST_COUNTED:
        return f"2^{len(configs.varied)} configs" if not configs.skipped else "some configs"
    return count(configs.count, "config") if configs.skipped else f"all {configs.count} configs"


def left_out(result: Result) -> Iterator[str]:
    """What the run does not speak for."""
    has = result.coverage
    if has.never_entered:
        yield f"never entered: {count(len(has.never_entered), 'function')} ({listing(has.never_entered)})"
    yield from _unexercised(result)
    if result.rules_off:
        yield f"turned off: {count(len(result.rules_off), 'rule')} ({listing(result.rules_off)})"
    yield from _gone(result)
    for why, places in _by_reason(has.cut):
        yield f"could not analyse all of it: {why}{_at(places)}; limits can be raised: --limit NAME=N"
    for why, places in _by_reason(set(has.not_followed) - set(has.cut)):
        yield f"not followed: {why}{_at(places)}"
    if has.merged:
        states = f"many lock states were taken together in {listing(has.merged)}"
        yield f"merged: {states}: pairs may be told there that no single path has"
    if result.configs.skipped:
        more = f"{result.configs.skipped} more combinations of kernel configs"
        yield f"not checked: {more}; the limit can be raised: --limit max_configs=N"


def _unexercised(result: Result) -> Iterator[str]:
    """What the named models declare and never use, and rules of the project that had nothing to judge."""
    locks = [one.name for one in result.unexercised if one.what == "lock"]
    rules = [f"{one.name}: {one.why}" for one in result.unexercised if one.what == "rule"]
    if locks:
        yield f"never taken: {count(len(locks), 'lock')} ({listing(locks)})"
    if rules:
        yield f"nothing to judge: {count(len(rules), 'rule')} ({listing(rules, 2)})"


def _gone(result: Result) -> Iterator[str]:
    """What the baseline knows and the run did not find."""
    gone = result.baseline.gone if result.baseline is not None else ()
    if gone:
        named = [f"{one.rule}: {', '.join(one.locks or one.functions)}" for one in gone]
        yield f"gone: {count(len(gone), 'known finding')} ({listing(named, 3)}): lockcheck baseline prune"


def _by_reason(left: Iterable[tuple[str, Place]]) -> list[tuple[str, list[Place]]]:
    reasons: dict[str, list[Place]] = {}
    for why, place in sorted(left):
        reasons.setdefault(why, []).append(place)
    return sorted(reasons.items())


def _at(places: Sequence[Place]) -> str:
    known = list(dict.fromkeys(where(place) for place in places if place.line))
    return f" ({listing(known, MOST_PLACES)})" if known else ""
