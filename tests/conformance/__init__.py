"""Holding lockcheck against verdicts of the kernel's own lockdep: ``python -m tests.conformance FILE...``."""
