"""Random small models in which kernel options decide about steps, functions, locks, entries and hooks.

Is: a seeded generator of model texts. Is not: an oracle.
"""

from __future__ import annotations

import random

LOCKS = ("A", "B", "C", "D", "E")
VERBS = {
    "mutex": (("mutex_lock", "mutex_unlock"),),
    "spinlock": (("spin_lock", "spin_unlock"), ("spin_lock_irqsave", "spin_unlock_irqrestore"),
                 ("spin_lock_bh", "spin_unlock_bh")),
    "raw_spinlock": (("raw_spin_lock", "raw_spin_unlock"),),
    "rwlock": (("read_lock", "read_unlock"), ("write_lock", "write_unlock")),
}  # fmt: skip


class Maker:
    """Makes the text of one model. ``options``: how many options it names."""

    def __init__(self, seed: int, options: int = 3, functions: int = 4) -> None:
        self.random = random.Random(seed)
        self.options = [f"CONFIG_{letter}" for letter in "XYZW"[:options]]
        self.count = functions
        self.kinds = {name: self.random.choice(list(VERBS)) for name in LOCKS}
        self.guarded = {name: self.random.choice(self.options) for name in LOCKS if self.random.random() < 0.15}
        self.lines: list[str] = []

    def text(self) -> str:
        """Functions call only later ones; the first two are entries, and one may be a destructor."""
        head = ["lockcheck: 1", "title: random", "configs:"]
        head += [f"  {name}: {self.random.choice('yn')}" for name in self.options]
        head.append("locks:")
        for name, kind in self.kinds.items():
            guard = f", when: {self.guarded[name]}" if name in self.guarded else ""
            head.append(f"  {name}: {{kind: {kind}{guard}}}")
        if self.random.random() < 0.4:
            head += ["caches:", f"  cache: {{dtor: f{self.count - 1}}}"]
        self.lines = [*head, "functions:"]
        for number in range(self.count):
            self.function(number)
        return "\n".join(self.lines) + "\n"

    def function(self, number: int) -> None:
        """One function; some exist with an option only."""
        self.lines.append(f"  f{number}:")
        if number < 2:
            contexts = self.random.choice(("task", "softirq", "hardirq", "[task, hardirq]", "any"))
            self.lines.append(f"    entry: {contexts}")
        if self.random.random() < 0.25:
            self.lines.append(f"    {self.random.choice(('when', 'unless'))}: {self.random.choice(self.options)}")
        self.lines.append("    steps:")
        self.block(number, 2, 6)

    def block(self, number: int, depth: int, indent: int) -> None:
        """Some steps."""
        for _ in range(self.random.randint(1, 3)):
            self.piece(number, depth, indent)

    def guard(self, chance: float = 0.35) -> str:
        """``when:`` or ``unless:`` beside a step, or nothing."""
        if self.random.random() > chance:
            return ""
        return f", {self.random.choice(('when', 'unless'))}: {self.random.choice(self.options)}"

    def piece(self, number: int, depth: int, indent: int) -> None:
        """One construct."""
        pad = " " * indent
        chance = self.random.random()
        if chance < 0.4:
            self.section(number, depth, indent)
        elif chance < 0.62 and number + 1 < self.count:
            self.lines.append(f"{pad}- {{call: f{self.random.randrange(number + 1, self.count)}{self.guard()}}}")
        elif chance < 0.8 and depth:
            self.choice(number, depth, indent)
        elif chance < 0.86:
            self.lines.append(f"{pad}- {{might_sleep: {self.guard()}}}")
        elif chance < 0.9:
            self.lines.append(f"{pad}- {{return: {self.guard(0.8)}}}")
        elif chance < 0.95:
            self.lines.append(f"{pad}- {{lockdep_assert_held: {self.free_lock()}{self.guard()}}}")
        else:
            self.lines.append(f"{pad}- {{kmalloc: GFP_KERNEL{self.guard()}}}")

    def free_lock(self) -> str:
        """A lock that exists in every config."""
        return self.random.choice([name for name in LOCKS if name not in self.guarded] or ["fs_reclaim"])

    def choice(self, number: int, depth: int, indent: int) -> None:
        """A branch over an option, a free word, or both."""
        pad = " " * indent
        option, word = self.random.choice(self.options), f"w{self.random.randrange(2)}"
        cond = self.random.choice((option, f"not {option}", word, f"{word} and {option}"))
        self.lines.append(f"{pad}- if: {cond}")
        for key in ("then", "else")[: self.random.randint(1, 2)]:
            self.lines.append(f"{pad}  {key}:")
            self.block(number, depth - 1, indent + 4)

    def section(self, number: int, depth: int, indent: int) -> None:
        """Take a lock, do something, drop it; the ends may have options of their own."""
        pad = " " * indent
        name = self.random.choice(LOCKS)
        take, drop = self.random.choice(VERBS[self.kinds[name]])
        guard = f", when: {self.guarded[name]}" if name in self.guarded else self.guard(0.25)
        self.lines.append(f"{pad}- {{{take}: {name}{guard}}}")
        if depth:
            self.block(number, depth - 1, indent)
        if self.random.random() < 0.97:
            other = guard if self.random.random() < 0.9 or name in self.guarded else self.guard(0.5)
            self.lines.append(f"{pad}- {{{drop}: {name}{other}}}")
