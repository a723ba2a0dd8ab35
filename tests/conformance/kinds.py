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
    "timer-deadlock": "circular",
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


SLEEP_RULE = "sleep-in-atomic"
"""Not lockdep's: ``might_sleep()`` reports it. The corpora leave it out; a recorded kernel says it."""


def kinds_of(rules: Iterable[str], sleeps: bool = False) -> tuple[str, ...]:
    """The kinds that findings of these rules are, sorted; rules without a report in lockdep are left out.

    ``sleeps``: count sleeping in atomic context, as kind ``sleep``.
    """
    found = {KIND_OF_RULE.get(rule, "sleep" if sleeps and rule == SLEEP_RULE else "") for rule in rules}
    return tuple(sorted(found - {""}))
