"""Clients of Qdrant: a server, or files that one process has open at a time."""

from __future__ import annotations

import shutil
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import (
    ApiException,
    ResponseHandlingException,
    UnexpectedResponse,
)

from flowgrade.errors import StoreBusyError, StoreError
from flowgrade.records import replace
from flowgrade.retrieval.stores.facets import Clause, Range, key_of
from flowgrade.retrieval.stores.index_store import StorePlace

_SECONDS = 60

_shared: dict[Path, tuple[QdrantClient, threading.RLock, int]] = {}
_guard = threading.Lock()


class Collection:
    """The collection of one snapshot; it is published when it has its alias."""

    def __init__(self, place: StorePlace, snapshot: str | None = None) -> None:
        self.place = replace(place, snapshot=snapshot or place.snapshot)
        key = key_of(f"{self.place.index}\n{self.place.snapshot}")
        self.name = f"flowgrade_{key}"
        self._alias = f"flowgrade_published_{key}"
        connection = place.connection
        url = place.options.get("url") or (connection and connection.base_url)
        self.remote = bool(url)
        self._folder = place.folder / "qdrant" / key
        self._lock: Any = threading.RLock()
        if url:
            self.where = str((connection and connection.public_url) or url)
            with self.translated():
                self.client = QdrantClient(
                    url=str(url),
                    api_key=connection.api_key.reveal()
                    if connection and connection.api_key
                    else None,
                    headers=dict(connection.headers) if connection else None,
                    timeout=_SECONDS,
                    check_compatibility=False,
                )
        else:
            self.where = str(self._folder)
            with self.translated():
                self.client, self._lock = _open(self._folder)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """One thread at a time in local files; Qdrant's errors become ours."""
        try:
            with self._lock:
                yield
        except (ApiException, OSError, RuntimeError, ValueError) as error:
            raise _translate(error, self.where) from error

    def exists(self) -> bool:
        """Whether the collection is there."""
        return bool(self.client.collection_exists(self.name))

    def published(self) -> bool:
        """Whether it has its alias."""
        if not self.exists():
            return False
        aliases = self.client.get_collection_aliases(self.name).aliases
        return any(found.alias_name == self._alias for found in aliases)

    def publish(self) -> None:
        """Give it its alias."""
        alias = models.CreateAlias(collection_name=self.name, alias_name=self._alias)
        self.client.update_collection_aliases([models.CreateAliasOperation(create_alias=alias)])

    def delete(self) -> None:
        """Remove the collection; local files too."""
        if self.exists():
            self.client.delete_collection(self.name)
        self.close()
        if not self.remote:
            shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """Let go; local files once nobody of this process uses them."""
        if self.remote:
            self.client.close()
        else:
            _close(self._folder)


def is_there(place: StorePlace) -> bool:
    """Whether local files of the snapshot exist; a server may have anything."""
    url = place.options.get("url") or (place.connection and place.connection.base_url)
    folder = place.folder / "qdrant" / key_of(f"{place.index}\n{place.snapshot}")
    return bool(url) or folder.is_dir()


def filter_of(clauses: list[Clause], ranges: list[Range]) -> models.Filter | None:
    """The clauses as Qdrant's filter."""
    if not clauses:
        return None
    must: list[Any] = [_range(wanted) for wanted in ranges]
    must_not: list[Any] = []
    for clause in clauses:
        condition = any_of("facets", list(clause.facets))
        (must_not if clause.negated else must).append(condition)
    return models.Filter(must=must or None, must_not=must_not or None)


def any_of(key: str, values: list[str]) -> models.FieldCondition:
    """The condition that ``key`` has one of ``values``."""
    return models.FieldCondition(key=key, match=models.MatchAny(any=values))


def _range(wanted: Range) -> models.NestedCondition:
    key = models.FieldCondition(key="key", match=models.MatchValue(value=wanted.key))
    limits = models.Range(gte=wanted.least, lte=wanted.most)
    number = models.FieldCondition(key="number", range=limits)
    both = models.Filter(must=[key, number])
    return models.NestedCondition(nested=models.Nested(key="values", filter=both))


def _open(folder: Path) -> tuple[QdrantClient, threading.RLock]:
    with _guard:
        client, lock, users = _shared.get(folder, (None, threading.RLock(), 0))
        if client is None:
            with warnings.catch_warnings():
                # Of many points: docs/reference/index-stores.md says so.
                warnings.simplefilter("ignore")
                client = QdrantClient(path=str(folder), force_disable_check_same_thread=True)
        _shared[folder] = client, lock, users + 1
        return client, lock


def _close(folder: Path) -> None:
    with _guard:
        client, lock, users = _shared[folder]
        if users > 1:
            _shared[folder] = client, lock, users - 1
            return
        del _shared[folder]
        with lock, suppress(OSError):
            client.close()


def _translate(error: Exception, where: str) -> StoreError:
    if isinstance(error, UnexpectedResponse):
        status = error.status_code
        text = f"Qdrant at {where} answered {status} {error.reason_phrase}"
        if status in (401, 403):
            return StoreError(f"{text}.", hint="Check the key of the connection.")
        if status == 429:
            return StoreBusyError(f"{text}.", hint="Try again a little later.")
        return StoreError(f"{text}: {error.content[:300].decode(errors='replace')}")
    if isinstance(error, ResponseHandlingException):
        return StoreError(
            f"Qdrant at {where} cannot be reached: {error}.",
            hint="Check base_url of the connection and that the server runs.",
        )
    if "already accessed" in str(error):
        return StoreBusyError(
            f"Another process has the index in {where} open.",
            hint="Qdrant's files serve one process at a time. For several, run a Qdrant server "
            "and give the index a connection to it.",
        )
    return StoreError(f"Qdrant failed in {where}: {error}")
