"""GFP bits and allocation scopes, as the analysis computes with them.

Is: the bits that decide about reclaim. Is not: the table of names (that is the dialect's).
"""

from __future__ import annotations

DIRECT_RECLAIM = 1
KSWAPD_RECLAIM = 2
IO = 4
FS = 8
NOFAIL = 16
ATOMIC = 32
NOLOCKDEP = 64
ACCOUNT = 128
ZERO = 256
NOWARN = 512
NORETRY = 1024
HIGHMEM = 2048
MOVABLE = 4096
THISNODE = 8192
COMP = 16384

BITS = {
    "DIRECT_RECLAIM": DIRECT_RECLAIM,
    "KSWAPD_RECLAIM": KSWAPD_RECLAIM,
    "IO": IO,
    "FS": FS,
    "NOFAIL": NOFAIL,
    "ATOMIC": ATOMIC,
    "NOLOCKDEP": NOLOCKDEP,
    "ACCOUNT": ACCOUNT,
    "ZERO": ZERO,
    "NOWARN": NOWARN,
    "NORETRY": NORETRY,
    "HIGHMEM": HIGHMEM,
    "MOVABLE": MOVABLE,
    "THISNODE": THISNODE,
    "COMP": COMP,
}
