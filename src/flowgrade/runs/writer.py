"""Store rows as they arrive, many in one transaction, from a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from flowgrade.errors import FlowgradeError, StoreError
from flowgrade.runs.finished import FinishedRow
from flowgrade.runs.progress import Progress
from flowgrade.runs.repository import is_cancel_asked, save_seconds
from flowgrade.runs.tables import RUN_ROWS
from flowgrade.store import Store
from flowgrade.tracing import SPANS

_LINGER = 0.01  # seconds that a row may wait for others to share its transaction
_WISHES = 0.5  # seconds between looks at whether the run should be cancelled
_ROOM = 12 * 1024 * 1024  # bytes that may wait to be stored
_OBJECTS = 1_500  # bytes that the values of a row or span take beside their texts, about

RowValues = tuple[Any, ...]


class RowWriter:
    """Takes finished rows from any thread; ``close`` returns when all are stored."""

    def __init__(
        self,
        store: Store,
        run: str,
        progress: Progress,
        *,
        on_stop: Callable[[], None],
        seconds: float = 0.0,
    ) -> None:
        self._store = store
        self._run = run
        self._progress = progress
        self._on_stop = on_stop
        self._rows: list[RowValues] = []
        self._spans: list[tuple[Any, ...]] = []
        self._waiting = 0
        self._changed = threading.Condition()
        self._closed = False
        self._next_look = 0.0
        self._seconds = seconds  # that earlier parts of the run took
        self._began = time.monotonic()
        self.error: FlowgradeError | None = None
        self.cancelled = False
        self._thread = threading.Thread(target=self._work, name="flowgrade-writer", daemon=True)
        self._thread.start()

    @property
    def full(self) -> bool:
        """Whether more rows should wait before they begin."""
        return self._waiting > _ROOM

    def put(self, row: FinishedRow) -> None:
        """Hand over one row with its spans."""
        spans = [(*span, self._run, row.number) for span in row.spans]
        size = _size(row)
        with self._changed:
            self._rows.append((self._run, *row[:-1]))
            self._spans += spans
            self._waiting += size
            self._progress.count(
                failed=row.failed,
                input_tokens=row.input_tokens,
                output_tokens=row.output_tokens,
                cost=row.cost,
                unpriced=row.unpriced,
            )
            if len(self._rows) == 1:
                self._changed.notify_all()

    def wait_for_room(self) -> None:
        """Block while too much waits to be stored."""
        with self._changed:
            self._changed.wait_for(lambda: not self.full or self.error is not None)

    def close(self) -> None:
        """Store what is left and end the thread; raises what storing raised."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        if self.error is not None:
            raise self.error

    def _work(self) -> None:
        try:
            while self._wait():
                self._store_some()
        except FlowgradeError as error:
            self._give_up(error)
        except Exception as error:  # noqa: BLE001  a writer that dies unseen would lose rows
            self._give_up(StoreError(f"Storing rows failed: {type(error).__name__}: {error}"))

    def _give_up(self, error: FlowgradeError) -> None:
        with self._changed:
            self.error = error
            self._changed.notify_all()
        self._on_stop()

    def _wait(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._rows or self._closed, timeout=_WISHES)
            if not self._rows:
                if not self._closed:
                    self._look()
                return not self._closed
            closed = self._closed
        if not closed:
            time.sleep(_LINGER)
        return True

    def _store_some(self) -> None:
        with self._changed:
            rows, spans, size = self._rows, self._spans, self._waiting
            self._rows, self._spans = [], []
        if not rows:
            return
        with self._store.write() as transaction:
            # A row done again after it failed replaces what it was.
            transaction.insert(RUN_ROWS, rows, conflict="replace")
            transaction.insert(SPANS, spans, conflict="keep")
            if time.monotonic() >= self._next_look:
                # Kept now and then, so that a run that is killed still says how long it took.
                save_seconds(transaction, self._run, self._seconds + time.monotonic() - self._began)
        with self._changed:
            self._waiting -= size
            self._changed.notify_all()
        self._look()

    def _look(self) -> None:
        now = time.monotonic()
        if now < self._next_look or self.cancelled:
            return
        self._next_look = now + _WISHES
        with self._store.read() as transaction:
            self.cancelled = is_cancel_asked(transaction, self._run)
        if self.cancelled:
            self._on_stop()


def _size(row: FinishedRow) -> int:
    size = len(row.inputs) + len(row.outputs or "") + len(row.kept or "") + len(row.error or "")
    for span in row.spans:
        size += len(span.data)
    return size + _OBJECTS * (1 + len(row.spans))
