"""SqliteWriter: takes chunks into staging, and makes a snapshot of them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flowgrade.errors import IndexConflictError, InputError, NotFoundError, StoreConflictError
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.stores.ann import check_options
from flowgrade.retrieval.stores.index_store import StorePlace
from flowgrade.retrieval.stores.sqlite_files import (
    discard_staging,
    files_of,
    on_disk,
    publish,
)
from flowgrade.retrieval.stores.sqlite_publish import Publication
from flowgrade.retrieval.stores.sqlite_reader import SqliteReader
from flowgrade.retrieval.stores.sqlite_rows import row_of
from flowgrade.retrieval.stores.sqlite_staging import Staging
from flowgrade.retrieval.stores.vectors import normalised
from flowgrade.retrieval.stores.words import Words

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix


class SqliteWriter:
    """Fills one snapshot; one process at a time."""

    def __init__(self, place: StorePlace, base: str | None) -> None:
        self._place = place
        self._files = files_of(place)
        self._words = Words(place.language)
        check_options(place.options)
        self._lock = threading.Lock()
        self._base = SqliteReader(files_of(place, base)) if base is not None else None
        try:
            if self._base is not None:
                _check_base(self._base, place)
            self._staging: Staging | None = Staging(self._files.staging, base)
        except BaseException:
            self.close_base()
            raise
        self._in_base = {name for name, _, _ in self._base.documents} if self._base else set()

    def staged(self) -> frozenset[str]:
        """Ids of the documents that are there whole."""
        return frozenset(self._open().documents)

    def keep(self, documents: Sequence[str]) -> None:
        """Take over all chunks of these documents from the base snapshot."""
        for document in documents:
            if document not in self._in_base:
                raise NotFoundError(
                    f"The base snapshot has no document '{document}' that could be kept."
                )
        with self._lock:
            self._open().keep(documents)

    def add(self, document: str, chunks: Sequence[Chunk], vectors: Matrix | None) -> None:
        """Put in a document's chunks, ``vectors`` a row each; again replaces what was there."""
        rows = [row_of(chunk) for chunk in chunks]
        unit = self._checked(document, len(chunks), vectors)
        with self._lock:
            staging = self._open()
            terms = [staging.numbers(self._words.terms(chunk.passage)) for chunk in chunks]
            staging.add(document, rows, terms, unit)

    def publish(self) -> None:
        """Make the snapshot searchable, in one step."""
        with self._lock, on_disk(self._files):
            staging = self._open()
            made = Publication(self._files, staging, self._base, self._place.dimensions)
            made.write(self._place.language, self._place.options)
            publish(self._files)
            staging.discard()
            self._staging = None
            discard_staging(self._files)

    def close(self) -> None:
        """Let go; what is staged stays for the next try."""
        with self._lock:
            if self._staging is not None:
                self._staging.close()
                self._staging = None
            self.close_base()

    def close_base(self) -> None:
        """Let the base snapshot go."""
        if self._base is not None:
            self._base.close()

    def _open(self) -> Staging:
        if self._staging is None:
            raise StoreConflictError("The snapshot's writer is closed.")
        return self._staging

    def _checked(self, document: str, count: int, vectors: Matrix | None) -> bytes:
        """The vectors as they are stored."""
        dimensions = self._place.dimensions
        if dimensions is None or not count:
            return b""
        if vectors is None or len(vectors) != count:
            raise InputError(
                f"The document '{document}' has {count} chunks and "
                f"{0 if vectors is None else len(vectors)} vectors."
            )
        return normalised(vectors, dimensions).tobytes()


class PublishedWriter:
    """Stands in for the writer of a snapshot that is published, which never changes."""

    def __init__(self, place: StorePlace) -> None:
        self._files = files_of(place)
        self._reader = SqliteReader(self._files)

    def staged(self) -> frozenset[str]:
        """Ids of its documents."""
        return frozenset(name for name, _, _ in self._reader.documents)

    def keep(self, documents: Sequence[str]) -> None:
        """Raises StoreConflictError."""
        raise _finished()

    def add(self, document: str, chunks: Sequence[Chunk], vectors: Matrix | None) -> None:
        """Raises StoreConflictError."""
        raise _finished()

    def publish(self) -> None:
        """It is; what its build left behind goes."""
        with on_disk(self._files):
            discard_staging(self._files)

    def close(self) -> None:
        """Let go of the files."""
        self._reader.close()


def _finished() -> StoreConflictError:
    return StoreConflictError("The snapshot is published, and a published one never changes.")


def _check_base(base: SqliteReader, place: StorePlace) -> None:
    if (base.dimensions, base.language) != (place.dimensions, place.language):
        raise IndexConflictError(
            f"The base snapshot has vectors of {base.dimensions} numbers and the language "
            f"{base.language}, and the new one {place.dimensions} and {place.language}.",
            hint=f"Build the index anew: flowgrade index build {place.index}",
        )
