"""The text of one input file: decoding, and its lines for quoting.

Is: bytes to text, strictly UTF-8, with the position of what does not decode. Is not: a YAML reader.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

from lockcheck.source.problems import Problem

_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_GOOD_ASCII: Final = bytes([*b"\t\n\r", *range(32, 127)])
_NEWLINE: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


class SourceText:
    """The text of a file. Lines are split at the breaks that YAML knows, and only when one is asked for."""

    __slots__ = ("_starts", "file", "text")

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._starts: list[int] | None = None

    def starts(self) -> list[int]:
        """Offset of the start of each line."""
        if self._starts is None:
            lines = self.text.splitlines(keepends=True)  # at what YAML knows, once :func:`decode` refused the rest
            self._starts = list(accumulate(map(len, lines), initial=0))
            if lines and _NEWLINE.search(lines[-1]) is None:
                self._starts.pop()
        return self._starts

    def line(self, number: int) -> str:
        """Line ``number`` (1-based) without its break; an empty string when there is none."""
        starts = self.starts()
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n\x85\u2028\u2029")

    def offset(self, line: int, column: int) -> int:
        """Offset of a 1-based position."""
        starts = self.starts()
        return min(len(self.text), starts[min(line, len(starts)) - 1] + column - 1)


def decode(file: str, data: bytes) -> SourceText | Problem:
    """``data`` as text. A byte order mark is dropped; other encodings and control characters are a problem."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Problem(file, 1, 1, "the file is UTF-16; expected UTF-8", "save it as UTF-8", "not-utf-8")
    start = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    try:
        text = data[start:].decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[start : start + error.start].decode("utf-8", "replace")
        line, column = _position(before)
        byte = data[start + error.start]
        return Problem(file, line, column, f"byte 0x{byte:02x} is not UTF-8", "save the file as UTF-8", "not-utf-8")
    bad = None if data.isascii() and not data.translate(None, _GOOD_ASCII) else _UNPRINTABLE.search(text)
    if bad:
        line, column = _position(text[: bad.start()])
        message = f"character U+{ord(bad.group()):04X} is not allowed in YAML"
        return Problem(file, line, column, message, "is this a text file?", "not-text")
    return SourceText(file, text)


def _position(before: str) -> tuple[int, int]:
    """Line and column of what follows ``before``."""
    end = 0
    line = 1
    for found in _NEWLINE.finditer(before):
        end = found.end()
        line += 1
    return line, len(before) - end + 1
