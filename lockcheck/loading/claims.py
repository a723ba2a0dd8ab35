"""The ``claims:`` of a model: their shape, and from that the claims of a program, with all names checked.

Is: who says what, and the question it comes to. Is not: what a question means (``checker/``) nor where a fact kind's
conditions are checked, which only the checker knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from lockcheck.loading.claim_shapes import AskShape, AssumingShape, ClaimShape
from lockcheck.loading.files import Files, ModelFile
from lockcheck.loading.shape_errors import place_of, problems_of
from lockcheck.model.claims import Assumption, Claim, Question
from lockcheck.model.places import unpack
from lockcheck.source.problems import Collector, Problem, did_you_mean, quote
from lockcheck.source.reader import AT, KEYS
from lockcheck.source.typed import ShapeError, adapter

VERDICTS: Final = ("holds only if", "holds", "refuted", "nothing to prove", "undecided")
OPTIONS: Final = {"y": True, "n": False}
MAX_DEPTH: Final = 8
MAX_VARIED: Final = 6
"""Options of which one claim may ask every combination: 64 programs."""

ASKING: Final = ("leaf", "irq_safe", "order", "takes", "calls", "finding", "some", "not", "all")
_BESIDE: Final = {"where": ("some",), "locks": ("finding",), "function": ("takes", "calls", "some", "finding")}
ANSWERED: Final = ("ask", "nothing_to_prove", "undecided")


@dataclass(frozen=True, slots=True)
class Names:
    """What a question may name: locks and their classes, functions, kernel options."""

    locks: frozenset[str]
    functions: frozenset[str]
    configs: frozenset[str]


Written: TypeAlias = "tuple[Any, ModelFile, Any]"
"""A shape, the file it stands in, and the mapping as read."""


def claims_of(written: Sequence[Written], files: Files, names: Names, problems: Collector) -> tuple[Claim, ...]:
    """The claims of a program, in the order in which they are written; what is wrong goes to ``problems``."""
    reader = _Reader(files, names, problems)
    made: dict[str, Claim] = {}
    for shape, model, raw in written:
        claim = reader.claim(shape, model, raw)
        if claim.id in made:
            reader.say(model, raw, ["id"], f"a second claim '{claim.id}'; the first is at {made[claim.id].place}")
        made.setdefault(claim.id, claim)
    return tuple(made.values())


class _Reader:
    """Turns shapes into claims."""

    def __init__(self, files: Files, names: Names, problems: Collector) -> None:
        self._files, self._names, self._problems = files, names, problems

    def say(self, model: ModelFile, raw: Any, path: list[str | int], message: str, hint: str | None = None) -> None:
        """A problem at ``path`` in the mapping ``raw``."""
        line, column = place_of(model.source, raw, path)
        self._problems.add(Problem(model.name, line, column, message, hint, "invalid-claim"))

    def claim(self, shape: ClaimShape, model: ModelFile, raw: Any) -> Claim:
        """One claim."""
        what = f"claim '{shape.id}'"
        given = [key for key in ANSWERED if getattr(shape, key) is not None]
        if len(given) != 1:
            keys = ", ".join(ANSWERED)
            self.say(model, raw, [given[-1]] if given else [], f"{what} needs one of {keys}, and only one")
        elsewhere = bool(shape.in_)
        asked = None if shape.ask is None else self.question(shape.ask, model, raw, ["ask"], elsewhere, 0)
        if shape.expect is not None and not shape.expect.startswith(VERDICTS):
            hint = did_you_mean(shape.expect, VERDICTS) or "one of: " + ", ".join(VERDICTS)
            self.say(model, raw, ["expect"], f"'expect' of {what} is no answer: {quote(shape.expect)}", hint)
        if len(shape.vary) > MAX_VARIED:
            self.say(model, raw, ["vary"], f"{what} varies {len(shape.vary)} options; at most {MAX_VARIED}")
        if not elsewhere:
            self.options_exist(shape.vary, model, raw, ["vary"])
        return Claim(
            str(shape.id), _line(shape.text), shape.who, shape.message, asked,
            self.targets(shape.in_, model, raw, ["in"]),
            self.options(shape.config, model, raw, ["config"], elsewhere), tuple(sorted(set(shape.vary))),
            self.assumptions(shape.assuming, model, raw), _line(shape.nothing_to_prove), _line(shape.undecided),
            shape.expect, _line(shape.note), unpack(model.name, raw[AT]),
        )  # fmt: skip

    def assumptions(self, value: Any, model: ModelFile, raw: Any) -> tuple[Assumption, ...]:
        """One assumption or a list of them."""
        many = isinstance(value, list)
        made = []
        for index, one in enumerate(value if many else [] if value is None else [value]):
            path: list[str | int] = ["assuming", index] if many else ["assuming"]
            shape = self.shaped(AssumingShape, one, model, raw, path, "an assumption")
            if shape is None:
                continue
            if not shape.in_ and not shape.config:
                self.say(model, one, [], "an assumption needs 'in' or 'config', where it is so")
            models = self.targets(shape.in_, model, one, ["in"])
            made.append(Assumption(_line(shape.text), models, self.options(shape.config, model, one, ["config"], True)))
        return tuple(made)

    def shaped(self, shape: type, value: Any, model: ModelFile, raw: Any, path: list[str | int], what: str) -> Any:
        """``value`` as a shape, or None with a problem."""
        if not isinstance(value, dict):
            self.say(model, raw, path, f"{what}: expected a mapping, found {quote(value)}")
            return None
        try:
            return adapter(shape).validate_python(value)
        except ShapeError as error:
            self._problems.add_all(problems_of(error, shape, model.source, value, what))
            return None

    # ------------------------------------------------------------ questions

    def question(
        self, value: Any, model: ModelFile, raw: Any, path: list[str | int], elsewhere: bool, depth: int
    ) -> Question | None:
        """A question and its parts. ``elsewhere``: asked of other models, whose names are not known here."""
        shape = self.shaped(AskShape, value, model, raw, path, "a question") if depth < MAX_DEPTH else None
        if depth >= MAX_DEPTH:
            self.say(model, raw, path, f"questions nested deeper than {MAX_DEPTH}")
        if shape is None:
            return None
        verbs = [verb for verb in ASKING if _of(shape, verb) is not None]
        if len(verbs) != 1:
            self.say(model, value, [verbs[-1]] if verbs else [], f"a question needs one of {', '.join(ASKING)}")
            return None
        verb = verbs[0]
        for key, fits in _BESIDE.items():
            if getattr(shape, key) is not None and verb not in fits:
                self.say(model, value, [key], f"'{key}' says nothing beside '{verb}'", f"it is for {', '.join(fits)}")
        if not elsewhere:
            self.known(shape, verb, model, value)
        parts = self.parts(shape, verb, model, value, elsewhere, depth)
        return Question(
            verb, () if verb in ("not", "all") else _words(_of(shape, verb)), shape.function,
            tuple(sorted(shape.locks or ())), parts, value.get("where"), unpack(model.name, value[AT]),
        )  # fmt: skip

    def parts(
        self, shape: AskShape, verb: str, model: ModelFile, value: Any, elsewhere: bool, depth: int
    ) -> tuple[Question, ...]:
        """The questions inside ``not`` and ``all``."""
        if verb == "not":
            found = [self.question(shape.not_, model, value, ["not"], elsewhere, depth + 1)]
        elif verb == "all":
            every = enumerate(shape.all or [])
            found = [self.question(one, model, value, ["all", at], elsewhere, depth + 1) for at, one in every]
            if len(found) < 2:
                self.say(model, value, ["all"], "'all' needs two questions or more")
        else:
            found = []
        return tuple(one for one in found if one is not None)

    def known(self, shape: AskShape, verb: str, model: ModelFile, value: Any) -> None:
        """The locks and functions that a question names exist."""
        if verb in ("leaf", "irq_safe", "takes", "order"):
            self.exist(_words(_of(shape, verb)), self._names.locks, "lock", model, value, verb)
        if verb == "calls":
            self.exist(_words(shape.calls), self._names.functions, "function", model, value, verb)
        self.exist(shape.locks or [], self._names.locks, "lock", model, value, "locks")
        self.exist(_words(shape.function), self._names.functions, "function", model, value, "function")

    def exist(
        self, wanted: Sequence[str], table: frozenset[str], word: str, model: ModelFile, value: Any, key: str
    ) -> None:
        """Names that are in a table, perhaps with a subclass (``X/1``)."""
        for index, name in enumerate(wanted):
            base = name.rpartition("/")[0] if name[-2:-1] == "/" and name[-1:].isdigit() else name
            if name not in table and base not in table:
                path: list[str | int] = [key, index] if isinstance(value[key], list) else [key]
                self.say(model, value, path, f"unknown {word} '{name}'", did_you_mean(name, table))

    # ------------------------------------------------------------ models and options

    def targets(self, wanted: Sequence[str], model: ModelFile, raw: Any, path: list[str | int]) -> tuple[str, ...]:
        """What ``in:`` names, as a run would be given it: the name of a shipped model, or a path inside the roots."""
        made = []
        for index, name in enumerate(wanted):
            here = [*path, index] if isinstance(raw[path[-1]], list) else path
            target = self._files.target(model, name, *place_of(model.source, raw, here))
            if target is not None:
                made.append(target)
        return tuple(made)

    def options(
        self, given: Mapping[str, Any], model: ModelFile, raw: Any, path: list[str | int], elsewhere: bool
    ) -> tuple[tuple[str, bool], ...]:
        """Kernel options and whether they are on."""
        found = {}
        for name, value in given.items():
            if name in (AT, KEYS):
                continue
            if value not in OPTIONS:
                self.say(model, raw, [*path, name], f"'{name}': expected y or n, found {quote(value)}")
                continue
            found[name] = OPTIONS[value]
        if not elsewhere:
            self.options_exist(found, model, raw, path)
        return tuple(sorted(found.items()))

    def options_exist(self, names: Any, model: ModelFile, raw: Any, path: list[str | int]) -> None:
        """Options that the ledger's own program declares."""
        for name in names:
            if name not in self._names.configs:
                hint = did_you_mean(name, self._names.configs) or "declare it under `configs:`"
                self.say(model, raw, path, f"unknown kernel option '{name}'", hint)


def _of(shape: AskShape, verb: str) -> Any:
    return getattr(shape, "not_" if verb == "not" else verb)


def _words(value: Any) -> tuple[str, ...]:
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


def _line(text: str | None) -> Any:
    return None if text is None else " ".join(text.split())
