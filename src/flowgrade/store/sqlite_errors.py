"""What SQLite's errors mean for a user."""

from __future__ import annotations

import sqlite3

from flowgrade.errors import StoreBusyError, StoreConflictError, StoreError, StoreFullError

BUSY_SECONDS = 30.0
"""How long a transaction waits for another process."""

# A write that the system cut short. On some systems SQLITE_FULL stands for ENOSPC alone, and a
# quota or a file's limit comes as one of these.
_CUT_SHORT = {
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMMAP,
    sqlite3.SQLITE_IOERR_TRUNCATE,
}
_VERBS = {
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
    sqlite3.SQLITE_READONLY: "cannot be written",
    sqlite3.SQLITE_PERM: "cannot be opened",
}
_KEY_TAKEN = {sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE}


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else holds what is wanted."""
    return _code(error) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def translate(error: Exception, place: str) -> StoreError:
    """The error to raise instead of ``error``, which is SQLite's or Python's about a value."""
    code = _code(error)
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_FULL or code in _CUT_SHORT:
        return StoreFullError(
            f"The store {place} cannot be written: {error}.",
            hint="Free space on that disk, then go on; what was stored is unharmed.",
        )
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreBusyError(
            f"Another process has kept the store {place} busy for over {BUSY_SECONDS:.0f} s.",
            hint="Try again, or use PostgreSQL for many writers: FLOWGRADE_STORE=postgresql://…",
        )
    if code in _KEY_TAKEN:
        return StoreConflictError(f"The store {place} has such a row already: {error}.")
    if primary == sqlite3.SQLITE_NOTADB:
        return StoreError(
            f"The file {place} is not a SQLite database.",
            hint="Move that file away, or name another one in FLOWGRADE_STORE.",
        )
    verb = _VERBS.get(primary, "failed")
    return StoreError(f"The store {place} {verb}: {error}.", hint=_hint(primary))


def _code(error: Exception) -> int:
    return getattr(error, "sqlite_errorcode", 0)


def _hint(primary: int) -> str | None:
    if primary == sqlite3.SQLITE_CORRUPT:
        return "Move that file away and put a backup in its place, or begin with a new one."
    if primary in _VERBS:
        return "Check that the file and its folder are yours to write."
    return None
