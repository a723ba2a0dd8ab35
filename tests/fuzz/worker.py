"""A process that runs many inputs, each in a child of its own with limits on time and memory.

Is: ``python -m tests.fuzz.worker FIRST COUNT PART PARTS``; prints one JSON line for each input. Every fiftieth input
is run in every part, so that parts with different hash seeds can be compared. Is not: a summary (``__main__``).
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import os
import pkgutil
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from typing import Any, NoReturn

import lockcheck
from tests.fuzz import mutate, pipeline

SECONDS = 10
MEMORY = 1 << 30
EVERY = 50
"""Each input whose seed is a multiple of this is run in all parts."""


class _TimeoutError(BaseException):
    """The time is up."""


def _stop(_signal: int, _frame: object) -> NoReturn:
    raise _TimeoutError


def outcome(seed: int) -> dict[str, Any]:
    """Run one input here: what happened, and a digest of all it printed."""
    one = pipeline.made(seed)
    told: dict[str, Any] = {"seed": seed, "kind": one.kind, "what": "ok"}
    begin = time.process_time()
    try:
        status, words = pipeline.said(one)
        told |= {"status": status, "digest": hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:16]}
    except _TimeoutError:
        told |= {"what": "timeout", "where": _where(sys.exc_info()[2])}
    except MemoryError:
        told |= {"what": "memory", "where": _where(sys.exc_info()[2])}
    except BaseException as error:
        last = "".join(traceback.format_exception_only(error)).strip()[:300]
        told |= {"what": "traceback", "where": f"{last} at {_where(error.__traceback__)}"}
    told["seconds"] = round(time.process_time() - begin, 3)
    told["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return told


def _where(trace: Any) -> str:
    frames = traceback.extract_tb(trace)[-4:]
    return " < ".join(f"{os.path.basename(f.filename)}:{f.lineno} {f.name}" for f in reversed(frames))


def limited(seed: int) -> dict[str, Any]:
    """Run one input in a child with limits; a child that dies is an outcome as well."""
    receive, send = os.pipe()
    child = os.fork()
    if not child:
        os.close(receive)
        _limit()
        with os.fdopen(send, "w") as file:
            json.dump(outcome(seed), file)
            file.flush()
            os._exit(0)
    os.close(send)
    with os.fdopen(receive) as file:
        text = file.read()
    _, status = os.waitpid(child, 0)
    if text:
        found: dict[str, Any] = json.loads(text)
        return found
    died = f"died with wait status {status}"
    return {"seed": seed, "kind": "?", "what": "traceback", "where": died, "seconds": 0.0, "peak": 0}


def _limit() -> None:
    """Processor seconds rather than seconds: the machine may be busy with something else."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS + 5, SECONDS + 5))
    signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)


def seeds(first: int, count: int, part: int, parts: int) -> Iterator[int]:
    """The seeds of one part."""
    return (seed for seed in range(first, first + count) if seed % EVERY == 0 or seed % parts == part)


def warm() -> None:
    """Read every module and fill every table once here rather than in each child."""
    for module in pkgutil.walk_packages(lockcheck.__path__, "lockcheck."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    mutate.vocabulary()
    warming = [one for one in mutate.seeds() if one[0] == "rule"][:2] + list(mutate.seeds())[:12]
    for kind, data in warming:
        pipeline.said(pipeline.Input(kind, data, {}, False))
    gc.freeze()


def main(arguments: list[str]) -> None:
    """Run a part and print a line for each input."""
    warm()
    for seed in seeds(*map(int, arguments)):
        print(json.dumps(limited(seed)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
