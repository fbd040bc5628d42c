"""The embedded store is an index store like all others, with a graph of neighbours too."""

from pathlib import Path

import pytest

from flowgrade.records import replace
from flowgrade.retrieval.stores.index_store import IndexStore, StorePlace
from flowgrade.retrieval.stores.sqlite import STORE
from flowgrade.testing.index_stores import IndexStoreConformance


class TestSqlite(IndexStoreConformance):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self._path = tmp_path

    def store(self) -> IndexStore:
        return STORE

    def place(self, index: str, snapshot: str, dimensions: int | None) -> StorePlace:
        return StorePlace(folder=self._path, index=index, snapshot=snapshot, dimensions=dimensions)


@pytest.mark.usefixtures("_usearch")
class TestSqliteWithAGraph(TestSqlite):
    recall = 0.98

    @pytest.fixture
    def _usearch(self) -> None:
        pytest.importorskip("usearch")

    def place(self, index: str, snapshot: str, dimensions: int | None) -> StorePlace:
        return replace(super().place(index, snapshot, dimensions), options={"ann_above": 0})
