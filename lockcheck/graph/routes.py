"""Routes: by which calls a function is entered, from whoever asks for something down to it.

A constructor is not called by whoever allocates but by the allocator, in one of its many corners. So the route of a
cache's callback is the part of the call chain that is generic over the cache: every function on it has the cache as a
parameter, and the caller stands above it. Any other function is called where it is called; its route goes up while
there is only one place to call from.

Is: the search upwards, over calls that were followed. Is not: what is held on the way (``holdings``).

Glossary words defined here: route, caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from lockcheck.analysis.state import State
from lockcheck.analysis.walk import Node
from lockcheck.graph.witness import Frame
from lockcheck.model.program import Cache
from lockcheck.model.steps import Value

Callers: TypeAlias = "dict[Node, list[tuple[Node, int, State]]]"

MOST_ROUTES = 2000
"""Routes followed to one function in one entry state; a stranger's model can have exponentially many."""
MOST_FRAMES = 100
"""Calls that a route goes up while there is one place to call from."""


class Route(NamedTuple):
    """Calls down to a function. ``above``: the caller's call, which is not part of it; None for an entry.

    ``cache``: the cache that it is generic over, or None.
    """

    above: Frame | None
    frames: tuple[Frame, ...]
    cache: str | None

    @property
    def sites(self) -> tuple[tuple[str, int], ...]:
        """What tells routes apart: the function and the step of each call, whatever the state."""
        return tuple((frame.node.code.function.name, where(frame)) for frame in self.frames)

    @property
    def top(self) -> Frame | None:
        """The first call that is known: the caller's, or the route's own."""
        return self.above or (self.frames[0] if self.frames else None)


def where(frame: Frame) -> int:
    """The packed place of a call's step."""
    step = frame.node.code.ops[frame.op].step
    return step.where if step is not None else -1


class Router:
    """Finds the routes to nodes. ``cut``: names of functions with more than :data:`MOST_ROUTES`."""

    def __init__(self, callers: Callers, roots: frozenset[Node], caches: tuple[Cache, ...]) -> None:
        self.callers, self.roots, self.caches = callers, roots, caches
        self.cut: set[str] = set()
        self._single: dict[str, bool] = {}

    def routes(self, target: Node) -> Iterator[Route]:
        """All routes to a node."""
        found = 0
        for call in self.callers.get(target, ()):
            frame = Frame(*call)
            for route in self._through(frame):
                found += 1
                if found > MOST_ROUTES:
                    self.cut.add(target.code.function.name)
                    return
                yield route
        if target in self.roots:
            yield Route(None, (), None)

    def _through(self, frame: Frame) -> Iterator[Route]:
        """Routes that end in this call."""
        hooks = self.hooked(frame)
        if not hooks:
            yield from self._plain(frame)
        for cache in hooks:
            yield from self._generic(frame, cache)

    def hooked(self, frame: Frame) -> list[int]:
        """The caches that the calling function is generic over, if this call is of such a cache's hook."""
        bound = dict.fromkeys(value.value for _, value in frame.node.code.binding if value.kind == "cache")
        sites = frame.node.code.ops[frame.op].arg
        called = {site.function for site in sites} if isinstance(sites, tuple) else set()
        return [one for one in bound if {self.caches[one].ctor, self.caches[one].dtor} & called]

    def _generic(self, last: Frame, cache: int) -> Iterator[Route]:
        """Upwards while callers have the cache as a parameter; each function once."""
        name = self.caches[cache].name
        todo: list[tuple[Frame, ...]] = [(last,)]
        while todo:
            frames = todo.pop()
            node = frames[0].node
            if node in self.roots:
                yield Route(None, frames, name)
            passed = {frame.node.code.function.name for frame in frames}
            for call in reversed(self.callers.get(node, ())):
                above = Frame(*call)
                if not bound_to(above.node, cache):
                    yield Route(above, frames, name)
                elif above.node.code.function.name not in passed:
                    todo.append((above, *frames))

    def _plain(self, last: Frame) -> Iterator[Route]:
        """Upwards while there is one place to call from."""
        frames: tuple[Frame, ...] = (last,)
        while True:
            calls = self.callers.get(frames[0].node, ())
            if len(calls) != 1 or frames[0].node in self.roots or len(frames) > MOST_FRAMES:
                break
            frames = (Frame(*calls[0]), *frames)
        yield Route(None, frames, None)


def bound_to(node: Node, cache: int) -> bool:
    """A parameter of the function is that cache."""
    return any(value == Value("cache", cache) for _, value in node.code.binding)

