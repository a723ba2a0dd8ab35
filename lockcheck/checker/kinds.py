"""The one table of fact kinds: which attributes a rule may select on and a message may name.

Is: what a rule file is checked against, and what docs/reference/facts.md and the rule schema are made from.
Is not: where facts come from (that is ``graph/``); an attribute that is missing here can't be used in a rule.
"""

from __future__ import annotations

from types import MappingProxyType

from lockcheck.checker.attributes import LISTS, TEXTS, AttributeType, FactKind, Shape

__all__ = ["CATEGORIES", "COMMON", "CONTEXTS", "FACT_KINDS", "LISTS", "MODES", "TEXTS", "AttributeType", "FactKind",
           "Shape"]  # fmt: skip


CONTEXTS = ("task", "softirq", "hardirq", "nmi")
CATEGORIES = ("lock", "reclaim", "wait", "work", "timer", "rcu")
MODES = ("exclusive", "shared", "recursive")
ON_OFF = ("on", "off")

COMMON = {
    "locks": AttributeType(Shape.LOCKS, "the lock classes it is about"),
    "functions": AttributeType(Shape.LIST, "every function that its witness goes through"),
    "held": AttributeType(Shape.LOCKS, "the held-lock stack where it happens, outermost first", None, False, True),
    "entry": AttributeType(Shape.TEXT, "the function in which the witness starts", None, False, True),
    "call_chain": AttributeType(Shape.LIST, "the functions from there to where it happens", None, False, True),
    "contexts": AttributeType(Shape.LIST, "the contexts its witness goes through", CONTEXTS, False, True),
    "configs": AttributeType(Shape.LIST, "the kernel options that are on (`CONFIG_X`)", None, False, True),
}


def _text(doc: str, *words: str, optional: bool = False) -> AttributeType:
    return AttributeType(Shape.TEXT, doc, words or None, optional)


def _flag(doc: str) -> AttributeType:
    return AttributeType(Shape.FLAG, doc)


def _list(doc: str, *words: str) -> AttributeType:
    return AttributeType(Shape.LIST, doc, words or None)


def _lock(doc: str, *, optional: bool = False) -> AttributeType:
    return AttributeType(Shape.LOCK, doc, None, optional)


def _locks(doc: str) -> AttributeType:
    return AttributeType(Shape.LOCKS, doc)


def _number(doc: str) -> AttributeType:
    return AttributeType(Shape.NUMBER, doc)


LOCK = _lock("the lock class")
KIND = _text("its lock kind, as the dialect names it")
WAIT = _text("its wait type", "none", "free", "spin", "config", "sleep")
CATEGORY = _text("what kind of thing it is", *CATEGORIES)
MODE = _text("how it is taken", *MODES)
CONTEXT = _text("the context it happens in", *CONTEXTS)
INSIDE = _list("roles of the function it happens inside (`dtor`, `shrinker`, `work` ...)")
ROLE_FUNCTION = _text("the function with those roles", optional=True)
FUNCTION = _text("the function that does it")

VERDICT = {
    "verdict": _text("what replaying it comes to", "demonstrated", "guarded", "undecided"),
    "reason": _text("the lock or fact that guards it, or why nothing was decided", optional=True),
}
"""Of facts about hangs, which are replayed."""

_TABLE: dict[str, tuple[str, dict[str, AttributeType]]] = {
    "circle": (
        "a strong circle of dependencies: each lock class is taken while the one before is held",
        {
            "chain": _text("the circle as `A -> B -> A`"),
            "length": _number("number of lock classes in it"),
            "readers": _flag("some leg holds or wants a lock for reading"),
            "lock_kinds": _list("the lock kinds in it"),
            "categories": _list("what it goes through", *CATEGORIES),
            "shared": _text("the dependency in it that most other circles go through too, as `A -> B`", optional=True),
            "shared_by": _number("how many other circles go through that dependency"),
            "guards": _locks("lock classes that every leg holds around it: only one of them can run at a time"),
            **VERDICT,
        },
    ),
    "dependency": (
        "a lock class taken while another is held, over calls too",
        {
            "outer": _lock("the class that is held"),
            "inner": _lock("the class taken under it"),
            "kinds": _list("the modes of both ends, as lockdep writes them", "EN", "ER", "SN", "SR"),
            "outer_kind": _text("the lock kind of the class that is held"),
            "inner_kind": _text("the lock kind of the class taken under it"),
            "outer_category": _text("what kind of thing the held class is", *CATEGORIES),
            "inner_category": _text("what kind of thing the class taken under it is", *CATEGORIES),
            "context": CONTEXT,
        },
    ),
    "lock-class": (
        "a lock class that some path takes, with what every path together does with it",
        {
            "lock": LOCK,
            "lock_kind": KIND,
            "category": CATEGORY,
            "leaf": _flag("nothing is ever taken under this class"),
            "inner": _locks("the classes taken under it"),
            "outer": _locks("the classes under which it is taken"),
            "irq_safe": _flag("nobody holds this class with hardirqs on"),
            "softirq_safe": _flag("nobody holds this class with softirqs on"),
            "in_irqs": _list("the interrupts in which it is taken", "hardirq", "softirq"),
            "group": _text("the group that the model declares it in", optional=True),
            "attributes": _list("what else the model declares of it, as `key=value`"),
            "declared_leaf": _flag("the model declares it a leaf"),
            "may_sleep": _flag("taking it may sleep"),
            "wait": WAIT,
            "level": _number("its nesting level: 0, or N for a class `X/N`"),
            "file": _text("the file of the model that declares it", optional=True),
            "source": _text("the kernel `file:line` that declares it", optional=True),
        },
    ),
    "recursion": (
        "a lock class taken while the same class is held, where that can block",
        {
            "lock": LOCK,
            "held_instance": _text("the instance that is held"),
            "wanted_instance": _text("the instance that is taken"),
            "mode": MODE,
            "held_mode": _text("how the first one is held", *MODES),
            "lock_kind": KIND,
            "category": CATEGORY,
            **VERDICT,
        },
    ),
    "usage-conflict": (
        "a class taken in an interrupt, and one taken with that interrupt enabled, that together can block it",
        {
            "form": _text("`one-class`, or `chain` when dependencies lead from the safe to the unsafe class",
                          "one-class", "chain"),
            "irq": _text("the interrupt", "hardirq", "softirq", "nmi"),
            "safe": _lock("the class that is taken in the interrupt"),
            "unsafe": _lock("the class that is taken with the interrupt enabled"),
            "chain": _text("the classes from safe to unsafe, as `A -> B`"),
            "safe_read": _flag("the interrupt takes it for reading"),
            "unsafe_read": _flag("it is taken for reading with the interrupt enabled"),
            "implied": _flag("the unsafe class is taken in that interrupt too: a conflict of its own, told as such"),
            "by_writer": _flag("readers on both ends: a writer that queues between them is what blocks"),
            **VERDICT,
        },
    ),
    "wait-context": (
        "a lock that may wait longer than its context allows",
        {
            "lock": LOCK,
            "lock_kind": KIND,
            "outer": _text("the wait type that taking it needs"),
            "limit": _text("the wait type that the context allows"),
            "limited_by": _text("what set that limit: a held lock class or the context"),
            "context": CONTEXT,
        },
    ),
    "sleep": (
        "a place that may sleep; where that is not allowed, and inside functions with a role, in facts of their own",
        {
            "what": _text("what sleeps, as written"),
            "cause": _text("what makes it sleep: a lock it takes, an allocation, or the step itself",
                           "lock", "allocation", "step"),
            "atomic": _flag("it happens where sleeping is not allowed"),
            "because": _list("why it is atomic there: held locks, `hardirqs off`, `softirq` ..."),
            "context": CONTEXT,
            "inside": INSIDE,
            "role_function": ROLE_FUNCTION,
        },
    ),
    "acquisition": (
        "a lock class taken by a function; inside a function with a role, once for each such function",
        {
            "lock": LOCK,
            "lock_kind": KIND,
            "category": CATEGORY,
            "may_sleep": _flag("taking it may sleep"),
            "outermost": _flag("no lock that the function with the role took itself is held around it"),
            "wait": WAIT,
            "mode": MODE,
            "leaf": _flag("nothing is ever taken under this class"),
            "inner": _lock("one class that is taken under it", optional=True),
            "path_inner": _lock("one class that the function with the role takes under it itself", optional=True),
            "irq_safe": _flag("nobody takes this class with hardirqs on"),
            "irqs": _text("hardirqs at this step", *ON_OFF),
            "inside": INSIDE,
            "role_function": ROLE_FUNCTION,
            "context": CONTEXT,
            "trylock": _flag("it is only tried"),
        },
    ),
    "allocation": (
        "an allocation; inside a function with a role, once for each such function",
        {
            "gfp": _text("the flags that are in effect"),
            "what": _text("the allocator"),
            "may_sleep": _flag("the flags allow sleeping"),
            "may_reclaim": _flag("the flags allow direct reclaim"),
            "fs": _flag("reclaim may enter file systems"),
            "io": _flag("reclaim may start I/O"),
            "wider": _flag("the flags allow more (direct reclaim, I/O, file systems) than those with which some caller "
                           "asked for the memory that the function with the role is part of"),
            "caller_gfp": _text("that caller's flags", optional=True),
            "inside": INSIDE,
            "role_function": ROLE_FUNCTION,
            "context": CONTEXT,
        },
    ),
    "free": (
        "memory given back; inside a function with a role, once for each such function",
        {
            "what": _text("the verb: `kfree`, `kmem_cache_free` ..."),
            "cache": _text("the slab cache it goes back to, where the step or a caller names it", optional=True),
            "own_cache": _flag("that is the cache whose constructor or destructor the function with the role is"),
            "inside": INSIDE,
            "role_function": ROLE_FUNCTION,
            "context": CONTEXT,
        },
    ),
    "call": (
        "a call; inside a function with a role, once for each such function",
        {
            "callee": _text("the function called"),
            "recursive": _flag("it is the function with the role, which so comes to run inside itself"),
            "inside": INSIDE,
            "role_function": ROLE_FUNCTION,
        },
    ),
    "context": (
        "a way into a function with a role: a route in one state, with one set of locks around it",
        {
            "inside": _list("roles of the function that is entered (`dtor`, `shrinker`, `work` ...)"),
            "role_function": _text("the function that is entered"),
            "cache": _text("the cache whose constructor or destructor it is there", optional=True),
            "route": _list("the functions that lead to it, outermost first: all that have the cache as a parameter, "
                           "or those with one caller only"),
            "ordinal": _number("which one it is of the routes through the same functions, by different steps"),
            "callers": _list("who stands above the route, or begins it"),
            "started_as": _text("what the chain's entry is: a context, or `work item NAME`, `timer NAME` ..."),
            "own_locks": _list("those of `locks` that the route took itself; the others are its caller's"),
            "context": CONTEXT,
            "irqs": _text("hardirqs there", *ON_OFF),
            "bh": _text("softirqs there", *ON_OFF),
            "preempt": _text("preemption there", *ON_OFF),
            "may_sleep": _flag("sleeping is allowed there"),
            "reclaim": _flag("it is part of memory reclaim"),
            "rcu": _flag("it is inside an RCU read side"),
            "gfp": _text("the flags of the allocation that leads to it, if one does", optional=True),
            "waited_under": _list("locks that others may hold while they wait for this: over an allocation that "
                                  "reclaims, over flushing the work item or stopping the timer"),
            "rank": _number("its place among the ways into the function: 1 is the worst"),
            "complete": _flag("all ways into the function are known; no limit cut them short"),
        },
    ),
    "wait": (
        "a step that waits for somebody: a completion, a wait queue, a work item, readers",
        {
            "lock": _lock("what it waits for"),
            "lock_kind": KIND,
            "category": CATEGORY,
            "what": _text("the step as written"),
            "needs": _locks("the classes that somebody takes before the wait can end"),
            "context": CONTEXT,
            "inside": INSIDE,
            "role_function": ROLE_FUNCTION,
        },
    ),
    "signal": (
        "a step that ends a wait: a completion completed, sleepers woken",
        {
            "lock": _lock("what is signalled"),
            "what": _text("the step as written"),
            "context": CONTEXT,
            "inside": INSIDE,
            "role_function": ROLE_FUNCTION,
        },
    ),
    "resource": (
        "a resource of objects that the function which makes them and the one that takes them apart disagree about",
        {
            "what": _text("leaked: made and not taken back; not owned: taken back and not made; partial: left by a way "
                          "that makes only some of them; kept: owned when it should be gone (see `until`)",
                          "leaked", "not owned", "partial", "kept"),
            "resource": _text("the resource, as `owns` names it"),
            "function": _text("the function that makes the objects"),
            "undone_by": _text("the one that takes them apart", optional=True),
            "cache": _text("the cache whose constructor it is, or that it works for", optional=True),
            "until": _text("by when it must be gone", "dtor", "free", "idle"),
        },
    ),
    "call-cycle": (
        "functions that call each other round, over callbacks, constructors and allocators too",
        {
            "chain": _text("a shortest round, as `f -> g -> f`"),
            "length": _number("calls in that round"),
            "members": _list("every function on such a round"),
            "roles": _list("their roles"),
            "caches": _list("the slab caches that they are called for"),
            "bounded": _flag("no round leads back to the same entry state, so that something in the model ends it"),
        },
    ),
    "contract": (
        "a promise that a model makes: an assertion, a function's `held:` or `must_not_hold:`, a declared leaf",
        {
            "lock": _text("the lock"),
            "promise": _text("what is promised of it", "held", "not held", "leaf"),
            "function": _text("the function that relies on it", optional=True),
            "broken": _flag("some path breaks it"),
        },
    ),
    "release": ("a lock released that is not held", {"lock": LOCK, "function": FUNCTION}),
    "exit": ("locks still held where an entry ends", {"lock": _lock("the lock class left held"), "function": FUNCTION}),
    "irq-state": (
        "interrupt, softirq or preemption state, or an allocation scope, that an entry does not restore",
        {"what": _text("what is not restored"), "function": FUNCTION},
    ),
    "irq-enable": ("hardirqs enabled inside a hardirq handler", {"function": FUNCTION}),
    "assertion": (
        "a lockdep_assert_held, or a function's `held:` or `must_not_hold:`, that does not hold",
        {
            "lock": LOCK,
            "held": _flag("true: asserted to be held; false: asserted not to be"),
            "contract": _flag("true: a function's contract; false: a step"),
        },
    ),
    "nest-lock": (
        "a nested acquisition whose nest lock is not held",
        {"lock": LOCK, "nest": _lock("the nest lock's class")},
    ),
    "lock-memory": (
        "memory of a held lock initialised or freed",
        {"lock": LOCK, "what": _text("what is done to it", "init", "free")},
    ),
    "user-return": ("a lock held when returning to user space", {"lock": LOCK}),
    "pin": ("a pinned lock released, or a lock pinned that is not held", {"lock": LOCK}),
    "leaf": (
        "something taken under a lock that is declared a leaf",
        {"lock": _lock("the declared leaf"), "inner": _lock("the class taken under it")},
    ),
    "order": (
        "locks taken against the order that rules declare, all orders of all rules taken together",
        {
            "outer": _lock("the class that is declared to be taken first"),
            "inner": _lock("the class that is declared to be taken later, and is held"),
            "chain": _text("the dependencies from the inner to the outer one, as `B -> A`"),
            "declared": _text("the declared order from the outer to the inner one, as `A -> B`"),
            "direct": _flag("one dependency, not a chain of them"),
            "rules": _list("the rules that declare this order"),
            "rule": _text("the first of them"),
            "source": _text("the places that these rules name, such as `mm/rmap.c:23`", optional=True),
        },
    ),
    "order-conflict": (
        "declared orders that contradict each other, about lock classes that the model has",
        {
            "chain": _text("the declared circle, as `A -> B -> A`"),
            "rules": _list("the rules that declare it"),
            "source": _text("the places that these rules name", optional=True),
        },
    ),
    "depth": ("a held-lock stack deeper than the kernel's limit of 48", {"depth": _number("locks held")}),
    "waiver": (
        "a waiver that allows nothing, or no longer",
        {
            "state": _text("what is wrong with it", "unused", "expired"),
            "waives": _text("what it names: a rule and locks, or a fingerprint"),
            "expires": _text("the last day it was good for", optional=True),
        },
    ),
}

_TABLE["unplaced"] = ("a lock class that no declared order gives a place", _TABLE["lock-class"][1])
FACT_KINDS: MappingProxyType[str, FactKind] = MappingProxyType(
    {
        name: FactKind(name, doc, MappingProxyType(dict(sorted({**COMMON, **attributes}.items()))))
        for name, (doc, attributes) in sorted(_TABLE.items())
    }
)
"""Every fact kind by name."""
