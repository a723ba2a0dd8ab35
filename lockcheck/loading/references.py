"""The ``at: file:line`` of models, each with what ought to stand on that line of the kernel.

Is: a walk over the documents as written, in every config. Is not: a look at any kernel.

What C calls a thing follows from the dialect (a verb is the kernel's own word, and so are the verbs that call the same
function), from the names followed by ``()`` in a note, and from ``c:``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from lockcheck.loading.body import BESIDE
from lockcheck.loading.control import CONTROL
from lockcheck.loading.dialect import Dialect, Verb
from lockcheck.loading.files import ModelFile, section
from lockcheck.loading.shape_errors import place_of
from lockcheck.loading.shapes import unwrap
from lockcheck.model.places import Place
from lockcheck.model.references import Reference
from lockcheck.source.problems import Collector, Problem, quote
from lockcheck.source.reader import AT, KEYS

DECLARED: Final = {
    "locks": "lock", "caches": "cache", "workqueues": "workqueue", "work": "work item", "timers": "timer",
}  # fmt: skip
NO_LINE: Final = "none"
_AT: Final = re.compile(r"([\w./+-]+):([1-9]\d{0,8})", re.ASCII)
_CALLED: Final = re.compile(r"([A-Za-z_]\w*)\(\)", re.ASCII)
_WORD: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_LAST: Final = re.compile(r"[^\w]+", re.ASCII)
_BLOCKS: Final = ("do", "then", "else", "optional", "loop", "either")
_FREE: Final = frozenset({"if", "either", "optional", "loop", "return", "break", "continue", "goto", "label"})


class Unsaid(NamedTuple):
    """A declaration or a step that says neither where it comes from nor (``c: none``) that it comes from nowhere."""

    kind: str
    name: str
    function: str | None
    place: Place


class References:
    """Collects the references of models that were read, and what has none."""

    def __init__(self, models: list[ModelFile], dialect: Dialect, problems: Collector) -> None:
        self._dialect = dialect
        self._problems = problems
        self._names: dict[str, dict[str, tuple[str, ...]]] = {key: {} for key in (*DECLARED, "functions")}
        for model in models:
            for key, names in self._names.items():
                for name, raw in section(model.document or {}, key).items():
                    names.setdefault(name, _own_names(name, raw))
        self._callers = _callers(dialect)
        self.found: list[Reference] = []
        self.unsaid: list[Unsaid] = []

    def read(self, model: ModelFile) -> None:
        """Take all references of one file."""
        document = model.document or {}
        patch = document.get("patch")
        for layer in (document, patch if isinstance(patch, dict) else {}):
            patched = layer is not document
            for key, kind in DECLARED.items():
                for name, raw in section(layer, key).items():
                    self._declared(model, layer, key, kind, name, raw, patched)
            for name, raw in section(layer, "functions").items():
                self._function(model, layer, name, raw, patched)

    # ------------------------------------------------------------ declarations

    def _declared(
        self, model: ModelFile, layer: dict[str, Any], key: str, kind: str, name: str, raw: Any, patched: bool
    ) -> None:
        raw = raw if isinstance(raw, dict) else {AT: 0}
        words = frozenset(self._names[key].get(name, ())) | _said(raw)
        at = self._at(model, raw, kind, name, None, optional=patched, where=_where(layer, key, name))
        if at is not None:
            file, line, place = at
            self.found.append(Reference(kind, name, None, file, line, place, heads=words, alone=words))

    def _function(self, model: ModelFile, layer: dict[str, Any], name: str, raw: Any, patched: bool) -> None:
        if not isinstance(raw, dict):
            return
        own = self._names["functions"].get(name, (name,))
        at = self._at(model, raw, "function", name, None, optional=patched, where=_where(layer, "functions", name))
        if at is not None:
            file, line, place = at
            alone = frozenset(_words(raw.get("c")))
            inside = _variants((*own, *sorted(_said(raw))))
            self.found.append(Reference("function", name, None, file, line, place, inside, alone=alone))
        within = _variants((*own, *sorted(_said(raw))))
        for block in ("steps", "before", "after"):
            self._block(model, name, within, raw.get(block))

    def _block(self, model: ModelFile, function: str, within: tuple[str, ...], steps: Any) -> None:
        """The steps of a block and of the blocks in it, which nest no deeper than the reader allows."""
        for raw in steps if isinstance(steps, list) else []:
            if isinstance(raw, list):
                self._block(model, function, within, raw)
            elif isinstance(raw, dict):
                main = next((key for key in raw if key not in BESIDE and key != AT), None)
                if main is not None:
                    self._step(model, function, within, raw, main)
                for block in _BLOCKS:
                    self._block(model, function, within, raw.get(block))

    def _step(self, model: ModelFile, function: str, within: tuple[str, ...], raw: dict[str, Any], main: str) -> None:
        operand = raw[main]
        name = main if operand is None or main in _BLOCKS else f"{main}: {_told(operand)}"
        at = self._at(model, raw, "step", name, function, optional=main in _FREE, where=raw[AT])
        if at is None:
            return
        file, line, place = at
        said = frozenset(_words(raw.get("c"))) | _said(raw)
        verb = None if main in CONTROL else self._dialect.verb(main)
        heads, beside, flags = frozenset[str](), frozenset[str](), frozenset[str]()
        alone = said
        if main in ("call", "call_any"):
            heads = frozenset(self._called(operand))
        elif verb is not None:
            heads = _nested(self._spoken(verb), raw)
            beside, wrappers = self._operands(verb, operand)
            alone |= wrappers
            flags = _flags(verb, operand) | frozenset(word for word in said if "GFP_" in word)
        inside = tuple(dict.fromkeys((*within, *_variants(tuple(sorted(said))))))
        self.found.append(
            Reference("step", name, function, file, line, place, inside, heads, beside, alone, flags)
        )

    # ------------------------------------------------------------ what C calls it

    def _called(self, operand: Any) -> Iterator[str]:
        """C names of what a call may call."""
        for target in operand if isinstance(operand, list) else [operand]:
            name = str(next((key for key in target if key != AT), "") if isinstance(target, dict) else target)
            if "." in name and name not in self._names["functions"]:
                name = name.rsplit(".", 1)[1]
            name = name.lstrip("$")
            for own in self._names["functions"].get(name, (name,)):
                yield from _variants((own,))
                yield from self._callers.get(own, ())

    def _spoken(self, verb: Verb) -> frozenset[str]:
        """C names of what a verb stands for."""
        names = {verb.name, *verb.c, *verb.calls, *self._callers.get(verb.name, ())}
        return frozenset(_variants(tuple(sorted(names))))

    def _operands(self, verb: Verb, operand: Any) -> tuple[frozenset[str], frozenset[str]]:
        """Words for the locks and functions that a verb is applied to, and words that say both at once."""
        words: set[str] = set()
        alone: set[str] = set()
        for one, value in zip(verb.operands, operand if isinstance(operand, list) else [operand], strict=False):
            if not isinstance(value, str) or value.startswith("$") or one.type not in ("lock", "function"):
                continue
            key = "functions" if one.type == "function" else next(
                (key for key in ("locks", "work", "timers", "workqueues") if value in self._names[key]), "locks"
            )
            given = self._names[key].get(value, _own_names(value, None))
            words.update(given)
            alone.update(f"{word}(" for word in given[1:])  # a function of this lock's own, such as rq_lock()
        return frozenset(words), frozenset(alone)

    # ------------------------------------------------------------ at

    def _at(
        self, model: ModelFile, raw: dict[str, Any], kind: str, name: str, function: str | None, *,
        optional: bool, where: int,
    ) -> tuple[str, int, Place] | None:  # fmt: skip
        """File, line and position of the ``at`` of something; None when it has none."""
        given = raw.get("at")
        if not isinstance(given, str):
            if not optional and _words(raw.get("c")) != (NO_LINE,):
                line, column = where >> 12, where & 4095
                self.unsaid.append(Unsaid(kind, name, function, Place(model.name, line, column)))
            return None
        line, column = place_of(model.source, raw, ["at"]) if raw.get(AT) else (0, 0)
        found = _AT.fullmatch(given)
        if found is None or ".." in given.split("/") or given.startswith("/"):
            message = f"'at' of {kind} '{name}': expected file:line, found {quote(given)}"
            hint = "a path from the top of the kernel tree and a line, such as mm/slub.c:4205"
            self._problems.add(Problem(model.name, line, column, message, hint, "bad-at"))
            return None
        return found.group(1), int(found.group(2)), Place(model.name, line, column)


def _where(layer: Mapping[str, Any], key: str, name: str) -> int:
    """The packed position of an entry of a section."""
    entries = layer[key]
    found: int = entries.get(KEYS, {}).get(name, entries[AT])
    return found


def _nested(names: frozenset[str], raw: Mapping[str, Any]) -> frozenset[str]:
    """The names that taking a lock has with a subclass or a nest lock, beside those without."""
    endings = [ending for key, ending in (("nested", "_nested"), ("nest", "_nest_lock")) if key in raw]
    return names | {name + ending for name in names for ending in endings}


def _words(value: Any) -> tuple[str, ...]:
    """One word or a list of words, as a tuple."""
    value = unwrap(value)
    listed = value if isinstance(value, list) else [value]
    return tuple(item for item in listed if isinstance(item, str))


def _said(raw: Mapping[str, Any]) -> frozenset[str]:
    """The functions that a note names: ``name()``."""
    note = raw.get("note")
    return frozenset(_CALLED.findall(note)) if isinstance(note, str) else frozenset()


def _own_names(name: str, raw: Any) -> tuple[str, ...]:
    """C names of what is declared as ``name``: the last part of it, then what ``c:`` says."""
    parts = [part for part in _LAST.split(name) if part]
    given = tuple(word for word in _words(raw.get("c")) if word != NO_LINE) if isinstance(raw, dict) else ()
    return (parts[-1] if parts else name, *given)


def _variants(names: tuple[str, ...]) -> tuple[str, ...]:
    """Each name with and without the ending that memory profiling gave to allocation functions in 6.10."""
    found: dict[str, None] = {}
    for name in names:
        found[name] = None
        found[name.removesuffix("_noprof") if name.endswith("_noprof") else f"{name}_noprof"] = None
    return tuple(found)


def _told(operand: Any) -> str:
    """An operand as words."""
    if isinstance(operand, dict):
        return ", ".join(f"{key} {value}" for key, value in operand.items() if key != AT)
    if isinstance(operand, list):
        return ", ".join(_told(item) if isinstance(item, dict) else str(item) for item in operand)
    return str(operand)


def _flags(verb: Verb, operand: Any) -> frozenset[str]:
    """The GFP constants that a step names itself."""
    values = operand if isinstance(operand, list) else [operand]
    known = [one for one in verb.operands if not one.optional] if len(values) < len(verb.operands) else verb.operands
    for one, value in zip(known, values, strict=False):
        if one.type == "gfp" and isinstance(value, str):
            return frozenset(word for word in _WORD.findall(value) if "GFP_" in word)
    return frozenset()


def _callers(dialect: Dialect) -> dict[str, tuple[str, ...]]:
    """For each function the verbs that come down to it."""
    found: dict[str, list[str]] = {}
    for name in sorted(dialect.verbs):
        verb = dialect.verb(name)
        for called in verb.calls if verb else ():
            found.setdefault(called, []).append(name)
    return {name: tuple(verbs) for name, verbs in found.items()}
