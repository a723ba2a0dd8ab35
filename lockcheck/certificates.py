"""Certificates of clean runs: what is written beside the proof (inputs, rules, what is not covered), and re-checked.

Is: the joining of a run with its proof, and of a certificate with the inputs that it names. The proof itself is made
in ``proof/`` and checked in ``verifier/``, which share nothing. Is not: a reader or writer of certificate files.

Glossary words defined here: input digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockcheck.model.verdicts import Verdict

if TYPE_CHECKING:
    from lockcheck.checker.reading import RuleSet
    from lockcheck.findings import Result
    from lockcheck.model.program import Program

RECHECKED = frozenset((
    "assertion", "circle", "depth", "exit", "irq-enable", "irq-state", "leaf", "lock-memory", "nest-lock", "pin",
    "recursion", "release", "usage-conflict", "user-return", "wait-context",
))  # fmt: skip
"""Fact kinds of which the verifier shows again that there are none."""
ESTABLISHED = (
    "the order ranks every dependency, so that no circle of locks is left",
    "no lock is taken while its class is held, unless nesting or order excuse it",
    "no usage of a lock in interrupts conflicts with holding it, or what depends on it, with them enabled",
    "nothing sleeps in atomic context, and no lock is taken where its wait type forbids it",
    "locks, interrupts and counters are balanced; assertions and leaves hold",
)
TRUSTED = (
    "that the models say what the kernel does",
    "lockcheck's reading of models into the program (digests and the program itself are compared)",
    "which code runs before all else ('init'): its dependencies and usage count for nothing",
)
WAITS = "which dependencies waits for completions and wait queues add: taken as stated"

TURNED_OFF = "it was turned off (not re-checked)"
OWN_WORD = "the rules of which it says 'not re-checked', for they look at other facts"


@dataclass(frozen=True, slots=True)
class Given:
    """How a run was asked for, as far as its verdict depends on it. ``models`` as they were named.

    ``version``: that of the lockcheck that made it.
    """

    models: tuple[str, ...]
    version: str
    roots: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


def certify(result: Result, rules: RuleSet, given: Given) -> dict[str, Any]:
    """The certificate of a clean run. Raises :class:`~lockcheck.proof.writing.UnprovableError` where there is none."""
    from lockcheck.graph import Analysis
    from lockcheck.proof.writing import UnprovableError, document
    from lockcheck.verifier.check import examine

    assert isinstance(result.analysis, Analysis)
    proof = document(result.analysis)
    examined = examine(proof)
    if examined.refusals:
        raise UnprovableError(examined.refusals[0])
    kinds = result.analysis.kinds
    looked_at = {rule.id: [kind for kind in rule.kinds if kind in kinds] for rule in rules.sorted()}
    arguments = [
        argument(rule, {kind: len(result.facts(kind)) for kind in own}, rule in result.rules_off)
        for rule, own in looked_at.items()
    ]
    made = {
        **proof,
        "made_by": f"lockcheck {given.version}",
        "models": list(given.models),
        "roots": list(given.roots),
        "rule_folders": list(given.rules),
        "config": dict(result.configs.fixed),
        "inputs": digests({**result.sources, **rules.sources}),
        "rules": arguments,
        "established": list(ESTABLISHED),
        "not_covered": not_covered(proof, arguments),
    }
    return {**made, "sha256": own_digest(made)}


def argument(rule: str, facts: Mapping[str, int], off: bool) -> dict[str, Any]:
    """Why a rule finds nothing: of each kind of fact that it looks at, how many there are. ``off``: nobody asked it."""
    if off:
        return {"rule": rule, "facts": dict(facts), "because": TURNED_OFF}
    if not any(facts.values()):
        again = "re-checked" if facts and facts.keys() <= RECHECKED else "not re-checked"
        return {"rule": rule, "facts": dict(facts), "because": f"there is no such fact ({again})"}
    return {"rule": rule, "facts": dict(facts), "because": "it forbids none of these facts (not re-checked)"}


def not_covered(proof: Mapping[str, Any], arguments: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a certificate takes on trust, in sentences."""
    judged = any(not one["because"].endswith("(re-checked)") for one in arguments)
    return [*TRUSTED, *([WAITS] if proof["waits"] else []), *([OWN_WORD] if judged else [])]


def digests(sources: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 of the text of each input, and of the dialects that come with lockcheck."""
    from lockcheck.loading.dialect import shipped, shipped_names

    texts = {name: source.text for name, source in sources.items()}
    texts |= {found[1].file: found[1].text for name in shipped_names() if (found := shipped(name)) is not None}
    return {
        name: hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for name, text in sorted(texts.items())
    }


def own_digest(certificate: Mapping[str, Any]) -> str:
    """SHA-256 of all else in a certificate, whatever the order of its keys: against accidents, not against forgers."""
    rest = {key: value for key, value in certificate.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def verify(certificate: Mapping[str, Any], models: Iterable[str] = (), folder: Path | None = None) -> Verdict:
    """Re-check a certificate against the inputs that it names, or against ``models`` instead.

    Never raises for a bad certificate. ``folder``: what paths in it are relative to, and may not lead out of (default:
    the working folder).
    """
    from lockcheck.verifier.check import examine

    examined = examine(dict(certificate))
    if examined.refusals:
        return Verdict(examined.refusals)
    try:
        found = list(_against_inputs(certificate, tuple(models), folder or Path()))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Verdict((f"it is not in the form of a certificate ({type(error).__name__}: {error})",))
    if found:
        return Verdict(tuple(found))
    return Verdict((), ESTABLISHED, tuple(certificate["not_covered"]), len(certificate["inputs"]), *examined[1:])


def _against_inputs(certificate: Mapping[str, Any], models: Sequence[str], folder: Path) -> Iterable[str]:
    """Why a certificate is not about these inputs."""
    from lockcheck.api import rules_of
    from lockcheck.loading import load

    if certificate["sha256"] != own_digest(certificate):
        yield "its own digest is wrong: it was changed after it was written"
        return
    outside = sorted(name for key in ("models", "roots", "rule_folders") for name in certificate[key]
                     if not (key == "models" and models) and _leads_out(name, folder))  # fmt: skip
    if outside:
        yield f"it names {outside[0]}, which is outside of this folder; name the models yourself, behind the file"
        return
    names = [Path(name) for name in models] or [Path(_named(name, folder)) for name in certificate["models"]]
    loaded = load(names, config=certificate["config"], roots=[folder / root for root in certificate["roots"]])
    if loaded.program is None:
        yield f"its models cannot be read: {loaded.problems[0].message}"
        return
    rules = rules_of(tuple(folder / one for one in certificate["rule_folders"]), None)
    yield from _changed(certificate["inputs"], digests({**loaded.sources, **rules.sources}))
    yield from _differing(certificate, loaded.program)
    expected = [argument(one["rule"], one["facts"], one["because"] == TURNED_OFF) for one in certificate["rules"]]
    if [one["rule"] for one in certificate["rules"]] != sorted(rules.rules) or expected != certificate["rules"]:
        yield "what it says of the rules is not about these rules"
    if certificate["not_covered"] != not_covered(certificate, expected):
        yield "what it says that it does not cover is not what it does not cover"
    if certificate["established"] != list(ESTABLISHED):
        yield "what it says that it establishes is not what is re-checked"


def _leads_out(name: str, folder: Path) -> bool:
    """A path that a stranger's certificate may not have read."""
    return not (folder / name).resolve().is_relative_to(folder.resolve())


def _named(name: str, folder: Path) -> str:
    here = folder / name
    return str(here) if here.exists() else name


def _changed(stated: Mapping[str, str], found: Mapping[str, str]) -> Iterable[str]:
    """Inputs that are not those that were checked. What has another name now is known by its digest."""
    gone, fresh = stated.keys() - found.keys(), found.keys() - stated.keys()
    for name in sorted(stated.keys() | found.keys()):
        if name in gone and stated[name] not in {found[other] for other in fresh}:
            yield f"no input is {name} as it was checked (sha256 {stated[name][:16]})"
        elif name in fresh and found[name] not in {stated[other] for other in gone}:
            yield f"{name} is an input and was none"
        elif name in stated and name in found and stated[name] != found[name]:
            yield f"{name} is not the file that was checked: its sha256 is {found[name][:16]}, not {stated[name][:16]}"


def _differing(certificate: Mapping[str, Any], program: Program) -> Iterable[str]:
    """Where the program that a certificate is about is not that of the models."""
    from lockcheck.proof.lowering import Lowered

    read = json.loads(json.dumps(Lowered(program).document))
    stated = certificate["program"]
    if dict(program.config) != certificate["config"]:
        yield "its config is not the one that these models are read in"
    for part in sorted(read.keys() | stated.keys()):
        if read.get(part) != stated.get(part):
            yield f"its program is not that of the models: its {part} differ"
