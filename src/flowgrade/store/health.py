"""How a store is: what a look from outside can find out."""

from __future__ import annotations

import time

from flowgrade.store.database import Store


def integrity_fault(store: Store) -> str | None:
    """What SQLite finds wrong with the file, or None. A server looks after itself: None.

    Takes about a second for each gigabyte.
    """
    if store.dialect != "sqlite":
        return None
    with store.read() as transaction:
        found = transaction.one("PRAGMA quick_check(1)")
    text = str(found[0]) if found else ""
    return None if text == "ok" else text or "it says nothing"


def clock_ahead(store: Store) -> float | None:
    """Seconds that the server's clock is ahead of this machine's; None without a server."""
    if store.dialect == "sqlite":
        return None
    with store.read() as transaction:
        before = time.time()
        found = transaction.one("SELECT EXTRACT(EPOCH FROM clock_timestamp())")
        after = time.time()
    return None if found is None else float(found[0]) - (before + after) / 2
