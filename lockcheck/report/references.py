"""References held against a kernel tree: for people, for programs, and as a patch for the models.

Is: words and layout for ``lockcheck sources``. Is not: where a status is decided.
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lockcheck.model.references import STATUSES, Held
from lockcheck.report.layout import clean, count, wrap
from lockcheck.report.paint import Paint
from lockcheck.source.text import SourceText

SCHEMA_ID: Final = "lockcheck-sources/1"
_STYLES: Final = {"unread": "error", "gone": "error", "changed": "error", "unclear": "warning", "moved": "note"}


def text(held: Sequence[Held], unsaid: int, tree: str, paint: Paint) -> str:
    """All that is not right, worst first, and a summary."""
    lines: list[str] = []
    for status in STATUSES[:-1]:
        for one in (each for each in held if each.status == status):
            lines += _entry(one, paint)
    lines += _summary(held, unsaid, tree, paint)
    return "\n".join(lines) + "\n"


def _entry(one: Held, paint: Paint) -> Iterator[str]:
    reference = one.reference
    where = f" in {reference.function}()" if reference.function else ""
    what = reference.name if reference.kind == "step" else f"{reference.kind} {reference.name}"
    head, *rest = wrap(clean(f"{reference.place}: {one.status}: {what}{where}", paint.ascii_only), 0, 4)
    yield head.replace(f" {one.status}:", " " + paint(f"{one.status}:", _STYLES[one.status]), 1)
    yield from rest
    now = f" is now {one.now[0]}:{one.now[1]}" if one.now else ""
    why = f"{'; ' if now else ': '}{one.why}" if one.why else ""
    yield from wrap(clean(f"{reference.at}{now}{why}", paint.ascii_only), 4, 6)


def _summary(held: Sequence[Held], unsaid: int, tree: str, paint: Paint) -> Iterator[str]:
    counted = Counter(one.status for one in held)
    good = counted["ok"] == len(held)
    found = ", ".join(f"{counted[status]} {status}" for status in reversed(STATUSES) if counted[status]) or "none"
    total = count(len(held), "reference")
    models = count(len({one.reference.place.file for one in held}), "model")
    line = f"{total} of {models} held against {tree}: {found}"
    for each in wrap(clean(line, paint.ascii_only), 0, 2):
        yield paint(each, "good") if good and held else each
    if unsaid:
        yield from wrap(f"without a source line: {count(unsaid, 'declaration or step', 'declarations and steps')} "
                        "(at: file:line, or c: none)", 0, 2)  # fmt: skip


def as_json(held: Sequence[Held], unsaid: Sequence[Any], tree: str, exit_code: int) -> str:
    """One JSON document, ASCII, in the order of the models."""
    counted = Counter(one.status for one in held)
    document = {
        "schema": SCHEMA_ID,
        "tree": tree,
        "exit_code": exit_code,
        "counts": {status: counted[status] for status in reversed(STATUSES)},
        "references": [_document(one) for one in held],
        "unsaid": [
            {"kind": one.kind, "name": one.name, "function": one.function, "place": _place(one.place)}
            for one in unsaid
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"


def _document(one: Held) -> dict[str, Any]:
    reference = one.reference
    return {
        "status": one.status,
        "kind": reference.kind,
        "name": reference.name,
        "function": reference.function,
        "at": reference.at,
        "now": f"{one.now[0]}:{one.now[1]}" if one.now else None,
        "why": one.why or None,
        "place": _place(reference.place),
    }


def _place(place: Any) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column}


def patch(held: Sequence[Held], sources: Mapping[str, SourceText]) -> str:
    """A unified diff that gives every reference that has moved its new line."""
    texts: list[str] = []
    for file in sorted({one.reference.place.file for one in held if one.status == "moved"}):
        before = sources[file].text.split("\n")
        after = list(before)
        for one in held:
            if one.status == "moved" and one.now and one.reference.place.file == file:
                place = one.reference.place
                line, start = after[place.line - 1], place.column - 1
                new = line[start:].replace(one.reference.at, f"{one.now[0]}:{one.now[1]}", 1)
                after[place.line - 1] = line[:start] + new
        texts += difflib.unified_diff(before, after, f"a/{file}", f"b/{file}", lineterm="")
    return "".join(f"{line}\n" for line in texts)
