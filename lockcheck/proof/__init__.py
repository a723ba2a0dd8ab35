"""Certificates: what a clean run leaves behind so that others can re-check it.

Is: the program in the small form that the verifier carries out (``lowering``), and a certificate put together of it
and of an analysis (``writing``). Is not: the verifier, which shares nothing with this.
"""
