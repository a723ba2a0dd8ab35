"""GFP expressions: ``GFP_KERNEL|__GFP_ZERO``, ``GFP_KERNEL & ~__GFP_FS``.

Is: names to bits, by the dialect's table. Is not: the meaning of a bit, which is the analysis's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from lockcheck.model import gfp as bits

_TOKEN: Final = re.compile(r"\s*([A-Za-z_$][\w]*|[|&~])")
_DECIDES: Final = (
    bits.DIRECT_RECLAIM
    | bits.KSWAPD_RECLAIM
    | bits.IO
    | bits.FS
    | bits.NOFAIL
    | bits.ATOMIC
    | bits.NOLOCKDEP
    | bits.ACCOUNT
)


class GfpError(ValueError):
    """An expression that is not one, or names an unknown flag (then ``name``)."""

    def __init__(self, message: str, name: str | None = None) -> None:
        super().__init__(message)
        self.name = name


def parse(text: str, table: Mapping[str, int]) -> tuple[str | None, int]:
    """``(parameter, bits)`` of an expression; the parameter is None for a plain value.

    ``$gfp | __GFP_ZERO`` is the parameter, as long as the flags beside it change nothing about reclaim.
    Raises :class:`GfpError`.
    """
    value = 0
    param: str | None = None
    for position, (operator, inverted, name) in enumerate(_terms(text)):
        if name.startswith("$"):
            if position:
                raise GfpError(f"{name} must stand first")
            param = name[1:]
            continue
        if name not in table:
            raise GfpError(f"unknown gfp flag '{name}'", name)
        flag = table[name]
        if param is not None and flag & _DECIDES:
            raise GfpError(f"${param} cannot be combined with {name}, which changes what the allocation may do")
        if operator == "&" and not inverted:
            value &= flag
        elif operator == "&":
            value &= ~flag
        elif inverted:
            raise GfpError("'~' makes sense only after '&'")
        else:
            value |= flag
    return param, value


def _terms(text: str) -> list[tuple[str, bool, str]]:
    """``(operator before it, inverted, name)`` of each name in order."""
    terms = []
    position, operator, inverted, want_name = 0, "|", False, True
    text = text.rstrip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if not found:
            raise GfpError(f"'{text}' is not a gfp expression")
        token = found.group(1)
        position = found.end()
        if token == "~" and want_name:
            inverted = True
        elif token in "|&" and not want_name:
            operator, want_name, inverted = token, True, False
        elif token not in "|&~" and want_name:
            terms.append((operator, inverted, token))
            want_name = False
        else:
            raise GfpError(f"'{text}' is not a gfp expression")
    if want_name:
        raise GfpError(f"'{text}' is not a gfp expression")
    return terms
