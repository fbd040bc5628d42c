"""The project, its store and the disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from flowgrade.cli.checks.check import Check, Status
from flowgrade.errors import FlowgradeError
from flowgrade.settings import Settings
from flowgrade.store import (
    Store,
    clock_ahead,
    connect_store,
    integrity_fault,
    migration_state,
    store_exists,
)

_LARGE = 4 * 1024**3  # bytes; beyond, a check takes longer than a person waits
_LITTLE = 1024**3
_TOO_LITTLE = 50 * 1024**2
_APART, _TOO_FAR_APART = 2.0, 60.0  # seconds


def place_checks(settings: Settings) -> Iterator[Check]:
    """Where state is kept, and how that is."""
    yield Check(check="project", status="ok", found=f"{settings.name} in {settings.project}")
    yield _folder("home", settings.home)
    if not store_exists(settings.store):
        path = settings.store.removeprefix("sqlite:///")
        yield Check(check="store", status="ok", found=f"{path}: none yet; the first run makes it")
        yield _disk(Path(path).parent)
        return
    try:
        store = connect_store(settings.store)
    except FlowgradeError as error:
        yield Check(check="store", status="fail", found=error.message, next=error.hint)
        return
    try:
        yield from _store(store)
    except FlowgradeError as error:
        yield Check(check="store", status="fail", found=error.message, next=error.hint)
    finally:
        store.close()


def _store(store: Store) -> Iterator[Check]:
    state = migration_state(store)
    if state.pending:
        yield Check(
            check="store",
            status="warn",
            found=f"{store.place}: its schema is {len(state.pending)} steps behind",
            next="flowgrade store migrate",
        )
    else:
        yield Check(check="store", status="ok", found=f"{store.place}{_size(store)}")
    if store.dialect == "sqlite":
        yield _integrity(store)
        yield _disk(Path(store.place).parent)
    else:
        yield _server_clock(store)


def _integrity(store: Store) -> Check:
    if _bytes(store) > _LARGE:
        return Check(
            check="integrity",
            status="ok",
            found="not looked at: the store is large",
            next=f"sqlite3 {store.place} 'PRAGMA quick_check'",
        )
    fault = integrity_fault(store)
    if fault is None:
        return Check(check="integrity", status="ok", found="the file is sound")
    return Check(
        check="integrity",
        status="fail",
        found=f"the file is damaged: {fault}",
        next="Put a backup in its place; see the folder backups beside it.",
    )


def _server_clock(store: Store) -> Check:
    ahead = clock_ahead(store) or 0.0
    found = f"the server's clock is {abs(ahead):.1f} s {'ahead' if ahead >= 0 else 'behind'}"
    if abs(ahead) < _APART:
        return Check(check="clocks", status="ok", found=found)
    return Check(
        check="clocks",
        status="warn" if abs(ahead) < _TOO_FAR_APART else "fail",
        found=found,
        next="Let a time service set both (NTP): times of runs and traces would not fit.",
    )


def _disk(folder: Path) -> Check:
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{_amount(free)} free at {folder}"
    if free >= _LITTLE:
        return Check(check="disk", status="ok", found=found)
    status: Status = "warn" if free >= _TOO_LITTLE else "fail"
    return Check(
        check="disk",
        status=status,
        found=found,
        next="Free space, or set FLOWGRADE_STORE elsewhere.",
    )


def _folder(name: str, folder: Path) -> Check:
    there = folder
    while not there.exists():
        there = there.parent
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Check(check=name, status="ok", found=str(folder))
    return Check(
        check=name,
        status="warn",
        found=f"{folder} cannot be written",
        next="Set FLOWGRADE_HOME to a folder of yours.",
    )


def _size(store: Store) -> str:
    return f" ({_amount(_bytes(store))})" if store.dialect == "sqlite" else ""


def _bytes(store: Store) -> int:
    files = (Path(f"{store.place}{end}") for end in ("", "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def _amount(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
