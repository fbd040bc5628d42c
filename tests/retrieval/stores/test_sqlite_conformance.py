"""The embedded index store passes the kit of all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowgrade.retrieval import IndexStore, StorePlace
from flowgrade.retrieval.stores.sqlite import STORE
from flowgrade.testing.index_stores import IndexStoreConformance


class TestSqlite(IndexStoreConformance):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def store(self) -> IndexStore:
        return STORE

    def place(self, index: str, snapshot: str, dimensions: int | None) -> StorePlace:
        return StorePlace(folder=self.folder, index=index, snapshot=snapshot, dimensions=dimensions)
