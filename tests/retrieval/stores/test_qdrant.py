"""The Qdrant index store, on its local files."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowgrade.retrieval.stores.index_store import IndexStore, StorePlace
from flowgrade.retrieval.stores.qdrant import STORE
from flowgrade.testing.index_stores import IndexStoreConformance

pytestmark = pytest.mark.slow


class TestQdrant(IndexStoreConformance):
    options: dict[str, int] = {}

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def store(self) -> IndexStore:
        return STORE

    def place(self, index: str, snapshot: str, dimensions: int | None) -> StorePlace:
        return StorePlace(
            folder=self.folder,
            index=index,
            snapshot=snapshot,
            dimensions=dimensions,
            options=self.options,
        )
