"""Repairs that are known to work: candidates are made from the witness of a deadlock, tried, checked again, ranked.

Is: small edits of model text (``document``, ``candidates``), and the trying (``search``). Is not: a judge of whether
the data are still protected: what a lock is for, no model says.
"""

from lockcheck.repair.search import Check, repairs

__all__ = ["Check", "repairs"]
