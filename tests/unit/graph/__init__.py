"""The lock-order graph and what is found in it."""
