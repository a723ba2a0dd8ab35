"""A learned order as a rule file, and as the comment block that a kernel file would carry.

Is: texts that go back in: the rule loads, and the models it was learned from are clean under it. Is not: the order
itself (``graph/learned.py``).
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from lockcheck.graph.learned import Group, LearnedOrder, witnesses
from lockcheck.model.facts import Dependency

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.>/-]*(?<![->])\Z")
WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
SHOWN_PAIRS = 5
SHOWN_FUNCTIONS = 2
WIDTH = 80
NO_RULE = "there is no order to write down: a chain needs two locks, one taken while the other is held, and no circle"


def rule_text(order: LearnedOrder, dependencies: Sequence[Dependency], name: str) -> str:
    """The rule file: what is said about the order in comments, then the chains."""
    lines = [f"# {line}" if line else "#" for line in _wrapped(_remarks(order, dependencies))]
    lines += [
        f"rule: {_yaml(name)}",
        "summary: locks are taken against the order that these models had",
        "severity: warning",
        "order:",
    ]
    lines += [f"  - [{', '.join(map(_element, chain))}]" for chain in order.chains]
    return "\n".join(lines) + "\n"


def comment_text(order: LearnedOrder, dependencies: Sequence[Dependency]) -> str:
    """The comment block: a nesting for each chain, with the functions that take the inner lock under the outer one."""
    where = {(one.outer, one.inner): one.leg.steps[-1].function for one in dependencies}
    rows: list[tuple[str, str]] = []
    for chain in order.chains:
        rows.append(("", ""))
        rows.append((f" ->{_names(chain[0])}", ""))
        for depth, (group, functions) in enumerate(zip(chain[1:], witnesses(chain, where), strict=True), 1):
            rows.append((f" {'  ' * depth}->{_names(group)}", _few(functions)))
    column = min(max((len(left) for left, right in rows if right), default=0) + 1, 50)
    lines = ["/*", " * Lock ordering:"]
    lines += [f" * {left:<{column}} {right}".rstrip() for left, right in rows]
    lines += [" *", *(f" * {line}".rstrip() for line in _wrapped(_remarks(order, dependencies))), " */"]
    return "\n".join(lines) + "\n"


def _few(functions: Sequence[str]) -> str:
    if not functions:
        return ""
    more = ", others" if len(functions) > SHOWN_FUNCTIONS else ""
    return f"({', '.join(functions[:SHOWN_FUNCTIONS])}{more})"


def _remarks(order: LearnedOrder, dependencies: Sequence[Dependency]) -> Iterator[str]:
    """What there is to say about the order: whether it is total, and why not."""
    count = sum(map(len, order.groups))
    if not count:
        yield "These models never take a lock while another is held: there is no order."
    elif order.total:
        yield f"A total order of {count} lock classes, outermost first."
    else:
        yield f"A partial order of {count} lock classes, outermost first."
    where = {(one.outer, one.inner): one for one in dependencies}
    for circle in order.circles:
        legs = [where[pair] for pair in pairwise(circle)]
        ways = "; ".join(f"{one.outer} -> {one.inner} in {_where(one)}" for one in legs)
        members = next(group for group in order.groups if circle[0] in group)
        yield f"No order can be given to {' and '.join(members)}, since a circle goes through them: {ways}."
    if order.unrelated_count:
        yield _unrelated(order)
    if order.free:
        yield f"Only read, recursively, so bound by no order: {', '.join(order.free)}."
    if order.alone:
        yield f"Never taken together with another: {', '.join(order.alone)}."


def _unrelated(order: LearnedOrder) -> str:
    shown = order.unrelated[:SHOWN_PAIRS]
    pairs = "; ".join(f"{_names(first)} and {_names(second)}" for first, second in shown)
    count = order.unrelated_count
    if count == 1:
        return f"It is not total: nothing relates {pairs}."
    such = ", such as" if len(shown) < count else ":"
    return f"It is not total: nothing relates the locks of {count} pairs{such} {pairs}."


def _where(dependency: Dependency) -> str:
    step = dependency.leg.steps[-1]
    return f"{step.function} ({step.at or step.place})"


def _wrapped(paragraphs: Iterable[str]) -> Iterator[str]:
    for text in paragraphs:
        yield from textwrap.wrap(text, WIDTH - 3, break_long_words=False, break_on_hyphens=False)


def _names(group: Group) -> str:
    return ", ".join(group)


def _element(group: Group) -> str:
    return _yaml(group[0]) if len(group) == 1 else f"[{', '.join(map(_yaml, group))}]"


def _yaml(name: str) -> str:
    """A name as YAML, quoted where it could be anything else."""
    if PLAIN.match(name) and name.lower() not in WORDS:
        return name
    return json.dumps(name, ensure_ascii=False)
