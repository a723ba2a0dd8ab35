"""``python -m tests.oracle``: random programs, asked of lockcheck and of the oracle, or of the oracle and Spin.

With ``--recorded``, programs that a booted kernel judged: each difference, the effect that explains it, and who is
right by the oracle.

Exit status: 0 when nothing was missed and nobody disagrees, 1 otherwise.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from tests.conformance.corpus import read
from tests.oracle import spin
from tests.oracle.campaign import Compared, compare_seed
from tests.oracle.paths import programme
from tests.oracle.programs import random_case
from tests.oracle.promela import promela
from tests.oracle.recorded import tell
from tests.oracle.search import ACTORS, Search, TooLargeError

FAULTS = ("miss", "false alarm", "disagree")


def second_opinion(seed: int, actors: int = ACTORS) -> Compared:
    """The random program of that seed, asked of the oracle and of Spin."""
    program = programme(random_case(seed))
    try:
        answer = Search(program, actors).run()
    except TooLargeError:
        return Compared("too large", str(seed))
    told = spin.hangs(promela(program, actors))
    if told is None:
        return Compared("too large", str(seed))
    if told != answer.hangs:
        return Compared("disagree", str(seed), f"the oracle says {answer.hangs}, Spin says {told}")
    return Compared("hangs" if told else "safe", str(seed))


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="programs (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the first one (default: 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: cores)")
    parser.add_argument("--recorded", type=Path, nargs="+", default=[], metavar="FILE",
                        help="programs that a kernel judged: tell each difference, and who is right")  # fmt: skip
    parser.add_argument("--spin", action="store_true", help="ask Spin instead of lockcheck")
    return parser.parse_args(words)


def _tell_recorded(files: Sequence[Path], jobs: int) -> int:
    """The differences from recorded verdicts, each with the oracle's word; 1 when lockcheck is at fault in one."""
    cases = [case for path in files for case in read(path)]
    counts: Counter[str] = Counter()
    faults = 0
    with multiprocessing.Pool(jobs) as pool:
        for told in pool.imap(tell, cases, chunksize=16):
            counts["differ" if told else "as recorded"] += 1
            if told is None:
                continue
            print(told, flush=True)
            counts[f"{told.effect}: {told.oracle}"] += 1
            if told.fault:
                faults += 1
                print(f"fault: {told.id}: {told.fault}", flush=True)
    for what, number in sorted(counts.items()):
        print(f"{number:>6}  {what}")
    return 1 if faults else 0


def _report(found: Iterable[Compared]) -> int:
    counts: Counter[str] = Counter()
    for one in found:
        counts[one.state] += 1
        if one.state in FAULTS:
            print(f"{one.state}: {one.name}: {one.detail}", flush=True)
    print(", ".join(f"{state}: {count}" for state, count in sorted(counts.items())))
    return 1 if any(counts[state] for state in FAULTS) else 0


def main(words: Sequence[str] | None = None) -> int:
    """Run the campaign; the exit status."""
    options = _arguments(words)
    if options.recorded:
        return _tell_recorded(options.recorded, options.jobs)
    ask = partial(second_opinion) if options.spin else compare_seed
    seeds = range(options.seed, options.seed + options.count)
    with multiprocessing.Pool(options.jobs) as pool:
        return _report(pool.imap(ask, seeds, chunksize=1 if options.spin else 64))


if __name__ == "__main__":
    sys.exit(main())
