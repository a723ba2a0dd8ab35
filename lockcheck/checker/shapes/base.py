"""What every shape gets and gives: the rule file with its names and positions; a judgement with its words.

Is: values. Is not: a shape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockcheck.checker.kinds import FactKind
from lockcheck.checker.locks import LockSelector, Names, compile_selector
from lockcheck.checker.message import Template, compile_message
from lockcheck.checker.rule import Match, Matcher
from lockcheck.checker.select import Path, Report
from lockcheck.checker.sources import FactSource
from lockcheck.checker.words import either
from lockcheck.model.places import Place
from lockcheck.source.problems import did_you_mean, quote

if TYPE_CHECKING:
    from lockcheck.checker.orders import OrderDocument
    from lockcheck.checker.schema import RuleFile


@dataclass(frozen=True, slots=True)
class Words:
    """What a rule of a shape says where its file says nothing. Only declared shapes have them; ``forbid`` has none.

    ``message`` is empty where the shape makes its messages of what is done and where.
    """

    summary: str
    why: str
    help: str
    message: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A rule file while it is compiled. ``names``: its short names; ``place``: where a path of keys stands.

    ``alone``: the file has one shape, which its ``message`` is for; with several each uses its own words.
    """

    file: RuleFile
    names: Names
    report: Report
    place: Callable[[Path], Place]
    alone: bool = True

    def selector(self, value: object, path: Path) -> LockSelector:
        """The lock selector at a path. Of a key that is missing, which :func:`keys_of` reports, no more is said."""
        if value is None and isinstance(path[-1], str):
            return LockSelector("nothing")
        return compile_selector(value, self.names, path, self.report)

    def template(self, kind: FactKind, default: str) -> Template:
        """The rule's message for facts of a kind, or the shape's own."""
        template, wrong = compile_message(self.file.message or default if self.alone else default, kind)
        for text, hint in wrong:
            self.report(("message",), text, hint)
        return template


@dataclass(frozen=True, slots=True)
class Judged:
    """A compiled judgement: the fact kinds it looks at, its matcher, and the order that it declares."""

    kinds: tuple[str, ...]
    matches: Matcher
    order: OrderDocument | None = None


def nothing(_: FactSource) -> tuple[Match, ...]:
    """The matcher of a judgement that could not be understood."""
    return ()


def keys_of(
    reading: Reading, shape: str, value: object, needed: tuple[str, ...], more: tuple[str, ...] = ()
) -> dict[str, object]:
    """The keys of a shape that is a mapping; unknown and missing ones are reported."""
    if not isinstance(value, dict):
        reading.report((shape,), f"'{shape}' needs {either(needed)}, not {quote(value)}", None)
        return {}
    for key in value:
        if key not in (*needed, *more):
            hint = did_you_mean(key, (*needed, *more)) or f"expected {either((*needed, *more))}"
            reading.report((shape, key), f"unknown key '{key}'", hint)
    for key in needed:
        if value.get(key) is None:
            reading.report((shape,), f"missing key '{key}'", None)
    return dict(value)
