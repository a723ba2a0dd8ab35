"""One model file as text with steps that can be edited: renamed, moved, wrapped; all other text stays as it is.

Is: edits as replaced spans of text. Is not: aware of locks, nor sure that the outcome is still a model: reading it
finds that out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lockcheck.bench.verbs import Verbs
from lockcheck.model.places import Place
from lockcheck.source.spans import LIST, MAPPING, SCALAR, Node, spans
from lockcheck.source.text import SourceText


class Edit(NamedTuple):
    """The text from ``start`` to ``end`` becomes ``text``."""

    start: int
    end: int
    text: str


class Step(NamedTuple):
    """A step where it stands: item ``number`` of ``block``; ``path``: the blocks around it, outermost first."""

    block: Node
    number: int
    path: tuple[tuple[Node, int], ...]

    @property
    def node(self) -> Node:
        """The step itself."""
        return self.block.items[self.number]


class Document:
    """A file's steps by position."""

    def __init__(self, source: SourceText, verbs: Verbs) -> None:
        self.text, self.file, self.verbs = source.text, source.file, verbs
        self._steps: dict[tuple[int, int], Step] = {}
        root = spans(source)
        functions = root.get("functions") if root is not None else None
        for _, function in functions.pairs if functions is not None else ():
            steps = function.get("steps")
            if steps is not None:
                self._collect(steps, ())

    def _collect(self, node: Node, path: tuple[tuple[Node, int], ...]) -> None:
        """Depth is bounded by that of the file, which was read within limits."""
        for index, item in enumerate(node.items):
            here = (*path, (node, index))
            self._steps.setdefault((item.line, item.column), Step(node, index, here))
            if item.kind == LIST:
                self._collect(item, here)
            for key, value in item.pairs:
                if value.kind == LIST and not self.verbs.known(key.value):
                    self._collect(value, here)

    def step(self, place: Place) -> Step | None:
        """The step at a place of this file."""
        return self._steps.get((place.line, place.column))

    def beside(self, step: Step) -> Iterator[Step]:
        """All steps of the same function, in order."""
        top = step.path[0][0]
        return (one for one in self._steps.values() if one.path[0][0] is top)

    # -- what a step says ------------------------------------------------------------------------------------------

    def verb(self, step: Step) -> Node | None:
        """The node of a step's verb."""
        if step.node.kind == SCALAR:
            return step.node if self.verbs.known(step.node.value) else None
        return next((key for key, _ in step.node.pairs if self.verbs.known(key.value)), None)

    def operand(self, step: Step) -> str | None:
        """A step's one operand as it is written; None when it is none, or a list or mapping."""
        verb = self.verb(step)
        value = step.node.get(verb.value) if verb is not None else None
        return self.text[value.start : value.end] if value is not None and value.kind == SCALAR else None

    def head(self, step: Step) -> Node | None:
        """Verb and operand on one line: a node without kind of its own."""
        verb = self.verb(step)
        value = step.node.get(verb.value) if verb is not None else None
        if verb is None or value is None or "\n" in self.text[verb.start : value.end]:
            return None
        return Node(MAPPING, verb.start, value.end, verb.line, verb.column)

    def said(self, step: Step) -> str:
        """A step in short: its verb or control word and operand."""
        head = self.head(step) or next(
            (Node(SCALAR, key.start, value.end, 0, 0) for key, value in step.node.pairs[:1]), step.node
        )
        return " ".join(self.text[head.start : head.end].split())

    # -- edits -----------------------------------------------------------------------------------------------------

    def around(self, step: Step, before: str, after: str) -> tuple[Edit, ...]:
        """A step more on either side."""
        node = step.node
        if step.block.flow:
            return (Edit(node.start, node.start, f"{before}, "), Edit(node.end, node.end, f", {after}"))
        first, last = self._lines(step)
        dash = " " * (step.block.column - 1) + "- "
        return (Edit(first, first, f"{dash}{before}\n"), Edit(last, last, self._broken(last) + f"{dash}{after}\n"))

    def beside_key(self, step: Step, text: str) -> Edit:
        """A key more in a step."""
        node = step.node
        if self.text[node.start] == "{":
            return Edit(node.end - 1, node.end - 1, f", {text}")
        if step.block.flow or node.kind == SCALAR:
            return Edit(node.start, node.end, f"{{{self.text[node.start : node.end]}, {text}}}")
        _, last = self._lines(step)
        return Edit(last, last, self._broken(last) + " " * (node.column - 1) + text + "\n")

    def moved(self, step: Step, goal: Step, *, after: bool) -> tuple[Edit, ...] | None:
        """A step taken out and put before or after another. None where that takes more than moving text."""
        if step.block.flow != goal.block.flow:
            return None
        if step.block.flow:
            return self._moved_in_line(step, goal, after)
        first, last = self._lines(step)
        above, below = self._lines(goal)
        if self._shares_line(step) or self._shares_line(goal):
            return None
        indent, wanted = step.block.column - 1, goal.block.column - 1
        lines = self.text[first:last].splitlines()
        shifted = "".join(" " * wanted + line[indent:].rstrip() + "\n" for line in lines)
        spot = below if after else above
        cut = Edit(first, last, "")
        if len(step.block.items) == 1:  # the block it leaves is empty, and says so
            if self.text[:first].rstrip(" ")[-2:] != ":\n":
                return None
            cut = Edit(first - 1, last, " []\n")
        return (cut, Edit(spot, spot, (self._broken(spot) if after else "") + shifted))

    def _moved_in_line(self, step: Step, goal: Step, after: bool) -> tuple[Edit, ...]:
        items, index = step.block.items, step.number
        node = step.node
        cut = (node.start, items[1].start if len(items) > 1 else node.end)
        if index:
            cut = (items[index - 1].end, node.end)
        text = self.text[node.start : node.end]
        spot = goal.node.end if after else goal.node.start
        return (Edit(*cut, ""), Edit(spot, spot, f", {text}" if after else f"{text}, "))

    def _lines(self, step: Step) -> tuple[int, int]:
        """Offsets of the lines of a step in a block list: from the start of the first to the start of the next."""
        first = self.text.rfind("\n", 0, step.node.start) + 1
        last = self.text.find("\n", step.node.end)
        return first, len(self.text) if last < 0 else last + 1

    def _broken(self, offset: int) -> str:
        """A line break where the file's last line has none."""
        return "\n" if offset and self.text[offset - 1] != "\n" else ""

    def _shares_line(self, step: Step) -> bool:
        """Whether something else than the dash stands before it on its line."""
        first, _ = self._lines(step)
        return self.text[first : step.node.start].strip() != "-"


def applied(text: str, edits: Iterable[Edit]) -> str | None:
    """The text after all edits; None when they overlap."""
    end = len(text)
    for edit in sorted(dict.fromkeys(edits), key=lambda one: (one.start, one.end), reverse=True):
        if edit.end > end:
            return None
        text = text[: edit.start] + edit.text + text[edit.end :]
        end = edit.start
    return text


def before(offset: int, edits: Iterable[Edit]) -> int:
    """Where that offset of the edited text was in the text before; the start of an edit for what it put there."""
    moved = 0
    for edit in sorted(dict.fromkeys(edits), key=lambda one: (one.start, one.end)):
        start = edit.start + moved
        if offset < start:
            break
        if offset < start + len(edit.text):
            return edit.start
        moved += len(edit.text) - (edit.end - edit.start)
    return offset - moved


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of an offset."""
    start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - start + 1
