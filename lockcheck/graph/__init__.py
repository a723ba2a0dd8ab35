"""The lock-order graph and the facts: circles, conflicts, witnesses. networkx lives here and nowhere else."""

from lockcheck.graph.analysis import Analysis, analyse

__all__ = ["Analysis", "analyse"]
