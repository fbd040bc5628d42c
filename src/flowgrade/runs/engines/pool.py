"""Pool: workers in other processes that do the rows of a run, each served by a thread here."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from flowgrade.errors import EngineError, FlowgradeError, InputError
from flowgrade.records import JsonObject
from flowgrade.runs.engines.backlog import Attempt, Backlog, Ending
from flowgrade.runs.engines.engine import Plan, Work
from flowgrade.runs.engines.wire import pack_rows
from flowgrade.runs.finished import FinishedRow

_AHEAD = 0.05  # seconds of work that a worker has waiting, so that it need not wait itself
_MOST_AHEAD = 1_000  # rows
# Seconds before the next worker starts in the place of one that did not come to begin: what killed
# it, such as a lack of memory, may be over by then.
_PAUSE = 0.5


class Channel(Protocol):
    """A worker, as the run sees it."""

    def send(self, message: JsonObject) -> None:
        """Tell it something; raises OSError when it is gone."""
        ...

    def receive(self) -> JsonObject | None:
        """What it says next; None once it is gone."""
        ...

    def close(self) -> None:
        """Wait for the end of a worker that was told to end."""
        ...

    def kill(self) -> None:
        """End it at once; from any thread, more than once."""
        ...

    def epitaph(self) -> Ending:
        """How it ended."""
        ...


Launch = Callable[[int], Channel]
"""Starts the worker of a number."""


class Pool:
    """So many workers, each with a thread that feeds it and takes what it has done."""

    def __init__(self, work: Work, launch: Launch, workers: int) -> None:
        self._work = work
        self._launch = launch
        self._workers = workers
        self._backlog = Backlog(work)
        self._lock = threading.Lock()
        self._channels: dict[int, Channel] = {}
        self._aborted = threading.Event()

    async def run(self) -> None:
        """Do the rows until the source ends; raises EngineError, and InputError for the flow."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(self._workers, thread_name_prefix="flowgrade-pool") as threads:
            serving = [
                loop.run_in_executor(threads, self._serve, index) for index in range(self._workers)
            ]
            try:
                await asyncio.gather(*serving)
            finally:
                self._abort()

    def _serve(self, index: int) -> None:
        try:
            while not self._aborted.is_set() and (rows := self._backlog.take(1, beside=False)):
                self._attend(self._open(index), rows)
        except BaseException:
            self._abort()
            raise

    def _attend(self, channel: Channel, rows: list[Attempt]) -> None:
        visit = _Visit(channel, self._work, self._backlog, self._workers)
        try:
            lived = visit.go(rows)
        except BaseException:
            channel.kill()
            channel.epitaph()
            raise
        if not lived:
            ending = channel.epitaph()
            if self._aborted.is_set():
                return
            self._backlog.died(visit.has.values(), ending, begun=visit.begun)
            if not visit.begun:
                self._aborted.wait(_PAUSE)

    def _open(self, index: int) -> Channel:
        channel = self._launch(index)
        with self._lock:
            self._channels[index] = channel
            late = self._aborted.is_set()
        if late:
            channel.kill()
        return channel

    def _abort(self) -> None:
        with self._lock:
            self._aborted.set()
            channels = list(self._channels.values())
        for channel in channels:
            channel.kill()


class _Visit:
    """The life of one worker, from its first row to its end."""

    def __init__(self, channel: Channel, work: Work, backlog: Backlog, workers: int) -> None:
        self.channel = channel
        self.has: dict[int, Attempt] = {}
        """The rows that it was given and has not done, by number."""
        self.begun = False
        """Whether it has loaded the flow."""
        self._work = work
        self._backlog = backlog
        self._workers = workers
        self._lanes = 1
        self._rate = 0.0
        self._told_to_stop = False

    def go(self, first: list[Attempt]) -> bool:
        """Give it rows until there are no more; returns False when it died."""
        try:
            self._give(first)
            while self.has:
                began = time.monotonic()
                message = self.channel.receive()
                if message is None:
                    return False
                if "refused" in message:
                    raise _refused(message)
                self._hear(message, time.monotonic() - began)
                self._feed()
            self.channel.send({"end": True})
        except OSError:
            return False
        self.channel.close()
        return True

    def _give(self, rows: list[Attempt]) -> None:
        # Before they are sent: it may be dead by now, and then they are to be done again.
        self.has |= {attempt.row.number: attempt for attempt in rows}
        self.channel.send({"rows": pack_rows(attempt.row for attempt in rows)})

    def _hear(self, message: JsonObject, seconds: float) -> None:
        self.begun = True
        self._lanes = message["lanes"] or self._lanes
        rows: list[list[Any]] = message["done"]
        if rows:
            rate = len(rows) / max(seconds, 1e-6)
            self._rate += 0.3 * (rate - self._rate)
        for values in rows:
            row = FinishedRow.from_json(values)
            if self.has.pop(row.number, None) is not None:
                self._backlog.done(row)
        for number in message["dropped"]:
            self.has.pop(number, None)
        if self._work.sink.full:
            self._work.sink.wait_for_room()

    def _feed(self) -> None:
        if self._work.source.stopped:
            if self.has and not self._told_to_stop:
                self._told_to_stop = True
                self.channel.send({"stop": True})
            return
        if any(attempt.alone for attempt in self.has.values()):
            return
        ahead = min(_MOST_AHEAD, int(self._rate * _AHEAD))
        room = self._lanes + ahead
        share = self._backlog.share(self._workers)
        missing = (room if share is None else min(room, share)) - len(self.has)
        # Where rows are quick, many go at once: a message costs more than a row.
        if missing > ahead // 4 or not self.has:
            rows = self._backlog.take(max(missing, 1), beside=bool(self.has))
            if rows:
                self._give(rows)


def _refused(message: JsonObject) -> FlowgradeError:
    kind = InputError if message["code"] == InputError.exit_code else EngineError
    return kind(f"A worker cannot begin: {message['refused']}", hint=message["hint"])


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worker_count(plan: Plan, usual: int) -> int:
    """How many workers to start: those asked for, else ``usual``, and none without plan.

    Raises InputError where more were asked for than a connection's limits can be divided among.
    """
    most = plan.origin.most_workers() if plan.origin else None
    if plan.workers is not None and most is not None and plan.workers > most:
        raise InputError(
            f"The limits of a connection allow {most} {'worker' if most == 1 else 'workers'} at "
            f"most, not {plan.workers}.",
            hint="Each worker has its part of the connection's limits: ask for fewer workers.",
        )
    wanted = min(plan.workers or usual, plan.concurrency, most or usual)
    return max(1, wanted if plan.rows is None else min(wanted, plan.rows))
