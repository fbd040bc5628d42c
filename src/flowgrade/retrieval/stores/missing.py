"""Say which extra a store needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flowgrade.errors import MissingExtraError, NotFoundError, StoreConflictError
from flowgrade.retrieval.stores.index_store import StorePlace


@contextmanager
def needs_extra(extra: str, purpose: str, *modules: str) -> Iterator[None]:
    """Raise MissingExtraError when one of ``modules`` cannot be imported."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in modules:
            raise
        raise MissingExtraError(extra, purpose=purpose) from error


def not_published(place: StorePlace) -> NotFoundError:
    """The error for a snapshot that cannot be read."""
    return NotFoundError(
        f"The index '{place.index}' has no snapshot {place.snapshot[:12]} in its store.",
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
