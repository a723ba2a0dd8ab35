"""Values as JSON text, the same for every format that is JSON.

Is: ASCII, ending in a line break, with nothing in it that a CI runner reading a log takes for a command. Is not: a
schema.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

_MARKS: Final = re.compile("#(?=#)")


def json_text(value: Any, indent: int | None = 1) -> str:
    """``value`` as JSON. ``##``, which begins a runner's command, is written as an escape that means the same."""
    return _MARKS.sub(r"\\u0023", json.dumps(value, indent=indent, ensure_ascii=True)) + "\n"
