"""What a reader is willing to spend on a file from a stranger.

Is: plain numbers with their reasons. Is not: enforcement, which stands where each thing is read.
"""

from __future__ import annotations

from dataclasses import dataclass

from lockcheck.model.limits import AnalysisLimits


@dataclass(frozen=True, slots=True)
class Limits(AnalysisLimits):
    """Bounds on input, beside those on the analysis of what was read. All may be raised; none of the shipped models
    comes near them.

    ``max_file_bytes``: size of one file (64 MiB); ``max_total_bytes``: of all files of a run (256 MiB).
    ``max_depth``: nesting of lists and mappings (64): lowering recurses over it.
    ``max_alias_nodes``: values that aliases may add to a file when written out (100,000).
    ``max_int_digits``: digits of an integer (18). ``max_name``: characters of a name or key (200).
    ``max_files``: files read in one run. ``max_functions``: functions of a whole program.
    ``max_configs``: combinations of kernel options that one run checks; the summary counts the others.
    ``max_declarations``: locks, functions and all else that the files of a run declare.
    ``max_problems``: problems reported before the reader gives up.
    """

    max_file_bytes: int = 64 << 20
    max_total_bytes: int = 256 << 20
    max_depth: int = 64
    max_alias_nodes: int = 100_000
    max_int_digits: int = 18
    max_name: int = 200
    max_files: int = 10_000
    max_functions: int = 1_000_000
    max_configs: int = 64
    max_declarations: int = 250_000
    max_problems: int = 200
