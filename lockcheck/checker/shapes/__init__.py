"""The shapes that a rule's judgement can have, one module each.

Is: the registry. A shape is a key of a rule file (``forbid``) with a function that compiles it; ``schema.py`` says
what else the file may hold beside it. To add one: a module with ``build``, an entry here, its fields in the schema.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING

from lockcheck.checker.rule import Matcher
from lockcheck.checker.select import Report
from lockcheck.checker.shapes import forbid

if TYPE_CHECKING:
    from lockcheck.checker.schema import RuleFile

Build = Callable[["RuleFile", Report], "tuple[tuple[str, ...], Matcher]"]
"""Compiles a rule file: the fact kinds it looks at and its matcher. What is wrong goes to the report."""

SHAPES: MappingProxyType[str, Build] = MappingProxyType({"forbid": forbid.build})
