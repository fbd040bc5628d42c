"""Remove snapshots and indexes, from where they are kept and from the project's store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flowgrade.errors import IndexBusyError, InputError
from flowgrade.retrieval.repository import (
    forget_index,
    forget_snapshot,
    get_index,
    get_snapshot,
    list_snapshots,
    lock_name,
)
from flowgrade.retrieval.snapshot import Snapshot
from flowgrade.retrieval.workshop import Workshop, index_store, place_of


def delete_snapshot(
    workshop: Workshop, name: str, snapshot: str, *, current_too: bool = False
) -> Snapshot:
    """Delete a snapshot; without ``current_too`` raises InputError for the one that is current."""
    with _alone(workshop, name):
        found = get_snapshot(workshop.store, name, snapshot)
        if not current_too and found.digest == get_index(workshop.store, name).current:
            raise InputError(
                f"The snapshot {found.short} is the current one of '{name}'.",
                hint="Searches need it. Build another one first, or insist: --yes",
            )
        remove_snapshot(workshop, found)
    return found


def delete_index(workshop: Workshop, name: str) -> None:
    """Delete an index with all its snapshots; vectors stay remembered for other indexes."""
    with _alone(workshop, name):
        get_index(workshop.store, name)
        for snapshot in list_snapshots(workshop.store, name):
            remove_snapshot(workshop, snapshot)
        forget_index(workshop.store, name)


def remove_snapshot(workshop: Workshop, snapshot: Snapshot) -> None:
    """The same for whoever holds the lock of the index."""
    # First the chunks: when that fails, the snapshot is still known and can be deleted again.
    index_store(snapshot.settings).delete(place_of(workshop, snapshot))
    forget_snapshot(workshop.store, snapshot)


def remove_old_place(workshop: Workshop, old: Snapshot, new: Snapshot) -> None:
    """Remove the chunks of ``old``, the same snapshot as ``new``, where it has moved away."""
    places = [(one.settings.store, one.settings.connection) for one in (old, new)]
    if places[0] != places[1]:
        index_store(old.settings).delete(place_of(workshop, old))


@contextmanager
def _alone(workshop: Workshop, name: str) -> Iterator[None]:
    with workshop.store.lock(lock_name(name)) as free:
        if not free:
            raise IndexBusyError(
                f"The index '{name}' is being built by another process.",
                hint="Wait until that has ended.",
            )
        yield
