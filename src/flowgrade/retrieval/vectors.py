"""Vectors of texts in the store, so that no text is embedded twice by one model."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from flowgrade.records import Record
from flowgrade.retrieval.tables import EMBEDDED_TEXTS
from flowgrade.store import Store

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Vector

_IDS = 400  # in one statement; below SQLite's old limit of 999 values


class CachedModel(Record):
    """What is known by heart of one model."""

    model: str
    texts: int
    size: int
    """Bytes of the vectors."""


def text_digest(text: str) -> str:
    """The name of a text among the vectors: 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def known_vectors(store: Store, model: str, digests: Sequence[str]) -> dict[str, Vector]:
    """The vectors of those texts that the model has embedded before, by their digests."""
    import numpy  # noqa: PLC0415  60 ms, only where vectors are

    found: dict[str, Vector] = {}
    with store.read() as transaction:
        for start in range(0, len(digests), _IDS):
            part = digests[start : start + _IDS]
            rows = transaction.all(
                "SELECT digest, vector FROM embedded_texts WHERE model = ? AND digest IN "
                f"({', '.join('?' * len(part))})",
                (model, *part),
            )
            for digest, data in rows:
                found[digest] = numpy.frombuffer(data, dtype="<f4")
    return found


def known_dimensions(store: Store, model: str) -> int | None:
    """How long the vectors of a model are; None where none is known."""
    with store.read() as transaction:
        found = transaction.one(
            "SELECT vector FROM embedded_texts WHERE model = ? LIMIT 1", (model,)
        )
    return None if found is None else len(found[0]) // 4


def keep_vectors(store: Store, model: str, vectors: Mapping[str, Vector]) -> None:
    """Remember vectors by the digests of their texts."""
    now = time.time_ns()
    rows = [
        (model, digest, vector.astype("<f4").tobytes(), now) for digest, vector in vectors.items()
    ]
    with store.write() as transaction:
        transaction.insert(EMBEDDED_TEXTS, rows, conflict="replace")


def cached_models(store: Store) -> list[CachedModel]:
    """What is remembered, model by model."""
    sql = (
        "SELECT model, COUNT(*), SUM(LENGTH(vector)) FROM embedded_texts GROUP BY model "
        "ORDER BY model"
    )
    with store.read() as transaction:
        return [
            CachedModel(model=model, texts=int(texts), size=int(size))
            for model, texts, size in transaction.all(sql)
        ]


def forget_vectors(store: Store, *, model: str | None = None, size: int = 0) -> int:
    """Forget the oldest vectors until ``size`` bytes are left, of ``model`` or of all together.

    Returns how many were forgotten.
    """
    which, values = ("WHERE model = ? ", [model]) if model is not None else ("", [])
    with store.write() as transaction:
        kept, rest = 0, []
        sql = (
            f"SELECT model, digest, LENGTH(vector) FROM embedded_texts {which}"
            "ORDER BY created_ns DESC, model, digest"
        )
        for owner, digest, length in transaction.each(sql, values):
            kept += length
            if kept > size:
                rest.append((owner, digest))
        for owner, digest in rest:
            transaction.execute(
                "DELETE FROM embedded_texts WHERE model = ? AND digest = ?", (owner, digest)
            )
    return len(rest)
