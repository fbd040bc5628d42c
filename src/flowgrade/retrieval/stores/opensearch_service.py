"""One snapshot in OpenSearch, through its own client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import (
    ConnectionError as UnreachedError,
)
from opensearchpy.exceptions import (
    NotFoundError,
    OpenSearchException,
    TransportError,
)

from flowgrade.errors import StoreBusyError, StoreError
from flowgrade.retrieval.stores.facets import Clause, Range
from flowgrade.retrieval.stores.index_store import StorePlace
from flowgrade.retrieval.stores.service import PAGE, Row, Scored, address_of, name_of
from flowgrade.settings import public_address

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Vector

_SECONDS = 60
_RETRIES = 3
_COLUMNS: dict[str, Any] = {
    "key": {"type": "keyword"},
    "document": {"type": "keyword", "index": False, "doc_values": False},
    "document_key": {"type": "keyword"},
    "number": {"type": "integer", "index": False},
    "of": {"type": "integer", "index": False},
    "packed": {"type": "keyword", "index": False, "doc_values": False},
    "facets": {"type": "keyword"},
    "values": {
        "type": "nested",
        "properties": {"key": {"type": "keyword"}, "number": {"type": "double"}},
    },
    # The words are cut and stemmed already, as in every other store.
    "words": {"type": "text", "analyzer": "whitespace"},
}


class OpenSearchService:
    """An index of OpenSearch, published once it has its alias."""

    most = 10_000  # index.max_result_window

    def __init__(self, place: StorePlace) -> None:
        self._place = place
        self._name = name_of(place)
        self._alias = f"{self._name}-published"
        address = address_of(place, "OpenSearch")
        self._where = public_address(address)
        self._client = OpenSearch(
            hosts=[address],
            timeout=_SECONDS,
            max_retries=_RETRIES,
            retry_on_timeout=True,
            **_identity(place),
        )

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn the client's errors into ours."""
        try:
            yield
        except OpenSearchException as error:
            raise _translate(error, self._where) from error

    def exists(self) -> bool:
        """Whether the index is there."""
        return bool(self._client.indices.exists(index=self._name))

    def create(self) -> None:
        """Make the index with its mapping."""
        columns = dict(_COLUMNS)
        size = self._place.dimensions
        if size is not None:
            method = {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"}
            columns["vector"] = {"type": "knn_vector", "dimension": size, "method": method}
        body = {
            "settings": {"index": {"knn": size is not None}},
            "mappings": {"dynamic": False, "properties": columns},
        }
        self._client.indices.create(index=self._name, body=body)

    def published(self) -> bool:
        """Whether the alias is there."""
        return bool(self._client.indices.exists_alias(name=self._alias))

    def publish(self, count: int) -> None:
        """Refresh, check that all rows are there, and set the alias."""
        found = self.count()
        if found != count:
            raise StoreError(
                f"OpenSearch at {self._where} has {found} chunks of {count}.",
                hint="Build the index again: it goes on with what is there.",
            )
        self._client.indices.put_alias(index=self._name, name=self._alias)

    def drop(self) -> None:
        """Remove the index; its alias goes with it."""
        try:
            self._client.indices.delete(index=self._name)
        except NotFoundError:
            return

    def count(self) -> int:
        """Count after a refresh."""
        self._client.indices.refresh(index=self._name)
        return int(self._client.count(index=self._name)["count"])

    def put(self, rows: Sequence[Row]) -> None:
        """Index rows by one bulk request."""
        lines: list[Any] = []
        for row in rows:
            lines += [{"index": {"_id": row["key"]}}, row]
        self._bulk(lines)

    def remove(self, keys: Sequence[str]) -> None:
        """Delete rows by one bulk request."""
        self._bulk([{"delete": {"_id": key}} for key in keys])

    def page(
        self, where: Mapping[str, Sequence[str]], after: str, columns: Sequence[str]
    ) -> list[Row]:
        """Sorted by key, and going on after one."""
        if not after:
            self._client.indices.refresh(index=self._name)
        terms = [{"terms": {column: list(values)}} for column, values in where.items()]
        body: dict[str, Any] = {
            "size": PAGE,
            "_source": list(columns),
            "sort": [{"key": "asc"}],
            "query": {"bool": {"filter": terms}} if terms else {"match_all": {}},
        }
        if after:
            body["search_after"] = [after]
        return [hit["_source"] for hit in self._hits(body)]

    def by_words(
        self, words: Sequence[str], limit: int, clauses: Sequence[Clause | Range]
    ) -> Scored:
        """A match of any word, filtered."""
        match = {"match": {"words": {"query": " ".join(words), "operator": "or"}}}
        query = {"bool": {"must": [match], **_filters(clauses)}}
        return self._scored(query, limit)

    def by_vector(
        self, vector: Vector, limit: int, clauses: Sequence[Clause | Range], *, exact: bool
    ) -> Scored:
        """By the k-NN plugin: a script over every row that passes, or its graph."""
        values = vector.tolist()
        filters = {"bool": _filters(clauses)} if clauses else None
        if exact:
            parameters = {"field": "vector", "query_value": values, "space_type": "cosinesimil"}
            script = {"lang": "knn", "source": "knn_score", "params": parameters}
            query = {"script_score": {"query": filters or {"match_all": {}}, "script": script}}
            return [(score - 1.0, packed) for score, packed in self._scored(query, limit)]
        near: dict[str, Any] = {"vector": values, "k": limit}
        if filters:
            near["filter"] = filters
        found = self._scored({"knn": {"vector": near}}, limit)
        return [(2.0 * score - 1.0, packed) for score, packed in found]

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    def _scored(self, query: dict[str, Any], limit: int) -> Scored:
        body = {"size": limit, "_source": ["packed"], "query": query}
        return [(hit["_score"], hit["_source"]["packed"]) for hit in self._hits(body)]

    def _hits(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._client.search(index=self._name, body=body)["hits"][
            "hits"
        ]
        return found

    def _bulk(self, lines: list[Any]) -> None:
        answer = self._client.bulk(index=self._name, body=lines)
        if not answer.get("errors"):
            return
        for item in answer["items"]:
            (result,) = item.values()
            status, error = result.get("status", 200), result.get("error", {})
            if status == 429:
                raise StoreBusyError(
                    f"OpenSearch at {self._where} takes no more writes for now.",
                    hint="Build the index again a little later: it goes on with what is there.",
                )
            if status >= 400 and status != 404:
                raise StoreError(
                    f"OpenSearch at {self._where} refused a chunk: {error.get('reason', status)}."
                )


def _identity(place: StorePlace) -> dict[str, Any]:
    connection = place.connection
    if connection is None:
        return {}
    headers = dict(connection.headers)
    user = connection.configs.get("username")
    if connection.api_key and user:
        return {"headers": headers, "http_auth": (str(user), connection.api_key.reveal())}
    if connection.api_key:
        headers["Authorization"] = f"Bearer {connection.api_key.reveal()}"
    return {"headers": headers}


def _filters(clauses: Sequence[Clause | Range]) -> dict[str, Any]:
    wanted: list[Any] = []
    unwanted: list[Any] = []
    for clause in clauses:
        if isinstance(clause, Range):
            wanted.append(_range(clause))
            continue
        terms = {"terms": {"facets": list(clause.facets)}}
        (unwanted if clause.negated else wanted).append(terms)
    return {"filter": wanted, "must_not": unwanted}


def _range(wanted: Range) -> dict[str, Any]:
    limits = {"gte": wanted.least, "lte": wanted.most}
    numbers = {name: limit for name, limit in limits.items() if limit is not None}
    both = [{"term": {"values.key": wanted.key}}, {"range": {"values.number": numbers}}]
    return {"nested": {"path": "values", "query": {"bool": {"filter": both}}}}


def _translate(error: OpenSearchException, where: str) -> StoreError:
    if isinstance(error, UnreachedError):
        return StoreError(
            f"OpenSearch at {where} cannot be reached: {error.error}.",
            hint="Check base_url of the connection and that the service runs.",
        )
    if not isinstance(error, TransportError):
        return StoreError(f"OpenSearch at {where} failed: {error}.")
    status = error.status_code
    text = f"OpenSearch at {where} answered {status}: {error.error}"
    if status in (401, 403):
        return StoreError(f"{text}.", hint="Check the user and key of the connection.")
    if status in (429, 503):
        return StoreBusyError(f"{text}.", hint="Try again a little later.")
    return StoreError(f"{text}.")
