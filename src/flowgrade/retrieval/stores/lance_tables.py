"""The tables of LanceDB behind an index: one for each snapshot, and a mark once it is published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import lancedb
import pyarrow  # type: ignore[import-untyped]

from flowgrade.errors import StoreError
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.stores.facets import Clause, facets_of, key_of
from flowgrade.retrieval.stores.index_store import StorePlace
from flowgrade.retrieval.stores.packing import pack
from flowgrade.retrieval.stores.words import Words


class Tables:
    """The tables of one snapshot, in a folder or in object storage."""

    def __init__(self, place: StorePlace) -> None:
        self.place = place
        self.where = str(place.options.get("uri") or place.folder / "lancedb")
        secrets = place.connection.secrets if place.connection else {}
        options = {name: secret.reveal() for name, secret in secrets.items()}
        with self.translated():
            self._database = lancedb.connect(self.where, storage_options=options or None)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn what LanceDB raises into a StoreError."""
        try:
            yield
        except (OSError, RuntimeError, ValueError, pyarrow.ArrowException) as error:
            text = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise StoreError(
                f"LanceDB failed in {self.where}: {text}",
                hint="Check that the place can be written and has room. A snapshot that stays "
                "broken can be deleted and built anew.",
            ) from error

    def open(self, snapshot: str | None = None) -> Any:
        """The table of chunks of a snapshot, by default the place's; None without one."""
        return self._open(f"chunks_{self._key(snapshot)}")

    def create(self) -> Any:
        """An empty table for the place's snapshot."""
        return self._database.create_table(
            f"chunks_{self._key(None)}", schema=schema(self.place.dimensions)
        )

    def published(self, snapshot: str | None = None) -> bool | None:
        """Whether vectors are found by an index; None for what is not published."""
        mark = self._open(f"published_{self._key(snapshot)}")
        return None if mark is None else bool(mark.to_arrow()["approximate"][0].as_py())

    def publish(self, *, approximate: bool) -> None:
        """Set the mark: LanceDB makes a table with its rows in one step."""
        row = pyarrow.table({"approximate": [approximate]})
        self._database.create_table(f"published_{self._key(None)}", data=row)

    def drop(self) -> None:
        """Remove the mark, then the chunks."""
        for kind in ("published", "chunks"):
            name = f"{kind}_{self._key(None)}"
            if self._open(name) is not None:
                self._database.drop_table(name)

    def _open(self, name: str) -> Any:
        try:
            return self._database.open_table(name)
        except ValueError as error:
            if "not found" in str(error):
                return None
            raise

    def _key(self, snapshot: str | None) -> str:
        return key_of(f"{self.place.index}\n{snapshot or self.place.snapshot}")


def schema(dimensions: int | None) -> pyarrow.Schema:
    """The columns of a table of chunks."""
    text = pyarrow.string()
    fields = [
        ("key", text),
        ("document_key", text),
        ("document", text),
        ("number", pyarrow.int32()),
        ("packed", text),
        ("words", text),
        ("facets", pyarrow.list_(text)),
    ]
    if dimensions is not None:
        fields.append(("vector", pyarrow.list_(pyarrow.float32(), dimensions)))
    return pyarrow.schema(fields)


def rows(chunks: Sequence[Chunk], words: Words) -> dict[str, list[Any]]:
    """The columns of these chunks, without vectors."""
    return {
        "key": [key_of(chunk.id) for chunk in chunks],
        "document_key": [key_of(chunk.document) for chunk in chunks],
        "document": [chunk.document for chunk in chunks],
        "number": [chunk.number for chunk in chunks],
        "packed": [pack(chunk) for chunk in chunks],
        "words": [" ".join(words.terms(chunk.passage)) for chunk in chunks],
        "facets": [facets_of(chunk) for chunk in chunks],
    }


def sql_of(clauses: Sequence[Clause]) -> str | None:
    """A condition for LanceDB; facets are hexadecimal, so nothing needs quoting."""
    parts = []
    for clause in clauses:
        # An empty list would have no type.
        part = f"array_has_any(facets, [{_quoted(clause.facets)}])" if clause.facets else "false"
        parts.append(f"NOT {part}" if clause.negated else part)
    return " AND ".join(parts) or None


def keys_condition(column: str, names: Sequence[str]) -> str:
    """The condition that ``column`` has the key of one of ``names``."""
    return f"{column} IN ({_quoted([key_of(name) for name in names])})"


def _quoted(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)
