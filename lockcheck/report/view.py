"""How a report is to be told, the same for every format.

Is: what the user asked for beside the result. Is not: a format (``formats.py`` names them all).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockcheck.compare.repairs import Repairs
from lockcheck.findings import EXIT_CLEAN, EXIT_FINDINGS, Finding, Result, Severity
from lockcheck.report.paint import Paint

if TYPE_CHECKING:
    from lockcheck.compare.difference import Difference


@dataclass(frozen=True, slots=True)
class View:
    """What a renderer is told. ``fail_on``: from this severity on a finding fails the run.

    ``compare``: tell how findings and expectations differ; ``strict``: tell what the run had no use for;
    ``exit_zero``: findings do not fail it. ``paint``: colour and characters, for the formats that people read.
    ``prefix``: the working folder as the top of its checkout sees it (``"drivers/net/"``, empty at the top): what
    formats whose readers know only the checkout put before names of files. ``shipped``: the files that came with
    lockcheck, which no checkout has. ``repairs``: what was tried for findings, by their fingerprints.
    ``since``: a revision, and how the models differ from what they were there.
    """

    fail_on: Severity = Severity.WARNING
    compare: bool = False
    strict: bool = False
    exit_zero: bool = False
    paint: Paint = field(default_factory=Paint)
    prefix: str = ""
    shipped: frozenset[str] = frozenset()
    repairs: tuple[Repairs, ...] = ()
    since: tuple[str, Difference] | None = None

    def repairs_of(self, finding: Finding) -> Repairs | None:
        """What was tried for a finding."""
        return next((one for one in self.repairs if one.fingerprint == finding.fingerprint), None)

    def exit_code(self, result: Result) -> int:
        """The exit status of the run."""
        code = result.exit_code_for(self.fail_on, compare=self.compare, strict=self.strict)
        return EXIT_CLEAN if self.exit_zero and code == EXIT_FINDINGS else code
