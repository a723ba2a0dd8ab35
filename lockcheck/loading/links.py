"""Which files of a run have to do with each other: those that name what another one declares, and so on.

Is: a bound from above: files are linked by the letters of their text, whatever these mean there, so that no meaning can
be missed; whatever reaches other files without naming them (allocation, verbs with locks of their own, callbacks,
caches, work items) links all files that have it. Is not: a proof that linked files need each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lockcheck.loading.declare import SECTIONS
from lockcheck.loading.dialect import Dialect, shipped
from lockcheck.loading.files import section
from lockcheck.loading.shapes import EffectShape
from lockcheck.source.problems import Collector
from lockcheck.source.text import SourceText

HUB: Final = "\n"
"""What no text has as a word: links all files that reach others without a name."""
ALONE: Final = frozenset({"lockcheck", "title", "kernel", "note", "include", "waivers", *SECTIONS})
"""Keys of a file that may be a part; with any other (options, verbs, patches ...) the whole run is one."""
_LOCAL: Final = frozenset(
    {
        "acquire",
        "release",
        "downgrade",
        "assert_",
        "assert",
        "pin",
        "irq",
        "softirq",
        "preempt",
        "scope",
        "sleep",
        "wait",
        "signal",
    }
)
_SHARED_WORDS: Final = frozenset({
    "any", "thread", "init", "not_beside", "class", "group", "attributes", "roles", "role", "callbacks", "undoes",
    "caches", "workqueues", "work", "timers", "interrupt", "irq_handler",
})  # fmt: skip
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Link:
    """What links a file. ``words``: all of its text that may name something; ``declares``: those of names that it
    declares, of which there are ``count``. ``alone``: it may be (in) a part of its own."""

    digest: str
    alone: bool
    declares: tuple[str, ...]
    words: tuple[str, ...]
    count: int


def shared_words() -> tuple[frozenset[str], frozenset[str]]:
    """Words that link all files that have them, and words of verbs that never do."""
    dialect = Dialect(Collector(100))
    known = shipped("linux")
    assert known is not None
    dialect.extend(*known, override=True)
    local = frozenset(name for name in dialect.verbs if _is_local(dialect, name))
    tables = (name for table in ("locks", "configs") for name in dialect.tables[table])
    words = {word for name in (*tables, *(dialect.verbs.keys() - local)) for word in _WORD.findall(name)}
    return _SHARED_WORDS | words, local


def _is_local(dialect: Dialect, name: str) -> bool:
    """Whether a verb only does something to the locks that it is given, and to the state of its path."""
    verb = dialect.verb(name)
    if verb is None or verb.calls or verb.starts or verb.bind or any(one.type != "lock" for one in verb.operands):
        return False
    operands = {one.name for one in verb.operands if not one.optional}
    return all(kind in _LOCAL and _about(effect, kind) <= operands for kind, effect in verb.effects)


def _about(effect: EffectShape, kind: str) -> set[str]:
    lockless = kind in ("irq", "softirq", "preempt", "scope", "sleep")
    return set() if lockless and effect.of is None else {effect.of or "lock"}


def link_of(
    digest: str, document: Mapping[str, Any], source: SourceText, shared: frozenset[str], local: frozenset[str]
) -> Link:
    """The link of one file. ``shared``, ``local``: of :func:`shared_words`."""
    names = [name for key in SECTIONS for name in section(dict(document), key)]
    alone = all(key in ALONE for key in document if not str(key).startswith("\0"))
    alone = alone and all(_WORD.search(str(name)) for name in names)
    words = set(_WORD.findall("\n".join(set(source.text.split()))))
    declares = {word for name in names for word in _WORD.findall(str(name))}
    common = local | _COMMON
    alone = alone and "\\" not in source.text and declares.isdisjoint(common)
    if words & shared:
        words.add(HUB)
        declares.add(HUB)
    return Link(digest, alone, tuple(sorted(declares)), tuple(sorted(words - common)), len(names))


_COMMON: Final = frozenset(
    {"lockcheck", "functions", "locks", "steps", "entry", "at", "kind", "call", "then", "else", "if"}
)


def components(links: Mapping[str, Link], includes: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Files by name, those that are linked together; each sorted, in the order of their first."""
    above = {name: name for name in links}

    def top(name: str) -> str:
        while above[name] != name:
            above[name] = name = above[above[name]]
        return name

    owner: dict[str, str] = {}
    for name, link in links.items():
        for word in link.declares:
            above[top(name)] = top(owner.setdefault(word, name))
    for name, link in links.items():
        for other in {owner[word] for word in link.words if word in owner}:
            above[top(name)] = top(other)
        for other in includes.get(name, ()):
            above[top(name)] = top(other)
    found: dict[str, list[str]] = {}
    for name in sorted(links):
        found.setdefault(top(name), []).append(name)
    return [tuple(names) for names in found.values()]
