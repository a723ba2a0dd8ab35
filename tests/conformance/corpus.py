"""Corpus files: reading them, their configs, and the verdict that a case asks for.

Is: everything about the format that both ways of building a program share. Is not: a meaning of any op.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple


class NotExpressibleError(Exception):
    """The case needs something that no model can say; the argument names it."""


class Switches(NamedTuple):
    """The interpreter switches of a case, with the corpus's defaults."""

    raw_lock_nesting: bool = True
    mmu_notifier: bool = True
    queued_rwlocks: bool = True
    preempt_rt: bool = False


def switches_of(case: Mapping[str, Any]) -> Switches:
    """The switches of a case. Raises :class:`NotExpressibleError` for one that is not known."""
    config = case.get("config") or {}
    unknown = sorted(set(config) - set(Switches._fields))
    if unknown:
        raise NotExpressibleError(f"config {unknown[0]}")
    return Switches(**config)


def read(path: Path) -> list[dict[str, Any]]:
    """The cases of a ``.json`` or ``.json.gz`` file. Raises OSError or ValueError when it is not one."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    cases = json.loads(data)
    if not isinstance(cases, list):
        raise ValueError(f"{path}: expected a JSON list of cases")
    return cases
