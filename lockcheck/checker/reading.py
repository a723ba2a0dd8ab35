"""Rule folders -> rules. Every error of all files in one run, each with its position.

Is: where rule files are found (``<dir>/**/<rule-id>/rule.yaml``), read strictly and compiled.
Is not: the judge (``evaluate.py``). A rule file is data: reading it runs nothing and follows no link out of its folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from lockcheck.checker.locks import compile_names
from lockcheck.checker.rule import Matcher, Rule
from lockcheck.checker.schema import NEEDED, RULE_ID, VERDICTS, RuleFile
from lockcheck.checker.select import Path as KeyPath
from lockcheck.checker.select import Report
from lockcheck.checker.shapes import SHAPES
from lockcheck.checker.shapes.base import Judged, Reading, Words
from lockcheck.checker.words import either
from lockcheck.findings import SEVERITIES, Severity
from lockcheck.model.places import Place
from lockcheck.source.limits import Limits
from lockcheck.source.locate import locate
from lockcheck.source.problems import Collector, Problem, TooManyProblems, did_you_mean, quote
from lockcheck.source.reader import AT, KEYS, read
from lockcheck.source.text import SourceText, decode
from lockcheck.source.typed import ShapeError, adapter
from lockcheck.source.typed import keys as keys_of

RULE_FILE = "rule.yaml"
MAX_RULE_BYTES = 1 << 20
MAX_RULES = 2_000


@dataclass(slots=True)
class RuleSet:
    """What was read: rules by id, problems, and the text of each file for quoting. ``off``: ids that were taken out."""

    rules: dict[str, Rule] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    sources: dict[str, SourceText] = field(default_factory=dict)
    off: tuple[str, ...] = ()

    def sorted(self) -> tuple[Rule, ...]:
        """The rules by id."""
        return tuple(self.rules[name] for name in sorted(self.rules))

    def joined(self, other: RuleSet) -> RuleSet:
        """Both together; a rule of ``other`` replaces one of the same id."""
        problems = tuple(sorted((*self.problems, *other.problems)))
        return RuleSet({**self.rules, **other.rules}, problems, {**self.sources, **other.sources})


def built_in() -> Path:
    """The folder of the built-in rules: inside the package when installed, at the top of a checkout otherwise."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "_rules"
    return inside if inside.is_dir() else package.parent / "rules"


def read_rules(folders: Iterable[Path], limits: Limits | None = None) -> RuleSet:
    """Read all rules below ``folders``. A rule of a later folder replaces one of the same id of an earlier folder."""
    limits = limits or Limits()
    found = RuleSet()
    problems = Collector(limits.max_problems)
    try:
        for folder in folders:
            for rule in _read_folder(folder, limits, problems, found.sources):
                found.rules[rule.id] = rule
    except TooManyProblems:
        pass
    found.problems = problems.sorted()
    return found


def _read_folder(folder: Path, limits: Limits, problems: Collector, sources: dict[str, SourceText]) -> list[Rule]:
    """The rules of one folder; two of the same id in it are a problem."""
    if not folder.is_dir():
        problems.add(Problem(str(folder), 0, 0, "no such folder of rules", None, "no-rules"))
        return []
    paths = sorted(folder.glob(f"**/{RULE_FILE}"))
    if not paths:
        hint = f"rules are folders: <category>/<rule-id>/{RULE_FILE}"
        problems.add(Problem(str(folder), 0, 0, f"no {RULE_FILE} in this folder", hint, "no-rules"))
    rules: dict[str, Rule] = {}
    for path in paths[:MAX_RULES]:
        rule = _read_file(path, folder, limits, problems, sources)
        if rule is None:
            continue
        if rule.id in rules:
            other = rules[rule.id].place
            text = f"a second rule '{rule.id}'; the first is {other.file}"
            problems.add(Problem(*rule.place, text, "rename one of them", "duplicate-rule"))
        rules[rule.id] = rule
    return list(rules.values())


def _read_file(
    path: Path, root: Path, limits: Limits, problems: Collector, sources: dict[str, SourceText]
) -> Rule | None:
    source = _text_of(path, root)
    if isinstance(source, Problem):
        problems.add(source)
        return None
    sources[source.file] = source
    ours = Collector(limits.max_problems)
    try:
        tree = read(source, limits, ours)
        rule = None if ours else _compile(tree, path, root, source, ours)
    except TooManyProblems:
        rule = None
    problems.add_all(ours.sorted())
    return rule if not ours else None


def _shown(path: Path, root: Path) -> str:
    """How a rule file is called: the built-in ones from where they stand in the project, wherever that is installed."""
    if root == built_in():
        return f"rules/{path.relative_to(root).as_posix()}"
    return path.as_posix()


def _text_of(path: Path, root: Path) -> SourceText | Problem:
    name = _shown(path, root)
    if not path.resolve().is_relative_to(root.resolve()):
        return Problem(name, 0, 0, "the rule file is a link out of the folder of rules", None, "outside")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_RULE_BYTES + 1)
    except OSError as error:
        return Problem(name, 0, 0, f"can't read the rule: {error.strerror or error}", None, "unreadable")
    if len(data) > MAX_RULE_BYTES:
        return Problem(name, 0, 0, f"the rule is larger than {MAX_RULE_BYTES >> 20} MiB", None, "too-large")
    return decode(name, data)


def _compile(tree: Any, path: Path, root: Path, source: SourceText, problems: Collector) -> Rule | None:
    """One rule from a document's tree; what is wrong goes to ``problems``."""

    def report(keys: KeyPath, message: str, hint: str | None) -> None:
        problems.add(Problem(*position(tree, keys, source), message, hint, "invalid-rule"))

    if not isinstance(tree, dict):
        report((), f"expected a rule (a mapping), not {quote(tree)}", None)
        return None
    document = plain(tree)
    _check_needed(document, report)
    file = _typed(document, report, path.resolve().parent.name)
    if file is None:
        return None
    _check_words(file, path, report)
    shapes = [shape for shape in SHAPES if getattr(file, shape) is not None]
    if not shapes:
        if document.keys() <= {*keys_of(RuleFile).values()} - SHAPES.keys():  # no mistyped one among them
            report((), f"a rule needs a judgement: {either(SHAPES)}", None)
        return None
    if "forbid" in shapes and len(shapes) > 1:
        report((shapes[1],), f"'forbid' and '{shapes[1]}' need a rule each", None)
        return None
    if file.message is not None and len(shapes) > 1:
        text = f"one message cannot speak for {' and '.join(shapes)}"
        report(("message",), text, "give each shape a rule of its own")
    names = compile_names(file.names, report)
    reading = Reading(file, names, report, lambda keys: position(tree, keys, source), len(shapes) == 1)
    judged = [SHAPES[shape].build(reading) for shape in shapes]
    rule = _rule(file, shapes, judged, path, root, position(tree, (), source))
    return replace(rule, document=document)


def _typed(document: dict[str, Any], report: Report, otherwise: str) -> RuleFile | None:
    """The rule file as its shape. What does not fit is reported and left out, so that the rest is looked at too;
    ``otherwise`` is the id if that is among it."""
    try:
        whole: RuleFile = adapter(RuleFile).validate_python(document)
        return whole
    except ShapeError as error:
        wrong = [_explained(dict(one)) for one in error.errors]
    for one in wrong:
        report(*one)
    left_out = {keys[0] for keys, _, _ in wrong if keys}
    rest = {key: value for key, value in document.items() if key not in left_out}
    try:
        partial: RuleFile = adapter(RuleFile).validate_python({"rule": otherwise, **rest})
        return partial
    except ShapeError:
        return None


def _one_after_another(matchers: Sequence[Matcher]) -> Matcher:
    return lambda source: chain.from_iterable(one(source) for one in matchers)


def _parts(file: RuleFile, shapes: Sequence[str], judged: Sequence[Judged]) -> tuple[tuple[Matcher, str], ...]:
    """Each judgement with what to do about it, where a file with several shapes leaves that to them."""
    if file.help is not None or len(shapes) == 1:
        return ()
    known = (SHAPES[shape].words for shape in shapes)
    return tuple((one.matches, words.help if words else "") for one, words in zip(judged, known, strict=True))


def _rule(file: RuleFile, shapes: list[str], judged: list[Judged], path: Path, root: Path, place: Place) -> Rule:
    """The rule of a file that was understood."""
    words = SHAPES[shapes[0]].words or Words("", "", "", "")
    verdicts = file.verdicts or {}
    category = path.parent.parent.name if path.parent != root and path.parent.parent != root else ""
    matchers = tuple(one.matches for one in judged)
    return Rule(
        id=file.rule,
        category=category,
        summary=file.summary or words.summary,
        severity=SEVERITIES.get(file.severity or "warning", Severity.NOTE),
        why=(file.why or words.why).strip(),
        help=file.help or words.help,
        kinds=tuple(dict.fromkeys(kind for one in judged for kind in one.kinds)),
        matches=matchers[0] if len(matchers) == 1 else _one_after_another(matchers),
        parts=_parts(file, shapes, judged),
        since=file.since or "",
        kernel_title=file.lockdep,
        limits=file.limits.strip() if file.limits else None,
        exceptions=file.exceptions.strip() if file.exceptions else None,
        see=tuple(file.see),
        verdicts=tuple(sorted((word, SEVERITIES[value]) for word, value in verdicts.items() if value in SEVERITIES)),
        witness=None if file.witness is None else tuple(file.witness),
        place=place,
        folder=path.parent,
        order=next((one.order for one in judged if one.order is not None), None),
    )


def _check_needed(document: Mapping[str, Any], report: Report) -> None:
    """What a rule with ``forbid`` has to say in its own words."""
    if "forbid" in document or not any(shape in document for shape in SHAPES):
        for key in NEEDED:
            if key not in document:
                report((), f"missing key '{key}'", None)


def _check_words(file: RuleFile, path: Path, report: Report) -> None:
    """What pydantic can't say well: the id, its folder, the severity."""
    import re

    if not re.match(RULE_ID, file.rule):
        report(("rule",), f"{quote(file.rule)} is not a rule id", "use lower-case words joined by '-'")
    elif file.rule != path.resolve().parent.name:
        report(("rule",), f"rule '{file.rule}' stands in folder '{path.resolve().parent.name}'", "give both one name")
    severities: list[tuple[KeyPath, str]] = [(("severity",), file.severity)] if file.severity else []
    for word, severity in (file.verdicts or {}).items():
        severities.append((("verdicts", word), severity))
        if word not in VERDICTS:
            hint = did_you_mean(word, VERDICTS) or f"it is {either(VERDICTS)}"
            report(("verdicts", word), f"unknown verdict {quote(word)}", hint)
    for keys, severity in severities:
        if severity not in SEVERITIES:
            hint = did_you_mean(severity, SEVERITIES) or f"it is {either(SEVERITIES)}"
            report(keys, f"unknown severity {quote(severity)}", hint)


def _explained(error: Mapping[str, Any]) -> tuple[KeyPath, str, str | None]:
    """A pydantic error in our words: path, message, hint."""
    keys: KeyPath = tuple(error["loc"])
    name = str(keys[-1]) if keys else ""
    kind = error["type"]
    if kind == "unexpected_keyword_argument":
        known = tuple(keys_of(RuleFile).values())
        return keys, f"unknown key '{name}'", did_you_mean(name, known) or f"expected one of {either(known)}"
    if kind == "missing":
        return keys[:-1], f"missing key '{name}'", None
    wanted = {
        "string_type": "a text",
        "list_type": "a list",
        "dict_type": "conditions by attribute",
        "string_too_long": "a shorter text",
        "string_too_short": "a text that is not empty",
    }.get(kind, str(error["msg"]).lower())
    return keys, f"'{name}' has to be {wanted}, not {quote(error['input'])}", None


def plain(tree: Any) -> Any:
    """The tree without its positions."""
    if isinstance(tree, dict):
        return {key: plain(value) for key, value in tree.items() if key not in (AT, KEYS)}
    return [plain(value) for value in tree] if isinstance(tree, list) else tree


def position(tree: Any, keys: KeyPath, source: SourceText) -> Place:
    """Where ``keys`` leads in ``tree``; the nearest that exists when there is no such key."""
    if not isinstance(tree, dict) or AT not in tree:
        return Place(source.file, 1, 1)
    at = locate(source, tree[AT], [], of_key=False)
    for end in range(len(keys), 0, -1):
        found = locate(source, tree[AT], keys[:end], of_key=True)
        if found != at:
            return Place(source.file, *found)
    return Place(source.file, *at)
