"""Whether a worker is loading its flow here: a module must not start a run then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_here = False


def is_opening() -> bool:
    """Whether a worker is loading its flow in this process."""
    return _here


@contextmanager
def opening() -> Iterator[None]:
    """Say so for the block."""
    global _here
    _here = True
    try:
        yield
    finally:
        _here = False
