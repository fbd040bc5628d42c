"""Indexes and their snapshots in the store: rows in, records out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from flowgrade.errors import InputError, NotFoundError
from flowgrade.records import Failure, JsonObject, as_dict, dumps, loads, replace
from flowgrade.retrieval.chunking.chunker import ChunkSettings
from flowgrade.retrieval.settings import IndexSettings, SearchSettings
from flowgrade.retrieval.snapshot import IndexRecord, Skipped, Snapshot, SnapshotStatus
from flowgrade.retrieval.tables import INDEX_DOCUMENTS, INDEX_SNAPSHOTS, INDEXES
from flowgrade.store import Store

_TAKE_OVER = """
INSERT INTO index_documents (index_name, snapshot, document, digest)
SELECT index_name, ?, document, digest FROM index_documents WHERE index_name = ? AND snapshot = ?
"""
_LEAVE_OUT = "DELETE FROM index_documents WHERE index_name = ? AND snapshot = ? AND document = ?"


def find_index(store: Store, name: str) -> IndexRecord | None:
    """The index of that name, or None."""
    with store.read() as transaction:
        found = transaction.one(f"{INDEXES.select} WHERE name = ?", (name,))
    return None if found is None else _index(found)


def get_index(store: Store, name: str) -> IndexRecord:
    """The index of that name; raises NotFoundError with the nearest name."""
    found = find_index(store, name)
    if found is None:
        raise unknown_index(name, [one.name for one in list_indexes(store)])
    return found


def list_indexes(store: Store) -> list[IndexRecord]:
    """Every index, in the order of names."""
    with store.read() as transaction:
        return [_index(row) for row in transaction.all(f"{INDEXES.select} ORDER BY name")]


def find_snapshot(store: Store, index: str, digest: str) -> Snapshot | None:
    """The snapshot with exactly this digest, or None."""
    with store.read() as transaction:
        found = transaction.one(
            f"{INDEX_SNAPSHOTS.select} WHERE index_name = ? AND digest = ?", (index, digest)
        )
    return None if found is None else _with_truth(store, [_snapshot(found)])[0]


def get_snapshot(store: Store, index: str, snapshot: str | None = None) -> Snapshot:
    """A snapshot by its digest or the beginning of it, else the one that is current.

    Raises NotFoundError, and InputError for a beginning that fits several.
    """
    record = get_index(store, index)
    if snapshot is None:
        found = find_snapshot(store, index, record.current) if record.current else None
        if found is None:
            raise NotFoundError(
                f"The index '{index}' has no snapshot yet: its build did not end.",
                hint=f"Build it: flowgrade index build {index}",
            )
        return found
    wanted = snapshot.removeprefix("sha256:").lower()
    every = list_snapshots(store, index)
    fitting = [one for one in every if wanted and one.key.startswith(wanted)]
    if len(fitting) > 1:
        raise InputError(
            f"Several snapshots of '{index}' begin with '{wanted}'.", hint="Give more digits."
        )
    if not fitting:
        raise NotFoundError(
            f"The index '{index}' has no snapshot '{snapshot}'.",
            hint=f"See which there are: flowgrade index show {index}",
        )
    return fitting[0]


def list_snapshots(store: Store, index: str) -> list[Snapshot]:
    """The snapshots of an index, the newest first."""
    sql = f"{INDEX_SNAPSHOTS.select} WHERE index_name = ? ORDER BY created_ns DESC, digest"
    with store.read() as transaction:
        found = [_snapshot(row) for row in transaction.all(sql, (index,))]
    return _with_truth(store, found)


def document_digests(store: Store, index: str, digest: str) -> dict[str, str]:
    """The digest of each document of a snapshot, by id, in the order of ids."""
    sql = (
        "SELECT document, digest FROM index_documents "
        "WHERE index_name = ? AND snapshot = ? ORDER BY document"
    )
    with store.read() as transaction:
        return dict(transaction.all(sql, (index, digest)))


def begin_snapshot(store: Store, record: IndexRecord, snapshot: Snapshot) -> None:
    """Store that a snapshot is being built; of an index that is new, the index too."""
    with store.write() as transaction:
        transaction.insert(INDEXES, [_index_row(record)], conflict="keep")
        transaction.insert(INDEX_SNAPSHOTS, [_snapshot_row(snapshot)], conflict="replace")


def end_snapshot(store: Store, snapshot: Snapshot) -> None:
    """Store how a build ended that gave nothing."""
    with store.write() as transaction:
        transaction.insert(INDEX_SNAPSHOTS, [_snapshot_row(snapshot)], conflict="replace")


def finish_snapshot(
    store: Store,
    record: IndexRecord,
    snapshot: Snapshot,
    documents: Mapping[str, str],
    *,
    of_base: Mapping[str, str],
) -> None:
    """Store a snapshot that is ready, with its documents, and make it current: all or nothing.

    ``documents`` has their digests by id, ``of_base`` those of the base.
    """
    key = (snapshot.index, snapshot.digest)
    changed = [
        (*key, one, digest) for one, digest in documents.items() if of_base.get(one) != digest
    ]
    gone = [(*key, one) for one in of_base if one not in documents]
    with store.write() as transaction:
        transaction.insert(INDEX_SNAPSHOTS, [_snapshot_row(snapshot)], conflict="replace")
        transaction.execute(
            "DELETE FROM index_documents WHERE index_name = ? AND snapshot = ?", key
        )
        if of_base:
            values = (snapshot.digest, snapshot.index, snapshot.base)
            transaction.execute(_TAKE_OVER, values)
        for one in gone:
            transaction.execute(_LEAVE_OUT, one)
        transaction.insert(INDEX_DOCUMENTS, changed, conflict="replace")
        transaction.insert(
            INDEXES, [_index_row(replace(record, current=snapshot.digest))], conflict="replace"
        )


def make_current(store: Store, record: IndexRecord, digest: str) -> None:
    """Let searches see another snapshot of the index."""
    changed = replace(record, current=digest, updated_ns=time.time_ns())
    with store.write() as transaction:
        transaction.insert(INDEXES, [_index_row(changed)], conflict="replace")


def forget_snapshot(store: Store, snapshot: Snapshot) -> None:
    """Remove a snapshot from the store; the index stays, without it where it was current."""
    key = (snapshot.index, snapshot.digest)
    with store.write() as transaction:
        for table in ("index_documents", "index_snapshots"):
            column = "snapshot" if table == "index_documents" else "digest"
            transaction.execute(f"DELETE FROM {table} WHERE index_name = ? AND {column} = ?", key)
        transaction.execute("UPDATE indexes SET current = NULL WHERE name = ? AND current = ?", key)


def forget_index(store: Store, name: str) -> None:
    """Remove an index with its snapshots from the store."""
    with store.write() as transaction:
        transaction.execute("DELETE FROM index_documents WHERE index_name = ?", (name,))
        transaction.execute("DELETE FROM index_snapshots WHERE index_name = ?", (name,))
        transaction.execute("DELETE FROM index_measurements WHERE index_name = ?", (name,))
        transaction.execute("DELETE FROM indexes WHERE name = ?", (name,))


def lock_name(index: str) -> str:
    """The lock that the process building an index holds."""
    return f"index-{index}"


def unknown_index(name: str, known: Sequence[str]) -> NotFoundError:
    """The error for a name that no index has, with the nearest one."""
    near = get_close_matches(name, known, n=1)
    return NotFoundError(
        f"There is no index '{name}'.",
        hint=f"Did you mean '{near[0]}'?"
        if near
        else f"Build it: flowgrade index build {name} SOURCE",
    )


def stored_settings(written: JsonObject) -> IndexSettings:
    """The settings that ``as_json`` wrote."""
    return IndexSettings(
        **{
            **written,
            "chunks": ChunkSettings(**written["chunks"]),
            "search": SearchSettings(**written["search"]),
        }
    )


def _with_truth(store: Store, snapshots: list[Snapshot]) -> list[Snapshot]:
    """Snapshots as they are: a build whose process is gone is interrupted, whatever it wrote."""
    building = [one for one in snapshots if one.status is SnapshotStatus.BUILDING]
    if not building or store.is_locked(lock_name(building[0].index)):
        return snapshots
    return [
        replace(one, status=SnapshotStatus.INTERRUPTED)
        if one.status is SnapshotStatus.BUILDING
        else one
        for one in snapshots
    ]


def _index_row(record: IndexRecord) -> Sequence[Any]:
    return (
        record.name,
        dumps(record.settings.as_json()),
        dumps(list(record.sources)),
        dumps(record.loading),
        record.current,
        record.created_ns,
        record.updated_ns,
    )


def _index(found: Sequence[Any]) -> IndexRecord:
    row = dict(zip(INDEXES.columns, found, strict=True))
    return IndexRecord(
        **{
            **row,
            "settings": stored_settings(loads(row["settings"])),
            "sources": tuple(loads(row["sources"])),
            "loading": loads(row["loading"]),
        }
    )


def _snapshot_row(snapshot: Snapshot) -> Sequence[Any]:
    values: JsonObject = {
        **as_dict(snapshot),
        "index_name": snapshot.index,
        "status": str(snapshot.status),
        "settings": dumps(snapshot.settings.as_json()),
        "unread": dumps([as_dict(one) for one in snapshot.unread]),
        "error": dumps(as_dict(snapshot.error)) if snapshot.error else None,
    }
    return [values[column] for column in INDEX_SNAPSHOTS.columns]


def _snapshot(found: Sequence[Any]) -> Snapshot:
    row = dict(zip(INDEX_SNAPSHOTS.columns, found, strict=True))
    index = row.pop("index_name")
    return Snapshot(
        **{
            **row,
            "index": index,
            "status": SnapshotStatus(row["status"]),
            "settings": stored_settings(loads(row["settings"])),
            "unread": tuple(Skipped(**one) for one in loads(row["unread"])),
            "error": Failure(**loads(row["error"])) if row["error"] else None,
        }
    )
