"""IndexStore: keeps the chunks of snapshots and finds them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from flowgrade.records import Json, Record, field
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.filters import Filter

if TYPE_CHECKING:
    import numpy

    from flowgrade.models import Connection

    Matrix = numpy.ndarray[tuple[int, int], numpy.dtype[numpy.float32]]
    Vector = numpy.ndarray[tuple[int], numpy.dtype[numpy.float32]]

INDEX_STORES = "flowgrade.index_stores"
"""Entry-point group of index stores; the entry's name is what ``store`` takes."""


class Found(NamedTuple):
    """A chunk that a search found; a higher score is better, on the search's own scale."""

    id: str
    score: float


class StorePlace(Record, hide=("environment",)):
    """Where a store keeps what it keeps, and how the chunks are made searchable."""

    folder: Path
    """Of the project's indexes, for stores that keep files: ``.flowgrade/indexes``."""
    index: str
    snapshot: str
    """Hexadecimal digest that names the snapshot."""
    dimensions: int | None
    """Of the vectors; None for an index without them."""
    language: str = "english"
    """For stemming and stop words; ``none`` takes words as they stand."""
    options: Mapping[str, Json] = field(default_factory=dict)
    """Of the store alone."""
    connection: Connection | None = None
    """How to reach a service, and its key."""
    environment: Mapping[str, str] = field(default_factory=dict)


class SnapshotWriter(Protocol):
    """Fills one snapshot.

    What it took survives ``kill -9``, and no reader sees any of it before ``publish``.
    """

    def staged(self) -> frozenset[str]:
        """Ids of the documents that are there whole, from a build that was cut off."""
        ...

    def keep(self, documents: Sequence[str]) -> None:
        """Take over all chunks of these documents, with vectors, from the base snapshot."""
        ...

    def add(self, document: str, chunks: Sequence[Chunk], vectors: Matrix | None) -> None:
        """Put in a document's chunks, ``vectors`` a row each; again replaces what was there."""
        ...

    def publish(self) -> None:
        """Make the snapshot searchable, in one step; a published one never changes."""
        ...

    def close(self) -> None:
        """Let go; what is staged stays for the next try."""
        ...


Nearest = Callable[[Sequence[str]], Sequence[Sequence[tuple[str, float]]]]
"""Gives for each word those nearest to it, the nearest first, and how much each counts for it."""

RELATED = 8
"""Words that count for one of a query, at most."""


@runtime_checkable
class KnowsWords(Protocol):
    """A reader that can say more of words: hybrid searches then weigh by them."""

    def by_related_words(
        self, query: str, nearest: Nearest, limit: int, where: Filter = ()
    ) -> list[Found]:
        """Like ``by_words``, where up to RELATED of a word's nearest ones count for it."""
        ...

    def coverage(self, query: str, chunk: str) -> float:
        """How much of the query's words, each by its rarity, a chunk has: 0 to 1."""
        ...


class SnapshotReader(Protocol):
    """Searches one published snapshot, from any thread."""

    def __len__(self) -> int:
        """The number of chunks."""
        ...

    @property
    def blocks(self) -> bool:
        """Whether a search takes long enough (a network, a disk) to deserve a thread."""
        ...

    def by_words(self, query: str, limit: int, where: Filter = ()) -> list[Found]:
        """The best ``limit`` chunks by BM25 or the service's full text, best first."""
        ...

    def by_vector(self, vector: Vector, limit: int, where: Filter = ()) -> list[Found]:
        """The best ``limit`` chunks by cosine similarity, best first."""
        ...

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        """These chunks, in this order; raises NotFoundError for one that is not there."""
        ...

    def vectors(self, ids: Sequence[str]) -> Matrix:
        """Their vectors, a row each, of length 1."""
        ...

    def of_document(self, document: str) -> list[Chunk]:
        """All chunks of a document, in order; none for one that is not there."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


@runtime_checkable
class IndexStore(Protocol):
    """One kind of place."""

    def writer(self, place: StorePlace, *, base: str | None = None) -> SnapshotWriter:
        """Begin or go on with a snapshot; ``base`` is a published one to take chunks over from."""
        ...

    def reader(self, place: StorePlace) -> SnapshotReader:
        """Open a published snapshot; raises NotFoundError."""
        ...

    def delete(self, place: StorePlace) -> None:
        """Remove a snapshot, published or not; one that is not there is no error."""
        ...
