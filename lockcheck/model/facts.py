"""Facts: what is true of a program, with the witness that shows it, and no judgement.

Is: the seam between the analysis (which makes facts) and the checker (whose rules select among them).
Is not: a finding: a fact has no severity, no rule and no prose beyond the text of its steps.

Glossary words defined here: fact, witness, leg.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from lockcheck.model.places import NOWHERE, Place

Attribute: TypeAlias = "str | int | bool | tuple[str, ...] | None"


@dataclass(frozen=True, slots=True)
class WitnessStep:
    """One line of a leg. ``depth`` is the call depth (0 = entry).

    ``action``: ``enter`` (the function that starts), ``call``, ``acquire``, ``release``, ``allocate``, ``free``,
    ``sleep``, ``wait``, ``signal``, ``irq`` or ``note``. ``text``: the step as written, with its operand
    (``mutex_lock(pcpu_alloc_mutex)``). ``lock``: class name when the step is about one. ``mode``:
    ``exclusive``/``shared``/``recursive`` for acquire.
    """

    depth: int
    function: str
    text: str
    action: str
    place: Place
    at: str | None = None
    lock: str | None = None
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A lock on the held-lock stack: class name, mode (``exclusive``/``shared``/``recursive``), where it was taken."""

    lock: str
    mode: str
    place: Place
    at: str | None = None
    trylock: bool = False
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Leg:
    """What one task or interrupt does in a witness.

    ``title``: who it is (``task``, ``hardirq``, ``softirq``, ``work item X``); ``entry``: the function it starts in.
    ``holds``: the lock class it holds when it gets stuck (or None); ``wants``: the one it waits for (or None), with
    their modes. ``held``: the whole held-lock stack just before the last step, outermost first.
    ``about``: empty, or for a leg beside the main one what it shows: ``inner`` (something taken under the lock
    elsewhere), ``enabled`` (the lock held with interrupts on), ``interrupt`` (the lock taken in one).
    ``context``: ``task``/``softirq``/``hardirq``/``nmi``; ``irqs``: ``on`` or ``off`` (hardirqs) at the last step;
    ``bh``: ``on`` or ``off``. ``options``: what the leg takes open kernel options to be, sorted; with an option in it
    both ways no config has this leg. Empty in an analysis of one config.
    """

    title: str
    entry: str
    steps: tuple[WitnessStep, ...]
    holds: str | None = None
    wants: str | None = None
    holds_mode: str | None = None
    wants_mode: str | None = None
    held: tuple[Hold, ...] = ()
    context: str = "task"
    irqs: str = "on"
    bh: str = "on"
    wants_trylock: bool = False
    about: str = ""
    options: tuple[tuple[str, bool], ...] = ()


DEMONSTRATED, GUARDED, UNDECIDED = "demonstrated", "guarded", "undecided"
"""What a replay comes to: a schedule that hangs; a proof that these legs never run together; neither."""


@dataclass(frozen=True, slots=True)
class ReplayStep:
    """One line of a schedule: what actor number ``actor`` does.

    ``action``: ``lock``, ``wait`` (for the actors in ``waits_for``, for ever), ``interrupt`` (strikes ``host``) or
    ``reclaim`` (is run by ``host``).
    """

    actor: int
    action: str
    function: str
    place: Place
    lock: str | None = None
    mode: str | None = None
    at: str | None = None
    host: int | None = None
    waits_for: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of replaying a fact's legs as concrete threads. ``verdict``: one of the three above.

    ``reason``: the guard, or why nothing was decided; empty when demonstrated. ``actors``: who they are, by number.
    """

    verdict: str
    reason: str = ""
    actors: tuple[str, ...] = ()
    steps: tuple[ReplayStep, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. ``kind`` names its fact kind (docs/reference/facts.md).

    ``identity``: what makes it the same fact after lines moved (class names, function names; never positions).
    ``attributes``: typed values that rules may select on and messages may use, sorted by name.
    ``place``: the step a finding about it points at. ``legs``: at least one. ``replay``: of facts about hangs.
    """

    kind: str
    identity: tuple[str, ...]
    attributes: tuple[tuple[str, Attribute], ...]
    place: Place
    legs: tuple[Leg, ...] = field(compare=False)
    at: str | None = field(default=None, compare=False)
    replay: Replay | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not self.legs:
            raise ValueError(f"a {self.kind} fact needs a witness")

    def get(self, name: str) -> Attribute:
        """The attribute of that name, or None."""
        return dict(self.attributes).get(name)


@dataclass(frozen=True, slots=True)
class UsageSummary:
    """Usage of one class, for display: lockdep's four characters, and its flags by name."""

    name: str
    kind: str
    characters: str
    bits: tuple[str, ...]
    leaf: bool
    irq_safe: bool
    place: Place = NOWHERE
    at: str | None = None
    inner: int = 0
    outer: int = 0


@dataclass(frozen=True, slots=True)
class Dependency:
    """``inner`` taken while ``outer`` was held. ``kinds``: subset of EN, ER, SN, SR (as in lockdep), sorted."""

    outer: str
    inner: str
    kinds: tuple[str, ...]
    leg: Leg = field(compare=False)


@dataclass(frozen=True, slots=True, order=True)
class Unexercised:
    """Something that is declared and that a run had no use for.

    ``what``: ``function`` (never entered), ``callback`` (a function with a role that nobody calls), ``lock`` (never
    taken) or ``rule`` (nothing to judge).
    """

    what: str
    name: str
    why: str
    place: Place


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a run checked. ``contexts``: number of (function, entry state) pairs. ``not_followed``: (why, place).

    ``cut``: those of ``not_followed`` where a limit ended the work, so that the run does not speak for all of it.
    """

    functions: int
    entries: int
    classes: int
    dependencies: int
    contexts: int
    steps: int
    never_entered: tuple[str, ...] = ()
    not_followed: tuple[tuple[str, Place], ...] = ()
    merged: tuple[str, ...] = ()
    cut: tuple[tuple[str, Place], ...] = ()
    unexercised: tuple[Unexercised, ...] = ()
