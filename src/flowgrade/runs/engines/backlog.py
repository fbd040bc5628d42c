"""Backlog: the rows of a run that no worker has, those first whose worker died."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable

from flowgrade.errors import EngineError, WorkerDiedError
from flowgrade.records import Failure, Record, dumps_any
from flowgrade.runs.engines.engine import Work
from flowgrade.runs.finished import FinishedRow
from flowgrade.runs.source import Task
from flowgrade.tracing import RecordedSpan, start_trace

_TRIES = 3  # workers that may die with a row before it is given up
_ALONE = 2  # deaths after which a row gets a worker to itself, so that no other is suspected
_DEATHS = 12  # of workers one after the other, without a row done between them
_STILLBIRTH = 4  # what a worker counts there that ended by itself before it could begin


class Ending(Record, kw_only=False):
    """How a worker ended."""

    how: str
    """What follows "the worker"."""
    killed: bool
    """Whether that came from outside or may have; else it is sure that it ended by itself."""


class Attempt(Record, kw_only=False):
    """A row and how many workers died while they had it."""

    row: Task
    deaths: int = 0

    @property
    def alone(self) -> bool:
        """Whether it may be under way beside no other row."""
        return self.deaths >= _ALONE


class Backlog:
    """Hands rows out to the threads that serve workers, and takes back what a dead one had."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._again: deque[Attempt] = deque()
        self._lock = threading.Lock()
        self._left = work.rows
        self._deaths = 0

    def take(self, most: int, *, beside: bool) -> list[Attempt]:
        """Up to so many rows; ``beside`` says that the worker has others already."""
        found: list[Attempt] = []
        while len(found) < most and not self._work.source.stopped:
            with self._lock:
                again = self._again.popleft() if self._again else None
            if again is None:
                row = self._work.source.take()
                if row is None:
                    break
                found.append(Attempt(row))
            elif not again.alone:
                found.append(again)
            elif found or beside:
                with self._lock:
                    self._again.appendleft(again)
                break
            else:
                return [again]
        return found

    def share(self, workers: int) -> int | None:
        """How many rows one of the workers should have at most; None where it is not known."""
        with self._lock:
            return None if self._left is None else max(1, -(-self._left // workers))

    def done(self, row: FinishedRow) -> None:
        """A worker has done a row."""
        self._deaths = 0
        self._count(row)

    def died(self, had: Iterable[Attempt], ending: Ending, *, begun: bool) -> None:
        """A worker is dead: its rows are done again, but not for ever.

        A worker that had not ``begun`` did not die of them. Raises EngineError when workers die
        one after the other without doing a row; soon where they end by themselves before they
        begin, since the next would do the same.
        """
        with self._lock:
            self._deaths += 1 if begun or ending.killed else _STILLBIRTH
            hopeless = self._deaths >= _DEATHS
        for attempt in had:
            deaths = attempt.deaths + begun
            if deaths >= _TRIES:
                self._count(_given_up(self._work, attempt.row, deaths, ending.how))
            else:
                with self._lock:
                    self._again.append(Attempt(attempt.row, deaths))
        if hopeless:
            raise EngineError(
                "Workers died one after the other, and no row was done between them. "
                f"The last one {ending.how}.",
                hint="See whether the machine has memory for so many: --workers, or --engine local",
            )

    def _count(self, row: FinishedRow) -> None:
        with self._lock:
            if self._left is not None:
                self._left -= 1
        self._work.done(row)


def _given_up(work: Work, row: Task, deaths: int, how: str) -> FinishedRow:
    error = WorkerDiedError(
        f"{deaths} workers died while they did this row; the last one {how}.",
        hint="Run the row alone: flowgrade test. A crash of native code and a lack of memory end a "
        "process so.",
    )
    spans: list[RecordedSpan] = []
    now = time.time_ns()
    root = start_trace(work.flow.name, sink=spans.extend)
    with root:
        root.ref = work.flow.ref
        root.inputs(row.inputs)
        root.error = error
    trace = root.trace
    assert trace is not None
    return FinishedRow(
        row.number,
        "failed",
        dumps_any(row.inputs),
        None,
        dumps_any(Failure.of(error)),
        None,
        trace.trace_id,
        now,
        time.time_ns(),
        None,
        None,
        None,
        0,
        spans,
    )
