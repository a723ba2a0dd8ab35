"""Program -> raw facts: every path followed once per (function, entry state), summaries composed over calls.

Pure: no I/O, no rules, no words, no Linux function by name. What cannot be followed is itself recorded.
"""
