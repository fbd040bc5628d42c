"""Indexes come back from the store as they went in, on every database."""

from __future__ import annotations

import time
from typing import Any

import numpy
import pytest

from flowgrade.errors import InputError, NotFoundError
from flowgrade.records import Failure, replace
from flowgrade.retrieval import (
    IndexRecord,
    Skipped,
    Snapshot,
    SnapshotStatus,
    cached_models,
    forget_vectors,
    get_index,
    get_snapshot,
    list_indexes,
    list_snapshots,
    settings_of,
)
from flowgrade.retrieval import repository as indexes
from flowgrade.retrieval.vectors import keep_vectors, known_dimensions, known_vectors
from flowgrade.store import Store

SETTINGS = settings_of({"size": 9, "embedding": "none", "search": {"options": {"a": [1, None]}}})


def a_snapshot(letter: str = "a", **more: Any) -> Snapshot:
    given: dict[str, Any] = {
        "index": "kb",
        "digest": f"sha256:{letter * 64}",
        "status": SnapshotStatus.READY,
        "settings": SETTINGS,
        "created_ns": time.time_ns(),
        **more,
    }
    return Snapshot(**given)


def a_record(**more: Any) -> IndexRecord:
    given: dict[str, Any] = {
        "name": "kb",
        "settings": SETTINGS,
        "sources": ("docs", "https://a/b"),
        "loading": {"suffixes": [".md"]},
        "created_ns": 1,
        "updated_ns": 2,
        **more,
    }
    return IndexRecord(**given)


def finish(store: Store, snapshot: Snapshot, documents: dict[str, str], **base: Any) -> None:
    indexes.begin_snapshot(store, a_record(), replace(snapshot, status=SnapshotStatus.BUILDING))
    indexes.finish_snapshot(store, a_record(), snapshot, documents, of_base=base.get("base", {}))


def test_an_index_and_its_snapshot_come_back_whole(store: Store) -> None:
    snapshot = a_snapshot(
        model="openai/e",
        dimensions=64,
        documents=2,
        chunks=5,
        embedded=3,
        seconds=1.25,
        tokens=2**40,
        cost=0.5,
        unpriced=1,
        unread=(Skipped(source="ü.pdf", message="broken\n'text'"),),
    )
    finish(store, snapshot, {"ü": "sha256:1", "b": "sha256:2"})
    assert get_snapshot(store, "kb") == snapshot
    assert get_index(store, "kb") == a_record(current=snapshot.digest)
    assert list_indexes(store) == [a_record(current=snapshot.digest)]
    assert indexes.document_digests(store, "kb", snapshot.digest) == {
        "ü": "sha256:1",
        "b": "sha256:2",
    }


def test_documents_of_the_base_are_taken_over_changed_or_left_out(store: Store) -> None:
    base = {"a": "1", "b": "2", "c": "3"}
    finish(store, a_snapshot("a"), base)
    new = {"a": "1", "b": "changed", "d": "4"}
    finish(store, a_snapshot("b", base=a_snapshot("a").digest), new, base=base)
    assert indexes.document_digests(store, "kb", a_snapshot("b").digest) == new
    assert indexes.document_digests(store, "kb", a_snapshot("a").digest) == base


def test_a_snapshot_that_is_being_built_is_not_the_current_one(store: Store) -> None:
    finish(store, a_snapshot("a"), {"a": "1"})
    building = a_snapshot("b", status=SnapshotStatus.BUILDING)
    indexes.begin_snapshot(store, a_record(), building)
    assert get_snapshot(store, "kb").digest == a_snapshot("a").digest
    assert len(list_snapshots(store, "kb")) == 2


def test_a_build_whose_process_is_gone_shows_as_interrupted(store: Store) -> None:
    indexes.begin_snapshot(store, a_record(), a_snapshot(status=SnapshotStatus.BUILDING))
    with store.lock(indexes.lock_name("kb")):
        assert [one.status for one in list_snapshots(store, "kb")] == ["building"]
    assert [one.status for one in list_snapshots(store, "kb")] == ["interrupted"]


def test_a_failure_comes_back(store: Store) -> None:
    failure = Failure(type="ModelError", message="no", hint="yes")
    failed = a_snapshot(status=SnapshotStatus.FAILED, error=failure)
    indexes.begin_snapshot(store, a_record(), failed)
    indexes.end_snapshot(store, failed)
    assert get_snapshot(store, "kb", "aaa").error == failure


def test_an_ambiguous_digest_is_refused(store: Store) -> None:
    finish(store, a_snapshot("a"), {})
    finish(store, a_snapshot(digest="sha256:aab"), {})
    with pytest.raises(InputError, match="Give more digits"):
        get_snapshot(store, "kb", "aa")
    assert get_snapshot(store, "kb", "aab").digest == "sha256:aab"


def test_what_is_forgotten_is_gone(store: Store) -> None:
    finish(store, a_snapshot("a"), {"a": "1"})
    indexes.forget_snapshot(store, a_snapshot("a"))
    assert get_index(store, "kb").current is None
    assert indexes.document_digests(store, "kb", a_snapshot("a").digest) == {}
    finish(store, a_snapshot("a"), {"a": "1"})
    indexes.forget_index(store, "kb")
    assert list_indexes(store) == []
    with pytest.raises(NotFoundError):
        get_index(store, "kb")


def test_vectors_come_back_bit_by_bit(store: Store) -> None:
    vectors = {f"{n:032x}": numpy.array([n, -0.5, 1e-30], dtype=numpy.float32) for n in range(1000)}
    keep_vectors(store, "m", vectors)
    found = known_vectors(store, "m", [*vectors, "unknown"])
    assert found.keys() == vectors.keys()
    assert all((found[name] == vectors[name]).all() for name in vectors)
    assert known_vectors(store, "other", list(vectors)) == {}
    assert (known_dimensions(store, "m"), known_dimensions(store, "other")) == (3, None)
    assert [(one.texts, one.size) for one in cached_models(store)] == [(1000, 12_000)]
    assert forget_vectors(store, size=6_000) == 500
    assert forget_vectors(store) == 500
