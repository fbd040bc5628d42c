"""What PostgreSQL's errors mean for a user."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from flowgrade.errors import (
    SettingsError,
    StoreBusyError,
    StoreConflictError,
    StoreError,
    StoreFullError,
)

_BUSY = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.TooManyConnections,
)
_PORTS = re.compile(r"[0-9,]*")
# Classes of SQLSTATE that tell of the connection rather than of a statement.
_CONNECTION = ("08", "28", "3D", "57P")


def public_place(url: str) -> str:
    """The address without user and password; raises SettingsError when it is none."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        parts = {}
    host, port = str(parts.get("host", "localhost")), str(parts.get("port", 5432))
    if not parts or not _PORTS.fullmatch(port) or "@" in host or "@" in urlsplit(url).path:
        # Neither quoted nor with a cause: a part of the password may be anywhere in it.
        raise SettingsError(
            "FLOWGRADE_STORE is not a usable PostgreSQL address.",
            hint="Write it as postgresql://user@host:5432/database; in a password, write @ as %40, "
            "/ as %2F and % as %25.",
        )
    return f"postgresql://{host}:{port}/{parts.get('dbname', '')}"


def translate(error: Exception, place: str) -> StoreError:
    """The error to raise instead of ``error``, which is psycopg's or Python's about a value."""
    lines = str(error).strip().splitlines()
    text = lines[0].rstrip(".") if lines else type(error).__name__
    if isinstance(error, errors.DiskFull):
        return StoreFullError(
            f"The store {place} is full: {text}.",
            hint="Free space on the server, then go on; what was stored is unharmed.",
        )
    if isinstance(error, _BUSY):
        return StoreBusyError(f"The store {place} is busy: {text}.", hint="Try again.")
    if isinstance(error, errors.UniqueViolation):
        return StoreConflictError(f"The store {place} has such a row already: {text}.")
    if _is_connection_error(error):
        return StoreError(
            f"The store {place} cannot be reached: {text}.",
            hint="Check the address, user and password in FLOWGRADE_STORE and that it runs.",
        )
    return StoreError(f"The store {place} failed: {text}.")


def _is_connection_error(error: Exception) -> bool:
    """Whether the connection failed rather than a statement."""
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(_CONNECTION)
