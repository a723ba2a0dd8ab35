"""What the page of ``--format html`` knows: a result as plain values, every text once.

Is: the words that the other reports use too, numbered, so that ten thousands of witnesses stay a few megabytes. Every
text is made printable here: no control or direction character reaches the page. Is not: markup (``as_html.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lockcheck.findings import Finding, Mismatch, Result
from lockcheck.model.configs import Condition
from lockcheck.model.facts import DEMONSTRATED, UNDECIDED, Dependency, Fact, Leg, Replay, UsageSummary, WitnessStep
from lockcheck.model.places import Place
from lockcheck.report.layout import clean
from lockcheck.report.legs import heading_of, held_text, step_text, told
from lockcheck.report.quote import marked_line
from lockcheck.report.replays import cpus, sentence, stepwise, titles
from lockcheck.report.scenario import DEADLOCK, lock, moves_of
from lockcheck.report.summary import NOTHING, covered, headline, left_out
from lockcheck.report.text import remarks

SCHEMA_ID = "lockcheck-page/1"

Row = list[Any]
"""A value of the page: its columns are named where it is made, and in ``page/data.js``."""

LONGEST_LINE = 400
"""Characters of a source line that are shown; more is somebody's data."""


def page_data(result: Result, *, compare: bool = False) -> dict[str, Any]:
    """Everything that the page shows. ``compare``: with what differs from the models' expectations."""
    from lockcheck import __version__

    return _Data(result).document(__version__, compare=compare)


class _Data:
    """Numbers texts, steps and legs while it goes through a result."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.roles = result.roles()
        self._texts: dict[str, int] = {}
        self._steps: dict[tuple[int, ...], int] = {}
        self._legs: dict[Any, int] = {}
        self._leg_rows: list[Row] = []
        self._quotes: dict[int, dict[int, int]] = {}

    def document(self, version: str, *, compare: bool) -> dict[str, Any]:
        """The whole page."""
        result = self.result
        usage = {one.name: one for one in result.usage()}
        dependencies = result.dependencies()
        findings = [self.finding(one) for one in result.findings]
        found_edges = (pair for one in result.findings for pair in pairs_of(one.fact))
        edges = [self.edge(one) for one in dependencies]
        known = {(one.outer, one.inner) for one in dependencies}
        edges += [[self.text(a), self.text(b), [], -1] for a, b in sorted({*found_edges} - known)]
        named = {name for pair in known for name in pair}.union(*(one.locks for one in result.findings), usage)
        named |= {name for one in result.findings for pair in pairs_of(one.fact) for name in pair}
        return {
            "schema": SCHEMA_ID,
            "version": version,
            "summary": self.summary(compare=compare),
            "findings": findings,
            "waived": [
                {"finding": self.finding(one.finding), "reason": self.text(one.reason), "place": self.place(one.place)}
                for one in result.waived
            ],
            "classes": [self.lock_class(name, usage.get(name)) for name in sorted(named)],
            "edges": edges,
            "legs": self._leg_rows,
            "steps": [list(one) for one in self._steps],
            "quotes": [[file, sorted(lines.items())] for file, lines in sorted(self._quotes.items())],
            "texts": list(self._texts),
        }

    def text(self, text: str | None) -> int:
        """The number of a text, -1 for none."""
        if text is None:
            return -1
        return self._texts.setdefault(clean(text, ascii_only=False), len(self._texts))

    def texts(self, texts: Iterable[str]) -> list[int]:
        """The numbers of several texts."""
        return [self.text(one) for one in texts]

    def place(self, place: Place) -> Row:
        """File, line and column; the line's text is kept beside it."""
        file = self.text(place.file)
        lines = self._quotes.setdefault(file, {})
        if place.line and place.line not in lines:
            source = self.result.sources.get(place.file)
            line = source.line(place.line).strip() if source is not None else ""
            if line:
                lines[place.line] = self.text(line[:LONGEST_LINE])
        return [file, place.line, place.column]

    def step(self, step: WitnessStep, after: WitnessStep | None) -> int:
        """Depth, text, action, file, line, column, kernel place, lock class."""
        row = (step.depth, self.text(step_text(step, after)), self.text(step.action), *self.place(step.place),
               self.text(step.at), self.text(step.lock))  # fmt: skip
        return self._steps.setdefault(row, len(self._steps))

    def leg(self, leg: Leg, heading: str) -> int:
        """Heading, who, context, irqs, bh, what else is held, roles, options, steps."""
        steps = [*told(leg)]
        roles = sorted({role for step in leg.steps for role in self.roles.get(step.function, ())})
        row: Row = [
            self.text(heading),
            self.text(leg.title),
            self.text(leg.context),
            self.text(leg.irqs),
            self.text(leg.bh),
            self.text(held_text(leg) or None),
            self.texts(roles),
            [[self.text(name), int(on)] for name, on in leg.options],
            [self.step(step, after) for step, after in zip(steps, [*steps[1:], None], strict=True)],
        ]
        number = self._legs.setdefault(repr(row), len(self._leg_rows))
        if number == len(self._leg_rows):
            self._leg_rows.append(row)
        return number

    def edge(self, one: Dependency) -> Row:
        """Outer class, inner class, kinds, leg."""
        fact = Fact("dependency", (), (), one.leg.steps[-1].place, (one.leg,))
        return [self.text(one.outer), self.text(one.inner), self.texts(one.kinds),
                self.leg(one.leg, heading_of(fact, 0, one.leg))]  # fmt: skip

    def lock_class(self, name: str, usage: UsageSummary | None) -> Row:
        """Name, kind, usage characters, usage bits, leaf, irq-safe, place, kernel place."""
        if usage is None:  # what nobody takes but somebody waits for
            return [self.text(name), -1, -1, [], 0, 0, [-1, 0, 0], -1]
        return [self.text(name), self.text(usage.kind), self.text(usage.characters), self.texts(usage.bits),
                int(usage.leaf), int(usage.irq_safe), self.place(usage.place), self.text(usage.at)]  # fmt: skip

    def finding(self, one: Finding) -> dict[str, Any]:
        """A finding in full."""
        replay = one.fact.replay
        pairs = pairs_of(one.fact)
        before, marked, after = marked_line(one.place, self.result.sources)
        return {
            "rule": self.text(one.rule),
            "severity": one.severity.word,
            "message": self.text(one.message),
            "help": self.text(one.help),
            "fingerprint": one.fingerprint,
            "title": self.text(one.kernel_title),
            "place": self.place(one.place),
            "at": self.text(one.at),
            "line": self.texts([before[-LONGEST_LINE:], marked[:LONGEST_LINE], after[:LONGEST_LINE]]),
            "condition": self.condition(one.condition),
            "verdict": replay.verdict if replay is not None else None,
            "verdict_text": self.text(sentence(replay) if replay and replay.verdict != DEMONSTRATED else None),
            "table": self.table(one.fact),
            "remarks": self.texts(remarks(one, self.result)),
            "locks": self.texts(dict.fromkeys((*one.locks, *(name for pair in pairs for name in pair)))),
            "edges": [self.texts(pair) for pair in pairs],
            "leg_edges": [pairs.index(pair) if (pair := pair_of(leg)) else -1 for leg in one.fact.legs],
            "legs": [self.leg(leg, heading_of(one.fact, index, leg)) for index, leg in enumerate(one.fact.legs)],
        }

    def table(self, fact: Fact) -> dict[str, Any] | None:
        """The CPU table: how many CPUs, who they are, and lines of (CPU, text, indent, place, kernel place)."""
        replay = fact.replay
        if replay is not None and replay.verdict == DEMONSTRATED:
            return self._schedule(replay)
        if replay is not None and replay.verdict != UNDECIDED:
            return None
        moves = moves_of(fact)
        lines: list[Row] = [[move.cpu, self.text(move.text), move.indent, None, -1] for move in moves]
        if not moves and fact.kind == "circle":  # too many CPUs for the text, not for a page
            legs = [*enumerate(fact.legs)]
            lines = [[cpu, self.text(lock(leg.holds, leg.holds_mode)), 0, None, -1] for cpu, leg in legs]
            lines += [[cpu, self.text(lock(leg.wants, leg.wants_mode)), 0, None, -1] for cpu, leg in reversed(legs)]
        if not lines:
            return None
        return {"cpus": 1 + max(line[0] for line in lines), "actors": [], "lines": lines, "end": DEADLOCK.strip()}

    def _schedule(self, replay: Replay) -> dict[str, Any]:
        lines = [
            [move.cpu, self.text(move.text), move.indent, self.place(step.place), self.text(step.at)]
            for step, move in stepwise(replay)
        ]
        return {
            "cpus": 1 + max(cpus(replay)),
            "actors": self.texts(titles(replay)),
            "lines": lines,
            "end": DEADLOCK.strip(),
        }

    def condition(self, condition: Condition) -> list[list[Row]]:
        """Alternatives, each a list of options with the value they need."""
        return [[[self.text(name), int(on)] for name, on in one] for one in condition.any_of]

    def summary(self, *, compare: bool) -> dict[str, Any]:
        """What the run is about and what it does not speak for."""
        result = self.result
        nothing = result.checked_nothing or bool(result.problems)
        told_of = "could not be analysed" if result.problems else NOTHING
        return {
            "headline": self.text(told_of if nothing else headline(result, compare=compare)),
            "covered": self.text(None if nothing else covered(result)),
            "left_out": self.texts([] if nothing else left_out(result)),
            "named": self.texts(name for name in result.named_files if name),
            "files": self.texts(result.files),
            "options": self.texts(result.configs.varied),
            "fixed": [[self.text(name), int(on)] for name, on in result.configs.fixed],
            "problems": self.texts(map(str, result.problems)),
            "hints": self.texts(one.hint or "" for one in result.problems),
            "compared": compare,
            "mismatches": [self._mismatch(one) for one in result.mismatches] if compare else [],
        }

    def _mismatch(self, one: Mismatch) -> Row:
        return [self.text(one.what), self.text(one.text), self.place(one.place)]


def pairs_of(fact: Fact) -> tuple[tuple[str, str], ...]:
    """The (outer, inner) pairs of a fact's legs, in their order, each once: what it looks like in the graph."""
    return tuple(dict.fromkeys(pair for leg in fact.legs if (pair := pair_of(leg))))


def pair_of(leg: Leg) -> tuple[str, str] | None:
    """What a leg holds and what it wants; of legs beside the main ones those that show an order."""
    return (leg.holds, leg.wants) if leg.holds and leg.wants and leg.about in ("", "inner") else None
