"""Several processes, kills and forks."""

from __future__ import annotations

import os
import signal
import time
import warnings
from contextlib import closing
from pathlib import Path

import pytest

from flowgrade.store import Store, open_store
from tests.store.conftest import Start

HOLD = """
import sys
from flowgrade.store import open_store

store = open_store(sys.argv[1])
with store.lock(sys.argv[2]) as held:
    print(held, flush=True)
    sys.stdin.read()
"""

COUNT = """
import sys
from flowgrade.store import open_store

store = open_store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(50):
    with store.write() as transaction:
        transaction.execute("UPDATE counter SET count = count + 1")
store.close()
"""

WRITE_FOREVER = """
import sys
from flowgrade.store import open_store

store = open_store(sys.argv[1])
number = 0
while True:
    with store.write() as transaction:
        transaction.execute("INSERT INTO pairs VALUES (?)", (number,))
        transaction.execute("INSERT INTO pairs VALUES (?)", (number,))
    number += 1
    print(number, flush=True)
"""

OPEN = """
import sys
from flowgrade.store import open_store

print("ready", flush=True)
sys.stdin.readline()
open_store(sys.argv[1]).close()
print("done", flush=True)
"""


def make_counter(store: Store) -> None:
    with store.write() as transaction:
        transaction.execute("CREATE TABLE counter (count BIGINT)")
        transaction.execute("INSERT INTO counter VALUES (0)")


def count(store: Store, sql: str = "SELECT count FROM counter") -> int:
    with store.read() as transaction:
        found = transaction.one(sql)
        assert found is not None
        return int(found[0])


def test_processes_write_at_once_without_loss(store: Store, store_url: str, start: Start) -> None:
    make_counter(store)
    processes = [start(COUNT, store_url) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.communicate("go\n", timeout=30)
    assert [process.returncode for process in processes] == [0, 0]
    assert count(store) == 100


def test_a_lock_is_free_once_its_holder_was_killed(
    store: Store, store_url: str, start: Start
) -> None:
    holder = start(HOLD, store_url, "run-a")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    with store.lock("run-a") as held:
        assert not held
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert until_free(store, "run-a")


def until_free(store: Store, name: str) -> bool:
    for _ in range(200):  # the server needs a moment to see that the other end is gone
        with store.lock(name) as held:
            if held:
                return True
        time.sleep(0.02)
    return False


def test_what_a_killed_process_had_stored_is_whole(
    store: Store, store_url: str, start: Start
) -> None:
    with store.write() as transaction:
        transaction.execute("CREATE TABLE pairs (number BIGINT)")
    writer = start(WRITE_FOREVER, store_url)
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(20)][-1]
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    distinct = count(store, "SELECT COUNT(DISTINCT number) FROM pairs")
    assert distinct >= acknowledged
    assert count(store, "SELECT COUNT(*) FROM pairs") == 2 * distinct


def test_processes_open_a_new_store_at_once(empty_url: str, start: Start) -> None:
    processes = [start(OPEN, empty_url) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert outputs == ["done\n"] * 4
    with closing(open_store(empty_url)) as store:
        assert count(store, "SELECT COUNT(*) FROM runs") == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_uses_the_store_beside_its_parent(store: Store) -> None:
    make_counter(store)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of other tests may live on
        child = os.fork()
    if not child:
        status = 1
        try:
            with store.write() as transaction:
                transaction.execute("UPDATE counter SET count = count + 1")
            with store.read() as transaction:
                status = 0 if transaction.one("SELECT count FROM counter") == (1,) else 2
            store.close()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert count(store) == 1
    with store.write() as transaction:
        transaction.execute("UPDATE counter SET count = count + 1")
    assert count(store) == 2


def test_a_process_that_ends_without_closing_loses_nothing(tmp_path: Path, start: Start) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    open_store(url).close()
    program = """
    import os, sys
    from flowgrade.store import open_store
    store = open_store(sys.argv[1])
    with store.write() as transaction:
        transaction.execute("CREATE TABLE kept (number BIGINT)")
    os._exit(0)
    """
    assert start(program, url).wait(30) == 0
    with closing(open_store(url)) as store:
        assert count(store, "SELECT COUNT(*) FROM kept") == 0
