"""SARIF as GitHub's code scanning wants it: it opens an alert for every result, suppressed ones too.

Is: ``sarif.py`` without what is waived, and with the fingerprint under the name that GitHub looks for, so that an alert
stays the same when lines move. Is not: another version of SARIF.
"""

from __future__ import annotations

from typing import Final

from lockcheck.findings import Result
from lockcheck.report.encode import json_text
from lockcheck.report.entries import WAIVED
from lockcheck.report.sarif import FINGERPRINT, log
from lockcheck.report.view import View

LOOKED_FOR: Final = "primaryLocationLineHash"


def render(result: Result, view: View) -> str:
    """The log file as indented JSON, in ASCII."""
    made = log(result, view, leave_out=WAIVED)
    for one in made["runs"][0]["results"]:
        one["partialFingerprints"][LOOKED_FOR] = one["partialFingerprints"][FINGERPRINT]
    return json_text(made)
