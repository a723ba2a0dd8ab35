"""Which of the corpus's report kinds a lockcheck rule stands for.

Is: the one table between rule ids and the kernel's reports. A rule that is not in it says something that lockdep has
no report for (a wait that nobody ends, a slab contract, irqs left off), so it decides no verdict here.
"""

from __future__ import annotations

from collections.abc import Iterable

KIND_OF_RULE = {
    "circular-dependency": "circular",
    "reclaim-recursion": "circular",
    "flush-deadlock": "circular",
    "recursive-locking": "recursive",
    "inconsistent-lock-state": "inconsistent",
    "irq-inversion": "irq_inversion",
    "invalid-wait-context": "wait_context",
    "nest-lock-not-held": "nest_not_held",
    "bad-unlock-balance": "bad_unlock",
    "held-lock-freed": "held_freed",
    "held-on-return-to-user": "held_at_exit",
    "assertion-failed": "assert_warn",
    "irqs-enabled-in-hardirq": "irq_enable_in_hardirq",
    "pinned-lock": "pin_warn",
}


KIND_OUTSIDE_LOCKDEP = {"sleep-in-atomic": "sleep", "held-at-exit": "held_at_exit"}
"""Reports of a whole kernel that lockdep's events alone don't make: recorded scenarios have them, the corpora don't."""


KINDS = frozenset(KIND_OF_RULE.values()) | frozenset(KIND_OUTSIDE_LOCKDEP.values())
"""Every kind that some rule stands for."""


def kinds_of(rules: Iterable[str], kernel: bool = False) -> tuple[str, ...]:
    """The kinds that findings of these rules are, sorted; rules without a report are left out.

    ``kernel``: count what a whole kernel reports, not only lockdep's validator.
    """
    table = {**KIND_OF_RULE, **KIND_OUTSIDE_LOCKDEP} if kernel else KIND_OF_RULE
    return tuple(sorted({table[rule] for rule in rules if rule in table}))
