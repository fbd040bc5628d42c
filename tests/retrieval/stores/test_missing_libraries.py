"""A store whose library is not installed says how to install it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flowgrade.errors import MissingExtraError
from flowgrade.models import Connection
from flowgrade.plugins import load_plugin
from flowgrade.retrieval import INDEX_STORES, IndexStore, StorePlace
from flowgrade.settings import Secret

_CONNECTION = Connection(name="c", base_url="http://127.0.0.1:9", api_key=Secret("key-of-c"))
_OURS = "flowgrade.retrieval.stores"


@pytest.mark.parametrize(
    ("name", "library", "modules"),
    [
        ("postgres", "psycopg", ("pg_writer", "pg_reader", "pg_database", "pg_words")),
        ("lancedb", "lancedb", ("lance_writer", "lance_reader", "lance_tables")),
        ("qdrant", "qdrant_client", ("qdrant_writer", "qdrant_reader", "qdrant_clients")),
        ("opensearch", "opensearchpy", ("opensearch_service",)),
        ("azure_search", "azure", ("azure_service",)),
    ],
)
def test_a_missing_library_is_named_with_its_extra(
    name: str,
    library: str,
    modules: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = load_plugin(INDEX_STORES, name, IndexStore)  # type: ignore[type-abstract]
    for module in modules:
        monkeypatch.delitem(sys.modules, f"{_OURS}.{module}", raising=False)
    for loaded in [module for module in sys.modules if module.split(".")[0] == library]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, library, None)
    place = StorePlace(
        folder=tmp_path, index="i", snapshot="ab", dimensions=4, connection=_CONNECTION
    )
    for use in (store.writer, store.reader, store.delete):
        with pytest.raises(MissingExtraError) as caught:
            use(place)
        assert caught.value.extra == name
