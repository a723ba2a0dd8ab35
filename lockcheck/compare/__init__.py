"""Comparison of results: what a change adds to a base, and designs side by side. Values in, values out."""
