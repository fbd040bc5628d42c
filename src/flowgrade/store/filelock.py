"""A lock among processes that the operating system frees when its holder dies."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flowgrade.errors import StoreError
from flowgrade.store.disk import disk_error

LOCK_PATIENCE = 0.25
"""Seconds until a lock counts as kept: others look for an instant, a server frees it late."""

_PAUSE = 0.01  # seconds between attempts
_HELD = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def file_lock(path: Path, *, patience: float) -> Iterator[bool]:
    """Try for ``patience`` seconds to take the lock file ``path``; gives whether that worked.

    Raises StoreError when the file cannot be made or its file system knows no locks.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise disk_error(f"The lock file {path} cannot be made", error) from error
    try:
        yield persist(lambda: _taken(descriptor, path), patience)
    finally:
        os.close(descriptor)


def persist(attempt: Callable[[], bool], patience: float) -> bool:
    """Try at once, then for ``patience`` seconds; returns whether an attempt succeeded."""
    end = time.monotonic() + patience
    while not (done := attempt()) and time.monotonic() < end:
        time.sleep(_PAUSE)
    return done


def _taken(descriptor: int, path: Path) -> bool:
    try:
        _take(descriptor)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise StoreError(
            f"The lock file {path} cannot be locked: {error.strerror}.",
            hint="Name a place on a local disk in FLOWGRADE_STORE.",
        ) from error
    return True
