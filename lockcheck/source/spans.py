"""Where each value of a file begins and ends, for edits that leave all other text as it is.

Is: nodes with offsets, from the same event stream that ``reader`` reads. Is not: a reader of models; a file that does
not read has no nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from lockcheck.source.reader import Parser
from lockcheck.source.text import SourceText

SCALAR, LIST, MAPPING = "scalar", "list", "mapping"


@dataclass(slots=True)
class Node:
    """One value. ``start`` and ``end`` are offsets into the text; ``line`` and ``column`` are 1-based, of the start.

    ``items``: of a list; ``pairs``: keys and values of a mapping. ``flow``: written with brackets, or inside some.
    """

    kind: str
    start: int
    end: int
    line: int
    column: int
    flow: bool = False
    value: str = ""
    items: list[Node] = field(default_factory=list)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)

    def get(self, key: str) -> Node | None:
        """The value beside that key."""
        return next((value for name, value in self.pairs if name.value == key), None)


def spans(source: SourceText) -> Node | None:
    """The nodes of a file, or None when it is empty or no YAML. Aliases are scalars of their own."""
    parser = Parser(source.text)
    root = Node(LIST, 0, 0, 1, 1)
    stack: list[tuple[Node, list[Node]]] = [(root, [])]
    try:
        while True:
            event = parser.get_event()
            if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                stack.append((_node(event, source), []))
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                node, children = stack.pop()
                _close(node, children, event, source)
                stack[-1][1].append(node)
            elif isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)):
                stack[-1][1].append(_node(event, source))
            elif isinstance(event, yaml.StreamEndEvent):
                break
    except yaml.YAMLError:
        return None
    return stack[0][1][0] if stack[0][1] else None


def _node(event: Any, source: SourceText) -> Node:
    start, end = event.start_mark, event.end_mark
    kind = MAPPING if isinstance(event, yaml.MappingStartEvent) else LIST
    if isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)):
        kind = SCALAR
    first = source.offset(start.line + 1, start.column + 1)
    last = source.offset(end.line + 1, end.column + 1)
    last = first + len(source.text[first:last].rstrip())
    flow = kind != SCALAR and bool(event.flow_style)
    return Node(kind, first, last, start.line + 1, start.column + 1, flow, str(getattr(event, "value", "")))


def _close(node: Node, children: list[Node], event: Any, source: SourceText) -> None:
    """What a collection holds, and where it ends: at its bracket, or with its last value."""
    if node.kind == MAPPING:
        node.pairs = list(zip(children[::2], children[1::2], strict=True))
    else:
        node.items = children
    if node.flow and (not children or source.text[node.start] in "{[&"):
        node.end = source.offset(event.end_mark.line + 1, event.end_mark.column + 1)
    else:
        node.end = max((child.end for child in children), default=node.end)
