"""Weird but valid models: few functions that do everything at once, again and again.

Is: a function of a seed; shapes that make state explode: recursion, locks leaked in loops, releases of a caller's
locks, unbalanced counters, nested interrupts, gotos, callbacks that call themselves, wide calls, many parameters.
Is not: a model of anything.
"""

from __future__ import annotations

import json
import random
from typing import Any

LOCKS = {
    "spin": "spinlock", "raw": "raw_spinlock", "mut": "mutex", "rw": "rwlock", "sem": "rwsem", "rt": "rtmutex",
}  # fmt: skip
TAKES: dict[str, tuple[tuple[str, str], ...]] = {
    "spinlock": (
        ("spin_lock", "spin_unlock"), ("spin_lock_irqsave", "spin_unlock_irqrestore"), ("spin_trylock", "spin_unlock"),
        ("spin_lock_bh", "spin_unlock_bh"), ("spin_lock_irq", "spin_unlock_irq"),
    ),
    "raw_spinlock": (("raw_spin_lock", "raw_spin_unlock"), ("raw_spin_lock_irqsave", "raw_spin_unlock_irqrestore")),
    "mutex": (("mutex_lock", "mutex_unlock"), ("mutex_trylock", "mutex_unlock")),
    "rwlock": (("read_lock", "read_unlock"), ("write_lock", "write_unlock"), ("read_lock_bh", "read_unlock_bh")),
    "rwsem": (("down_read", "up_read"), ("down_write", "up_write")),
    "rtmutex": (("rt_mutex_lock", "rt_mutex_unlock"),),
}  # fmt: skip
SWITCHES = (
    ("local_irq_disable", "local_irq_enable"), ("local_irq_save", "local_irq_restore"),
    ("local_bh_disable", "local_bh_enable"), ("preempt_disable", "preempt_enable"),
    ("rcu_read_lock", "rcu_read_unlock"),
    ("memalloc_nofs_save", "memalloc_nofs_restore"), ("memalloc_noio_save", "memalloc_noio_restore"),
)  # fmt: skip
CONDITIONS = (
    "w0", "w1", "w2", "not w0 and w1", "w1 or w2", "in task", "in interrupt", "irqs off", "preemptible", "in hardirq",
    "not preemptible or w3",
)  # fmt: skip
CONTEXTS = ("task", "softirq", "hardirq", "nmi", "any")


class Weird:
    """Makes one model."""

    def __init__(self, choose: random.Random) -> None:
        self.choose = choose
        self.functions = choose.choice((1, 2, 3, 4, 6, 10))
        self.balanced = choose.choice((0.0, 0.3, 0.7, 0.95))
        self.depth = choose.choice((1, 2, 3, 4))
        self.width = choose.choice((1, 2, 4, 8, 16))
        self.budget = choose.choice((20, 60, 200, 500))
        kinds = sorted(LOCKS)
        self.locks = {f"{kind}{n}": LOCKS[kind] for n in range(choose.choice((1, 2, 6))) for kind in kinds}
        self.params = choose.random() < 0.3
        self.labels: list[str] = []

    def model(self) -> dict[str, Any]:
        """The whole document."""
        functions = {f"f{number}": self.function(number) for number in range(self.functions)}
        model: dict[str, Any] = {"lockcheck": 1, "locks": self.locks, "functions": functions}
        model["callbacks"] = {"ops": self.some_functions(), "shrinkers": self.some_functions()[:1]}
        model["caches"] = {"c": {"ctor": self.target(), "dtor": self.target()}}
        model["locks"] = {**self.locks, "done": "completion"}
        model["work"] = {"item": {"function": self.target()}}
        model["timers"] = {"tick": {"function": self.target()}}
        return model

    def function(self, number: int) -> dict[str, Any]:
        """One function; gotos stay at its top level."""
        self.left = self.budget
        self.labels = [f"l{number}_{n}" for n in range(self.choose.choice((0, 0, 0, 1, 3, 12)))]
        steps = self.block(self.depth)
        for label in self.labels:
            steps.insert(self.choose.randrange(len(steps) + 1), {"label": label})
        function: dict[str, Any] = {"steps": steps}
        if number == 0 or self.choose.random() < 0.3:
            count = self.choose.choice((1, 1, 2, 4))
            function["entry"] = self.choose.sample(CONTEXTS, count)
        if self.params:
            function["params"] = ["p", "q"]
        return function

    def block(self, depth: int) -> list[Any]:
        """Some steps."""
        found: list[Any] = []
        for _ in range(self.choose.randint(1, self.width)):
            if self.left > 0:
                self.left -= 1
                found += self.piece(depth)
        return found

    def piece(self, depth: int) -> list[Any]:
        """One construct."""
        makers = [self.section, self.section, self.section, self.switched, self.call, self.loose, self.other]
        if depth:
            makers += [self.branch, self.loop, self.interrupt, self.choice]
        return self.choose.choice(makers)(depth)

    def section(self, depth: int) -> list[Any]:
        """Take a lock, do something, perhaps drop it."""
        lock = self.choose.choice(sorted(self.locks))
        take, drop = self.choose.choice(TAKES[self.locks[lock]])
        name = "$p" if self.params and self.choose.random() < 0.2 and self.locks[lock] == "spinlock" else lock
        if self.params and name == "$p":
            take, drop = "spin_lock", "spin_unlock"
        first: dict[str, Any] = {take: name}
        if self.choose.random() < 0.1:
            first["nested"] = self.choose.randrange(8)
        steps = [first, *(self.block(depth - 1) if depth else [])]
        return [*steps, {drop: name}] if self.choose.random() < self.balanced else steps

    def loose(self, depth: int) -> list[Any]:
        """Drop what some caller may hold."""
        lock = self.choose.choice(sorted(self.locks))
        return [{self.choose.choice(TAKES[self.locks[lock]])[1]: lock}]

    def switched(self, depth: int) -> list[Any]:
        """Interrupts, preemption or scopes off, perhaps on again."""
        off, on = self.choose.choice(SWITCHES)
        inner = self.block(depth - 1) if depth else []
        if self.choose.random() < self.balanced:
            return [off, *inner, on]
        return [self.choose.choice((off, on)), *inner]

    def call(self, depth: int) -> list[Any]:
        """A call of any function, itself included."""
        what = self.choose.random()
        step: dict[str, Any]
        if what < 0.6:
            step = {"call": self.target()}
            if self.params:
                spins = [name for name, kind in self.locks.items() if kind == "spinlock"]
                step["with"] = {"p": self.choose.choice((*spins, "$p"))}
        elif what < 0.8:
            step = {"call_any": self.some_functions()}
        elif what < 0.9:
            step = {"call_any": "ops"}
        else:
            step = {"call": self.choose.choice(("c.ctor", "c.dtor"))}
        return [step]

    def branch(self, depth: int) -> list[Any]:
        """An if."""
        step = {"if": self.choose.choice(CONDITIONS), "then": self.block(depth - 1)}
        if self.choose.random() < 0.5:
            step["else"] = self.block(depth - 1)
        return [step]

    def choice(self, depth: int) -> list[Any]:
        """Many ways."""
        if self.choose.random() < 0.5:
            return [{"optional": self.block(depth - 1)}]
        return [{"either": [self.block(depth - 1) for _ in range(self.choose.choice((2, 3, 10)))]}]

    def loop(self, depth: int) -> list[Any]:
        """Any number of times, with jumps."""
        body = self.block(depth - 1)
        if self.choose.random() < 0.3:
            body.append({"if": "w0", "then": [self.choose.choice(("break", "continue"))]})
        return [{"loop": body, "once": True} if self.choose.random() < 0.3 else {"loop": body}]

    def interrupt(self, depth: int) -> list[Any]:
        """An interrupt strikes."""
        return [{"interrupt": self.choose.choice(("softirq", "hardirq", "nmi")), "do": self.block(depth - 1)}]

    def other(self, depth: int) -> list[Any]:
        """Something else."""
        steps: list[Any] = ["return", "might_sleep", {"kmalloc": "GFP_KERNEL"}, {"complete": "done"}]
        steps += [{"wait_for_completion": "done"}, {"queue_work": "item"}, {"flush_work": "item"}]
        steps += [{"if": "w1", "then": ["return"]}, {"lockdep_assert_held": self.choose.choice(sorted(self.locks))}]
        if self.labels:
            steps += [{"if": "w2", "then": [{"goto": self.choose.choice(self.labels)}]}] * 4
        return [self.choose.choice(steps)]

    def target(self) -> str:
        """A function's name."""
        return f"f{self.choose.randrange(self.functions)}"

    def some_functions(self) -> list[str]:
        """Several names."""
        count = self.choose.randint(1, self.functions)
        return [f"f{number}" for number in self.choose.sample(range(self.functions), count)]


def weird(choose: random.Random) -> tuple[str, bytes]:
    """A weird model as JSON, which is YAML."""
    return "weird", json.dumps(Weird(choose).model()).encode()
