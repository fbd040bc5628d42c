"""What errors of the disk and of SQLite mean for an index."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from flowgrade.errors import StoreBusyError, StoreError, StoreFullError

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_CUT_SHORT = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMMAP,
    sqlite3.SQLITE_IOERR_TRUNCATE,
}
_GO_ON = "Free space on that disk, then build again; it goes on where it stopped."


def disk_error(place: Path, error: OSError) -> StoreError:
    """What to raise when files below ``place`` cannot be written."""
    text = f"The index in {place} cannot be written: {error.strerror or error}."
    if error.errno in _FULL:
        return StoreFullError(text, hint=_GO_ON)
    return StoreError(text, hint="Check that the folder is yours to write.")


def database_error(path: Path, error: sqlite3.Error) -> StoreError:
    """What to raise for an error of the database ``path``."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code in _CUT_SHORT:
        return StoreFullError(f"The index file {path} cannot be written: {error}.", hint=_GO_ON)
    if code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreBusyError(
            f"Another process builds the index in {path.parent}.",
            hint="Wait until it is done, then try again.",
        )
    if code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return StoreError(
            f"The index file {path} is damaged: {error}.",
            hint=f"Delete it and build again: flowgrade index build {path.parent.name}",
        )
    return StoreError(f"The index file {path} failed: {error}.")
