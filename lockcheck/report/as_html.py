"""One self-contained page: findings, witnesses and the lock-order graph, for a browser and nothing else.

Is: a template filled with styles, scripts and data, all from this package, and a content security policy that lets
those run and nothing more: no network, no frames, no other script. Is not: what the page shows (``page_data.py``), nor
how (``page/``). The data is JSON in which no character can end a script or begin markup.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from functools import cache
from pathlib import Path
from typing import Final

from lockcheck.findings import Result
from lockcheck.report.layout import clean
from lockcheck.report.page_data import page_data
from lockcheck.report.view import View

PAGE: Final = Path(__file__).parent / "page"
SCRIPTS: Final = ("data.js", "parts.js", "layout.js", "drawing.js", "graph.js", "findings.js", "lists.js", "main.js")
"""Our own, in the order in which they build on each other."""

HARMLESS: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
_SLOT: Final = re.compile(r"\{\{(\w+)\}\}")
_OTHER: Final = re.compile(r"[^\n -~]")
_MAP: Final = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def render(result: Result, view: View) -> str:
    """The report as a view wants it."""
    return as_html(result, compare=view.compare)


def as_html(result: Result, *, compare: bool = False) -> str:
    """The page as text, all ASCII, ending in a newline. ``compare``: with what differs from the expectations."""
    style, scripts = _texts()
    slots = {
        "policy": _policy(style, scripts),
        "title": _escaped(_title(result)),
        "style": style,
        "scripts": "\n".join(f"<script>{text}</script>" for text in scripts),
        "data": embedded(page_data(result, compare=compare)),
    }
    return _SLOT.sub(lambda slot: slots[slot.group(1)], _read("page.html"))


def embedded(value: object) -> str:
    """JSON that is also safe between script tags: ``<``, ``>`` and ``&`` are written as escapes."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True).translate(HARMLESS)


def _title(result: Result) -> str:
    named = [name for name in result.named_files if name]
    return named[0] if len(named) == 1 else f"{len(named)} models" if named else "a model"


def _escaped(text: str) -> str:
    return html.escape(clean(text))


@cache
def _texts() -> tuple[str, tuple[str, ...]]:
    """The page's style sheet and its scripts: the two libraries, each with its licence, and our own."""
    ours = "\n".join(map(_read, SCRIPTS))
    return _read("page.css"), (
        _read("vendor/cytoscape.min.js"),
        f"/*\n{_read('vendor/dagre.LICENSE.txt')}*/\n{_read('vendor/dagre.min.js')}",
        f'(() => {{\n"use strict";\n{ours}}})();\n',
    )


def _read(name: str) -> str:
    """A file of the page as printable ASCII, without the mark that makes a browser's tools look for another file.

    Only scripts, in comments and strings, have other characters: there an escape is the same.
    """
    text = _MAP.sub("", (PAGE / name).read_text(encoding="utf-8"))
    return _OTHER.sub(lambda one: one.group().encode("unicode_escape").decode("ascii"), text)


def _policy(style: str, scripts: tuple[str, ...]) -> str:
    """What the browser may load and run: what is in this file, by its digest."""
    return "; ".join((
        "default-src 'none'",
        f"script-src {' '.join(map(_digest, scripts))}",
        f"style-src {_digest(style)}",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ))  # fmt: skip


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
