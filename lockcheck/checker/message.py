"""Message templates: ``{lock} is taken in {irq}``, checked against the fact kind when the rule is read.

Is: names of attributes in braces, nothing else: no formats, no conversions, no attribute access, so that a rule
from a stranger can't reach anything. ``{{`` and ``}}`` are braces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lockcheck.checker.kinds import FactKind, Shape
from lockcheck.checker.sources import OF_WITNESS, NoLocks, SeenFact
from lockcheck.model.facts import Attribute, Fact
from lockcheck.source.problems import did_you_mean

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template: texts at even indexes, attribute names at odd ones."""

    pieces: tuple[str, ...]

    def fill(self, told: SeenFact | Fact) -> str:
        """The message for one fact, on one line."""
        fact = told if isinstance(told, SeenFact) else SeenFact.of(told, NoLocks())
        filled = (piece if index % 2 == 0 else _shown(_value(fact, piece)) for index, piece in enumerate(self.pieces))
        return " ".join("".join(filled).split())


def _value(fact: SeenFact, name: str) -> Attribute:
    return fact.of_witness(name) if name in OF_WITNESS and name not in fact else fact.get(name)


def _shown(value: Attribute) -> str:
    if value is None or value == ():
        return "nothing"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def compile_message(text: str, kind: FactKind) -> tuple[Template, list[tuple[str, str | None]]]:
    """The template and what is wrong with it: (message, hint) pairs."""
    pieces: list[str] = [""]
    wrong: list[tuple[str, str | None]] = []
    end = 0
    for match in _PIECE.finditer(text):
        pieces[-1] += text[end : match.start()]
        end = match.end()
        if match.group(0) in ("{{", "}}"):
            pieces[-1] += match.group(0)[0]
        elif match.group(1) is None:
            wrong.append((f"a single '{match.group(0)}' in the message", f"write '{match.group(0) * 2}' for a brace"))
        else:
            name = match.group(1).strip()
            wrong += _check(name, kind)
            pieces += [name, ""]
    pieces[-1] += text[end:]
    return Template(tuple(pieces)), wrong


def _check(name: str, kind: FactKind) -> list[tuple[str, str | None]]:
    attribute = kind.attributes.get(name)
    if attribute is None:
        hint = did_you_mean(name, kind.attributes) or "it has " + ", ".join(kind.attributes)
        return [(f"the message names '{{{name}}}', but {kind.noun} has no attribute '{name}'", hint)]
    if attribute.shape is Shape.FLAG:
        return [(f"'{{{name}}}' is true or false, which says little in a message", "select it with 'where' instead")]
    return []
