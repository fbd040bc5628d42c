"""A conformance kit for stores: what every database behind Flowgrade has to do.

Subclass ``StoreConformance`` in a test module, fill in ``open``, and pytest runs its tests.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

from flowgrade.errors import StoreConflictError, StoreError
from flowgrade.records import SpanKind
from flowgrade.store import Store, Table
from flowgrade.tracing import get_trace, list_traces, span, start_trace, store_sink

_TABLE = Table(name="conformance", columns=("id", "text", "number"), key=("id",))
_COLUMNS = "id BIGINT PRIMARY KEY, text TEXT, number DOUBLE PRECISION"
_TEXTS = (
    "",
    "plain",
    "%s ? %% 'quoted' \"twice\" \\ ;--",
    "grüße, 東京, \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "line\r\nline\ttab\x01\x1b\x7f\u2028",
    "\ufeffmark\uffff",
    "long " * 200_000,
)
_PATIENCE = 20.0  # seconds until a thread that does not end counts as stuck


class StoreConformance:
    """The tests that a store has to pass; a subclass says which."""

    def open(self) -> Store:
        """Open the test's database, with Flowgrade's tables in it.

        Each test has a database of its own, empty at its start. Each call gives another ``Store``
        of that one database, as another process would have it.
        """
        raise NotImplementedError

    def test_it_says_what_and_where_it_is(self) -> None:
        with self._opened() as store:
            assert store.dialect
            assert store.place

    def test_what_is_written_is_there_for_others(self) -> None:
        with self._opened() as store, closing(self.open()) as other:
            _add(store, (1, "one", 1.5), (2, None, None))
            assert _rows(store) == _rows(other) == [(1, "one", 1.5), (2, None, None)]

    def test_an_error_undoes_the_whole_transaction(self) -> None:
        with self._opened() as store:
            _add(store, (1, "one", None))
            with _raises(ZeroDivisionError), store.write() as transaction:
                transaction.insert(_TABLE, [(2, "two", None)])
                transaction.execute("UPDATE conformance SET text = ?", ("changed",))
                _ = 1 // 0
            assert _rows(store) == [(1, "one", None)]
            _add(store, (3, "three", None))
            assert len(_rows(store)) == 2

    def test_what_is_not_ended_yet_is_not_seen(self) -> None:
        with self._opened() as store, closing(self.open()) as other:
            with store.write() as transaction:
                transaction.insert(_TABLE, [(1, "one", None)])
                assert transaction.one("SELECT COUNT(*) FROM conformance") == (1,)
                assert _rows(store) == _rows(other) == []
            assert len(_rows(other)) == 1

    def test_a_statement_that_failed_takes_its_transaction_with_it(self) -> None:
        with self._opened() as store:
            with _raises(StoreError), store.write() as transaction:
                transaction.insert(_TABLE, [(1, "one", None)])
                with _raises(StoreError):
                    transaction.execute("SELECT nonsense FROM nowhere")
            assert _rows(store) == []

    def test_a_key_that_is_taken_is_a_conflict(self) -> None:
        with self._opened() as store:
            _add(store, (1, "one", None))
            with _raises(StoreConflictError):
                _add(store, (2, "two", None), (1, "again", None))
            assert _rows(store) == [(1, "one", None)]

    def test_keep_leaves_the_row_that_is_there(self) -> None:
        with self._opened() as store:
            _add(store, (1, "one", None))
            with store.write() as transaction:
                transaction.insert(
                    _TABLE, [(1, "again", 1.0), (2, "two", None), (2, "2", None)], conflict="keep"
                )
            assert _rows(store) == [(1, "one", None), (2, "two", None)]

    def test_replace_takes_the_last_values_of_a_key(self) -> None:
        with self._opened() as store:
            _add(store, (1, "one", 1.0))
            with store.write() as transaction:
                transaction.insert(
                    _TABLE,
                    [(1, "again", None), (2, "two", None), (1, "last", 2.0)],
                    conflict="replace",
                )
            assert _rows(store) == [(1, "last", 2.0), (2, "two", None)]

    def test_a_key_alone_can_be_inserted_again(self) -> None:
        keys = Table(name="keys_only", columns=("first", "second"), key=("first", "second"))
        with self._opened() as store, store.write() as transaction:
            transaction.execute(
                "CREATE TABLE keys_only (first TEXT, second TEXT, PRIMARY KEY (first, second))"
            )
            for _ in range(2):
                transaction.insert(keys, [("a", "b"), ("a", "c")], conflict="replace")
            assert transaction.one("SELECT COUNT(*) FROM keys_only") == (2,)

    def test_any_number_of_rows_is_inserted(self) -> None:
        with self._opened() as store:
            for count in (0, 1, 63, 64, 65, 128, 200):
                rows = [(number, str(number), number / 2) for number in range(count)]
                _add(store, *rows)
                assert _rows(store) == rows
                with store.write() as transaction:
                    assert transaction.execute("DELETE FROM conformance") == count

    def test_execute_tells_how_many_rows_changed(self) -> None:
        with self._opened() as store:
            _add(store, (1, "a", None), (2, "a", None), (3, "b", None))
            with store.write() as transaction:
                sql = "UPDATE conformance SET number = ? WHERE text = ?"
                assert transaction.execute(sql, (1.0, "a")) == 2
                assert transaction.execute(sql, (1.0, "c")) == 0

    def test_one_gives_the_first_row_or_none(self) -> None:
        with self._opened() as store:
            _add(store, (1, "a", None), (2, "b", None))
            with store.read() as transaction:
                sql = "SELECT id FROM conformance WHERE id > ? ORDER BY id"
                assert transaction.one(sql, (0,)) == (1,)
                assert transaction.one(sql, (2,)) is None

    def test_patterns_and_marks_in_statements_and_values_are_harmless(self) -> None:
        with self._opened() as store:
            _add(store, (1, "100%", None), (2, "?", None), (3, "%s", None))
            with store.read() as transaction:
                sql = "SELECT id FROM conformance WHERE text LIKE '%\\%%' ESCAPE '\\' ORDER BY id"
                assert transaction.all(sql) == [(1,), (3,)]
                sql = "SELECT id FROM conformance WHERE text = ?"
                assert [transaction.one(sql, (t,)) for t in ("?", "%s")] == [(2,), (3,)]

    def test_texts_come_back_as_they_were(self) -> None:
        with self._opened() as store:
            _add(store, *((number, text, None) for number, text in enumerate(_TEXTS)))
            assert [text for _, text, _ in _rows(store)] == list(_TEXTS)

    def test_texts_that_no_database_holds_do_not_stop_a_row(self) -> None:
        with self._opened() as store:
            _add(store, (1, "a\0b", None), (2, "\udc80", None))
            (_, nul, _), (_, surrogate, _) = _rows(store)
            assert nul in {"ab", "a\0b"}
            assert surrogate == "\\udc80"

    def test_numbers_come_back_as_they_were(self) -> None:
        with self._opened() as store:
            rows = [(-(2**63), None, 0.1), (2**63 - 1, None, 1e308), (0, None, 5e-324)]
            _add(store, *rows)
            assert _rows(store) == sorted(rows)

    def test_a_number_that_is_too_large_is_an_error_of_the_store(self) -> None:
        with self._opened() as store, _raises(StoreError):
            _add(store, (2**64, None, None))

    def test_each_gives_every_row_in_order(self) -> None:
        with self._opened() as store:
            rows = [(number, "x" * 20, None) for number in range(5_000)]
            _add(store, *rows)
            with store.read() as transaction:
                sql = f"{_TABLE.select} ORDER BY id"
                assert list(transaction.each(sql)) == rows
                together = zip(transaction.each(sql), transaction.each(sql), strict=True)
                assert all(left == right for left, right in together)

    def test_each_ends_with_its_transaction(self) -> None:
        with self._opened() as store:
            _add(store, *((number, None, None) for number in range(10)))
            with store.read() as transaction:
                begun, fresh = transaction.each(_TABLE.select), transaction.each(_TABLE.select)
                assert next(begun)
            for rows in (begun, fresh):
                with _raises(StoreError):
                    next(rows)
            with _raises(StoreError):
                transaction.all(_TABLE.select)

    def test_a_query_left_early_keeps_no_old_state(self) -> None:
        with self._opened() as store:
            _add(store, *((number, None, None) for number in range(10)))
            with store.read() as transaction:
                rows = transaction.each(_TABLE.select)
                next(rows)
            _add(store, (10, None, None))
            assert len(_rows(store)) == 11
            del rows

    def test_a_generator_may_rest_in_a_transaction(self) -> None:
        def numbers(store: Store) -> Iterator[int]:
            with store.read() as transaction:
                for (number,) in transaction.each("SELECT id FROM conformance ORDER BY id"):
                    yield number

        with self._opened() as store:
            _add(store, (1, None, None), (2, None, None))
            found = []
            for number in numbers(store):
                _add(store, (number + 10, None, None))
                found.append((number, len(_rows(store))))
            assert found == [(1, 3), (2, 4)]

    def test_a_read_sees_one_state(self) -> None:
        with self._opened() as store, closing(self.open()) as other:
            with store.read() as transaction:
                count = "SELECT COUNT(*) FROM conformance"
                assert transaction.one(count) == (0,)
                _add(other, (1, None, None))
                assert transaction.one(count) == (0,)
            assert len(_rows(store)) == 1

    def test_reading_cannot_write(self) -> None:
        with self._opened() as store:
            with _raises(StoreError), store.read() as transaction:
                transaction.insert(_TABLE, [(1, None, None)])
            assert _rows(store) == []
            _add(store, (1, None, None))

    def test_a_thread_does_not_wait_for_its_own_transaction(self) -> None:
        with self._opened() as store:
            with store.write() as transaction:
                transaction.insert(_TABLE, [(1, None, None)])
                start = time.monotonic()
                with _raises(StoreError), store.write():
                    pass
                assert time.monotonic() - start < 5
            assert len(_rows(store)) == 1

    def test_writers_wait_for_each_other(self) -> None:
        with self._opened() as store, closing(self.open()) as other:
            _add(store, (1, None, 0.0))

            def count(store: Store) -> None:
                for _ in range(25):
                    with store.write() as transaction:
                        transaction.execute("UPDATE conformance SET number = number + 1")

            _together(lambda: count(store), lambda: count(other), lambda: count(store))
            assert _rows(store) == [(1, None, 75.0)]

    def test_many_threads_read_and_write_at_once(self) -> None:
        with self._opened() as store, ThreadPoolExecutor(24) as pool:
            list(pool.map(lambda number: _add(store, (number, None, None)), range(48)))
            counts = list(pool.map(lambda _: len(_rows(store)), range(48)))
            assert set(counts) == {48}

    def test_a_lock_has_one_holder(self) -> None:
        with self._opened() as store, closing(self.open()) as other:
            with store.lock("run-a") as first:
                assert first
                with store.lock("run-a") as second, other.lock("run-a") as third:
                    assert not second
                    assert not third
                with other.lock("run-b") as free:
                    assert free
            with other.lock("run-a") as again:
                assert again

    def test_looking_at_a_lock_keeps_nobody_from_taking_it(self) -> None:
        with self._opened() as store, closing(self.open()) as other:
            assert not store.is_locked("run-a")
            with store.lock("run-a"):
                assert store.is_locked("run-a")
                assert other.is_locked("run-a")
                assert not other.is_locked("run-b")
            assert not other.is_locked("run-a")

            def look() -> None:
                for _ in range(200):
                    other.is_locked("run-b")

            def take() -> None:
                for _ in range(20):
                    with store.lock("run-b") as held:
                        assert held

            _together(look, look, take)

    def test_a_lock_is_free_after_an_error(self) -> None:
        with self._opened() as store:
            with _raises(ZeroDivisionError), store.lock("run-a"):
                _ = 1 // 0
            with store.lock("run-a") as held:
                assert held

    def test_a_lock_may_have_any_name(self) -> None:
        with self._opened() as store:
            for name in ("../../a", "C:\\a", "grüße \U0001f600", "a b", ".", "*"):
                with store.lock(name) as held:
                    assert held
                    assert store.is_locked(name)

    def test_a_closed_store_says_so(self) -> None:
        with self._opened() as store:
            pass
        store.close()
        for use in (store.read, store.write):
            with _raises(StoreError), use():
                pass

    def test_a_transaction_outlives_the_closing_of_its_store(self) -> None:
        with self._opened() as store, closing(self.open()) as other:
            with store.write() as transaction:
                store.close()
                transaction.insert(_TABLE, [(1, None, None)])
            assert len(_rows(other)) == 1

    def test_traces_are_kept(self) -> None:
        with self._opened() as store:
            with start_trace("answer", sink=store_sink(store)) as root:
                root.inputs({"question": "Is tea hot?"})
                with span("look", kind=SpanKind.RETRIEVAL) as step:
                    step.outputs(["yes"])
            (summary,) = list_traces(store)
            assert (summary.name, summary.spans) == ("answer", 2)
            outer, inner = get_trace(store, summary.trace_id[:20])
            assert outer.inputs == {"question": "Is tea hot?"}
            assert (inner.parent_id, inner.outputs) == (outer.span_id, ["yes"])

    @contextmanager
    def _opened(self) -> Iterator[Store]:
        with closing(self.open()) as store:
            with store.write() as transaction:
                transaction.execute(f"CREATE TABLE conformance ({_COLUMNS})")
            yield store


def _add(store: Store, *rows: tuple[Any, ...]) -> None:
    with store.write() as transaction:
        transaction.insert(_TABLE, rows)


def _rows(store: Store) -> list[tuple[Any, ...]]:
    with store.read() as transaction:
        return transaction.all(f"{_TABLE.select} ORDER BY id")


def _together(*works: Callable[[], None]) -> None:
    """Do all of it at once, and raise what one of them raised."""
    with ThreadPoolExecutor(len(works)) as pool:
        start = threading.Barrier(len(works))

        def begin(work: Callable[[], None]) -> None:
            start.wait(_PATIENCE)
            work()

        for done in [pool.submit(begin, work) for work in works]:
            done.result(_PATIENCE)


@contextmanager
def _raises(kind: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was to be raised")
