"""The tables that say what verbs, lock kinds and gfp names mean: a shipped dialect, extended by the models.

Is: tables, and the compiling of a verb when it is first used. Is not: any knowledge of a particular verb: there is
none in Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from lockcheck.loading import gfp
from lockcheck.loading.files import DIALECTS, section
from lockcheck.loading.shape_errors import place_of, problems_of
from lockcheck.loading.shapes import EffectShape, KindShape, StartsShape, VerbShape
from lockcheck.model.gfp import BITS
from lockcheck.model.locks import LockKind, WaitType
from lockcheck.source.limits import Limits
from lockcheck.source.problems import Collector, Problem, did_you_mean, quote
from lockcheck.source.reader import AT, KEYS, read
from lockcheck.source.text import SourceText, decode
from lockcheck.source.typed import ShapeError, adapter

OPERAND_TYPES: Final = ("lock", "gfp", "cache", "function", "number", "word")
_TABLES: Final = ("gfp", "kinds", "verbs", "locks", "configs")
_SHIPPED: Final = "dialect/"
_TOP_KEYS: Final = ("dialect", "note", *_TABLES)


class Operand(NamedTuple):
    """One operand of a verb. ``type``: one of :data:`OPERAND_TYPES`. ``kinds``: lock kinds it fits, empty: all."""

    name: str
    type: str
    optional: bool
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Verb:
    """A verb, checked and ready to be applied to operands."""

    name: str
    operands: tuple[Operand, ...]
    effects: tuple[tuple[str, EffectShape], ...]
    fails: str | None
    ends: str | None
    calls: tuple[str, ...]
    bind: tuple[tuple[str, str], ...]
    starts: StartsShape | None
    modes: tuple[str, ...]
    acquires: bool
    releases: bool
    enters: bool
    c: tuple[str, ...] = ()


class _Defined(NamedTuple):
    """A table entry as written, and the file that holds it."""

    raw: Any
    source: SourceText
    at: int


class Dialect:
    """All tables of one run. ``rt``: whether CONFIG_PREEMPT_RT is on (kinds depend on it)."""

    def __init__(self, problems: Collector) -> None:
        self._problems = problems
        self.tables: dict[str, dict[str, _Defined]] = {name: {} for name in _TABLES}
        self._verbs: dict[str, Verb | None] = {}
        self._kinds: dict[tuple[str, bool], LockKind | None] = {}
        self._gfp: dict[str, int] = {}

    # ------------------------------------------------------------ filling

    def extend(self, document: Mapping[str, Any], source: SourceText, *, override: bool) -> None:
        """Take over the tables of a dialect file (which may replace earlier entries) or of a model (which may not)."""
        if override and not source.file.startswith(_SHIPPED):
            self._known_keys(document, source)
        for table in ("gfp", "kinds", "verbs"):
            self._take(table, document, source, override)
        if override:
            self._take("locks", document, source, override)
            self._take("configs", document, source, override)
        for name in section(dict(document), "gfp"):
            if self.tables["gfp"][name].source.file == source.file:
                self._define_gfp(name)

    def _known_keys(self, document: Mapping[str, Any], source: SourceText) -> None:
        """A dialect file has no other keys than those of a dialect."""
        for key, where in document[KEYS].items():
            if key not in _TOP_KEYS and key in document:
                hint = did_you_mean(key, _TOP_KEYS) or f"known keys: {', '.join(_TOP_KEYS)}"
                self._say(source, where, f"unknown key '{key}' in a dialect file", "unknown-key", hint)

    def _take(self, table: str, document: Mapping[str, Any], source: SourceText, override: bool) -> None:
        mine = self.tables[table]
        entries = section(dict(document), table)
        places = document[table][KEYS] if entries else {}
        for name, raw in entries.items():
            earlier = mine.get(name)
            if earlier and not override and earlier.source.file != source.file:
                word = {"gfp": "gfp name", "kinds": "kind", "verbs": "verb"}[table]
                message = f"{word} '{name}' is already defined in {earlier.source.file}"
                self._say(source, places[name], message, "already-defined", "choose another name")
                continue
            mine[name] = _Defined(raw, source, places[name])
            if table == "verbs":
                self._verbs.pop(name, None)

    def _define_gfp(self, name: str) -> None:
        """Bits of a gfp name: a list of bit names, or an expression of names defined before it."""
        entry = self.tables["gfp"][name]
        words = entry.raw if isinstance(entry.raw, list) else None
        try:
            if words is not None and all(isinstance(word, str) for word in words):
                unknown = [word for word in words if word not in BITS]
                if unknown:
                    raise gfp.GfpError(f"unknown gfp bit '{unknown[0]}'", unknown[0])
                self._gfp[name] = sum(BITS[word] for word in set(words))
            elif isinstance(entry.raw, str):
                self._gfp[name] = gfp.parse(entry.raw, self._gfp)[1]
            else:
                raise gfp.GfpError(f"gfp '{name}': expected a list of bits, found {quote(entry.raw)}")
        except gfp.GfpError as error:
            self._gfp.setdefault(name, 0)
            hint = did_you_mean(error.name, [*BITS, *self._gfp]) if error.name else f"bits: {', '.join(BITS)}"
            self._say(entry.source, entry.at, str(error), "bad-gfp", hint)

    def check_added(self) -> None:
        """Compile every entry that is not shipped, to report what is wrong with it even if nothing uses it."""
        for name, entry in sorted(self.tables["kinds"].items()):
            if not entry.source.file.startswith(_SHIPPED):
                self.kind(name, False)
                self.kind(name, True)
        for name, entry in sorted(self.tables["verbs"].items()):
            if not entry.source.file.startswith(_SHIPPED):
                self.verb(name)

    # ------------------------------------------------------------ asking

    @property
    def gfp(self) -> Mapping[str, int]:
        """Bits of each gfp name."""
        return self._gfp

    @property
    def verbs(self) -> Mapping[str, object]:
        """All verbs by name, as written."""
        return self.tables["verbs"]

    @property
    def kinds(self) -> Mapping[str, object]:
        """All lock kinds by name, as written."""
        return self.tables["kinds"]

    def kind(self, name: str, rt: bool) -> LockKind | None:
        """A lock kind for one choice of PREEMPT_RT, or None when there is none or its entry is broken."""
        key = (name, rt)
        if key not in self._kinds and name in self.tables["kinds"]:
            self._kinds[key] = self._compile_kind(name, rt)
        return self._kinds.get(key)

    def _compile_kind(self, name: str, rt: bool) -> LockKind | None:
        entry = self.tables["kinds"][name]
        raw = entry.raw
        if isinstance(raw, dict) and rt and isinstance(raw.get("rt"), dict):
            raw = {**raw, **{key: value for key, value in raw["rt"].items() if key != AT}}
        shape = self._checked(raw, KindShape, entry, f"kind '{name}'")
        if shape is None:
            return None
        inner = WaitType[shape.inner.upper()]
        outer = WaitType[shape.outer.upper()] if shape.outer else inner
        return LockKind(
            name, inner, outer, shape.blocks_sleep, shape.sleeps, shape.checked, shape.per_cpu, shape.override,
            shape.recursive_readers, shape.category,
        )  # fmt: skip

    def verb(self, name: str) -> Verb | None:
        """The verb of that name, compiled; None when there is none or its entry is broken (then with a problem)."""
        if name not in self._verbs and name in self.tables["verbs"]:
            self._verbs[name] = None
            self._verbs[name] = self._compile_verb(name)
        return self._verbs.get(name)

    def _compile_verb(self, name: str) -> Verb | None:
        entry = self.tables["verbs"][name]
        shape = self._checked(entry.raw, VerbShape, entry, f"verb '{name}'")
        if shape is None:
            return None
        operands = self._operands(shape, entry, name)
        effects = []
        for index, effect in enumerate(shape.effects):
            kind = effect_kind(effect)
            if kind is not None:
                effects.append((kind, effect))
            else:
                words = ", ".join(word.rstrip("_") for word in MAIN)
                self._at(entry, ["effects", index], f"an effect of '{name}' needs exactly one of {words}")
        if shape.ends and shape.ends not in self.tables["verbs"]:
            self._at(entry, ["ends"], f"unknown verb '{shape.ends}'", did_you_mean(shape.ends, self.verbs))
        if any(kind not in self.tables["kinds"] for one in operands for kind in one.kinds):
            bad = sorted(kind for one in operands for kind in one.kinds if kind not in self.tables["kinds"])[0]
            self._at(entry, ["kinds"], f"unknown lock kind '{bad}'", did_you_mean(bad, self.kinds))
        bind = tuple(sorted((key, str(value)) for key, value in shape.bind.items() if key != AT))
        return Verb(
            name, operands, tuple(effects), shape.fails, shape.ends, tuple(shape.calls), bind, shape.starts,
            tuple(effect.acquire for effect in shape.effects if effect.acquire),
            any(effect.acquire and not effect.sync for effect in shape.effects),
            any(effect.release for effect in shape.effects),
            any(effect.enter for effect in shape.effects),
            tuple(shape.c),
        )  # fmt: skip

    def _operands(self, shape: VerbShape, entry: _Defined, verb: str) -> tuple[Operand, ...]:
        """``lock``, ``cache?``, ``{nest: lock?}``: names with their types."""
        found: list[Operand] = []
        for index, item in enumerate(shape.operands):
            pairs = (
                [(key, value) for key, value in item.items() if key != AT] if isinstance(item, dict) else [(item, item)]
            )
            name, kind = pairs[0] if len(pairs) == 1 else ("", "")
            kind = kind if isinstance(kind, str) else ""
            optional = kind.endswith("?")
            name, kind = str(name).rstrip("?"), kind.rstrip("?")
            if kind not in OPERAND_TYPES:
                types = ", ".join(OPERAND_TYPES)
                self._at(
                    entry,
                    ["operands", index],
                    f"operand '{name}' of '{verb}': unknown type '{kind}'",
                    f"write `{{{name}: TYPE}}`; types: {types}",
                )
                continue
            kinds: Any = shape.kinds
            if isinstance(kinds, dict):
                kinds = kinds.get(name, [])
            elif any(one.type == "lock" for one in found):
                kinds = []
            words = [kinds] if isinstance(kinds, str) else kinds
            found.append(Operand(name, kind, optional, frozenset(map(str, words)) if kind == "lock" else frozenset()))
        return tuple(found)

    # ------------------------------------------------------------ problems

    def _checked(self, raw: Any, shape: type, entry: _Defined, what: str) -> Any:
        if not isinstance(raw, dict):
            self._say(entry.source, entry.at, f"{what}: expected a mapping, found {quote(raw)}", "wrong-type")
            return None
        try:
            return adapter(shape).validate_python(raw)
        except ShapeError as error:
            self._problems.add_all(problems_of(error, shape, entry.source, raw, what))
            return None

    def _at(self, entry: _Defined, path: list[str | int], message: str, hint: str | None = None) -> None:
        line, column = place_of(entry.source, entry.raw, path)
        self._problems.add(Problem(entry.source.file, line, column, message, hint, "bad-dialect"))

    def _say(self, source: SourceText, packed: int, message: str, code: str, hint: str | None = None) -> None:
        line, column = packed >> 12, packed & 4095
        self._problems.add(Problem(source.file, line, column, message, hint, code))


MAIN: Final = (
    "acquire", "release", "downgrade", "reclass", "init", "free", "assert_", "pin", "irq", "softirq", "preempt",
    "scope", "allocate", "frees", "reclaim", "sleep", "wait", "signal", "enter", "leave", "return_to_user", "resource",
)  # fmt: skip


def effect_kind(effect: EffectShape) -> str | None:
    """Which of :data:`MAIN` the effect is, or None unless it is exactly one."""
    given = [name for name in MAIN if getattr(effect, name) is not None]
    return given[0] if len(given) == 1 else None


def with_waits(kind: LockKind, inner: str | None, outer: str | None) -> LockKind:
    """``kind`` with the wait types that a lock declares for itself."""
    if inner is None and outer is None:
        return kind
    new_inner = WaitType[inner.upper()] if inner else kind.inner
    new_outer = WaitType[outer.upper()] if outer else (new_inner if inner else kind.outer)
    return replace(kind, inner=new_inner, outer=new_outer)


@lru_cache(maxsize=8)
def shipped(name: str) -> tuple[dict[str, Any], SourceText] | None:
    """The document and the text of a shipped dialect, or None when there is none of that name."""
    if name not in shipped_names():
        return None
    source = decode(f"{_SHIPPED}{name}.yaml", (DIALECTS / f"{name}.yaml").read_bytes())
    if isinstance(source, Problem):
        return None
    document = read(source, Limits(), Collector(100), {})
    return (document, source) if isinstance(document, dict) else None


@cache
def shipped_names() -> tuple[str, ...]:
    """Names of the shipped dialects."""
    return tuple(sorted(path.stem for path in DIALECTS.glob("*.yaml")))
