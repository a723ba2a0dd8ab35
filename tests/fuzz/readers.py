"""Broken input for every reader alone, many times as fast as whole runs: models, rules, waivers, baselines, the
project's configuration, cache entries, certificates.

Is: ``python -m tests.fuzz --readers``: mutated texts of each kind, read in this process under a limit on memory. A
fault is an error that the reader does not promise, or ten seconds. Is not: the analysis of what was read
(``pipeline``).
"""

from __future__ import annotations

import json
import random
import resource
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import lockcheck
from lockcheck.cache.codec import BadEntryError, decode, encode
from lockcheck.certificates import verify
from lockcheck.checker.reading import read_rules
from lockcheck.cli.settings import SettingsError, find
from lockcheck.loading import ModelText, load
from lockcheck.loading.baseline import read_baseline
from lockcheck.loading.waivers import read_waivers
from lockcheck.recall import KEPT, Kept
from tests.fuzz import mutate

SECONDS = 10
MEMORY = 1 << 30
HEAD = "lockcheck: 1\nlocks: {a: mutex, b: mutex}\n"
STEPS = "[mutex_lock: a, mutex_lock: b, mutex_unlock: b, mutex_unlock: a]"
SMALL = f"{HEAD}functions:\n  f: {{entry: task, steps: {STEPS}}}\n"
WAIVERS = b"waivers:\n- {rule: circular-dependency, locks: [a, b], reason: known, expires: 2027-01-01}\n"
CONFIGURATION = (
    b"models = ['models']\nrules = ['rules']\nfail-on = 'error'\nall-configs = true\nformat = 'json'\n"
    b"[config]\nCONFIG_SMP = true\n"
    b"[severities]\ncircular-dependency = 'off'\n[limits]\nmax-depth = 50\n"
)
BASELINE = (
    b"lockcheck-baseline: 1\nfindings:\n- {id: 0123456789abcdef, rule: circular-dependency, severity: error, "
    b"locks: [a, b], functions: [f], model: m.yaml}\n"
)


class Fault(NamedTuple):
    """What a reader did that it must not: seed, kind, what and where."""

    seed: int
    kind: str
    what: str


def _in_file(name: str, read: Callable[[Path], object]) -> Callable[[bytes], None]:
    def reader(data: bytes) -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            read(path)

    return reader


def _certificate(data: bytes) -> None:
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return  # the command says so
    if isinstance(tree, dict):
        verify(tree, [])


def _entry(data: bytes) -> None:
    try:
        decode(Kept, data)
    except BadEntryError:
        return


def _configuration(path: Path) -> None:
    try:
        find(path.parent)
    except SettingsError:
        return


READERS: dict[str, Callable[[bytes], None]] = {
    "model": lambda data: (load([ModelText(data.decode("utf-8", "replace"), "m.yaml")]), None)[1],
    "rule": _in_file("own/a-rule/rule.yaml", lambda path: read_rules([path.parent.parent])),
    "waivers": _in_file("waivers.yaml", lambda path: read_waivers([path])),
    "baseline": _in_file("baseline.yaml", read_baseline),
    "configuration": _in_file("lockcheck.toml", _configuration),
    "cache entry": _entry,
    "certificate": _certificate,
}
"""Each reader by what it reads; all but these promised errors are faults."""


@cache
def texts() -> dict[str, tuple[bytes, ...]]:
    """Sound texts of each kind."""
    every = mutate.seeds()
    result = lockcheck.check(ModelText(SMALL, "m.yaml"))
    return {
        "model": tuple(text for kind, text in every if kind == "model" and len(text) < 4_000),
        "rule": tuple(text for kind, text in every if kind == "rule"),
        "waivers": (WAIVERS,),
        "baseline": (BASELINE,),
        "configuration": (CONFIGURATION,),
        "cache entry": (encode(Kept(**{name: getattr(result, name) for name in KEPT})),),
        "certificate": (json.dumps(_certified()).encode(),),
    }


def _certified() -> object:
    from click.testing import CliRunner

    from lockcheck.cli import cli

    with CliRunner().isolated_filesystem():
        Path("m.yaml").write_text(SMALL, encoding="utf-8")
        CliRunner().invoke(cli, ["check", "m.yaml", "--certificate", "c.json", "--no-cache"])
        return json.loads(Path("c.json").read_text(encoding="utf-8"))


def made(seed: int) -> tuple[str, bytes]:
    """The input of a seed: a kind, and a text of it with random edits."""
    choose = random.Random(seed)
    kind = choose.choice(sorted(READERS))
    return kind, mutate.edited_text(choose.choice(texts()[kind]), choose)


def read_one(seed: int) -> Fault | None:
    """Read the input of a seed; what went wrong, or None."""
    kind, data = made(seed)
    begin = time.process_time()
    try:
        READERS[kind](data)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        where = " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in reversed(frames))
        return Fault(seed, kind, f"{type(error).__name__}: {str(error)[:100]} at {where}")
    took = time.process_time() - begin
    return Fault(seed, kind, f"took {took:.1f} s") if took > SECONDS else None


def campaign(first: int, count: int) -> Iterator[Fault | str]:
    """Read many inputs; yields faults, and the kind of each input that was read."""
    for seed in range(first, first + count):
        yield read_one(seed) or made(seed)[0]


def main(first: int, count: int) -> int:
    """Run a campaign under the limits and print what came of it; 1 when something is wrong."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    counts: Counter[str] = Counter()
    faults = []
    for one in campaign(first, count):
        if isinstance(one, Fault):
            faults.append(one)
            print(f"seed {one.seed}: {one.kind}: {one.what}", flush=True)
        else:
            counts[one] += 1
    print(", ".join(f"{kind}: {number}" for kind, number in sorted(counts.items())))
    print(f"{len(faults)} faults; most memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")
    return 1 if faults else 0
