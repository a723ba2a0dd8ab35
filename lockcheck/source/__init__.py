"""The ground room: YAML text in, plain values with positions out, or problems that say where and what.

Is: the only place that knows YAML. Is not: aware of models, rules or locks: it serves both readers.
"""
