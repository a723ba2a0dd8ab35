"""Colour, or none: ANSI sequences around words that are already laid out."""

from __future__ import annotations

from dataclasses import dataclass

CODES = {"error": "1;31", "warning": "1;33", "note": "1;36", "bold": "1", "dim": "2", "good": "32", "caret": "1;32"}


@dataclass(frozen=True, slots=True)
class Paint:
    """Paints when ``on``; otherwise every text comes back as it was. ``ascii_only``: escape all that is not ASCII."""

    on: bool = False
    ascii_only: bool = True

    def __call__(self, text: str, style: str) -> str:
        """``text`` in a style of :data:`CODES`."""
        return f"\x1b[{CODES[style]}m{text}\x1b[0m" if self.on and text else text
