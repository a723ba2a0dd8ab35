"""lockcheck: a lock-dependency verifier for declared code paths."""
