"""The workshop around rules: their cases, mutants of these, a new rule's scaffold, a rule's page.

Is: what `lockcheck rules`, `lockcheck explain` and the pytest plugin share. Is not: a printer, nor any judgement.
"""
