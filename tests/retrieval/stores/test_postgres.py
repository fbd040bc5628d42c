"""The PostgreSQL index store, on a real server with pgvector."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy
import psycopg
import pytest

from flowgrade.errors import IndexConflictError, SettingsError, StoreError
from flowgrade.models import Connection
from flowgrade.retrieval import Chunk, IndexStore, StorePlace
from flowgrade.retrieval.stores.postgres import STORE
from flowgrade.settings import Secret
from flowgrade.testing.index_stores import IndexStoreConformance

_CHUNK = Chunk(id="d#0", document="d", number=0, text="tea", start=0, end=3)

pytestmark = pytest.mark.slow


class TestPostgres(IndexStoreConformance):
    options: dict[str, int] = {}

    @pytest.fixture(autouse=True)
    def _database(self, vector_database: str, tmp_path: Path) -> None:
        self.url = vector_database
        self.folder = tmp_path

    def store(self) -> IndexStore:
        return STORE

    def place(self, index: str, snapshot: str, dimensions: int | None) -> StorePlace:
        return StorePlace(
            folder=self.folder,
            index=index,
            snapshot=snapshot,
            dimensions=dimensions,
            options={"url": self.url, **self.options},
        )


class TestPostgresWithAnIndexOfVectors(TestPostgres):
    recall = 0.98
    options = {"exact_up_to": 0}


def _place(url: str | None, **more: object) -> StorePlace:
    defaults = {"index": "index", "snapshot": "ab" * 32, "dimensions": 4}
    options = {"url": url} if url else {}
    return StorePlace(folder=Path(), options=options, **{**defaults, **more})  # type: ignore[arg-type]


def test_the_project_s_own_database_is_taken_where_nothing_else_is_said(
    vector_database: str,
) -> None:
    place = _place(None, environment={"FLOWGRADE_STORE": vector_database})
    with closing(STORE.writer(place)) as writer:
        assert writer.staged() == frozenset()


def test_without_any_address_one_is_asked_for() -> None:
    with pytest.raises(SettingsError, match="no address"):
        STORE.reader(_place(None, environment={"FLOWGRADE_STORE": "sqlite:///a.db"}))


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    url = "postgresql://someone:pass-of-someone@127.0.0.1:9/indexes"
    with pytest.raises(StoreError, match=r"postgresql://127\.0\.0\.1:9/indexes") as caught:
        STORE.writer(_place(url))
    assert "pass-of-someone" not in str(caught.value)


def test_the_password_of_a_connection_is_its_key() -> None:
    connection = Connection(
        name="pg", base_url="postgresql://me@127.0.0.1:9/indexes", api_key=Secret("s3cret-of-pg")
    )
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        STORE.writer(_place(None, connection=connection))
    assert "s3cret-of-pg" not in str(caught.value)


def test_vectors_of_another_length_are_refused_and_nothing_is_lost(vector_database: str) -> None:
    with closing(STORE.writer(_place(vector_database))) as writer:
        writer.add("d", [_CHUNK], numpy.eye(1, 4, dtype=numpy.float32))
        with pytest.raises(IndexConflictError, match="vectors of 4 numbers"):
            writer.add("d", [_CHUNK], numpy.eye(1, 5, dtype=numpy.float32))
        assert writer.staged() == {"d"}


def test_a_user_who_may_not_switch_pgvector_on_is_told_who_may(vector_database: str) -> None:
    with psycopg.connect(vector_database, autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS reader_of_books")
        owner.execute("CREATE ROLE reader_of_books LOGIN")
        name = owner.info.dbname
        owner.execute(f'GRANT CREATE ON DATABASE "{name}" TO reader_of_books')
    with pytest.raises(StoreError, match="CREATE EXTENSION vector"):
        STORE.writer(_place(vector_database.replace("//postgres:", "//reader_of_books:")))


def test_a_deleted_snapshot_leaves_no_table(vector_database: str) -> None:
    place = _place(vector_database)
    with closing(STORE.writer(place)) as writer:
        writer.add("d", [_CHUNK], numpy.eye(1, 4, dtype=numpy.float32))
        writer.publish()
    STORE.delete(place)
    with psycopg.connect(vector_database) as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'flowgrade_index'"
        ).fetchall()
    assert rows == [("snapshots",)]
