"""The PostgreSQL index store, on a real server with pgvector."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowgrade.retrieval.stores.index_store import IndexStore, StorePlace
from flowgrade.retrieval.stores.postgres import STORE
from flowgrade.testing.index_stores import IndexStoreConformance

pytestmark = pytest.mark.slow


class TestPostgres(IndexStoreConformance):
    options: dict[str, int] = {}

    @pytest.fixture(autouse=True)
    def _database(self, vector_database: str, tmp_path: Path) -> None:
        self.url = vector_database
        self.folder = tmp_path

    def store(self) -> IndexStore:
        return STORE

    def place(self, index: str, snapshot: str, dimensions: int | None) -> StorePlace:
        return StorePlace(
            folder=self.folder,
            index=index,
            snapshot=snapshot,
            dimensions=dimensions,
            options={"url": self.url, **self.options},
        )


class TestPostgresWithAnIndexOfVectors(TestPostgres):
    recall = 0.98
    options = {"exact_up_to": 0}
