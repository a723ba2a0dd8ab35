"""What following a program may cost: bounds on the analysis, which strangers' models could make explode.

Is: plain numbers with their reasons. Is not: enforcement. What a bound cuts off is recorded as not followed, never
silently left out.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnalysisLimits:
    """Bounds on the analysis. All may be raised; the shipped models stay far below each.

    ``max_states``: states that may meet at one point of a function before they are merged; merging loses no
    dependency, and the summary names the function.
    ``max_merged_states``: interrupt and preemption states that merged paths may be in at one point; others are not
    followed.
    ``max_exits``: states a function may return in before its exits are merged.
    ``max_contexts``: entry states of one function, over all its arguments; calls in others are not followed.
    ``max_work``: steps followed in all (200,000, and 50 for each step of the program); paths beyond are not followed.
    """

    max_states: int = 64
    max_merged_states: int = 24
    max_exits: int = 8
    max_contexts: int = 2_000
    max_work: int = 200_000
