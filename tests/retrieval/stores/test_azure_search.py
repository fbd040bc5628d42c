"""The Azure AI Search index store against a small server that answers as the service does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flowgrade.errors import MissingKeyError, SettingsError, StoreBusyError, StoreError
from flowgrade.models import Connection
from flowgrade.records import replace
from flowgrade.retrieval.stores.azure_search import STORE
from flowgrade.retrieval.stores.index_store import IndexStore, StorePlace
from flowgrade.settings import Secret
from flowgrade.testing.index_stores import IndexStoreConformance
from tests.retrieval.stores.services import FakeAzureSearch, serving

_KEY = FakeAzureSearch.key


@pytest.fixture
def service() -> Iterator[FakeAzureSearch]:
    fake = FakeAzureSearch()
    with serving(fake):
        yield fake


def _place(folder: Path, url: str | None, **more: object) -> StorePlace:
    connection = Connection(name="search", base_url=url, api_key=Secret(_KEY))
    defaults = {"index": "index", "snapshot": "ab" * 32, "dimensions": 16, "options": {}}
    return StorePlace(folder=folder, connection=connection, **{**defaults, **more})  # type: ignore[arg-type]


@pytest.mark.slow
class TestAzureSearch(IndexStoreConformance):
    options: dict[str, int] = {}

    @pytest.fixture(autouse=True)
    def _service(self, service: FakeAzureSearch, tmp_path: Path) -> None:
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


class TestAzureSearchByItsGraph(TestAzureSearch):
    options = {"exact_up_to": 0}


def test_the_definition_is_one_that_the_service_takes(
    service: FakeAzureSearch, tmp_path: Path
) -> None:
    with closing(STORE.writer(_place(tmp_path, service.url))):
        (definition,) = service.definitions.values()
    assert re.fullmatch(r"[a-z][a-z0-9-]{1,127}", definition["name"])
    fields = {field["name"]: field for field in definition["fields"]}
    assert [name for name, field in fields.items() if field.get("key")] == ["key"]
    assert fields["words"]["analyzer"] == "whitespace"
    assert fields["vector"]["dimensions"] == 16
    profiles = {profile["name"] for profile in definition["vectorSearch"]["profiles"]}
    assert fields["vector"]["vectorSearchProfile"] in profiles


def test_the_key_goes_only_into_the_header(
    service: FakeAzureSearch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with closing(STORE.writer(_place(tmp_path, service.url))) as writer:
        writer.publish()
    assert {request.headers["api-key"] for request in service.requests} == {_KEY}
    assert all(_KEY not in request.path for request in service.requests)
    assert _KEY not in caplog.text


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (403, StoreError, "needs an admin key"),
        (429, StoreBusyError, "Try again"),
        (400, StoreError, "answered 400"),
    ],
)
def test_a_refusal_says_what_to_do(
    service: FakeAzureSearch, tmp_path: Path, status: int, kind: type[StoreError], says: str
) -> None:
    body = {"error": {"code": "refused", "message": "no"}}
    service.trouble = status, {"Retry-After": "0"}, body
    with pytest.raises(kind, match=says) as caught:
        STORE.writer(_place(tmp_path, service.url))
    assert service.url in str(caught.value)
    assert _KEY not in str(caught.value)


def test_a_service_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"http://127\.0\.0\.1:9 cannot be reached"):
        STORE.reader(_place(tmp_path, "http://127.0.0.1:9"))


def test_a_key_is_asked_for(tmp_path: Path) -> None:
    place = _place(tmp_path, "https://search.example")
    bare = replace(place, connection=Connection(name="search", base_url="https://search.example"))
    with pytest.raises(MissingKeyError, match="needs a key"):
        STORE.reader(bare)


def test_an_address_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nothing says where"):
        STORE.reader(_place(tmp_path, None))
