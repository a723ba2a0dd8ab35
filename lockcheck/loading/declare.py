"""What all files together declare: collected, checked for shape and for doubles, with patches applied.

Is: declarations by name, each knowing the files and mappings it was written in. Is not: names resolved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from lockcheck.loading.dialect import Dialect
from lockcheck.loading.files import ModelFile, section
from lockcheck.loading.shape_errors import place_of, problems_of
from lockcheck.loading.shapes import (
    CacheShape,
    CallbacksPatch,
    ConfigShape,
    ExpectShape,
    FunctionPatch,
    FunctionShape,
    LockShape,
    QueueShape,
    TimerShape,
    WaiverShape,
    WorkShape,
    unwrap,
)
from lockcheck.model.places import COLUMN_BITS, Place, unpack
from lockcheck.source.limits import Limits
from lockcheck.source.locate import locate
from lockcheck.source.problems import Collector, Problem, did_you_mean, quote
from lockcheck.source.reader import AT, KEYS
from lockcheck.source.text import SourceText
from lockcheck.source.typed import ShapeError, adapter

if TYPE_CHECKING:
    from lockcheck.loading.claim_shapes import ClaimShape

SECTIONS: Final[dict[str, tuple[str, type]]] = {
    "locks": ("lock", LockShape),
    "caches": ("cache", CacheShape),
    "workqueues": ("workqueue", QueueShape),
    "work": ("work item", WorkShape),
    "timers": ("timer", TimerShape),
    "functions": ("function", FunctionShape),
}
TOP_KEYS: Final = (
    "lockcheck", "title", "kernel", "note", "dialect", "include", "configs", "kinds", "verbs", "gfp", *SECTIONS,
    "callbacks", "patch", "expect", "waivers", "claims",
)  # fmt: skip
_PATCHABLE: Final = (*SECTIONS, "callbacks")


class Declaration:
    """One declared thing. ``layers``: the mappings it was written in, the declaring one first, then patches."""

    __slots__ = ("layers", "name", "shape", "where")

    def __init__(self, name: str, shape: Any, where: int, raw: Any, source: SourceText) -> None:
        self.name = name
        self.shape = shape
        self.where = where
        self.layers: list[tuple[Any, SourceText]] = [(raw, source)]

    @property
    def place(self) -> Place:
        """Where it is declared."""
        return unpack(self.layers[0][1].file, self.where)

    def layer_of(self, key: str) -> tuple[Any, SourceText]:
        """The mapping, and its file, that says ``key`` last."""
        for raw, source in reversed(self.layers):
            if isinstance(raw, dict) and key in raw:
                return raw, source
        return self.layers[0]

    def problem(self, path: list[str | int], message: str, code: str, hint: str | None = None) -> Problem:
        """A problem at the value that ``path`` leads to."""
        raw, source = self.layer_of(str(path[0])) if path else self.layers[0]
        if isinstance(raw, dict) and path and path[0] in raw:
            short = (
                raw is self.layers[0][0] and raw[AT] == self.where
            )  # `m: mutex`, where the value stands for its kind
            line, column = locate(source, self.where, [self.name]) if short else place_of(source, raw, path)
        else:
            line, column = self.where >> COLUMN_BITS, self.where & ((1 << COLUMN_BITS) - 1)
        return Problem(source.file, line, column, message, hint, code)


class Patched:
    """A block of steps that a patch puts before or after a function."""

    __slots__ = ("after", "before", "raw", "source", "where")

    def __init__(self, raw: dict[str, Any], source: SourceText, before: list[Any], after: list[Any]) -> None:
        self.raw = raw
        self.source = source
        self.where: int = raw[AT]
        self.before = before
        self.after = after


class Declarations:
    """All declarations of a run. Filled by :meth:`add` for each file, then :meth:`patch` for each file."""

    def __init__(self, problems: Collector, limits: Limits) -> None:
        self._problems = problems
        self._limits = limits
        self.by_section: dict[str, dict[str, Declaration]] = {name: {} for name in SECTIONS}
        self.callbacks: dict[str, tuple[list[str], ModelFile, int]] = {}
        self.callback_edits: dict[str, list[tuple[CallbacksPatch, ModelFile, Any]]] = {}
        self.wrappers: dict[str, list[Patched]] = {}
        self.expectations: list[tuple[ExpectShape, ModelFile, Any]] = []
        self.waivers: list[tuple[WaiverShape, ModelFile, Any]] = []
        self.claims: list[tuple[ClaimShape, ModelFile, Any]] = []
        self.configs: dict[str, tuple[bool, ModelFile | None]] = {}
        self.expecting = False
        self._patched: dict[tuple[str, str, str], str] = {}

    # ------------------------------------------------------------ one file

    def add(self, model: ModelFile, includes: Callable[[str, str], bool]) -> None:
        """Take everything but the patch from one file. ``includes(a, b)``: whether file a includes b at any depth."""
        document = model.document
        if document is None:
            return
        self._top(model, document)
        for name, (word, shape) in SECTIONS.items():
            self._section(model, document, name, word, shape)
        for name, raw in section(document, "callbacks").items():
            self._callbacks(model, name, unwrap(raw), document["callbacks"][KEYS][name])
        for name, raw in section(document, "configs").items():
            self._config(model, name, raw, document["configs"][KEYS][name], includes)
        if model.named and "expect" in document:
            self.expecting = True
            self.expectations += self._listed(model, document, "expect", ExpectShape, "an expectation")
        self.waivers += self._listed(model, document, "waivers", WaiverShape, "a waiver")
        if model.named and "claims" in document:
            from lockcheck.loading.claim_shapes import ClaimShape

            self.claims += self._listed(model, document, "claims", ClaimShape, "a claim")

    def _top(self, model: ModelFile, document: Mapping[str, Any]) -> None:
        """Keys of the top level, the version, and the types of sections."""
        for key, value in document.items():
            if key in (AT, KEYS):
                continue
            if key not in TOP_KEYS:
                advice = did_you_mean(key, TOP_KEYS) or f"known keys: {', '.join(TOP_KEYS)}"
                self._key(model, document, key, f"unknown key '{key}' at the top level", "unknown-key", advice)
            elif not _fits(key, value):
                expected = _EXPECTED_TOP.get(key, "a mapping")
                hint = "put it in quotes" if expected == "text" and isinstance(value, (int, float)) else None
                line, column = locate(model.source, document[KEYS][key], [key])
                self._say(
                    model, line, column, f"'{key}': expected {expected}, found {quote(value)}", "wrong-type", hint
                )
        version = document.get("lockcheck")
        if "lockcheck" not in document:
            self._say(model, 1, 1, "not a lockcheck model: there is no `lockcheck:` key", "not-a-model",
                      "a model starts with `lockcheck: 1`")  # fmt: skip
        elif version != 1 or isinstance(version, (bool, float)):
            found = f"unknown language version: {quote(version)}"
            self._key(model, document, "lockcheck", found, "version", "write `lockcheck: 1`")

    def _section(self, model: ModelFile, document: dict[str, Any], name: str, word: str, shape: type) -> None:
        mine = self.by_section[name]
        entries = section(document, name)
        if not entries:
            return
        places: dict[str, int] = document[name][KEYS]
        validate = adapter(shape).validate_python
        source = model.source
        for key, raw in entries.items():
            where = places[key]
            earlier = mine.get(key)
            if earlier is not None:
                message = f"{word} '{key}' is already declared at {earlier.place}"
                self._packed(model, where, message, "declared-twice", "to change it, use `patch:`")
                continue
            if raw.__class__ is str and name == "locks":
                raw = {AT: where, "kind": raw}
            if raw.__class__ is not dict:
                raw = self._not_mapping(model, raw, where, f"{word} '{key}'")
            if key.startswith("$"):
                self._packed(model, where, f"{word} '{key}': a name cannot start with '$'", "bad-name")
            try:
                mine[key] = Declaration(key, validate(raw), where, raw, source)
            except ShapeError as error:
                self._problems.add_all(problems_of(error, shape, source, raw, f"{word} '{key}'"))
                mine[key] = Declaration(key, None, where, raw, source)

    def _not_mapping(self, model: ModelFile, raw: Any, where: int, what: str) -> dict[str, Any]:
        """An empty mapping in place of ``raw``; null is fine for things that need no keys."""
        if raw is not None:
            self._packed(model, where, f"{what}: expected a mapping, found {quote(raw)}", "wrong-type")
        return {AT: where}

    def _callbacks(self, model: ModelFile, name: str, raw: Any, where: int) -> None:
        if name in self.callbacks:
            _, earlier, place = self.callbacks[name]
            message = f"callbacks '{name}' are already declared at {unpack(earlier.name, place)}"
            self._packed(model, where, message, "declared-twice", "to add to them, use `patch:` with `add:`")
        elif not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
            self._packed(model, where, f"callbacks '{name}': expected a list of functions", "wrong-type")
        else:
            self.callbacks[name] = (list(raw), model, where)

    def _config(self, model: ModelFile, name: str, raw: Any, where: int, includes: Callable[[str, str], bool]) -> None:
        """A kernel option; a file may choose another default than the files it includes."""
        short = not isinstance(raw, dict)
        raw = {AT: where, "default": raw} if short else raw
        try:
            shape = adapter(ConfigShape).validate_python(raw)
        except ShapeError as error:
            if short:
                line, column = locate(model.source, where, [name])
                message = f"'{name}': expected y or n, found {quote(raw['default'])}"
                self._say(model, line, column, message, "wrong-type", "kernel options are y or n")
            else:
                self._problems.add_all(problems_of(error, ConfigShape, model.source, raw, f"option '{name}'"))
            return
        if not name.startswith("CONFIG_"):
            self._packed(model, where, f"kernel option '{name}' must start with CONFIG_", "bad-name")
        on = shape.default == "y"
        earlier, by = self.configs.get(name, (on, None))
        if by is not None and earlier != on and not includes(model.name, by.name):
            if not includes(by.name, model.name):
                message = f"option '{name}' has another default in {by.name}"
                self._packed(model, where, message, "declared-twice", "give both the same default")
            return
        self.configs[name] = (on, model)

    def _listed(
        self, model: ModelFile, document: dict[str, Any], key: str, shape: type, what: str
    ) -> Iterator[tuple[Any, ModelFile, Any]]:
        """The entries of a list of mappings, validated."""
        entries = document.get(key)
        for index, raw in enumerate(entries if isinstance(entries, list) else []):
            if not isinstance(raw, dict):
                line, column = locate(model.source, document[KEYS][key], [key, index])
                self._say(model, line, column, f"{what}: expected a mapping, found {quote(raw)}", "wrong-type")
                continue
            try:
                yield adapter(shape).validate_python(raw), model, raw
            except ShapeError as error:
                self._problems.add_all(problems_of(error, shape, model.source, raw, what))

    # ------------------------------------------------------------ patches

    def patch(self, model: ModelFile) -> None:
        """Apply the patch of one file to what the files declare."""
        patch = (model.document or {}).get("patch")
        if not isinstance(patch, dict):
            return
        for name, entries in patch.items():
            if name in (AT, KEYS):
                continue
            if name not in _PATCHABLE:
                line, column = locate(model.source, patch[KEYS][name], [name], of_key=True)
                hint = did_you_mean(name, _PATCHABLE) or f"what can be patched: {', '.join(_PATCHABLE)}"
                self._say(model, line, column, f"unknown key '{name}' in patch", "unknown-key", hint)
            elif not isinstance(entries, dict):
                line, column = locate(model.source, patch[KEYS][name], [name])
                self._say(
                    model, line, column, f"patch '{name}': expected a mapping, found {quote(entries)}", "wrong-type"
                )
            else:
                for key, raw in entries.items():
                    if key != AT:
                        self._patch_one(model, name, key, raw, entries[AT])

    def _patch_one(self, model: ModelFile, name: str, key: str, raw: Any, start: int) -> None:
        word = SECTIONS[name][0] if name in SECTIONS else "callbacks"
        known: Mapping[str, Any] = self.callbacks if name == "callbacks" else self.by_section[name]
        if key not in known or not isinstance(raw, dict):
            line, column = locate(model.source, start, [key], of_key=True)
            if key not in known:
                message = f"patch of {word} '{key}', which no included model declares"
                self._say(model, line, column, message, "unknown-name", did_you_mean(key, known))
                return
            if name != "locks" or not isinstance(raw, str):
                found = f"patch of {word} '{key}': expected a mapping, found {quote(raw)}"
                self._say(model, line, column, found, "wrong-type")
                return
            raw = {AT: line << COLUMN_BITS | column, "kind": raw}
        for part in raw:
            other = self._patched.setdefault((name, key, part), model.name)
            adds = name == "callbacks" or part in ("before", "after")  # these add up, in the order of the files' names
            if part != AT and not adds and other != model.name:
                line, column = place_of(model.source, raw, [part], of_key=True)
                message = f"'{part}' of {word} '{key}' is already patched by {other}"
                self._say(model, line, column, message, "patched-twice", "keep one of the two patches")
                return
        self._merge(model, name, key, raw, word)

    def _merge(self, model: ModelFile, name: str, key: str, raw: dict[str, Any], word: str) -> None:
        """Replace the keys that the patch gives."""
        what = f"the patch of {word} '{key}'"
        shape: type = CallbacksPatch
        whole = raw
        if name in SECTIONS:
            shape = FunctionPatch if name == "functions" else SECTIONS[name][1]
            old = self.by_section[name][key]
            whole = {**old.layers[0][0], **{k: v for layer, _ in old.layers[1:] for k, v in layer.items()}, **raw}
        try:
            new = adapter(shape).validate_python(whole)
        except ShapeError as error:
            self._problems.add_all(problems_of(error, shape, model.source, raw, what))
            return
        if name == "callbacks":
            self.callback_edits.setdefault(key, []).append((new, model, raw))
            return
        old.shape = new
        old.layers.append(({k: v for k, v in raw.items() if k not in ("before", "after")}, model.source))
        if name == "functions" and (new.before is not None or new.after is not None):
            self.wrappers.setdefault(key, []).append(
                Patched(raw, model.source, raw.get("before", []), raw.get("after", []))
            )

    # ------------------------------------------------------------ problems

    def _say(self, model: ModelFile, line: int, column: int, message: str, code: str, hint: str | None = None) -> None:
        self._problems.add(Problem(model.name, line, column, message, hint, code))

    def _packed(self, model: ModelFile, where: int, message: str, code: str, hint: str | None = None) -> None:
        place = unpack(model.name, where)
        self._say(model, place.line, place.column, message, code, hint)

    def _key(
        self, model: ModelFile, document: Mapping[str, Any], key: str, message: str, code: str, hint: str | None
    ) -> None:
        self._packed(model, document[KEYS][key], message, code, hint)


_EXPECTED_TOP: Final = {
    "title": "text", "kernel": "text", "note": "text", "dialect": "a name or a list of names",
    "include": "a name or a list of names", "expect": "a list", "waivers": "a list", "claims": "a list",
}  # fmt: skip


def _fits(key: str, value: Any) -> bool:
    """Whether a top level value has the type that its key needs; a section may be left empty."""
    if key == "lockcheck" or (value is None and key not in ("title", "kernel", "note")):
        return True
    if key in ("title", "kernel", "note"):
        return isinstance(value, str)
    if key in ("dialect", "include"):
        return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))
    return isinstance(value, list if key in ("expect", "waivers", "claims") else dict)


def collect(models: list[ModelFile], dialect: Dialect, problems: Collector, limits: Limits) -> Declarations:
    """Everything that ``models`` declare, patched: included files before those that include them."""
    declared = Declarations(problems, limits)
    closure = _closure(models)
    models = _included_first(models)
    for name, entry in dialect.tables["configs"].items():
        declared.configs[name] = (entry.raw == "y", None)
    for model in models:
        declared.add(model, lambda a, b: b in closure[a])
    for model in models:
        declared.patch(model)
    return declared


def _included_first(models: list[ModelFile]) -> list[ModelFile]:
    """``models`` by name, but each after the files that it includes."""
    by_name = {model.name: model for model in models}
    order: dict[str, ModelFile] = {}
    opened: set[str] = set()
    todo = [(name, False) for name in sorted(by_name, reverse=True)]
    while todo:
        name, ready = todo.pop()
        if ready:
            order[name] = by_name[name]
        elif name not in opened:
            opened.add(name)
            todo.append((name, True))
            todo += [
                (other, False) for other in sorted({other for other, _, _ in by_name[name].includes}, reverse=True)
            ]
    return list(order.values())


def _closure(models: list[ModelFile]) -> dict[str, set[str]]:
    """For each file all the files it includes, at any depth."""
    direct = {model.name: [name for name, _, _ in model.includes] for model in models}
    found: dict[str, set[str]] = {}
    for name in direct:
        seen: set[str] = set()
        todo = list(direct[name])
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                todo.extend(direct[one])
        found[name] = seen
    return found
