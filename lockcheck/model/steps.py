"""What a code path does, step by step, with names resolved and verbs taken apart into effects.

Is: the tree that ``analysis`` compiles and follows. Is not: the YAML shape, nor any meaning of a verb
(a verb of the dialect has become a tuple of effects).

A reference to a lock, cache, gfp value or function is either a resolved :data:`Value` or a
:class:`Param` of the enclosing function, bound when a call is followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from lockcheck.model.locks import Mode


class Param(NamedTuple):
    """A parameter of the enclosing function, by name (without the ``$``)."""

    name: str


class Value(NamedTuple):
    """A bound value. ``kind``: ``lock``, ``cache``, ``function`` (index into the program's tuple) or ``gfp`` (bits)."""

    kind: str
    value: int


Ref: TypeAlias = "Value | Param"

# ---------------------------------------------------------------- effects


@dataclass(frozen=True, slots=True)
class Acquire:
    """Take a lock. ``sync`` waits for its holders without holding it (synchronize_srcu, flush_work).

    ``subclass`` selects a nested class 0..7; ``nest`` is the nest lock. ``trylock`` is the successful attempt.
    """

    lock: Ref
    mode: Mode = Mode.EXCLUSIVE
    trylock: bool = False
    sync: bool = False
    subclass: int = 0
    nest: Ref | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """Drop a lock, whatever mode it is held in."""

    lock: Ref


@dataclass(frozen=True, slots=True)
class Downgrade:
    """Turn an exclusive hold into a shared one."""

    lock: Ref


@dataclass(frozen=True, slots=True)
class Reclass:
    """Change subclass or class of a held lock (lock_set_subclass, _class). ``like`` names a lock of the new class."""

    lock: Ref
    subclass: int = 0
    like: Ref | None = None


@dataclass(frozen=True, slots=True)
class LockMemory:
    """(Re)initialise (``init``) or free (``free``) the memory that holds a lock."""

    lock: Ref
    what: str


@dataclass(frozen=True, slots=True)
class Assert:
    """lockdep_assert_held and kin. ``mode`` None accepts any hold; ``held`` False asserts that it is not held.

    ``contract``: True when it comes from a function's ``held:`` / ``must_not_hold:``, False for a step.
    """

    lock: Ref
    held: bool = True
    mode: Mode | None = None
    contract: bool = False


@dataclass(frozen=True, slots=True)
class Pin:
    """Pin (``on``) or unpin a held lock: releasing a pinned lock is an error."""

    lock: Ref
    on: bool = True


@dataclass(frozen=True, slots=True)
class Irq:
    """Hardirq state: ``off``, ``on``, ``save`` (then off) or ``restore``. Off/on do not nest, save/restore do."""

    what: str


@dataclass(frozen=True, slots=True)
class Count:
    """A nesting counter: ``what`` is ``softirq`` (BH off) or ``preempt``; ``delta`` +1 disables, -1 enables."""

    what: str
    delta: int


@dataclass(frozen=True, slots=True)
class Scope:
    """An allocation scope of the task: ``what`` is ``nofs``, ``noio`` or ``memalloc``; ``delta`` +1 begins, -1 ends."""

    what: str
    delta: int


@dataclass(frozen=True, slots=True)
class Allocate:
    """might_alloc(): an allocation point with these gfp bits. ``what`` names the allocator for messages."""

    gfp: Ref
    what: str = "might_alloc"


@dataclass(frozen=True, slots=True)
class Free:
    """Memory is given back. ``what`` names the verb for messages; ``cache`` the slab cache, where the verb says it."""

    what: str
    cache: Ref | None = None


@dataclass(frozen=True, slots=True)
class Reclaim:
    """Begin or end running as memory reclaim that was started with these gfp bits (fs_reclaim_acquire/release)."""

    gfp: Ref
    begin: bool = True


@dataclass(frozen=True, slots=True)
class Sleep:
    """might_sleep(): may block here. ``what`` is the verb."""

    what: str = "might_sleep"


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until somebody signals (wait_for_completion, wait_event). Sleeps."""

    lock: Ref


@dataclass(frozen=True, slots=True)
class Signal:
    """End such a wait (complete, wake_up)."""

    lock: Ref


@dataclass(frozen=True, slots=True)
class Enter:
    """An interrupt strikes here, on top of what is held. ``context``: ``softirq``, ``hardirq`` or ``nmi``.

    ``threaded``: the handler would be threaded on PREEMPT_RT (matters to wait types only).
    """

    context: str
    threaded: bool = True


@dataclass(frozen=True, slots=True)
class Leave:
    """The interrupt that :class:`Enter` began returns."""

    context: str


@dataclass(frozen=True, slots=True)
class ReturnToUser:
    """Leave the kernel: nothing may be held."""


@dataclass(frozen=True, slots=True)
class Owns:
    """The object that a path is about owns a resource from here on (``gain``), or no longer (``drop``).

    ``until``: it must be gone by then at the latest: ``dtor`` (the object is destroyed), ``free`` (its memory is
    checked when it is freed) or ``idle`` (somebody else pays for it while the object lies unused). ``guard``,
    ``unguard``: between the two only objects that were constructed are meant; what is not owned is not dropped.
    """

    what: str
    resource: str = ""
    until: str = "dtor"


Effect: TypeAlias = (
    "Acquire | Release | Downgrade | Reclass | LockMemory | Assert | Pin | Irq | Count | Scope | Allocate"
    " | Free | Reclaim | Sleep | Wait | Signal | Enter | Leave | ReturnToUser | Owns"
)

# ---------------------------------------------------------------- conditions


class Cond(NamedTuple):
    """A condition.  ``op`` and what ``a`` and ``b`` are:

    ``const``  a: bool                               ``word``   a: name, free: both ways are followed
    ``option`` a: kernel option that the program leaves open: one value along each path, across calls
    ``gfp``    a: Ref, b: required bits (int)        ``is``     a: Ref, b: Value
    ``has``    a: Ref to a cache, b: ``ctor``/``dtor``
    ``in``     a: ``task``/``softirq``/``hardirq``/``interrupt``/``nmi``
    ``irqs``   a: True when it asks for irqs off     ``preemptible``
    ``not``    a: Cond                               ``and``/``or``  a, b: Cond
    """

    op: str
    a: object = None
    b: object = None


# ---------------------------------------------------------------- steps


class Do(NamedTuple):
    """Effects in order. ``where`` is a packed position in the function's file; ``text`` is the verb as written
    with its operand (``spin_lock_irqsave(pcpu_lock)``); ``at`` the kernel file:line it models."""

    effects: tuple[Effect, ...]
    where: int
    text: str
    at: str | None = None


class Hook(NamedTuple):
    """A function found through a cache: ``which`` is ``ctor`` or ``dtor`` of ``cache``. None is no target, quietly."""

    cache: Ref
    which: str


class Call(NamedTuple):
    """Call one of ``targets`` (any of them may run). ``args`` binds the callee's parameters by name."""

    targets: tuple[Ref | Hook, ...]
    args: tuple[tuple[str, Ref], ...]
    where: int
    text: str
    at: str | None = None


class Branch(NamedTuple):
    """if/then/else. ``then`` and ``orelse`` are blocks."""

    cond: Cond
    then: tuple[Step, ...]
    orelse: tuple[Step, ...]
    where: int


class Choice(NamedTuple):
    """Exactly one of ``blocks``, freely chosen (either/or, optional = a block or nothing)."""

    blocks: tuple[tuple[Step, ...], ...]
    where: int


class Loop(NamedTuple):
    """The body any number of times; at least once when ``once``."""

    body: tuple[Step, ...]
    once: bool
    where: int


class Jump(NamedTuple):
    """``return``, ``break``, ``continue`` or ``goto``; ``label`` only for goto."""

    what: str
    where: int
    label: str | None = None


class Label(NamedTuple):
    """A target for goto, anywhere in the function."""

    name: str
    where: int


Step: TypeAlias = "Do | Call | Branch | Choice | Loop | Jump | Label"
