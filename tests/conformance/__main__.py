"""The command ``python -m tests.conformance FILE...``: a table per family, then every difference.

Exit status: 0 when nothing differs and only bookkeeping is not expressible, 1 otherwise, 2 when a file can't be read.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.conformance.corpus import NotExpressibleError, Row, read
from tests.conformance.formats import accepted, rows, text_of
from tests.conformance.run import STATES, Outcome, judge_all


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="corpus, .json or .json.gz")
    parser.add_argument("--show", metavar="ID", help="print the model of one case and stop")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: cores)")
    parser.add_argument("--sample", type=int, metavar="N", help="only N rows, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (default: 0)")
    return parser.parse_args(words)


def _all_rows(files: Iterable[Path]) -> list[Row]:
    return [row for path in files for case in read(path) for row in rows(case)]


def _table(outcomes: Sequence[Outcome]) -> Iterable[str]:
    """One line per family and a sum."""
    counts = Counter((outcome.family, outcome.state) for outcome in outcomes)
    families = sorted({outcome.family for outcome in outcomes})
    width = max([len("family"), *map(len, families)])
    yield f"{'family':{width}}  {'agree':>6}  {'differ':>6}  {'not expressible':>15}"
    for family in families:
        cells = [counts[family, state] for state in STATES]
        yield f"{family:{width}}  {cells[0]:>6}  {cells[1]:>6}  {cells[2]:>15}"
    sums = [sum(outcome.state == state for outcome in outcomes) for state in STATES]
    yield f"{'all':{width}}  {sums[0]:>6}  {sums[1]:>6}  {sums[2]:>15}"


def _report(outcomes: Sequence[Outcome]) -> bool:
    """Print the table and the details; True when the corpus is met."""
    print(*_table(outcomes), sep="\n")
    unsaid = [outcome for outcome in outcomes if outcome.state == "not expressible"]
    for (why, excused), count in sorted(Counter((one.why, one.excused) for one in unsaid).items()):
        print(f"not expressible: {count} x {why}{' (bookkeeping)' if excused else ''}")
    different = [outcome for outcome in outcomes if outcome.state == "differ"]
    for one in different:
        print(f"differs: {one.id}: expected {one.wanted}, got {one.got}")
    for one in outcomes:
        if one.state == "agree" and one.why:
            print(f"more: {one.id}: expected {one.wanted}, counted {one.got}: {one.why}")
    return not different and all(one.excused for one in unsaid)


def _show(shown: Sequence[Row]) -> int:
    """Print models; 2 when there are none."""
    try:
        print(*(text_of(row) for row in shown), sep="---\n", end="")
    except NotExpressibleError as problem:
        print(f"not expressible: {problem}", file=sys.stderr)
        return 2
    return 0 if shown else 2


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    options = _arguments(words)
    try:
        todo = _all_rows(options.files)
    except (OSError, EOFError, ValueError, KeyError, TypeError) as problem:
        print(f"cannot read the corpus: {problem}", file=sys.stderr)
        return 2
    if options.show:
        return _show([row for row in todo if row.id == options.show])
    if options.sample and options.sample < len(todo):
        todo = random.Random(options.seed).sample(todo, options.sample)
    if not todo:
        print("no cases", file=sys.stderr)
        return 2
    return 0 if _report(list(judge_all(todo, accepted(), options.jobs))) else 1


if __name__ == "__main__":
    sys.exit(main())
