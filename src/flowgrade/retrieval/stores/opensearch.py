"""OpenSearch, with its k-NN plugin."""

from __future__ import annotations

from flowgrade.retrieval.stores.index_store import SnapshotReader, SnapshotWriter, StorePlace
from flowgrade.retrieval.stores.missing import needs_extra
from flowgrade.retrieval.stores.service import Service
from flowgrade.retrieval.stores.service_reader import ServiceReader
from flowgrade.retrieval.stores.service_writer import ServiceWriter


class OpenSearchIndexStore:
    """Keeps each snapshot in an index of OpenSearch."""

    def writer(self, place: StorePlace, *, base: str | None = None) -> SnapshotWriter:
        """Begin or go on with a snapshot."""
        return ServiceWriter(place, base, _open)

    def reader(self, place: StorePlace) -> SnapshotReader:
        """Open a published snapshot."""
        return ServiceReader(place, _open(place))

    def delete(self, place: StorePlace) -> None:
        """Delete the snapshot's index."""
        service = _open(place)
        try:
            with service.translated():
                service.drop()
        finally:
            service.close()


def _open(place: StorePlace) -> Service:
    with needs_extra("opensearch", "An OpenSearch index", "opensearchpy"):
        from flowgrade.retrieval.stores.opensearch_service import (  # noqa: PLC0415  optional
            OpenSearchService,
        )
    return OpenSearchService(place)


STORE = OpenSearchIndexStore()
