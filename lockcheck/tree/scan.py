"""C text, cut into functions: which lines a function has, what stands on a line, without a compiler or a config.

Is: comments, strings and preprocessor lines blanked; functions by their outermost braces, in every branch of a
preprocessor conditional. Is not: a parser; what is inside a function is words with line numbers.

Why no parser library does this is in decision 7.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final, NamedTuple

_OPAQUE: Final = re.compile(
    r"""/\*.*?(?:\*/|\Z)            # comments
      | //(?:[^\n\\]|\\.)*
      | "(?:[^"\\\n]|\\.)*"         # strings and characters
      | '(?:[^'\\\n]|\\.)*'
    """,
    re.DOTALL | re.VERBOSE,
)
_DIRECTIVE: Final = re.compile(r"^[ \t]*\#[ \t]*(\w*)[ \t]*(\w*)(?:[^\n\\]|\\.)*", re.DOTALL | re.MULTILINE)
_STRUCTURE: Final = re.compile(r"[{};]|^[ \t]*\#[ \t]*(\w*)[ \t]*(\w*)(?:[^\n\\]|\\.)*", re.DOTALL | re.MULTILINE)
_PRINTED: Final = re.compile(r"[^\n]+")
_TOKEN: Final = re.compile(r"[A-Za-z_]\w*|[^\s\w]")
_FIRST_WORD: Final = re.compile(r"\s*([A-Za-z_]\w*)")
_ATTRIBUTES: Final = frozenset({
    "__attribute__", "__acquires", "__releases", "__must_hold", "__printf", "__scanf", "__aligned", "__section",
    "__alloc_size", "__malloc", "__cond_acquires", "__cond_releases", "__no_sanitize", "__asm__", "asm", "__context__",
    "__counted_by", "__used_section", "__access",
})  # fmt: skip
_GENERATES: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_SPACE: Final = " " * 4096


class Function(NamedTuple):
    """A function, or a macro that looks like one. All lines count from 1.

    ``first``: where its signature starts; ``line``: where its name stands; ``opens``: the line of its opening brace;
    ``last``: of the closing one.
    """

    name: str
    first: int
    line: int
    opens: int
    last: int
    macro: bool = False


@dataclass(slots=True)
class CFile:
    """A scanned file. ``code``: its text with comments and strings blanked, so positions are those of the file."""

    path: str
    code: str
    starts: list[int] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)

    def line_of(self, position: int) -> int:
        """The line, from 1, of an offset into ``code``."""
        return bisect_right(self.starts, position)

    @property
    def lines(self) -> int:
        """How many lines the file has."""
        return len(self.starts)

    def text(self, first: int, last: int) -> str:
        """The code of some lines, both included; empty beyond the end."""
        if first > self.lines or last < first:
            return ""
        end = self.starts[last] if last < self.lines else len(self.code)
        return self.code[self.starts[max(first, 1) - 1] : end]

    def around(self, line: int) -> Function | None:
        """The innermost function (or macro) that has the line; None between functions."""
        found = [one for one in self.functions if one.first <= line <= one.last]
        return min(found, key=lambda one: (one.last - one.first, one), default=None)

    def named(self, names: frozenset[str]) -> list[Function]:
        """Every function of one of these names, in the order of the file."""
        return [one for one in self.functions if one.name in names]

    def statement(self, line: int) -> tuple[int, int]:
        """First and last line of the statement that has something on ``line``: what ``;``, ``{`` and ``}`` cut out."""
        begin = self.starts[line - 1]
        end = self.starts[line] if line < self.lines else len(self.code)
        while begin < end and self.code[begin].isspace():
            begin += 1
        before = max(self.code.rfind(mark, 0, begin) for mark in ";{}")
        after = [at for mark in ";{}" if (at := self.code.find(mark, begin)) >= 0]
        start = before + 1
        while start < begin and self.code[start].isspace():
            start += 1
        return self.line_of(start), self.line_of(min(after, default=len(self.code) - 1))


def scan(path: str, text: str) -> CFile:
    """A C file's text as functions with their lines. Never fails: what it cannot follow is between functions."""
    code = _OPAQUE.sub(_blank, text)
    starts = [0, *(found.end() for found in re.finditer("\n", code))]
    if starts[-1] == len(code) and len(starts) > 1:
        starts.pop()
    file = CFile(path, code, starts)
    file.functions = sorted(_Scanner(file).run(), key=lambda one: (one.first, -one.last, one.name))
    return file


def _blank(found: re.Match[str]) -> str:
    text = found.group()
    if "\n" not in text:
        return _SPACE[: len(text)] if len(text) <= len(_SPACE) else " " * len(text)
    return _PRINTED.sub(lambda part: " " * len(part.group()), text)


class _Scanner:
    """Follows braces through one file. ``depth`` is taken back at ``#else``, so that each branch starts alike."""

    def __init__(self, file: CFile) -> None:
        self._file = file
        self._plain = _DIRECTIVE.sub(_blank, file.code)
        self._depth = 0
        self._branches: list[list[int]] = []
        self._opened: list[tuple[str, int, int, int]] = []
        self._since = 0
        self._found: list[Function] = []

    def run(self) -> list[Function]:
        """All functions and macros of the file."""
        for found in _STRUCTURE.finditer(self._file.code):
            mark = found.group()
            if mark == "{":
                self._open(found.start())
            elif mark == "}":
                self._close(found.start())
            elif mark == ";":
                if self._depth == 0:
                    self._since = found.end()
            else:
                self._directive(found)
        return self._found

    def _open(self, at: int) -> None:
        if self._depth == 0:
            header = self._plain[self._since : at]
            name = _name_of(header)
            if name is not None:
                begin = self._since + len(header) - len(header.lstrip())
                stands = re.search(rf"\b{name}\b", header)
                named = self._since + (stands.start() if stands else 0)
                line_of = self._file.line_of
                self._opened.append((name, line_of(begin), line_of(named), line_of(at)))
        self._depth += 1

    def _close(self, at: int) -> None:
        ends = self._depth <= 1 or (bool(self._opened) and (at == 0 or self._file.code[at - 1] == "\n"))
        self._depth = 0 if ends else self._depth - 1
        if ends:
            self._since = at + 1
            last = self._file.line_of(at)
            self._found += [Function(*opened, last) for opened in self._opened]
            self._opened.clear()

    def _directive(self, found: re.Match[str]) -> None:
        word, name = found.group(1), found.group(2)
        if word == "define" and name:
            first = self._file.line_of(found.start(2))
            self._found.append(Function(name, first, first, first, self._file.line_of(found.end() - 1), macro=True))
        elif word in ("if", "ifdef", "ifndef"):
            self._branches.append([self._depth, -1])
        elif word in ("else", "elif", "elifdef", "elifndef") and self._branches:
            branch = self._branches[-1]
            branch[1] = self._depth if branch[1] < 0 else branch[1]
            self._depth = branch[0]
            self._since = found.end() if self._opened and not self._depth else self._since
        elif word == "endif" and self._branches:
            _, end = self._branches.pop()
            self._depth = self._depth if end < 0 else end


def _name_of(header: str) -> str | None:
    """The name of the function whose body follows ``header``, or None when it is a type, a table or a block."""
    groups = _groups(header)
    if groups is None:
        return None
    names = [(name, inside) for name, inside in groups if name not in _ATTRIBUTES]
    plain = [pair for pair in names if not pair[0].startswith("__")]
    if not names:
        return None
    name, inside = plain[-1] if plain else names[0]
    if _GENERATES.fullmatch(name):
        first = _FIRST_WORD.match(inside)
        return first.group(1) if first else name
    return name


def _groups(header: str) -> list[tuple[str, str]] | None:
    """Each ``name(...)`` at the top level of a header, with what is between its parentheses; None with a ``=``."""
    found: list[tuple[str, str]] = []
    depth, name, begin = 0, "", 0
    for token in _TOKEN.finditer(header):
        mark = token.group()
        if mark == "(":
            begin = begin if depth else token.end()
            depth += 1
        elif mark == ")":
            depth -= 1
            if depth == 0 and name:
                found.append((name, header[begin : token.start()]))
                name = ""
        elif depth == 0:
            if mark == "=":
                return None
            name = mark if mark[0] == "_" or mark[0].isalpha() else ""
    return found
