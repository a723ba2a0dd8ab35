"""What both readers of YAML agree on: the keys that carry positions, and what a plain scalar means.

Is: YAML 1.2's core schema for one scalar. Is not: a reader.
"""

from __future__ import annotations

import re
from typing import Any, Final

AT: Final = "\0at"
KEYS: Final = "\0keys"
STEP_LISTS: Final = frozenset({"steps", "do", "then", "else", "loop", "optional", "either", "before", "after"})
KEYS_DEPTH: Final = 2

_CONSTANTS: Final[dict[str, Any]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INT: Final = re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT: Final = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z|[-+]?\.(inf|Inf|INF)\Z"
    r"|\.(nan|NaN|NAN)\Z"
)
_BASES: Final = {"0o": 8, "0x": 16}
_FLOAT_LONGEST: Final = 40


def is_integer(text: str) -> bool:
    """Whether a plain scalar is an integer (whose digits a caller will want to count before it is made one)."""
    return text[:1] in set("+-0123456789") and _INT.match(text) is not None


def resolved(text: str) -> Any:
    """What a plain scalar means: nothing, a truth value, a number, or the text itself."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] in "+-.0123456789":
        if _INT.match(text):
            base = _BASES.get(text[:2], 10)
            return int(text if base == 10 else text[2:], base)
        if _FLOAT.match(text):
            number = text.lower().replace(".inf", "inf").replace(".nan", "nan")
            return float(number) if len(text) < _FLOAT_LONGEST else text
    return text
