"""Index: a snapshot that is open for questions."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast, get_args

from flowgrade.errors import IndexConflictError, InputError, NotFoundError
from flowgrade.records import Json, replace
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.embedding import Embedder
from flowgrade.retrieval.repository import document_digests, get_snapshot
from flowgrade.retrieval.result import SearchResult
from flowgrade.retrieval.searching import Searcher
from flowgrade.retrieval.settings import IndexSettings, Mode, SearchSettings
from flowgrade.retrieval.snapshot import Snapshot, SnapshotStatus
from flowgrade.retrieval.stores.index_store import SnapshotReader
from flowgrade.retrieval.workshop import Workshop, index_store, place_of

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix

Blocking = Callable[[Coroutine[Any, Any, SearchResult]], SearchResult]
"""Runs a search to its end for callers that do not await."""


class Index:
    """One snapshot of an index. Safe to use from many tasks and threads."""

    def __init__(
        self, workshop: Workshop, about: Snapshot, reader: SnapshotReader, block: Blocking
    ) -> None:
        self.about = about
        """The snapshot that is open: its settings, counts and times."""
        self._workshop = workshop
        self._reader = reader
        self._block = block
        self._embedder: Embedder | None = None
        self._searcher = Searcher(
            reader,
            self._embed if about.model is not None else None,
            about.settings.search,
            workshop.models,
            name=about.index,
            snapshot=about.digest,
            language=about.settings.language,
        )

    @property
    def name(self) -> str:
        """Of the index."""
        return self.about.index

    @property
    def snapshot(self) -> str:
        """The digest of the snapshot."""
        return self.about.digest

    @property
    def settings(self) -> IndexSettings:
        """What the snapshot was made with."""
        return self.about.settings

    @property
    def searching(self) -> SearchSettings:
        """How it answers a question that says nothing of it."""
        return self.about.settings.search

    def __len__(self) -> int:
        """The number of chunks."""
        return len(self._reader)

    async def search(
        self,
        query: str,
        *,
        limit: int | None = None,
        mode: Mode | None = None,
        where: Mapping[str, Json] | None = None,
        settings: SearchSettings | None = None,
    ) -> SearchResult:
        """The best ``limit`` passages for ``query`` that pass the filter ``where``.

        ``settings`` stand in for those of the snapshot, ``mode`` for theirs. Raises InputError for
        a question, limit, mode or filter that cannot be, and what calling the models raises.
        """
        if mode is not None:
            if mode not in get_args(Mode):
                raise InputError(
                    f"There is no mode '{mode}'.", hint=f"Modes: {', '.join(get_args(Mode))}."
                )
            settings = replace(settings or self.searching, mode=mode)
        return await self._searcher.search(query, limit=limit, where=where, settings=settings)

    def search_blocking(
        self,
        query: str,
        *,
        limit: int | None = None,
        mode: Mode | None = None,
        where: Mapping[str, Json] | None = None,
        settings: SearchSettings | None = None,
    ) -> SearchResult:
        """``search`` for code that does not await."""
        return self._block(
            self.search(query, limit=limit, mode=mode, where=where, settings=settings)
        )

    def documents(self) -> dict[str, str]:
        """The digest of each document by its id, in the order of ids."""
        return document_digests(self._workshop.store, self.name, self.snapshot)

    def chunks(self, document: str) -> list[Chunk]:
        """The chunks of a document, in order; raises NotFoundError for one that is not there."""
        found = self._reader.of_document(document)
        if not found and document not in self.documents():
            raise NotFoundError(f"The index '{self.name}' has no document '{document}'.")
        return found

    def vectors(self, chunks: Sequence[str]) -> Matrix:
        """The vectors of chunks by their ids, a row each; raises NotFoundError."""
        return self._reader.vectors(chunks)

    def close(self) -> None:
        """Let go of files and connections."""
        self._reader.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def _embed(self, texts: Sequence[str]) -> Matrix:
        # Opened with the first question: a search by words needs no model, nor its key.
        if self._embedder is None:
            self._embedder = self._opened_embedder()
        return await self._embedder.questions(texts)

    def _opened_embedder(self) -> Embedder:
        about = self.about
        embedder = Embedder(self._workshop.models, cast(str, about.settings.embedding))
        if embedder.name != about.model:
            raise IndexConflictError(
                f"The snapshot {about.short} of '{self.name}' was embedded by {about.model}, and "
                f"'{about.settings.embedding}' is {embedder.name} here.",
                hint="Bind the slot to that model, or build the index anew: "
                f"flowgrade index build {self.name} --rebuild",
            )
        embedder.expect(about.dimensions)
        return embedder


def open_index(
    workshop: Workshop, name: str, snapshot: str | None = None, *, block: Blocking
) -> Index:
    """Open a snapshot by its digest or the beginning of it, else the one that is current.

    Raises NotFoundError where there is none, or where its chunks are gone.
    """
    about = get_snapshot(workshop.store, name, snapshot)
    if about.status is not SnapshotStatus.READY:
        raise NotFoundError(
            f"The snapshot {about.short} of '{name}' is not ready: {about.status}.",
            hint=f"Build it to its end: flowgrade index build {name}",
        )
    try:
        reader = index_store(about.settings).reader(place_of(workshop, about))
    except NotFoundError as error:
        raise NotFoundError(
            f"The chunks of the snapshot {about.short} of '{name}' are gone: {error.message}",
            hint=f"Build the index again: flowgrade index build {name}",
        ) from error
    return Index(workshop, about, reader, block)
