"""Facts about memory given back: where, to which cache, inside which role.

Is: drafts, made when a rule asks for them, of every step whose verb frees. Is not: what freeing does (the called
function's steps say that), nor a judgement.
"""

from __future__ import annotations

from collections.abc import Iterator

from lockcheck.analysis.events import Freed
from lockcheck.analysis.walk import Node
from lockcheck.graph.drafts import Draft
from lockcheck.graph.facts_order import make
from lockcheck.graph.facts_roles import RoleFacts
from lockcheck.graph.witness import Goal
from lockcheck.model.facts import Attribute, Fact
from lockcheck.model.program import Cache


def frees(region: RoleFacts) -> Iterator[Draft]:
    """One for each (function whose region it is, freeing function, verb, cache)."""
    found: dict[tuple[str, ...], Draft] = {}
    caches = region.teller.binder.program.caches
    for name, start, node, index, event in region.inside():
        if type(event) is not Freed:
            continue
        cache = caches[event.cache] if event.cache >= 0 else None
        identity = (name, node.code.function.name, event.what, "" if cache is None else cache.name)
        if identity not in found:
            found[identity] = _free(region, identity, (start, node, index, event), cache)
    yield from found.values()


def _free(
    region: RoleFacts, identity: tuple[str, ...], site: tuple[Node, Node, int, Freed], cache: Cache | None
) -> Draft:
    start, node, index, event = site
    known: dict[str, Attribute] = {
        "locks": (),
        "what": event.what,
        "cache": None if cache is None else cache.name,
        "own_cache": cache is not None and _serves(region, start, cache),
        **region.region(identity[0]),
    }

    def told() -> Fact:
        leg = region.leg(start, node, index, event, Goal(None, None, "free"))
        return make("free", identity, {**known, "context": leg.context}, [leg], region.base.prefer([leg]))

    return Draft(known, told)


def _serves(region: RoleFacts, start: Node, cache: Cache) -> bool:
    """Whether the function that the region begins with is the cache's constructor or destructor."""
    functions = region.teller.binder.program.functions
    hooks = {functions[one].name for one in (cache.ctor, cache.dtor) if one is not None}
    return start.code.function.name in hooks
