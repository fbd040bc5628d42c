"""SQLite and PostgreSQL pass the kit that strangers' stores are tested with."""

from __future__ import annotations

import pytest

from flowgrade.store import Store, open_store
from flowgrade.testing.stores import StoreConformance


class TestStores(StoreConformance):
    @pytest.fixture(autouse=True)
    def _database(self, store_url: str) -> None:
        self.url = store_url

    def open(self) -> Store:
        return open_store(self.url)
