"""The OpenSearch index store against a small server that answers as OpenSearch does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flowgrade.errors import SettingsError, StoreBusyError, StoreError
from flowgrade.models import Connection
from flowgrade.retrieval.stores.index_store import IndexStore, StorePlace
from flowgrade.retrieval.stores.opensearch import STORE
from flowgrade.settings import Secret
from flowgrade.testing.index_stores import IndexStoreConformance
from tests.retrieval.stores.services import FakeOpenSearch, serving

_KEY = "a-very-secret-key"


@pytest.fixture
def service() -> Iterator[FakeOpenSearch]:
    fake = FakeOpenSearch()
    with serving(fake):
        yield fake


def _place(folder: Path, url: str | None, **more: object) -> StorePlace:
    connection = Connection(
        name="search", base_url=url, api_key=Secret(_KEY), configs={"username": "admin"}
    )
    defaults = {"index": "index", "snapshot": "ab" * 32, "dimensions": 16, "options": {}}
    return StorePlace(folder=folder, connection=connection, **{**defaults, **more})  # type: ignore[arg-type]


@pytest.mark.slow
class TestOpenSearch(IndexStoreConformance):
    options: dict[str, int] = {}

    @pytest.fixture(autouse=True)
    def _service(self, service: FakeOpenSearch, tmp_path: Path) -> None:
        self.url = service.url
        self.folder = tmp_path

    def store(self) -> IndexStore:
        return STORE

    def place(self, index: str, snapshot: str, dimensions: int | None) -> StorePlace:
        return _place(
            self.folder,
            self.url,
            index=index,
            snapshot=snapshot,
            dimensions=dimensions,
            options=self.options,
        )


class TestOpenSearchByItsGraph(TestOpenSearch):
    options = {"exact_up_to": 0}


def test_the_mapping_is_one_that_opensearch_takes(service: FakeOpenSearch, tmp_path: Path) -> None:
    with closing(STORE.writer(_place(tmp_path, service.url))):
        ((name, definition),) = service.definitions.items()
    assert name.islower()
    assert definition["settings"] == {"index": {"knn": True}}
    properties = definition["mappings"]["properties"]
    assert properties["vector"]["type"] == "knn_vector"
    assert properties["vector"]["dimension"] == 16
    assert properties["words"] == {"type": "text", "analyzer": "whitespace"}


def test_the_key_goes_only_into_the_header(
    service: FakeOpenSearch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with closing(STORE.writer(_place(tmp_path, service.url))) as writer:
        writer.publish()
    assert all(
        request.headers["authorization"].startswith("Basic ") for request in service.requests
    )
    assert _KEY not in caplog.text


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (403, StoreError, "Check the user and key"),
        (429, StoreBusyError, "Try again"),
        (400, StoreError, "answered 400"),
    ],
)
def test_a_refusal_says_what_to_do(
    service: FakeOpenSearch, tmp_path: Path, status: int, kind: type[StoreError], says: str
) -> None:
    service.trouble = status, {}, {"error": {"type": "refused", "reason": "no"}, "status": status}
    with pytest.raises(kind, match=says) as caught:
        STORE.writer(_place(tmp_path, service.url))
    assert service.url in str(caught.value)
    assert _KEY not in str(caught.value)


def test_a_service_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"http://127\.0\.0\.1:9 cannot be reached"):
        STORE.reader(_place(tmp_path, "http://127.0.0.1:9"))


def test_an_address_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nothing says where"):
        STORE.reader(_place(tmp_path, None))
