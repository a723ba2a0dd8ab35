"""The lock-order graph as dot or Mermaid: whole, around a lock, or only a circle.

Is: text for a drawing tool. Is not: a layout, nor a user of networkx: dependencies and usage are enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lockcheck.model.facts import Dependency, Fact, UsageSummary
from lockcheck.report.layout import clean
from lockcheck.report.legs import where

_ENTITIES: Final = {"#": "#35;", "&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;", "%": "#37;"}


@dataclass(frozen=True, slots=True)
class Drawing:
    """What to draw: dependencies sorted, usage by class, and the (outer, inner) pairs to stress."""

    edges: tuple[Dependency, ...]
    usage: dict[str, UsageSummary]
    stressed: frozenset[tuple[str, str]] = frozenset()

    def nodes(self) -> list[str]:
        """All classes in it, sorted."""
        return sorted({name for edge in self.edges for name in (edge.outer, edge.inner)})


def around(edges: Iterable[Dependency], lock: str, depth: int) -> tuple[Dependency, ...]:
    """Dependencies on paths of at most ``depth`` steps from or to ``lock``."""
    edges = tuple(edges)
    kept: set[Dependency] = set()
    for forward in (True, False):
        near: dict[str, list[Dependency]] = {}
        for edge in edges:
            near.setdefault(edge.outer if forward else edge.inner, []).append(edge)
        seen, layer = {lock}, [lock]
        for _ in range(depth):
            found = [edge for name in layer for edge in near.get(name, ())]
            kept.update(found)
            layer = sorted({edge.inner if forward else edge.outer for edge in found} - seen)
            seen.update(layer)
    return tuple(edge for edge in edges if edge in kept)


def on_circle(edges: Iterable[Dependency], circle: Fact) -> tuple[Dependency, ...]:
    """The dependencies of one circle."""
    pairs = pairs_of(circle)
    return tuple(edge for edge in edges if (edge.outer, edge.inner) in pairs)


def pairs_of(circle: Fact) -> frozenset[tuple[str, str]]:
    """The (outer, inner) pairs of a circle's legs."""
    return frozenset((leg.holds or "", leg.wants or "") for leg in circle.legs)


def dot(drawing: Drawing) -> str:
    """Graphviz: nodes say kind, usage and irq safety; each edge its kinds and where it comes from."""
    lines = ["digraph locks {", "  rankdir=TB;", '  node [shape=box, fontname="monospace"];']
    for name in drawing.nodes():
        lines.append(f"  {_quoted(name)} [label={_quoted(_label(name, drawing.usage.get(name)))}];")
    for edge in drawing.edges:
        stress = ", color=red, penwidth=2" if (edge.outer, edge.inner) in drawing.stressed else ""
        label = _quoted(f"{' '.join(edge.kinds)}\n{_source(edge)}")
        lines.append(f"  {_quoted(edge.outer)} -> {_quoted(edge.inner)} [label={label}{stress}];")
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    parts = [clean(line).replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n")]
    return '"' + "\\n".join(parts) + '"'


def _label(name: str, usage: UsageSummary | None) -> str:
    if usage is None:
        return name
    marks = [word for word, on in (("leaf", usage.leaf), ("irq-safe", usage.irq_safe)) if on]
    return "\n".join([name, f"{usage.kind} {{{usage.characters}}}", *marks])


def _source(edge: Dependency) -> str:
    last = edge.leg.steps[-1] if edge.leg.steps else None
    return last.at or where(last.place) if last else edge.leg.entry


def mermaid(drawing: Drawing) -> str:
    """Mermaid: the same, for Markdown pages."""
    numbers = {name: f"n{index}" for index, name in enumerate(drawing.nodes())}
    lines = ["flowchart TD"]
    for name, number in numbers.items():
        lines.append(f'  {number}["{_escaped(_label(name, drawing.usage.get(name)))}"]')
    stressed: list[int] = []
    for index, edge in enumerate(drawing.edges):
        lines.append(f'  {numbers[edge.outer]} -->|"{_escaped(" ".join(edge.kinds))}"| {numbers[edge.inner]}')
        if (edge.outer, edge.inner) in drawing.stressed:
            stressed.append(index)
    lines += _stress(stressed)
    return "\n".join(lines) + "\n"


def _stress(indexes: Sequence[int]) -> list[str]:
    return [f"  linkStyle {','.join(map(str, indexes))} stroke:red,stroke-width:2px"] if indexes else []


def _escaped(text: str) -> str:
    """Text inside Mermaid quotes: markup characters as entities, line breaks as <br/>.

    A percent sign could begin a directive, and a backtick could end the Markdown block around the picture.
    """
    return "<br/>".join("".join(_ENTITIES.get(one, one) for one in clean(line)) for line in text.split("\n"))


def circle_picture(circle: Fact) -> str:
    """Mermaid: one circle, each lock with an arrow to the next, which says who takes that."""
    names = list(dict.fromkeys(name or "?" for leg in circle.legs for name in (leg.holds, leg.wants)))
    numbers = {name: f"n{index}" for index, name in enumerate(names)}
    lines = ["flowchart LR", *(f'  {number}["{_escaped(name)}"]' for name, number in numbers.items())]
    for leg in circle.legs:
        who = leg.entry if leg.title == "task" else f"{leg.entry}\n{leg.title}"
        lines.append(f'  {numbers[leg.holds or "?"]} -->|"{_escaped(who)}"| {numbers[leg.wants or "?"]}')
    return "\n".join([*lines, *_stress(range(len(circle.legs)))]) + "\n"
