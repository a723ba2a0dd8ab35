"""Which files a run reads: inputs, directories, includes, and the fence around them.

Is: the only part of loading that touches the file system. Is not: aware of what a model says, beyond its
``include``, ``dialect`` and ``lockcheck`` keys.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from lockcheck.loading.trees import DISK, Tree
from lockcheck.source.limits import Limits
from lockcheck.source.locate import locate
from lockcheck.source.problems import Collector, Problem, did_you_mean, quote
from lockcheck.source.reader import AT, KEYS, read
from lockcheck.source.text import SourceText, decode

PACKAGE: Final = Path(__file__).parent.parent
LIBRARY: Final = PACKAGE / "library"
DIALECTS: Final = PACKAGE / "dialect"
_PATTERN: Final = re.compile(r"[*?]|\[.*\]")
_IS_MODEL: Final = re.compile(r"^[\"']?lockcheck[\"']?[ \t]*:|^\{", re.MULTILINE)


class ModelText(NamedTuple):
    """A model that is not in a file. ``name`` stands for it in positions."""

    text: str | bytes
    name: str = "<text>"


@dataclass(slots=True)
class ModelFile:
    """One file that was read. ``document``: its top level, or None when it is broken.

    ``named``: asked for, not merely included. ``includes``: names of the files it includes, with the position of each.
    """

    name: str
    source: SourceText
    document: dict[str, Any] | None
    named: bool
    folder: Path | None
    shipped: bool = False
    includes: list[tuple[str, int, int]] = field(default_factory=list)


@cache
def library() -> dict[str, Path]:
    """Names of the shipped models (``linux/slab``) and where they are, sorted by name."""
    found = {path.relative_to(LIBRARY).with_suffix("").as_posix(): path for path in LIBRARY.rglob("*.yaml")}
    return dict(sorted(found.items()))


class Files:
    """Reads inputs and everything they include, each file once. ``instead``: texts to take instead of what a file
    says, by its name."""

    def __init__(
        self,
        roots: Sequence[Path] | None,
        limits: Limits,
        problems: Collector,
        tree: Tree = DISK,
        instead: Mapping[str, str] | None = None,
    ) -> None:
        self._tree = tree
        self._instead = instead or {}
        self._roots = [tree.resolve(Path(root)) for root in roots or ()]
        self._limits = limits
        self._problems = problems
        self._words: dict[str, Any] = {}
        self._by_path: dict[Path, ModelFile] = {}
        self._total = 0
        self.dialect_broken = False
        self.models: dict[str, ModelFile] = {}

    def read_inputs(self, inputs: Sequence[str | os.PathLike[str] | ModelText]) -> None:
        """Read every input and all that they include. Problems are recorded, none is raised."""
        for item in inputs:
            if isinstance(item, ModelText):
                self._add_text(item)
            else:
                self._add_input(os.fspath(item))
        todo = list(self.models.values())
        while todo:
            todo.extend(self._follow(todo.pop(0)))
        self._refuse_loops()

    # ------------------------------------------------------------ inputs

    def _add_text(self, item: ModelText) -> None:
        data = item.text.encode("utf-8", "surrogatepass") if isinstance(item.text, str) else item.text
        if item.name in self.models:
            self._say(item.name, 0, 0, "two texts have the same name", "duplicate-input")
            return
        self._parse(item.name, data, named=True, folder=None)

    def _add_input(self, given: str) -> None:
        path = Path(given)
        try:
            if self._tree.is_folder(path):
                self._add_directory(given, path)
            elif self._tree.exists(path):
                self._roots.append(self._tree.resolve(path).parent)
                self._add_path(given, path, named=True, must_be_model=True)
            elif given in library():
                self._add_shipped(given, named=True)
            else:
                self._absent(given, path)
        except (OSError, ValueError) as error:
            self._say(given, 0, 0, f"cannot be read: {_reason(error)}", "unreadable")

    def _absent(self, given: str, path: Path) -> None:
        """Say that there is no such input, and what may have been meant."""
        if self._tree.leads_nowhere(path):
            self._say(given, 0, 0, "this link leads nowhere", "broken-link")
        elif _PATTERN.search(given):
            hint = "the shell expands patterns; name a folder to check all models below it"
            self._say(given, 0, 0, "no file matches this pattern", "no-such-file", hint)
        else:
            near = [str(path.with_name(name)) for name in self._tree.beside(path)]
            hint = did_you_mean(given, sorted((*near, *library()))) or "shipped models are named like linux/slab"
            message = "no such file or directory, and no shipped model of that name"
            self._say(given, 0, 0, message, "no-such-file", hint)

    def _add_directory(self, given: str, path: Path) -> None:
        tree = self._tree
        root = tree.resolve(path)
        self._roots.append(root)
        below = sorted(tree.below(path))
        broken = [item for item in below if tree.leads_nowhere(item)]
        for item in broken:
            self._say(str(item), 0, 0, "this link leads nowhere", "broken-link", "repair or remove it")
        found = [item for item in below if tree.is_file(item) and _inside(tree.resolve(item), [root])]
        before = len(self.models)
        for item in found[: self._limits.max_files + 1]:
            self._add_path(str(item), item, named=True, must_be_model=False)
        if not broken and (not found or (len(self.models) == before and not self._problems)):
            self._say(given, 0, 0, "no model (*.yaml with a `lockcheck:` key) in this directory", "no-model")

    def _add_shipped(self, name: str, *, named: bool) -> ModelFile | None:
        return self._add_path(f"{name}.yaml", library()[name], named=named, must_be_model=True, shipped=True)

    def _add_path(
        self, name: str, path: Path, *, named: bool, must_be_model: bool, shipped: bool = False
    ) -> ModelFile | None:
        """Read one file unless it was read before under any name."""
        tree = self._shipped_tree(path) if shipped else self._tree
        real = tree.resolve(path)
        known = self._by_path.get(real)
        if known:
            known.named = known.named or named
            return known
        data = self._bytes(name, real, tree)
        if data is None:
            return None
        if not must_be_model and not _IS_MODEL.search(data.decode("utf-8", "replace")):
            return None
        model = self._parse(name, data, named=named, folder=real.parent, shipped=shipped)
        if model:
            self._by_path[real] = model
        return model

    def _bytes(self, name: str, path: Path, tree: Tree) -> bytes | None:
        """The content of a regular file within the limits."""
        try:
            size = tree.size(path)
            if size is None:
                self._say(name, 0, 0, "not a regular file", "unreadable")
                return None
            most = self._limits.max_file_bytes
            if size > most:
                self._say(name, 0, 0, f"{size} bytes; at most {most} are read", "too-large")
                return None
            return tree.read(path, most)
        except OSError as error:
            self._say(name, 0, 0, f"cannot be read: {_reason(error)}", "unreadable")
            return None

    def _parse(
        self, name: str, data: bytes, *, named: bool, folder: Path | None, shipped: bool = False
    ) -> ModelFile | None:
        data = self._instead[name].encode() if name in self._instead else data
        self._total += len(data)
        if len(data) > self._limits.max_file_bytes or self._total > self._limits.max_total_bytes:
            self._say(name, 0, 0, "more bytes than the limits allow", "too-large", "raise the limit, or split the run")
            return None
        if len(self.models) >= self._limits.max_files:
            self._say(name, 0, 0, f"more than {self._limits.max_files} files", "too-many-files")
            return None
        source = decode(name, data)
        if isinstance(source, Problem):
            self._problems.add(source)
            source, document = SourceText(name, ""), None
        else:
            document = self._document(source, data)
        model = ModelFile(name, source, document, named, folder, shipped)
        self.models[name] = model
        return model

    def _document(self, source: SourceText, data: bytes) -> dict[str, Any] | None:
        """What a file says: its top level, or None with a problem. ``data``: its bytes."""
        return read_model(source, self._limits, self._problems, self._words)

    # ------------------------------------------------------------ includes

    def _follow(self, model: ModelFile) -> Iterator[ModelFile]:
        """The files that ``model`` includes and that were not known before."""
        for index, wanted in enumerate(_words(model.document, "include")):
            place = self._place(model, "include", index)
            before = len(self.models)
            found = self._include(model, wanted, *place)
            if found:
                model.includes.append((found.name, *place))
            if len(self.models) > before and found:
                yield found

    def _include(self, model: ModelFile, wanted: str, line: int, column: int) -> ModelFile | None:
        if wanted in library():
            return self._add_shipped(wanted, named=False)
        path = self.beside(model, wanted, line, column, "include")
        if path is None:
            return None
        name = os.path.normpath(os.path.join(os.path.dirname(model.name), wanted))
        return self._add_path(name, path, named=False, must_be_model=True)

    def beside(self, model: ModelFile, wanted: str, line: int, column: int, what: str) -> Path | None:
        """The file ``wanted`` relative to ``model``, if it exists and stands inside the roots; else a problem."""
        folder = model.folder or (self._roots[0] if self._roots else None)
        tree = self._tree_of(model)
        fence = [tree.resolve(PACKAGE)] if model.shipped else self._roots
        try:
            path = tree.resolve(folder / wanted) if folder else None
            if path is not None and not _inside(path, fence):
                hint = "give the folder that holds both as a root (--root)"
                message = f"{what} {quote(wanted)} leads outside the given folders"
                self._say(model.name, line, column, message, "escape", hint)
                return None
            if path is not None and tree.is_file(path):
                return path
        except (OSError, ValueError, RuntimeError):
            pass  # a name that no file can have
        self._missing(model, wanted, line, column, what, folder)
        return None

    def _tree_of(self, model: ModelFile) -> Tree:
        """Where the neighbours of a model are."""
        return self._shipped_tree(library()[model.name.removesuffix(".yaml")]) if model.shipped else self._tree

    def _shipped_tree(self, path: Path) -> Tree:
        """Where a shipped model is: on disk, unless the package itself belongs to the commit that is read."""
        return self._tree if self._tree.is_file(path) else DISK

    def _missing(self, model: ModelFile, wanted: str, line: int, column: int, what: str, folder: Path | None) -> None:
        """A problem for a file that is not there."""
        names = library() if what == "include" else {}
        hint = did_you_mean(wanted, names) or "paths are relative to this file"
        if folder is None:
            hint = "a text has no folder: give `roots`, or a file"
        found = "no such file or shipped model" if what == "include" else "no such file"
        self._say(model.name, line, column, f"{what} {quote(wanted)}: {found}", "no-such-file", hint)

    def target(self, model: ModelFile, wanted: str, line: int, column: int) -> str | None:
        """What ``wanted`` means as an input of another run: a shipped model's name, or a path inside the roots.

        None, with a problem, when there is no such thing.
        """
        if wanted in library():
            return wanted
        path = self.beside(model, wanted, line, column, "include")
        if path is None:
            return None
        named = os.path.normpath(os.path.join(os.path.dirname(model.name), wanted))
        return named if self._tree.resolve(Path(named)) == path else str(path)

    def read_beside(self, model: ModelFile, wanted: str, line: int, column: int) -> SourceText | None:
        """The text of a dialect file relative to ``model``, within the same fence as an include."""
        path = self.beside(model, wanted, line, column, "dialect")
        if path is None:
            return None
        name = os.path.normpath(os.path.join(os.path.dirname(model.name), wanted))
        data = self._bytes(name, path, self._tree_of(model))
        source = None if data is None else decode(name, data)
        if isinstance(source, Problem):
            self._problems.add(source)
            return None
        return source

    def _place(self, model: ModelFile, key: str, index: int) -> tuple[int, int]:
        assert model.document is not None
        path: list[str | int] = [key, index] if isinstance(model.document[key], list) else [key]
        return locate(model.source, model.document[KEYS][key], path)

    def _refuse_loops(self) -> None:
        """A problem for each include that closes a loop."""
        done: set[str] = set()
        for start in sorted(self.models):
            self._search_loop(start, [], done)

    def _search_loop(self, start: str, path: list[str], done: set[str]) -> None:
        stack = [(start, iter(self.models[start].includes))]
        path.append(start)
        while stack:
            name, rest = stack[-1]
            step = next(rest, None)
            if step is None:
                stack.pop()
                path.pop()
                done.add(name)
            elif step[0] in path:
                loop = " -> ".join([*path[path.index(step[0]) :], step[0]])
                self._say(name, step[1], step[2], f"this include closes a loop: {loop}", "include-loop")
            elif step[0] not in done:
                path.append(step[0])
                stack.append((step[0], iter(self.models[step[0]].includes)))

    def _say(self, file: str, line: int, column: int, message: str, code: str, hint: str | None = None) -> None:
        self._problems.add(Problem(file, line, column, message, hint, code))


def read_model(source: SourceText, limits: Limits, problems: Collector, words: dict[str, Any]) -> dict[str, Any] | None:
    """The top level mapping of one model file, or None with a problem."""
    before = len(problems)
    document = read(source, limits, problems, words)
    if isinstance(document, dict):
        return document
    if len(problems) == before:
        found = "the file is empty" if document is None else f"expected a mapping, found {quote(document)}"
        problems.add(Problem(source.file, 1, 1, found, "a model starts with `lockcheck: 1`", "not-a-model"))
    return None


def _words(document: dict[str, Any] | None, key: str) -> list[str]:
    """The words under ``key``, one or a list; anything else is for the shape to refuse."""
    value = (document or {}).get(key)
    if isinstance(value, str):
        return [value]
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else []


def section(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The entries of a section, without the reader's own keys; empty when it is absent or not a mapping."""
    value = document.get(name)
    return {key: item for key, item in value.items() if key not in (AT, KEYS)} if isinstance(value, dict) else {}


def _inside(path: Path, roots: Sequence[Path]) -> bool:
    return any(path.is_relative_to(root) for root in roots)


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
