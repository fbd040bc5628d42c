"""Trace and span identifiers."""

from __future__ import annotations

import os
import random
import time

# One of our own, so that a user who seeds Python's does not repeat identifiers. They need to be
# unique, not secret.
_random = random.Random()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)


def new_trace_id() -> str:
    """32 hexadecimal digits: 48 bits of the time in milliseconds, then 80 random bits.

    Time first keeps the store's index growing at one end, so inserts stay quick as it grows;
    W3C Trace Context asks only that the seven rightmost bytes be random.
    """
    return f"{time.time_ns() // 1_000_000:012x}{_random.getrandbits(80):020x}"


def new_span_id() -> str:
    """16 hexadecimal digits, never all zero."""
    return f"{_random.getrandbits(64) or 1:016x}"
