"""lockcheck: a lock-dependency verifier for declared code paths.

    import lockcheck
    result = lockcheck.check("model.yaml")

Is: the public names, imported when first used, so that ``import lockcheck`` costs nothing. Is not: anything else:
what is not in ``__all__`` may change.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lockcheck.answers import Answer, Answered, Verdict
    from lockcheck.api import check
    from lockcheck.compare.difference import Difference, difference
    from lockcheck.findings import Finding, Mismatch, Result, Severity, Waived
    from lockcheck.ledger import ask
    from lockcheck.loading import ModelText
    from lockcheck.model.facts import Fact, Leg, WitnessStep
    from lockcheck.model.places import Place
    from lockcheck.source.limits import Limits
    from lockcheck.source.problems import Problem

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Answered",
    "Difference",
    "Fact",
    "Finding",
    "Leg",
    "Limits",
    "Mismatch",
    "ModelText",
    "Place",
    "Problem",
    "Result",
    "Severity",
    "Verdict",
    "Waived",
    "WitnessStep",
    "__version__",
    "ask",
    "check",
    "difference",
]

_HOMES = {
    "check": "api",
    "Difference": "compare.difference",
    "difference": "compare.difference",
    "ask": "ledger",
    "Answer": "answers",
    "Answered": "answers",
    "Verdict": "answers",
    "Finding": "findings",
    "Mismatch": "findings",
    "Result": "findings",
    "Severity": "findings",
    "Waived": "findings",
    "ModelText": "loading",
    "Fact": "model.facts",
    "Leg": "model.facts",
    "WitnessStep": "model.facts",
    "Place": "model.places",
    "Limits": "source.limits",
    "Problem": "source.problems",
}


def __getattr__(name: str) -> object:
    """The public name, from the module it lives in."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'lockcheck' has no attribute '{name}'")
    return getattr(import_module(f"lockcheck.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
