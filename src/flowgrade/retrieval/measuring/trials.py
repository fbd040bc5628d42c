"""Trials: an index with other settings than it has, made for a comparison and removed after it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flowgrade.errors import InputError
from flowgrade.records import Json, digest_json
from flowgrade.retrieval.index import Index
from flowgrade.retrieval.indexes import Indexes
from flowgrade.retrieval.measuring.grid import needs_build
from flowgrade.retrieval.naming import values_of
from flowgrade.retrieval.progress import WatchBuild
from flowgrade.retrieval.removal import delete_index
from flowgrade.retrieval.result import Searches, SearchResult
from flowgrade.retrieval.settings import IndexSettings, SearchSettings


class Trials:
    """Opens an index with other settings; what that builds is removed when the block ends.

    A comparison that is killed leaves its builds; the next one with the same settings uses them.
    """

    def __init__(
        self, indexes: Indexes, index: Index, project: Path, *, watch: WatchBuild | None = None
    ) -> None:
        self._indexes = indexes
        self._index = index
        self._project = project
        self._watch = watch
        self._built: dict[str, Index] = {}

    async def __call__(self, settings: IndexSettings) -> Searches:
        """The same documents, cut, embedded and searched by ``settings``."""
        if not needs_build(self._index.settings, settings):
            return _SearchedBy(self._index, settings.search)
        index = await self._trial(settings)
        return _SearchedBy(index, settings.search)

    def __enter__(self) -> Trials:
        return self

    def __exit__(self, *error: object) -> None:
        for name, index in self._built.items():
            index.close()
            delete_index(self._indexes.workshop, name)

    async def _trial(self, settings: IndexSettings) -> Index:
        """One build serves all ways of searching it."""
        made_by = {**values_of(settings), "search": {}}
        name = f"{self._index.name[:80]}.trial-{digest_json(made_by)[7:15]}"
        if name not in self._built:
            record = self._indexes.record(self._index.name)
            if not record.sources:
                raise InputError(
                    f"The documents of '{self._index.name}' were given as objects, and cannot be "
                    "read again.",
                    hint="Try settings of the search alone, or build the index from files.",
                )
            sources = [self._absolute(source) for source in record.sources]
            written: dict[str, Json] = {**values_of(settings), "load": dict(record.loading)}
            written.pop("search", None)
            await self._indexes.build(name, sources, settings=written, watch=self._watch)
            index = self._indexes.open(name)
            self._built[name] = index
            if index.documents() != self._index.documents():
                raise InputError(
                    f"The sources of '{self._index.name}' have changed since it was built.",
                    hint=f"Bring it up to date first: flowgrade index update {self._index.name}",
                )
        return self._built[name]

    def _absolute(self, source: str) -> str:
        path = self._project / source
        return str(path) if path.exists() else source


class _SearchedBy:
    def __init__(self, index: Index, settings: SearchSettings) -> None:
        self._index = index
        self._settings = settings

    async def search(
        self, query: str, *, limit: int | None = None, where: Mapping[str, Json] | None = None
    ) -> SearchResult:
        return await self._index.search(query, limit=limit, where=where, settings=self._settings)
