"""Where, in a scanned file, something that a reference names happens.

Is: words in statements. Is not: a judgement about a reference (``hold``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from lockcheck.model.references import Reference
from lockcheck.tree.scan import CFile, Function

_GUARD: Final = re.compile(r"guard\((\w+)\)")
_GFP: Final = re.compile(r"(?<!\w)_*GFP_\w+")
_DECLARES: Final = re.compile(
    r"DEFINE_|DECLARE_|INIT\b|INIT_|_init\w*\s*\(|_INIT|_setup\w*\s*\(|_create\w*\s*\(|alloc_workqueue|KMEM_CACHE|^\s*(?:static|struct|extern)\b"
)


@lru_cache(maxsize=4096)
def _pattern(names: frozenset[str]) -> re.Pattern[str] | None:
    """Any of ``names`` as whole words; ``guard(x)`` is the kernel's scope-based lock of class x, ``f(`` a call of f."""
    parts = []
    for name in sorted(names):
        guard = _GUARD.fullmatch(name)
        if guard:
            parts.append(rf"\w*guard\s*\(\s*{guard.group(1)}\b")
        elif name.endswith("("):
            parts.append(rf"{re.escape(name[:-1])}\s*\(")
        else:
            parts.append(rf"{re.escape(name)}\b")
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})", re.ASCII) if parts else None


def has(text: str, names: frozenset[str]) -> bool:
    """Whether any of ``names`` stands in ``text``."""
    pattern = _pattern(names)
    return pattern is not None and pattern.search(text) is not None


def says(reference: Reference, text: str, rest: str) -> bool:
    """Whether a statement says what the reference says, in that part of it that begins on the reference's line."""
    if has(rest, reference.alone):
        return True
    if not has(rest, reference.heads):
        return False
    if reference.beside and not has(text, reference.beside):
        return False
    found = set(_GFP.findall(text))
    return not (reference.flags and found) or bool(found & reference.flags)


def expects(reference: Reference) -> bool:
    """Whether the reference names anything that could be looked for."""
    return bool(reference.heads or reference.alone)


def statement_says(reference: Reference, file: CFile, line: int) -> bool:
    """Whether the statement on that line says what the reference says."""
    if line > file.lines or not file.text(line, line).strip():
        return False
    first, last = file.statement(line)
    return says(reference, file.text(first, last), file.text(line, last))


def lines_in(reference: Reference, file: CFile, function: Function) -> list[int]:
    """The lines of a function on which what the reference says happens, sorted."""
    # a step may stand for the whole function it is in, and so for its first line
    whole = function.name == reference.function and function.name in reference.alone
    lines = _saying(reference, file, function.first if whole else function.opens, function.last)
    return lines if whole else [line for line in lines if line != function.line]  # its own name says nothing


def by_function(reference: Reference, file: CFile) -> dict[Function, list[int]]:
    """For each function of a file the lines on which what the reference says happens."""
    found: dict[Function, list[int]] = {}
    for line in _saying(reference, file, 1, file.lines):
        home = file.around(line)
        if home is not None and not home.macro and line >= home.opens:
            found.setdefault(home, []).append(line)
    return found


def _saying(reference: Reference, file: CFile, first: int, last: int) -> list[int]:
    lines = dict.fromkeys(_head_lines(reference, file, first, last))
    return sorted(line for line in lines if statement_says(reference, file, line))


def _head_lines(reference: Reference, file: CFile, first: int, last: int) -> Iterable[int]:
    pattern = _pattern(reference.heads | reference.alone)
    if pattern is None:
        return
    text = file.text(first, last)
    begin = file.starts[first - 1]
    for found in pattern.finditer(text):
        yield file.line_of(begin + found.start())


def declared_in(reference: Reference, file: CFile) -> list[int]:
    """The lines that look like a declaration, or an initialisation, of what the reference names."""
    found: list[int] = []
    for line in dict.fromkeys(_head_lines(reference, file, 1, file.lines)):
        text = file.text(*file.statement(line))
        if _DECLARES.search(text) or file.around(line) is None:
            found.append(line)
    return found
