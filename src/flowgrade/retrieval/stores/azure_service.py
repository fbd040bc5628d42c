"""One snapshot in Azure AI Search, through its own client."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.search.documents import SearchClient
from azure.search.documents.indexes import SearchIndexClient
from azure.search.documents.models import VectorizedQuery

from flowgrade.errors import MissingKeyError, StoreBusyError, StoreError
from flowgrade.retrieval.stores.facets import Clause, Range
from flowgrade.retrieval.stores.index_store import StorePlace
from flowgrade.retrieval.stores.service import PAGE, Row, Scored, address_of, name_of
from flowgrade.settings import public_address

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Vector

_BATCH = 200  # rows of one request, which may have 16 MB
_PATIENCE = 120.0  # seconds until what was uploaded has to be found
_PAUSE = 0.5
_TEXT = {"type": "Edm.String", "searchable": False, "facetable": False, "sortable": False}
_STORED = {**_TEXT, "filterable": False}


class AzureService:
    """An index of Azure AI Search, published once it has its alias."""

    most = 1_000  # hits of one answer

    def __init__(self, place: StorePlace) -> None:
        self._place = place
        self._name = name_of(place)
        self._alias = f"{self._name}-published"
        address = address_of(place, "Azure AI Search")
        self._where = public_address(address)
        connection = place.connection
        if connection is None or not connection.api_key:
            where = connection.key_place if connection else "api_key of a connection"
            raise MissingKeyError(
                f"Azure AI Search at {self._where} needs a key.", hint=f"Set {where}."
            )
        credential = AzureKeyCredential(connection.api_key.reveal())
        options: dict[str, Any] = {"headers": dict(connection.headers), "retry_total": 3}
        if connection.api_version:
            options["api_version"] = connection.api_version
        self._indexes = SearchIndexClient(address, credential, **options)
        self._rows = SearchClient(address, self._name, credential, **options)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn the client's errors into ours."""
        try:
            yield
        except AzureError as error:
            raise _translate(error, self._where) from error

    def exists(self) -> bool:
        """Whether the index is there."""
        try:
            self._indexes.get_index(self._name)
        except ResourceNotFoundError:
            return False
        return True

    def create(self) -> None:
        """Make the index with its fields."""
        self._indexes.create_index(_definition(self._name, self._place.dimensions))

    def published(self) -> bool:
        """Whether the alias is there."""
        try:
            self._indexes.get_alias(self._alias)
        except ResourceNotFoundError:
            return False
        return True

    def publish(self, count: int) -> None:
        """Wait until the service has taken all rows in, and set the alias."""
        ended = time.monotonic() + _PATIENCE
        while (found := self.count()) != count:
            if time.monotonic() > ended:
                raise StoreBusyError(
                    f"Azure AI Search at {self._where} shows {found} chunks of {count} so far.",
                    hint="Build the index again: it goes on with what is there.",
                )
            time.sleep(_PAUSE)
        self._indexes.create_or_update_alias({"name": self._alias, "indexes": [self._name]})

    def drop(self) -> None:
        """Remove the alias, then the index."""
        for delete, name in (
            (self._indexes.delete_alias, self._alias),
            (self._indexes.delete_index, self._name),
        ):
            try:
                delete(name)
            except ResourceNotFoundError:
                continue

    def count(self) -> int:
        """What the service counts."""
        return int(self._rows.get_document_count())

    def put(self, rows: Sequence[Row]) -> None:
        """Upload rows in batches."""
        for start in range(0, len(rows), _BATCH):
            batch = [dict(row) for row in rows[start : start + _BATCH]]
            self._check(self._rows.upload_documents(batch))

    def remove(self, keys: Sequence[str]) -> None:
        """Delete rows."""
        for start in range(0, len(keys), _BATCH):
            batch = [{"key": key} for key in keys[start : start + _BATCH]]
            self._check(self._rows.delete_documents(batch))

    def page(
        self, where: Mapping[str, Sequence[str]], after: str, columns: Sequence[str]
    ) -> list[Row]:
        """Sorted by key, and going on after one."""
        parts = [_among(column, values) for column, values in where.items()]
        if after:
            parts.append(f"key gt '{after}'")
        found = self._rows.search(
            "*",
            filter=" and ".join(parts) or None,
            order_by=["key asc"],
            select=list(columns),
            top=PAGE,
        )
        return [{column: row.get(column) for column in columns} for row in found]

    def by_words(
        self, words: Sequence[str], limit: int, clauses: Sequence[Clause | Range]
    ) -> Scored:
        """The simple syntax: our words have none of its operators."""
        found = self._rows.search(
            " ".join(words),
            search_fields=["words"],
            search_mode="any",
            filter=_odata(clauses),
            select=["packed"],
            top=limit,
        )
        return [(row["@search.score"], row["packed"]) for row in found]

    def by_vector(
        self, vector: Vector, limit: int, clauses: Sequence[Clause | Range], *, exact: bool
    ) -> Scored:
        """Exhaustive, or by the service's graph; filters come first."""
        query = VectorizedQuery(
            vector=vector.tolist(), k_nearest_neighbors=limit, fields="vector", exhaustive=exact
        )
        found = self._rows.search(
            None,
            vector_queries=[query],
            vector_filter_mode="preFilter",
            filter=_odata(clauses),
            select=["packed"],
            top=limit,
        )
        # The service gives 1 / (2 - cosine).
        return [(2.0 - 1.0 / row["@search.score"], row["packed"]) for row in found]

    def close(self) -> None:
        """Close the clients."""
        self._rows.close()
        self._indexes.close()

    def _check(self, results: Sequence[Any]) -> None:
        for result in results:
            if result.succeeded:
                continue
            text = f"Azure AI Search at {self._where} refused a chunk: {result.error_message}"
            if result.status_code in (409, 422, 429, 503):
                raise StoreBusyError(
                    text, hint="Build the index again: it goes on with what is there."
                )
            raise StoreError(text)


def _definition(name: str, dimensions: int | None) -> dict[str, Any]:
    number = {"type": "Edm.Int32", "filterable": False, "sortable": False, "facetable": False}
    fields: list[dict[str, Any]] = [
        {"name": "key", **_TEXT, "key": True, "filterable": True, "sortable": True},
        {"name": "document", **_STORED},
        {"name": "document_key", **_TEXT, "filterable": True},
        {"name": "number", **number},
        {"name": "of", **number},
        {"name": "packed", **_STORED},
        # The words are cut and stemmed already, as in every other store.
        {"name": "words", **_STORED, "searchable": True, "analyzer": "whitespace"},
        {
            "name": "facets",
            "type": "Collection(Edm.String)",
            "searchable": False,
            "filterable": True,
            "facetable": False,
        },
        {
            "name": "values",
            "type": "Collection(Edm.ComplexType)",
            "fields": [
                {"name": "key", **_TEXT, "filterable": True},
                {**number, "name": "number", "type": "Edm.Double", "filterable": True},
            ],
        },
    ]
    definition: dict[str, Any] = {
        "name": name,
        "fields": fields,
        "similarity": {"@odata.type": "#Microsoft.Azure.Search.BM25Similarity"},
    }
    if dimensions is not None:
        fields.append(
            {
                "name": "vector",
                "type": "Collection(Edm.Single)",
                "searchable": True,
                "retrievable": True,
                "dimensions": dimensions,
                "vectorSearchProfile": "cosine",
            }
        )
        graph = {"metric": "cosine", "efSearch": 500}
        definition["vectorSearch"] = {
            "algorithms": [{"name": "graph", "kind": "hnsw", "hnswParameters": graph}],
            "profiles": [{"name": "cosine", "algorithm": "graph"}],
        }
    return definition


def _odata(clauses: Sequence[Clause | Range]) -> str | None:
    parts = []
    for clause in clauses:
        if isinstance(clause, Range):
            parts.append(_range(clause))
            continue
        part = f"facets/any(f: {_among('f', clause.facets)})"
        parts.append(f"not {part}" if clause.negated else part)
    return " and ".join(parts) or None


def _range(wanted: Range) -> str:
    parts = [f"v/key eq '{wanted.key}'"]
    if wanted.least is not None:
        parts.append(f"v/number ge {wanted.least!r}")
    if wanted.most is not None:
        parts.append(f"v/number le {wanted.most!r}")
    return f"values/any(v: {' and '.join(parts)})"


def _among(name: str, values: Sequence[str]) -> str:
    # Keys and facets are hexadecimal, so nothing needs escaping.
    return f"search.in({name}, '{','.join(values)}', ',')"


def _translate(error: AzureError, where: str) -> StoreError:
    if isinstance(error, (ServiceRequestError, ServiceResponseError)):
        return StoreError(
            f"Azure AI Search at {where} cannot be reached: {error.message}.",
            hint="Check base_url of the connection.",
        )
    status = error.status_code if isinstance(error, HttpResponseError) else None
    lines = str(error.message).strip().splitlines()
    text = f"Azure AI Search at {where} answered {status}: {lines[0] if lines else error}"
    if status in (401, 403):
        return StoreError(
            text, hint="Check the key of the connection: building an index needs an admin key."
        )
    if status in (429, 503):
        return StoreBusyError(text, hint="Try again a little later.")
    return StoreError(text)
