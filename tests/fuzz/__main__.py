"""``python -m tests.fuzz --count N --seed S --jobs J``: many random inputs, and what was wrong with any of them.

Exit status 1 when an input gave a traceback, took too long or too much memory, or said something else under another
hash seed. ``--show SEED`` prints one input.
"""

from __future__ import annotations

import argparse
import sys

from tests.fuzz.campaign import Campaign
from tests.fuzz.pipeline import made, said


def main() -> int:
    """Run a campaign and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000, help="inputs (default: 1000)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed (default: 1)")
    parser.add_argument("--jobs", type=int, default=2, help="processes, each with its own hash seed (default: 2)")
    parser.add_argument("--show", type=int, metavar="SEED", help="print the input of a seed")
    parser.add_argument("--run", type=int, metavar="SEED", help="run the input of a seed here, without limits")
    parser.add_argument("--readers", action="store_true", help="only read the inputs, of all kinds that there are")
    options = parser.parse_args()
    if options.readers:
        from tests.fuzz.readers import main as read

        return read(options.seed, options.count)
    if options.show is not None:
        sys.stdout.write(made(options.show).data.decode("utf-8", "replace"))
        return 0
    if options.run is not None:
        print(said(made(options.run))[1])
        return 0
    campaign = Campaign(options.seed, options.count, max(options.jobs, 2))
    campaign.run()
    print("\n".join(campaign.summary()))
    return 1 if campaign.faults() else 0


if __name__ == "__main__":
    raise SystemExit(main())
