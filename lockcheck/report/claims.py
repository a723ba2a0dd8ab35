"""The forms in which a ledger's answers are written, by their names on the command line.

Is: the table. Is not: any of the forms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lockcheck.answers import Answered
from lockcheck.report.claims_json import claims_json
from lockcheck.report.claims_mail import claims_mail
from lockcheck.report.claims_markdown import claims_markdown
from lockcheck.report.claims_text import claims_text
from lockcheck.report.paint import Paint

FORMATS: Mapping[str, Callable[[Answered, Paint], str]] = {
    "text": claims_text,
    "brief": lambda answered, paint: claims_text(answered, paint, brief=True),
    "markdown": lambda answered, _: claims_markdown(answered),
    "mail": lambda answered, _: claims_mail(answered),
    "json": lambda answered, _: claims_json(answered),
}
