"""Writing YAML scalars that are read back as they are. Is not: a YAML writer; the models here need no more."""

from __future__ import annotations

import json
import re

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*(->[A-Za-z0-9_.]+)*\Z")
RESERVED = frozenset({"true", "false", "null", "True", "False", "Null", "TRUE", "FALSE", "NULL"})


def scalar(text: str) -> str:
    """The text as a YAML scalar: plain where that is safe, else quoted."""
    return text if PLAIN.match(text) and text not in RESERVED else json.dumps(text, ensure_ascii=False)
