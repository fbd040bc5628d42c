"""Workshop: what of a project building and searching indexes needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flowgrade.errors import NotFoundError
from flowgrade.models import Models
from flowgrade.plugins import load_plugin
from flowgrade.records import Record, field
from flowgrade.retrieval.settings import IndexSettings
from flowgrade.retrieval.snapshot import Snapshot
from flowgrade.retrieval.stores.index_store import INDEX_STORES, IndexStore, StorePlace
from flowgrade.store import Store

FOLDER = "indexes"
"""Of the project's state folder."""


class Workshop(Record, hide=("environment",)):
    """What building and opening indexes needs of a project."""

    store: Store
    models: Models
    folder: Path
    """Where stores keep files."""
    environment: Mapping[str, str] = field(default_factory=dict)


def index_store(settings: IndexSettings) -> IndexStore:
    """The store that the settings name; raises NotFoundError and PluginError."""
    return load_plugin(INDEX_STORES, settings.store, IndexStore)  # type: ignore[type-abstract]


def place_of(workshop: Workshop, snapshot: Snapshot) -> StorePlace:
    """Where a snapshot is kept; raises ConnectionNotFoundError."""
    settings = snapshot.settings
    named = settings.connection
    return StorePlace(
        folder=workshop.folder,
        index=snapshot.index,
        snapshot=snapshot.key,
        dimensions=snapshot.dimensions,
        language=settings.language,
        options=settings.options,
        connection=workshop.models.connection(named) if named is not None else None,
        environment=workshop.environment,
    )


def is_published(workshop: Workshop, snapshot: Snapshot) -> bool:
    """Whether its chunks are where they are kept: files may be lost, a service emptied."""
    try:
        index_store(snapshot.settings).reader(place_of(workshop, snapshot)).close()
    except NotFoundError:
        return False
    return True
