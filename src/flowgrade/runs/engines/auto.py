"""The engine ``auto``: begins in this process and goes on in worker processes where that pays."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from flowgrade.errors import FlowgradeError
from flowgrade.records import Record, replace
from flowgrade.runs.engines.engine import Plan, Rows, Work
from flowgrade.runs.engines.local import lanes_for
from flowgrade.runs.engines.pool import processors, worker_count
from flowgrade.runs.engines.process import ENGINE as PROCESS
from flowgrade.runs.finished import FinishedRow
from flowgrade.runs.source import Task

_LOOK = 1.0  # seconds of work that one look sees
_BOUND = (0.5, 1.3)  # share of one processor that code takes which the interpreter's lock holds up
_WORTH = 0.002  # processor seconds of a row, from which on handing it to a worker costs little
_GAIN = 3.0  # seconds that workers must save, at the least; their start takes about one


class Sample(Record):
    """What the rows of one look took."""

    rows: int
    wall: float
    cpu: float
    """Seconds of all threads of the process."""
    left: int | None
    """Rows that are still to be done; None where that is not known."""

    def pays(self, workers: int) -> bool:
        """Whether so many worker processes would be quicker."""
        if workers < 2 or not self.rows or not _BOUND[0] <= self.cpu / self.wall <= _BOUND[1]:
            return False
        each = self.cpu / self.rows
        if each < _WORTH:
            return False
        return self.left is None or self.left * each * (1 - 1 / workers) > _GAIN


Decide = Callable[[Sample, int], bool]


class AutoEngine:
    """Does rows in this process, looks what they take, and starts workers once that pays."""

    def __init__(self, decide: Decide = Sample.pays) -> None:
        self._decide = decide

    def check(self, plan: Plan) -> None:
        """Refuse a number of workers that cannot be."""
        worker_count(plan, processors())

    async def run(self, work: Work) -> None:
        """Do the rows until the source ends."""
        workers = worker_count(work, processors())
        tap = _Tap(work)
        begun = replace(work, source=tap, sink=tap)
        lanes = asyncio.create_task(lanes_for(begun, tap).run())
        try:
            moved = workers > 1 and _can_move(work) and await self._watch(lanes, tap, workers)
            await lanes
        except BaseException:
            lanes.cancel()
            await asyncio.gather(lanes, return_exceptions=True)
            raise
        if moved and not work.source.ended:
            left = None if work.rows is None else work.rows - tap.done_rows
            await PROCESS.run(replace(work, rows=left))

    async def _watch(self, lanes: asyncio.Task[None], tap: _Tap, workers: int) -> bool:
        """Look at each second; gives True once the rows should be done elsewhere."""
        while True:
            before, wall, cpu = tap.done_rows, time.monotonic(), time.process_time()
            await asyncio.wait({lanes}, timeout=_LOOK)
            if lanes.done():
                return False
            sample = Sample(
                rows=tap.done_rows - before,
                wall=time.monotonic() - wall,
                cpu=time.process_time() - cpu,
                left=tap.left,
            )
            if self._decide(sample, workers):
                tap.stop()
                return True


ENGINE = AutoEngine()


class _Tap:
    """The rows of a run, until it is closed; counts what is done."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._source: Rows = work.source
        self._closed = False
        self._lock = threading.Lock()
        self.done_rows = 0

    @property
    def left(self) -> int | None:
        """Rows that are still to be done."""
        return None if self._work.rows is None else self._work.rows - self.done_rows

    @property
    def ended(self) -> bool:
        """Whether nothing more comes through here."""
        return self._closed or self._source.ended

    @property
    def stopped(self) -> bool:
        """Whether the run was told to stop."""
        return self._source.stopped

    @property
    def hungry(self) -> bool:
        """Whether somebody waits for a row."""
        return self._source.hungry

    def take(self) -> Task | None:
        """The next row to do here."""
        return None if self._closed else self._source.take()

    async def next(self) -> Task | None:
        """The next row to do here."""
        return None if self._closed else await self._source.next()

    def stop(self) -> None:
        """Hand out nothing more here; the rows stay with their source."""
        self._closed = True

    @property
    def full(self) -> bool:
        """Whether more rows should wait before they begin."""
        return self._work.sink.full

    def put(self, row: FinishedRow) -> None:
        """Count a row and hand it on."""
        with self._lock:
            self.done_rows += 1
        self._work.done(row)

    def wait_for_room(self) -> None:
        """Block while too much waits to be stored."""
        self._work.sink.wait_for_room()


def _can_move(work: Work) -> bool:
    """Whether workers could load the flow, and would not start the running program anew."""
    try:
        PROCESS.check(work)
    except FlowgradeError:
        return False
    program = getattr(sys.modules.get("__main__"), "__file__", None)
    place = Path(work.flow.source.rpartition(":")[0])
    if program is None or place.suffix != ".py":
        return True
    return Path(program).resolve() != place.resolve()
