"""What the search services have in common: one collection for each snapshot, filled by requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from flowgrade.errors import SettingsError
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.stores.facets import Clause, Range, facets_of, key_of, values_of
from flowgrade.retrieval.stores.index_store import StorePlace
from flowgrade.retrieval.stores.packing import pack
from flowgrade.retrieval.stores.words import Words

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix, Vector

Row = dict[str, Any]
Scored = list[tuple[float, str]]
"""Scores, and the chunks as they were packed."""


class Service(Protocol):
    """One snapshot in a search service. Every method but ``translated`` makes requests."""

    most: int
    """Hits that one search can give."""

    def translated(self) -> AbstractContextManager[None]:
        """Turns the errors of the service's client into ours."""
        ...

    def exists(self) -> bool:
        """Whether the collection is there."""
        ...

    def create(self) -> None:
        """Make it."""
        ...

    def published(self) -> bool:
        """Whether it has its mark."""
        ...

    def publish(self, count: int) -> None:
        """Wait until all rows can be found, then set the mark."""
        ...

    def drop(self) -> None:
        """Remove mark and collection."""
        ...

    def count(self) -> int:
        """The number of rows that can be found."""
        ...

    def put(self, rows: Sequence[Row]) -> None:
        """Add rows, or replace those of the same keys."""
        ...

    def remove(self, keys: Sequence[str]) -> None:
        """Remove rows."""
        ...

    def page(
        self, where: Mapping[str, Sequence[str]], after: str, columns: Sequence[str]
    ) -> list[Row]:
        """Up to ``PAGE`` rows in the order of their keys, from the one after ``after``."""
        ...

    def by_words(
        self, words: Sequence[str], limit: int, clauses: Sequence[Clause | Range]
    ) -> Scored:
        """The best rows by BM25."""
        ...

    def by_vector(
        self, vector: Vector, limit: int, clauses: Sequence[Clause | Range], *, exact: bool
    ) -> Scored:
        """The best rows by cosine, with it."""
        ...

    def close(self) -> None:
        """Close the client."""
        ...


PAGE = 500
"""Rows that are read at a time."""


def all_rows(
    service: Service, where: Mapping[str, Sequence[str]], columns: Sequence[str]
) -> list[Row]:
    """All rows whose columns have one of the values that ``where`` gives."""
    found: list[Row] = []
    after = ""
    while True:
        rows = service.page(where, after, ["key", *columns])
        found += rows
        if len(rows) < PAGE:
            return found
        after = rows[-1]["key"]


def rows_of(chunks: Sequence[Chunk], vectors: Matrix | None, words: Words) -> list[Row]:
    """What a service keeps of the chunks of one document."""
    rows = []
    for number, chunk in enumerate(chunks):
        row: Row = {
            "key": key_of(chunk.id),
            "document": chunk.document,
            "document_key": key_of(chunk.document),
            "number": chunk.number,
            "of": len(chunks),
            "packed": pack(chunk),
            "words": " ".join(words.terms(chunk.passage)),
            "facets": facets_of(chunk),
            "values": values_of(chunk),
        }
        if vectors is not None:
            row["vector"] = vectors[number].tolist()
        rows.append(row)
    return rows


def name_of(place: StorePlace) -> str:
    """The name of a snapshot's collection, of small letters, digits and a dash."""
    return "flowgrade-" + key_of(f"{place.index}\n{place.snapshot}")


def address_of(place: StorePlace, service: str) -> str:
    """The address of the service; raises SettingsError without one."""
    connection = place.connection
    found = place.options.get("url") or (connection and connection.base_url)
    if not found:
        named = f"the connection '{connection.name}'" if connection else "a connection"
        raise SettingsError(
            f"The index '{place.index}' is to be kept in {service}, and nothing says where.",
            hint=f"Set base_url of {named}, and connection of the index to its name.",
        )
    return str(found)
