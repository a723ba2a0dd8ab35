"""Claims: what somebody says of the locks of a program, as a question that the analysis can answer.

Is: frozen values that ``loading/`` makes from a model's ``claims:`` and that ``checker/`` answers.
Is not: an answer (``answers.py``), nor the meaning of a question (``checker/questions.py``).

Glossary words defined here: claim, ledger, question, assumption.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lockcheck.model.places import NOWHERE, Place


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``verb`` is its key in the file: ``leaf``, ``irq_safe``, ``order``, ``takes``, ``calls``,
    ``finding``, ``some``, ``not`` or ``all``.

    ``names``: what it is about: locks, callees, rule ids or a fact kind. ``function``: only what happens below it.
    ``parts``: the questions that ``not`` and ``all`` are made of. ``where``: conditions of ``some``, as the reader
    gave them, positions included. ``locks``: of ``finding``: these are in it.
    """

    verb: str
    names: tuple[str, ...] = ()
    function: str | None = None
    locks: tuple[str, ...] = ()
    parts: tuple[Question, ...] = ()
    where: Mapping[str, object] | None = field(default=None, compare=False)
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Assumption:
    """What a claim may need to hold: in words, and as the models and options in which it is true."""

    text: str
    models: tuple[str, ...] = ()
    config: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of a ledger.

    ``models``: what the question is asked of (shipped names or paths); empty: the program that the ledger itself
    includes. ``config``: options that are fixed for it; ``vary``: options of which every combination is asked.
    ``rule``: why there is nothing to prove; ``missing``: why no model can decide it; either stands instead of a
    question. ``expect``: the answer as the ledger states it, in the words that a report uses, or None.
    """

    id: str
    text: str
    who: str | None = None
    message: str | None = None
    question: Question | None = None
    models: tuple[str, ...] = ()
    config: tuple[tuple[str, bool], ...] = ()
    vary: tuple[str, ...] = ()
    assuming: tuple[Assumption, ...] = ()
    rule: str | None = None
    missing: str | None = None
    expect: str | None = None
    note: str | None = None
    place: Place = field(default=NOWHERE, compare=False)
