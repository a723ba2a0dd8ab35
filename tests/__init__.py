"""What is known to be true of lockcheck, as tests. A package, so that tests can share helpers."""
