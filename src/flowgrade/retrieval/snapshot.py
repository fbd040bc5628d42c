"""An index and its snapshots, as the store knows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from flowgrade.records import Failure, Json, JsonObject, Record, digest_json, field
from flowgrade.retrieval.settings import IndexSettings

SHORT = 12
"""Digits of a digest that people are shown; that many, or fewer, name a snapshot."""


class SnapshotStatus(StrEnum):
    """How far a snapshot is."""

    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """Its build was ended from outside; building again goes on with it. Never stored."""


class Skipped(Record):
    """A file that could not be read, and is not in the snapshot."""

    source: str
    message: str


class Snapshot(Record):
    """One state of an index. What is ready never changes."""

    index: str
    digest: str
    """``sha256:…`` over its documents and settings: the same wherever the same is built."""
    status: SnapshotStatus
    settings: IndexSettings
    model: str | None = None
    """The embedding model, with its connection where the settings name a slot."""
    dimensions: int | None = None
    base: str | None = None
    """The snapshot from which unchanged documents were taken over."""
    documents: int = 0
    chunks: int = 0
    embedded: int = 0
    """Texts that were embedded for it; the others were known already."""
    created_ns: int = 0
    seconds: float = 0.0
    tokens: int | None = None
    cost: float | None = None
    """US dollars for embedding; None when it is not known."""
    unpriced: int = 0
    """Calls whose price is not known."""
    unread: tuple[Skipped, ...] = ()
    error: Failure | None = None

    @property
    def key(self) -> str:
        """The hexadecimal digits of the digest, by which stores name it."""
        return self.digest.partition(":")[2]

    @property
    def short(self) -> str:
        """The first digits, as people are shown it."""
        return self.key[:SHORT]

    def as_json(self) -> JsonObject:
        """The snapshot as the command line prints it with ``--json``."""
        return {
            "index": self.index,
            "snapshot": self.digest,
            "status": self.status,
            "documents": self.documents,
            "chunks": self.chunks,
            "settings": self.settings.as_json(),
            "model": self.model,
            "dimensions": self.dimensions,
            "base": self.base,
            "embedded": self.embedded,
            "created": _iso(self.created_ns),
            "seconds": round(self.seconds, 6),
            "tokens": self.tokens,
            "cost": None if self.unpriced else self.cost,
            "known_cost": self.cost,
            "unpriced": self.unpriced,
            "unread": [{"source": one.source, "message": one.message} for one in self.unread],
            "error": self.error,
        }


class IndexRecord(Record):
    """A name for a line of snapshots, one of which is current."""

    name: str
    settings: IndexSettings
    sources: tuple[str, ...] = ()
    """Where its documents come from; none where they were given as objects."""
    loading: Mapping[str, Json] = field(default_factory=dict)
    """How the sources are read."""
    current: str | None = None
    """Digest of the snapshot that searches see."""
    created_ns: int = 0
    updated_ns: int = 0


def _iso(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat(timespec="milliseconds")


def snapshot_digest(
    documents: Mapping[str, str],
    settings: IndexSettings,
    *,
    model: str | None,
    dimensions: int | None,
    counter: str,
) -> str:
    """The identity of the snapshot of these documents (digests by id), made with these settings.

    ``counter`` names what counted the tokens of chunks. Where it is stored is no part of it, nor
    any time, host or name.
    """
    written = settings.as_json()
    for place in ("store", "connection", "options", "embedding"):
        del written[place]
    return digest_json(
        {
            "documents": sorted(documents.items()),
            "model": model,
            "dimensions": dimensions,
            "counter": counter,
            "settings": written,
        }
    )
