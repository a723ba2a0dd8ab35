"""A small checker of certificates, apart from everything else: it imports nothing of lockcheck but itself.

Is: :func:`~lockcheck.verifier.check.examine`. Is not: what makes a certificate (``proof``).
"""
