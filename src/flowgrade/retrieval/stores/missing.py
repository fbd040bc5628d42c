"""What stores say when something is missing or does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flowgrade.errors import (
    IndexConflictError,
    MissingExtraError,
    NotFoundError,
    StoreConflictError,
)
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.stores.index_store import StorePlace

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix


@contextmanager
def needs_extra(extra: str, purpose: str, *modules: str) -> Iterator[None]:
    """Raise MissingExtraError when one of ``modules`` cannot be imported."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in modules:
            raise
        raise MissingExtraError(extra, purpose=purpose) from error


def not_published(place: StorePlace, snapshot: str | None = None) -> NotFoundError:
    """The error for a snapshot that cannot be read, by default the place's."""
    return NotFoundError(
        f"The index '{place.index}' has no snapshot {(snapshot or place.snapshot)[:12]} in its "
        "store.",
        hint="'flowgrade index list' shows what there is; 'flowgrade index build' makes one.",
    )


def already_published(place: StorePlace) -> StoreConflictError:
    """The error for writing to a snapshot that was published."""
    return StoreConflictError(
        f"Snapshot {place.snapshot[:12]} of the index '{place.index}' is published and never "
        "changes.",
        hint="Delete it first, or build from changed documents or settings.",
    )


def no_chunk(place: StorePlace, chunk: str) -> NotFoundError:
    """The error for a chunk that a snapshot does not have."""
    return NotFoundError(
        f"Snapshot {place.snapshot[:12]} of the index '{place.index}' has no chunk '{chunk}'."
    )


def check_vectors(place: StorePlace, chunks: Sequence[Chunk], vectors: Matrix | None) -> Matrix:
    """The vectors, if they are one a chunk and as long as the index wants them."""
    wanted = (len(chunks), place.dimensions)
    if vectors is None or vectors.shape != wanted:
        shape = "none" if vectors is None else " × ".join(map(str, vectors.shape))
        raise IndexConflictError(
            f"The index '{place.index}' takes vectors of {place.dimensions} numbers, one a chunk; "
            f"for {len(chunks)} chunks it got {shape}.",
            hint="Build the index anew with the model that makes these vectors.",
        )
    return vectors
