"""What an earlier run found, kept on disk: bytes by key (``store``), and values as bytes that run nothing (``codec``).

Is: of no consequence: whatever is missing, broken or not ours is as if it were not there. Is not: aware of what is
kept, nor of when it may be used again (``recall.py``).
"""

from lockcheck.cache.store import Store, default_folder

__all__ = ["Store", "default_folder"]
