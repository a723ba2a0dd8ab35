"""Tests of the comparison of results."""
