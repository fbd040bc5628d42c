"""Indexes: the indexes of a project by their names."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from flowgrade.errors import FlowgradeError, InputError, NotFoundError
from flowgrade.models import Models
from flowgrade.records import Json, JsonObject
from flowgrade.retrieval.building import BuildOrder, Built, build_index
from flowgrade.retrieval.document import Document
from flowgrade.retrieval.index import Blocking, Index, open_index
from flowgrade.retrieval.loading.loader import Unread
from flowgrade.retrieval.naming import checked, settings_of
from flowgrade.retrieval.progress import WatchBuild
from flowgrade.retrieval.repository import (
    find_index,
    get_index,
    get_snapshot,
    list_indexes,
    unknown_index,
)
from flowgrade.retrieval.settings import IndexSettings
from flowgrade.retrieval.snapshot import IndexRecord
from flowgrade.retrieval.sources import read_sources, written_source
from flowgrade.retrieval.workshop import Workshop
from flowgrade.settings import DeclaredIndex, Settings
from flowgrade.store import Store


class Indexes:
    """Builds, updates and opens the indexes of one project; what is open is shared."""

    def __init__(
        self,
        settings: Settings,
        models: Models,
        *,
        store: Callable[[], Store],
        block: Blocking,
    ) -> None:
        self._settings = settings
        self._models = models
        self._store = store
        self._block = block
        self._opened: dict[tuple[str, str], Index] = {}
        self._lock = threading.Lock()

    @cached_property
    def workshop(self) -> Workshop:
        """What functions of this room need: store, models, folder."""
        return Workshop(
            store=self._store(),
            models=self._models,
            folder=self._settings.project / ".flowgrade" / "indexes",
            environment=self._settings.environment,
        )

    def open(self, name: str, *, snapshot: str | None = None) -> Index:
        """The index with its current snapshot, or the one whose digest begins with ``snapshot``.

        The same snapshot is opened once. Raises NotFoundError.
        """
        store = self.workshop.store
        if find_index(store, name) is None:
            raise self._unknown(name)
        digest = get_snapshot(store, name, snapshot).digest
        with self._lock:
            found = self._opened.get((name, digest))
            if found is None:
                found = open_index(self.workshop, name, digest, block=self._block)
                self._opened[name, digest] = found
        return found

    async def build(
        self,
        name: str,
        sources: str | Path | Sequence[str | Path] = (),
        *,
        documents: Iterable[Document | Unread] | None = None,
        settings: Mapping[str, Json] | None = None,
        rebuild: bool = False,
        watch: WatchBuild | None = None,
    ) -> Built:
        """Bring an index to what its sources hold, or to ``documents``; see ``build_index``.

        Sources and settings that are not given are those of ``flowgrade.yaml``, else those that
        the index has. ``settings`` are keys of an index in that file.
        """
        given = checked(settings or {}, f"the settings of '{name}'")
        declared, before = self._settings.indexes.get(name), find_index(self.workshop.store, name)
        order = BuildOrder(
            name=name,
            settings=settings_of(given, self._settings_before(declared, before)),
            sources=() if documents is not None else self._sources(sources, declared, before),
            loading=_loading(given, declared, before),
            rebuild=rebuild,
        )
        found = self._documents(order) if documents is None else documents
        return await build_index(self.workshop, order, found, watch=watch)

    async def update(
        self,
        name: str,
        sources: str | Path | Sequence[str | Path] = (),
        *,
        documents: Iterable[Document | Unread] | None = None,
        watch: WatchBuild | None = None,
    ) -> Built:
        """``build`` for an index that is there; raises NotFoundError for another."""
        if find_index(self.workshop.store, name) is None:
            raise self._unknown(name)
        return await self.build(name, sources, documents=documents, watch=watch)

    def names(self) -> list[str]:
        """The names of all indexes, those that are declared but not built yet too."""
        built = [one.name for one in list_indexes(self.workshop.store)]
        return sorted({*built, *self._settings.indexes})

    def record(self, name: str) -> IndexRecord:
        """What the store knows of an index; raises NotFoundError with the nearest name."""
        if find_index(self.workshop.store, name) is None:
            raise self._unknown(name)
        return get_index(self.workshop.store, name)

    def close(self) -> None:
        """Close what is open."""
        with self._lock:
            for index in self._opened.values():
                index.close()
            self._opened.clear()

    def _unknown(self, name: str) -> NotFoundError:
        if name in self._settings.indexes:
            return NotFoundError(
                f"The index '{name}' of flowgrade.yaml is not built yet.",
                hint=f"Build it: flowgrade index build {name}",
            )
        return unknown_index(name, self.names())

    def _settings_before(
        self, declared: DeclaredIndex | None, before: IndexRecord | None
    ) -> IndexSettings:
        if declared is None:
            return before.settings if before else IndexSettings()
        try:
            return settings_of(declared.values)
        except FlowgradeError as error:
            error.place = error.place or declared.place
            raise

    def _sources(
        self,
        given: str | Path | Sequence[str | Path],
        declared: DeclaredIndex | None,
        before: IndexRecord | None,
    ) -> tuple[str, ...]:
        project = self._settings.project
        every = [given] if isinstance(given, (str, Path)) else list(given)
        if every:
            return tuple(written_source(one, project) for one in every)
        if declared is not None and declared.sources:
            return tuple(written_source(project / one, project, one) for one in declared.sources)
        if before is not None and before.sources:
            return before.sources
        raise InputError(
            "It is not said what to index.",
            hint="Name files, folders or addresses behind the name of the index.",
        )

    def _documents(self, order: BuildOrder) -> Iterable[Document | Unread]:
        return read_sources(order.sources, self._settings.project, order.loading)


def _loading(
    given: Mapping[str, Json], declared: DeclaredIndex | None, before: IndexRecord | None
) -> JsonObject:
    if "load" in given:
        return dict(given["load"])
    if declared is not None:
        return dict(declared.values.get("load") or {})
    return dict(before.loading) if before else {}
