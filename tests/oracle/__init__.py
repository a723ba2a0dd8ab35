"""An independent oracle: can these code paths really hang? Decided by trying every interleaving.

Is: ground truth for small programs in the corpus format (tests/conformance), by explicit-state search over actors
(tasks and interrupts), lock holders and queued writers. Is not: an analysis; it shares no code with lockcheck and knows
nothing of lock order, classes or usage.

``python -m tests.oracle`` runs the campaign against lockcheck.
"""
