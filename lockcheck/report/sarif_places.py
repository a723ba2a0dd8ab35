"""Places and messages in SARIF's words: locations relative to a base, text without hidden meaning.

Is: ``physicalLocation``, ``logicalLocations`` and ``message`` objects. Is not: a result (``sarif.py``).
"""

from __future__ import annotations

import posixpath
import re
from typing import Any, Final
from urllib.parse import quote

from lockcheck.model.places import Place
from lockcheck.report.layout import clean
from lockcheck.report.paths import in_checkout
from lockcheck.report.view import View

CHECKOUT: Final = "SRCROOT"
LIBRARY: Final = "LOCKCHECK"
_LINK: Final = re.compile(r"\[(?=[^\]\[]*\]\()|(?<=[^\]\[])\](?=\()")
_NO_NAME: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Half characters that no name of a file on disk has: bytes that do not decode are other ones."""

_PLACEHOLDER: Final = re.compile(r"\{(\d+)\}")


def bases() -> dict[str, Any]:
    """What relative names of files are relative to; where that is, the reader knows."""
    return {
        CHECKOUT: {"description": {"text": "The top of the checkout that was checked."}},
        LIBRARY: {"description": {"text": "The models that come with lockcheck."}},
    }


def message(text: str) -> dict[str, Any]:
    """A plain message: no control characters, no links and no placeholders that somebody's name would make."""
    plain = "\n".join(clean(line, ascii_only=False) for line in text.split("\n"))
    return {"text": _PLACEHOLDER.sub(r"{{\1}}", _LINK.sub(lambda found: "\\" + found.group(0), plain))}


def location(place: Place, view: View, *, said: str = "", function: str = "") -> dict[str, Any]:
    """A location, with a message about it and the function it is in, if there are any."""
    value: dict[str, Any] = {}
    if place.file:
        value["physicalLocation"] = {"artifactLocation": artifact(place.file, view), **_region(place)}
    if function:
        name = clean(function, ascii_only=False)
        value["logicalLocations"] = [{"name": name, "fullyQualifiedName": name, "kind": "function"}]
    if said:
        value["message"] = message(said)
    return value


def _region(place: Place) -> dict[str, Any]:
    """Where in the file; a file as a whole has no region."""
    return {"region": {"startLine": place.line, "startColumn": max(1, place.column)}} if place.line else {}


def artifact(file: str, view: View) -> dict[str, Any]:
    """A file by its URI: relative to the checkout or to the shipped models, else as it was named."""
    path = in_checkout(file, view)
    if path is not None:
        return {"uri": _uri(path), "uriBaseId": CHECKOUT}
    if file in view.shipped:
        return {"uri": _uri(file), "uriBaseId": LIBRARY}
    return {"uri": f"file://{_uri(file)}" if posixpath.isabs(file) else _uri(file)}


def _uri(path: str) -> str:
    """A path as a relative reference: a colon in its first part is no scheme."""
    return quote(_NO_NAME.sub("?", path).encode("utf-8", "surrogateescape"), safe="/")
