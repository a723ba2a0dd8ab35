"""Answers: what an analysis says to a claim, with the witness that shows it.

Is: the values that ``checker/`` makes and that ``report/``, ``cli/`` and users of the API read.
Is not: a finding: a refuted claim says that somebody was wrong, not that a machine can hang.

Glossary words defined here: answer, verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from lockcheck.findings import EXIT_CLEAN, EXIT_FAILED, EXIT_FINDINGS, Quotable
from lockcheck.model.claims import Claim
from lockcheck.model.facts import Fact

if TYPE_CHECKING:
    from lockcheck.source.problems import Problem


class Verdict(Enum):
    """What came of a claim, in the words of every report."""

    HOLDS = "holds"
    REFUTED = "refuted"
    ONLY_IF = "holds only if"
    NOTHING = "nothing to prove"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Witness:
    """One fact that shows why an answer is as it is. ``config``: the options it was found with, when some were varied.

    ``fact`` is None for the absence of facts, which ``text`` then tells.
    """

    text: str
    fact: Fact | None = field(default=None, compare=False)
    config: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one claim.

    ``condition``: of ``HOLDS ONLY IF``: the kernel options (``CONFIG_MEMCG=n``) or the assumption's words.
    ``against``: what refutes it (outside the condition), worst first; ``support``: what shows that it holds.
    ``missing``: of ``UNDECIDED``: what the models lack. ``asked_of``: the models it was asked of.
    """

    claim: Claim
    verdict: Verdict
    condition: str | None = None
    against: tuple[Witness, ...] = ()
    support: tuple[Witness, ...] = ()
    missing: tuple[str, ...] = ()
    asked_of: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The answer on one line: ``holds only if CONFIG_MEMCG=n``."""
        return f"{self.verdict.value} {self.condition}" if self.condition else self.verdict.value

    @property
    def as_expected(self) -> bool:
        """Whether it is what the ledger states; a claim that states nothing is expected to hold."""
        expected = self.claim.expect
        if expected is None:
            return self.verdict in (Verdict.HOLDS, Verdict.NOTHING)
        return expected in (self.words, self.verdict.value)


@dataclass(frozen=True, slots=True)
class Answered:
    """A whole ledger, answered. ``problems``: why something could not be read; any makes the run a failure.

    ``title``: of the ledger. ``sources``: text of every file that was read, for quoting.
    """

    answers: tuple[Answer, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()
    sources: Mapping[str, Quotable] = field(default_factory=dict, compare=False, repr=False)

    @property
    def unexpected(self) -> tuple[Answer, ...]:
        """Answers that are not as the ledger states them."""
        return tuple(one for one in self.answers if not one.as_expected)

    @property
    def exit_code(self) -> int:
        """0: every answer is as expected; 1: some is not; 2: something could not be read, or nothing was asked."""
        if self.problems or not self.answers:
            return EXIT_FAILED
        return EXIT_FINDINGS if self.unexpected else EXIT_CLEAN
