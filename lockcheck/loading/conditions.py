"""Conditions of ``if:``, from words to a tree.

Is: a small parser (``or`` binds loosest, then ``and``, then ``not``; no parentheses).
Is not: evaluation: options are decided while lowering, all else by the analysis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

_JOINERS: Final = frozenset({"and", "or"})
_CONTEXTS: Final = ("task", "softirq", "hardirq", "interrupt", "nmi")
_ALLOWS: Final = ("sleeping", "io", "fs", "kswapd", "account")
_MOST_WORDS: Final = 64
_C_MARKS: Final = ("!", "&&", "||", "==", "(", ")")


class ConditionError(ValueError):
    """A condition that cannot be read. ``word``: what was found; ``among``: what was expected there."""

    def __init__(self, message: str, word: str = "", among: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.word = word
        self.among = among


class Atom(NamedTuple):
    """One test: ``op`` as in :class:`lockcheck.model.steps.Cond` or ``config``; names not yet resolved."""

    op: str
    a: str = ""
    b: str = ""
    negated: bool = False


def parse(text: str) -> list[list[Atom]]:
    """The condition as alternatives (``or``) of atoms that must all hold (``and``). Raises :class:`ConditionError`."""
    words = text.split()
    if not words:
        raise ConditionError("an empty condition")
    if len(words) > _MOST_WORDS:
        raise ConditionError(f"a condition of {len(words)} words; at most {_MOST_WORDS} are read")
    alternatives: list[list[Atom]] = [[]]
    start = 0
    for index in range(len(words) + 1):
        if index == len(words) or words[index] in _JOINERS:
            alternatives[-1].append(_atom(words[start:index], text))
            if index < len(words) and words[index] == "or":
                alternatives.append([])
            start = index + 1
    return alternatives


def _atom(words: list[str], text: str) -> Atom:
    """One test with any number of ``not`` before it."""
    negated = False
    while words and words[0] == "not":
        negated = not negated
        words = words[1:]
    if not words:
        raise ConditionError(f"'{text}' lacks a test before or after 'and', 'or' or 'not'")
    return _test(words, text)._replace(negated=negated)


def _test(words: list[str], text: str) -> Atom:
    if words[0].startswith("$"):
        return _of_parameter(words)
    if words[0] == "in" and len(words) == 2:
        if words[1] not in _CONTEXTS:
            raise ConditionError(f"unknown context '{words[1]}'", words[1], _CONTEXTS)
        return Atom("in", words[1])
    if words[0] == "irqs" and len(words) == 2:
        if words[1] not in ("off", "on"):
            raise ConditionError(f"expected 'irqs off' or 'irqs on', found '{text}'", words[1], ("off", "on"))
        return Atom("irqs", words[1])
    if len(words) > 1:
        raise ConditionError(f"'{' '.join(words)}' is not a test; a free condition is one word (a_b)")
    if words[0] == "preemptible":
        return Atom("preemptible")
    if any(mark in words[0] for mark in _C_MARKS):
        raise ConditionError(f"'{words[0]}' is C; write a word (list_is_empty), `not x`, `x and y`, `x or y`")
    return Atom("config" if words[0].startswith("CONFIG_") else "word", words[0])


def _of_parameter(words: list[str]) -> Atom:
    """``$p is NAME``, ``$gfp allows X``, ``$cache has ctor``."""
    if len(words) == 1:
        raise ConditionError(f"'{words[0]}' alone is no test; say `is`, `allows` or `has`", "", ())
    what = words[1]
    rest = " ".join(words[2:])
    if what == "is" and rest:
        return Atom("is", words[0][1:], rest)
    if what == "allows":
        if rest not in _ALLOWS:
            raise ConditionError(f"'{words[0]} allows {rest}': expected one of {', '.join(_ALLOWS)}", rest, _ALLOWS)
        return Atom("gfp", words[0][1:], rest)
    if what == "has":
        if rest not in ("ctor", "dtor") and not rest.startswith("SLAB_"):
            message = f"'{words[0]} has {rest}': expected ctor, dtor or a flag (SLAB_...)"
            raise ConditionError(message, rest, ("ctor", "dtor"))
        return Atom("has", words[0][1:], rest)
    raise ConditionError(f"'{words[0]} {what}': expected is, allows or has", what, ("is", "allows", "has"))
