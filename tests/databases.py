"""Fresh databases on a PostgreSQL server that tests may do anything to."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from flowgrade.store import open_store

URL = "FLOWGRADE_TEST_POSTGRES"
"""The variable with the URL of the server's superuser; tools/postgres.py sets it."""


class PostgresServer:
    """Makes databases, empty or with Flowgrade's tables, and drops them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._names = (f"flowgrade_{os.getpid()}_{number}" for number in itertools.count())
        self._template: str | None = None
        self._admin = psycopg.connect(url, autocommit=True)

    @contextmanager
    def database(self, *, tables: bool = False) -> Iterator[str]:
        """The URL of a new database; with ``tables`` it is a copy of one that has them all."""
        name = self._create(self._with_tables() if tables else None)
        try:
            yield self._url_of(name)
        finally:
            self._drop(name)

    def execute(self, sql: str) -> list[Any]:
        """Run a statement as the superuser; gives the rows where it has any."""
        cursor = self._admin.execute(sql)
        return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """Drop what is left and let go of the server."""
        if self._template is not None:
            self._drop(self._template)
        self._admin.close()

    def _with_tables(self) -> str:
        if self._template is None:
            name = self._create(None)
            open_store(self._url_of(name)).close()
            self._template = name
        return self._template

    def _create(self, template: str | None) -> str:
        name = next(self._names)
        self.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return name

    def _drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _url_of(self, name: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))
