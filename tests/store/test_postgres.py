"""What only a server does: closing connections, running out of disk, deadlocks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from flowgrade.errors import StoreBusyError, StoreError, StoreFullError
from flowgrade.store import Store, open_store
from tests.databases import PostgresServer


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    with postgres.database(tables=True) as url:
        yield url


@pytest.fixture
def server_store(url: str) -> Iterator[Store]:
    with closing(open_store(url)) as store:
        yield store


def disconnect(postgres: PostgresServer, url: str) -> None:
    name = urlsplit(url).path[1:]
    sql = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    assert postgres.execute(sql)
    assert settled(lambda: connections(postgres, url) == 0)


def connections(postgres: PostgresServer, url: str) -> int:
    name = urlsplit(url).path[1:]
    sql = f"SELECT COUNT(*) FROM pg_stat_activity WHERE datname = '{name}'"
    return int(postgres.execute(sql)[0][0])


def settled(condition: Callable[[], bool]) -> bool:
    for _ in range(200):
        if condition():
            return True
        time.sleep(0.02)
    return False


def raise_in_server(store: Store, code: str) -> None:
    with store.write() as transaction:
        transaction.execute(
            f"DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '{code}'; END $$"
        )


def test_connections_that_the_server_closed_are_made_anew(
    server_store: Store, postgres: PostgresServer, url: str
) -> None:
    with server_store.read(), server_store.read(), server_store.write():
        pass  # three idle connections from here on
    disconnect(postgres, url)
    with server_store.write() as transaction:
        transaction.execute("CREATE TABLE kept (a TEXT)")
    disconnect(postgres, url)
    with server_store.read() as transaction:
        assert transaction.one("SELECT COUNT(*) FROM kept") == (0,)


def test_a_connection_lost_in_a_transaction_is_an_error_and_the_next_one_works(
    server_store: Store, postgres: PostgresServer, url: str
) -> None:
    def lose() -> None:
        with server_store.write() as transaction:
            transaction.execute("CREATE TABLE lost (a TEXT)")
            disconnect(postgres, url)
            transaction.execute("INSERT INTO lost VALUES ('a')")

    with pytest.raises(StoreError, match="cannot be reached"):
        lose()
    with server_store.write() as transaction:
        transaction.execute("CREATE TABLE lost (a TEXT)")


def test_a_connection_lost_before_the_commit_is_an_error(
    server_store: Store, postgres: PostgresServer, url: str
) -> None:
    def lose() -> None:
        with server_store.write() as transaction:
            transaction.execute("CREATE TABLE lost (a TEXT)")
            disconnect(postgres, url)

    with pytest.raises(StoreError, match="cannot be reached"):
        lose()
    with server_store.read() as transaction:
        sql = "SELECT COUNT(*) FROM pg_tables WHERE tablename = 'lost'"
        assert transaction.one(sql) == (0,)


def test_a_lost_server_says_that_it_cannot_be_reached(postgres: PostgresServer) -> None:
    with postgres.database(tables=True) as url:
        store = open_store(url)
    with closing(store), pytest.raises(StoreError, match="cannot be reached"), store.read():
        pass


def test_a_lock_is_free_when_its_connection_is_gone(
    server_store: Store, postgres: PostgresServer, url: str
) -> None:
    with server_store.lock("run-a") as held:
        assert held
        disconnect(postgres, url)
        with server_store.lock("run-a") as taken:
            assert taken


def test_a_held_lock_outlasts_the_servers_patience_with_idle_sessions(
    postgres: PostgresServer, url: str, server_store: Store
) -> None:
    name = urlsplit(url).path[1:]
    postgres.execute(f"ALTER DATABASE {name} SET idle_session_timeout = '50ms'")
    with server_store.lock("run-a") as held:
        assert held
        time.sleep(0.3)
        with server_store.lock("run-a") as second:
            assert not second


def test_a_full_server_is_said(server_store: Store) -> None:
    with pytest.raises(StoreFullError, match="is full") as raised:
        raise_in_server(server_store, "53100")
    assert raised.value.hint is not None


@pytest.mark.parametrize("code", ["40P01", "40001", "55P03", "53300"])
def test_what_passes_by_itself_is_retryable(server_store: Store, code: str) -> None:
    with pytest.raises(StoreBusyError) as raised:
        raise_in_server(server_store, code)
    assert raised.value.retryable


def test_other_errors_do_not_blame_the_connection(server_store: Store) -> None:
    with pytest.raises(StoreError, match="failed: made up") as raised:
        raise_in_server(server_store, "53200")
    assert raised.value.hint is None


def test_threads_leave_few_connections_behind(postgres: PostgresServer, url: str) -> None:
    def read(store: Store, together: threading.Barrier) -> None:
        with store.read() as transaction:
            transaction.one("SELECT 1")
            together.wait(20)

    with closing(open_store(url)) as store:
        together = threading.Barrier(20)
        threads = [threading.Thread(target=read, args=(store, together)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert settled(lambda: connections(postgres, url) <= 8)
    assert settled(lambda: connections(postgres, url) == 0)


def test_a_store_that_is_refused_leaves_no_connection(postgres: PostgresServer, url: str) -> None:
    with closing(open_store(url)) as store, store.write() as transaction:
        transaction.execute("INSERT INTO flowgrade_migrations VALUES (9000, '9000_more')")
    with pytest.raises(StoreError, match="newer Flowgrade"):
        open_store(url)
    assert settled(lambda: connections(postgres, url) == 0)


def test_settings_of_the_server_do_not_change_what_a_transaction_sees(
    postgres: PostgresServer, url: str
) -> None:
    name = urlsplit(url).path[1:]
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    postgres.execute(f"ALTER DATABASE {name} SET client_encoding = 'latin1'")
    with closing(open_store(url)) as store, store.write() as transaction:
        assert transaction.one("SHOW transaction_isolation") == ("read committed",)
        assert transaction.one("SELECT ?", ("\U0001f600",)) == ("\U0001f600",)
