"""A measured stage in a process of its own: ``python -m tests.benchmarks.stage raw|csafe|check FILE``; prints JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from itertools import pairwise
from pathlib import Path


def raw(path: Path) -> dict[str, float]:
    """libyaml's events, each taken over into Python and dropped."""
    import yaml

    data = path.read_bytes()
    start = time.process_time()
    parser = yaml.CLoader(data)
    while parser.get_event() is not None:
        pass
    return {"total": time.process_time() - start}


def csafe(path: Path) -> dict[str, float]:
    """``yaml.load`` with CSafeLoader, as everyone calls it."""
    import yaml

    data = path.read_bytes()
    start = time.process_time()
    yaml.load(data, Loader=yaml.CSafeLoader)
    return {"total": time.process_time() - start}


def check(path: Path) -> dict[str, float]:
    """A whole cold check, stage by stage, from the start of the interpreter's work on imports."""
    marks = {"begin": time.process_time()}
    from lockcheck.checker.judge import Judgement
    from lockcheck.checker.reading import built_in, read_rules
    from lockcheck.graph import analyse
    from lockcheck.loading import load
    from lockcheck.model.configs import Configs
    from lockcheck.report.text import text
    from lockcheck.source.garbage import collector_paused

    ruleset = read_rules([built_in()])

    marks["start"] = time.process_time()
    with collector_paused():  # as api.check does
        loaded = load([str(path)])
        assert loaded.program is not None, loaded.problems[:3]
        marks["load"] = time.process_time()
        analysis = analyse(loaded.program)
        marks["analyse"] = time.process_time()
        judgement = Judgement(ruleset.sorted(), None)
        found_in = judgement.judge(loaded.program, analysis)
        result = judgement.result(found_in, Configs(loaded.program.config), loaded.sources)
    marks["judge"] = time.process_time()
    text(result)
    marks["report"] = time.process_time()
    names = list(marks)
    found = {name: marks[name] - marks[before] for before, name in pairwise(names)}
    coverage = result.coverage
    found["total"] = marks["report"]
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found["findings"] = len(result.findings)
    found |= {name: getattr(coverage, name) for name in ("dependencies", "classes", "contexts")}
    return found


if __name__ == "__main__":
    print(json.dumps({"raw": raw, "csafe": csafe, "check": check}[sys.argv[1]](Path(sys.argv[2]))))
