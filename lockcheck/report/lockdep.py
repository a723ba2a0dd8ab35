"""The report that the kernel's lockdep would print, without addresses, pids and timestamps.

Is: one report per finding, in lockdep's words and layout, so that people and tools that read dmesg can read it.
Is not: a simulation: lockdep prints the event that came last; here the last leg of the witness stands for it.
Where lockdep has no report for a finding, one line says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lockcheck.findings import Finding, Result
from lockcheck.model.facts import Fact, Hold, Leg, UsageSummary, WitnessStep
from lockcheck.report.layout import clean, harmless
from lockcheck.report.scenario import DEADLOCK, Move, drawn, irq_moves, lock, wants
from lockcheck.report.view import View

TASK_CONTEXT = {"task": 5, "softirq": 3, "hardirq": 2, "nmi": 2}
"""What lockdep prints as ``context-{5:5}``: the wait type that the context allows before any lock."""


def render(result: Result, view: View) -> str:
    """The report as a view wants it."""
    return lockdep(result)


def lockdep(result: Result) -> str:
    """All findings as kernel reports."""
    printer = _Printer({one.name: one for one in result.usage()})
    return "".join(f"{harmless(clean(line).rstrip())}\n" for one in result.findings for line in printer.report(one))


class _Printer:
    """Prints reports; knows the usage of each class for the ``{+.+.}-{4:4}`` columns."""

    def __init__(self, usage: dict[str, UsageSummary]) -> None:
        self._usage = usage
        self._kinds: dict[str, Callable[[Finding], Iterator[str]]] = {
            "circle": self._circle,
            "recursion": self._recursion,
            "usage-conflict": self._conflict,
            "wait-context": self._wait_context,
            "sleep": self._sleep,
            "release": self._release,
            "exit": self._exit,
            "lock-memory": self._lock_memory,
            "nest-lock": self._nest_lock,
            "user-return": self._user_return,
            "assertion": self._warning,
            "pin": self._warning,
            "irq-enable": self._warning,
        }

    def report(self, finding: Finding) -> Iterator[str]:
        """One report and an empty line."""
        print_kind = self._kinds.get(finding.fact.kind)
        if print_kind is None or (finding.fact.kind == "sleep" and not finding.fact.get("atomic")):
            yield f"(lockdep has no report for: {finding.message} [{finding.rule}])"
        else:
            yield from print_kind(finding)
        yield ""

    # ------------------------------------------------------------ pieces

    def _class(self, name: str | None) -> str:
        """`` (A){+.+.}-{4:4}``: name, usage characters, wait types outer and inner."""
        one = self._usage.get(name or "")
        if one is None:
            return f" ({name}){{....}}-{{0:0}}"
        return f" ({name}){{{one.characters}}}-{{{one.outer or one.inner}:{one.inner}}}"

    def _held_lock(self, leg: Leg, name: str | None, wanted: bool) -> str:
        """A lock with the place where the leg takes (or took) it."""
        if wanted:
            return f"{self._class(name)}, at: {_last(leg)}"
        hold = next((one for one in reversed(leg.held) if one.lock == name), None)
        return f"{self._class(name)}, at: {_at(hold.at, str(hold.place)) if hold else leg.entry}"

    def _held_locks(self, leg: Leg, who: str) -> Iterator[str]:
        if not leg.held:
            yield f"no locks held by {who}."
            return
        number = len(leg.held)
        yield f"{number} lock{'s' if number > 1 else ''} held by {who}:"
        for depth, hold in enumerate(leg.held):
            yield f" #{depth}:{self._class(hold.lock)}, at: {_hold_at(hold)}"

    def _end(self, leg: Leg, who: str, blank: bool = True) -> Iterator[str]:
        yield from self._held_locks(leg, who)
        if blank:
            yield ""
        yield "stack backtrace:"
        yield from (f" {line}" for line in trace(leg))

    # ------------------------------------------------------------ reports

    def _circle(self, finding: Finding) -> Iterator[str]:
        legs = finding.fact.legs
        last = legs[-1]
        who = _who(last, len(legs))
        yield from header("WARNING: possible circular locking dependency detected")
        yield f"{who} is trying to acquire lock:"
        yield self._held_lock(last, last.wants, True)
        yield from ("", "but task is already holding lock:")
        yield self._held_lock(last, last.holds, False)
        yield from ("", "which lock already depends on the new lock.", "", "")
        yield "the existing dependency chain (in reverse order) is:"
        for depth in range(len(legs) - 1, -1, -1):
            leg = legs[depth - 1]
            yield from ("", f"-> #{depth}{self._class(leg.wants)}:")
            yield from (f"       {line}" for line in trace(leg))
        yield from ("", "other info that might help us debug this:", "")
        parent = last.wants if len(legs) < 3 else legs[-2].holds
        yield from _chain(last.wants, parent, last.holds)
        yield from (" Possible unsafe locking scenario:", "")
        target = lock(last.holds, last.holds_mode)
        stuck = (Move(1, lock(last.holds)), Move(0, wants(last)))
        yield from _drawn((Move(0, target), Move(1, lock(parent)), *stuck))
        yield from self._end(last, who)

    def _recursion(self, finding: Finding) -> Iterator[str]:
        leg = finding.fact.legs[0]
        who = _who(leg)
        yield from header("WARNING: possible recursive locking detected")
        yield f"{who} is trying to acquire lock:"
        yield self._held_lock(leg, leg.wants, True)
        yield from ("", "but task is already holding lock:")
        yield self._held_lock(leg, leg.holds, False)
        yield from ("", "other info that might help us debug this:")
        yield from (" Possible unsafe locking scenario:", "")
        yield from _drawn((Move(0, lock(leg.holds)), Move(0, lock(leg.wants))))
        yield from (" May be due to missing lock nesting notation", "")
        yield from self._end(leg, who)

    def _conflict(self, finding: Finding) -> Iterator[str]:
        if finding.fact.get("form") == "one-class":
            return self._inconsistent(finding)
        return self._irq_order(finding)

    def _inconsistent(self, finding: Finding) -> Iterator[str]:
        fact = finding.fact
        inside, outside = fact.legs[0], fact.legs[-1]
        irq = str(fact.get("irq")).upper()
        used = f"IN-{irq}-{'R' if fact.get('safe_read') else 'W'}"
        on = f"{irq}-ON-{'R' if fact.get('unsafe_read') else 'W'}" if irq != "NMI" else "INITIAL USE"
        who = _who(outside)
        yield from header("WARNING: inconsistent lock state")
        yield f"inconsistent {{{used}}} -> {{{on}}} usage."
        yield f"{who} {_state(outside)} takes:"
        yield self._held_lock(outside, outside.wants or str(fact.get("unsafe")), True)
        yield f"{{{used}}} state was registered at:"
        yield from (f"  {line}" for line in trace(inside))
        yield from ("", "other info that might help us debug this:")
        yield from (" Possible unsafe locking scenario:", "")
        name = lock(str(fact.get("safe")))
        yield from _drawn((Move(0, name), Move(0, "<Interrupt>"), Move(0, name, 2)))
        yield from self._end(outside, who)

    def _irq_order(self, finding: Finding) -> Iterator[str]:
        """The form for an edge that arrived last; the order of events that tells the forms apart is not modelled."""
        fact = finding.fact
        inside, new, outside = fact.legs[0], fact.legs[-2], fact.legs[-1]
        irq = str(fact.get("irq")).upper()
        safe, unsafe = str(fact.get("safe")), str(fact.get("unsafe"))
        who = _who(new, 2)
        yield from header(f"WARNING: {irq}-safe -> {irq}-unsafe lock order detected")
        yield f"{who} {_state(new)} is trying to acquire:"
        yield self._held_lock(new, new.wants, True)
        yield from ("", "and this task is already holding:")
        yield self._held_lock(new, new.holds, False)
        yield "which would create a new lock dependency:"
        yield f"{self._class(new.holds)} ->{self._class(new.wants)}"
        yield from ("", f"but this new dependency connects a {irq}-irq-safe lock:", self._class(safe))
        yield from ("", f"... which became {irq}-irq-safe at:")
        yield from (f"  {line}" for line in trace(inside))
        yield from ("", f"to a {irq}-irq-unsafe lock:", self._class(unsafe))
        yield from ("", f"... which became {irq}-irq-unsafe at:", "...")
        yield from (f"  {line}" for line in trace(outside))
        yield from ("", "other info that might help us debug this:", "")
        middle = str(new.wants if new.holds == safe else new.holds)
        yield from _chain(safe, middle if middle != unsafe else safe, unsafe)
        yield from (" Possible interrupt unsafe locking scenario:", "")
        yield from _drawn(irq_moves(lock(safe), lock(unsafe), lock(middle)))
        yield from self._end(new, who)

    def _wait_context(self, finding: Finding) -> Iterator[str]:
        leg = finding.fact.legs[0]
        who = _who(leg)
        context = TASK_CONTEXT.get(leg.context, 5)
        yield from header("[ BUG: Invalid wait context ]")
        yield f"{who} is trying to lock:"
        yield self._held_lock(leg, _lock_of(finding.fact), True)
        yield from ("other info that might help us debug this:", f"context-{{{context}:{context}}}")
        yield from self._end(leg, who, blank=False)

    def _sleep(self, finding: Finding) -> Iterator[str]:
        leg = finding.fact.legs[0]
        off = int(leg.irqs == "off")
        because = finding.fact.get("because")
        atomic = int(any(word != "hardirqs off" for word in because) if isinstance(because, tuple) else 1)
        yield f"BUG: sleeping function called from invalid context at {finding.at or finding.place}"
        yield f"in_atomic(): {atomic}, irqs_disabled(): {off}, non_block: 0, pid: 1, name: {leg.entry}"
        yield from self._held_locks(leg, _who(leg))
        yield "Call Trace:"
        yield from (f" {line}" for line in trace(leg))

    def _release(self, finding: Finding) -> Iterator[str]:
        leg = finding.fact.legs[0]
        who = _who(leg)
        yield from header("WARNING: bad unlock balance detected!")
        yield f"{who} is trying to release lock ({_lock_of(finding.fact)}) at:"
        yield from (_last(leg), "but there are no more locks to release!")
        yield from ("", "other info that might help us debug this:")
        yield from self._end(leg, who)

    def _exit(self, finding: Finding) -> Iterator[str]:
        leg = finding.fact.legs[0]
        who = _who(leg)
        yield from header(f"WARNING: {who} still has locks held!")
        yield from self._end(leg, who)

    def _lock_memory(self, finding: Finding) -> Iterator[str]:
        leg = finding.fact.legs[0]
        who = _who(leg)
        yield from header("WARNING: held lock freed!")
        yield f"{who} is freeing memory, with a lock still held there!"
        yield self._held_lock(leg, _lock_of(finding.fact), False)
        yield from self._end(leg, who)

    def _nest_lock(self, finding: Finding) -> Iterator[str]:
        leg = finding.fact.legs[0]
        who = _who(leg)
        yield from header("WARNING: Nested lock was not taken")
        yield f"{who} is trying to lock:"
        yield self._held_lock(leg, _lock_of(finding.fact), True)
        yield from ("", "but this task is not holding:", str(finding.fact.get("nest")))
        yield from ("", "other info that might help us debug this:")
        yield from self._end(leg, who)

    def _user_return(self, finding: Finding) -> Iterator[str]:
        leg = finding.fact.legs[0]
        who = _who(leg)
        yield from header("WARNING: lock held when returning to user space!")
        yield f"{who} is leaving the kernel with locks still held!"
        yield from self._held_locks(leg, who)

    def _warning(self, finding: Finding) -> Iterator[str]:
        leg = finding.fact.legs[0]
        yield f"WARNING: CPU: 0 PID: 1 at {finding.at or finding.place} {_last(leg)}"
        yield from self._held_locks(leg, _who(leg))
        yield "Call Trace:"
        yield from (f" {line}" for line in trace(leg))


# ---------------------------------------------------------------- shared words


def header(title: str) -> Iterator[str]:
    """A title in lockdep's frame."""
    from lockcheck import __version__

    yield from ("=" * len(title), title, f"lockcheck {__version__}", "-" * len(title))


def trace(leg: Leg) -> list[str]:
    """The call chain of the leg's last step, innermost first: the verb, then each ``function (place)``."""
    calls = [step for step in leg.steps[:-1] if step.action == "call"]
    last = leg.steps[-1]
    lines = [] if last.action in ("enter", "call") else [last.text.partition("(")[0]]
    return lines + [_function(step) for step in (last, *reversed(calls))]


def _function(step: WitnessStep) -> str:
    where = _at(step.at, str(step.place))
    return f"{step.function} ({where})" if where else step.function


def _at(at: str | None, place: str) -> str:
    return at or ("" if place.startswith(":") else place)


def _hold_at(hold: Hold) -> str:
    return _at(hold.at, str(hold.place))


def _last(leg: Leg) -> str:
    """The function and place of the leg's last step."""
    return _function(leg.steps[-1])


def _who(leg: Leg, number: int = 1) -> str:
    """``comm/pid``: the entry function and the number of the leg."""
    return f"{leg.entry or leg.title}/{number}"


def _state(leg: Leg) -> str:
    """``[HC0[0]:SC0[0]:HE1:SE1]``: hardirq and softirq context, hardirqs and softirqs enabled."""
    hard, soft = int(leg.context in ("hardirq", "nmi")), int(leg.context == "softirq")
    return f"[HC{hard}[{hard}]:SC{soft}[{soft}]:HE{int(leg.irqs == 'on')}:SE{int(leg.bh == 'on')}]"


def _lock_of(fact: Fact) -> str:
    return str(fact.get("lock"))


def _chain(first: str | None, middle: str | None, last: str | None) -> Iterator[str]:
    """``Chain exists of:`` when something stands between the two."""
    if middle not in (first, last):
        yield from ("Chain exists of:", f"  {first} --> {middle} --> {last}", "")


def _drawn(moves: tuple[Move, ...]) -> Iterator[str]:
    yield from drawn(moves)
    yield from ("", DEADLOCK, "")
