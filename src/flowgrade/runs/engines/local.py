"""The engine ``local``: lanes in this process that take a row, do it, and take the next.

A lane is a coroutine where the flow awaits, and a thread where its code is all sync. Threads are
added while the processor is idle: code that only waits gets them all, code that computes keeps
few, since more would just take turns.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable

from flowgrade.errors import InputError
from flowgrade.flows import DaemonPool, Execution, Flow, flow_code, in_thread
from flowgrade.records import Record
from flowgrade.runs.engines.engine import Plan, Sink, Source, Work
from flowgrade.runs.finished import FinishedRow
from flowgrade.runs.source import Task
from flowgrade.tracing import RecordedSpan

# Lanes that begin in one turn of the event loop. Were it all of them, the first request would leave
# only after every connection is open; this way the first answers are under way by then.
_WAVE = 16
_TICK = 0.02  # seconds between looks at whether more threads would help
# Share of one processor from which on more threads would only take turns. Code that computes gets
# no more than this where other programs want the processor as well.
_BUSY = 0.5
_GRACE = 5  # seconds that rows under way get to end once nobody wants more


class LocalEngine:
    """Does all rows in this process."""

    def check(self, plan: Plan) -> None:
        """Refuse a number of workers, since there are none."""
        if plan.workers is not None:
            raise InputError(
                "The engine 'local' has no workers.",
                hint="Choose one that has: --engine process. More rows at once: --concurrency.",
            )

    async def run(self, work: Work) -> None:
        """Do the rows until the source ends."""
        await lanes_for(work, work.source).run()


ENGINE = LocalEngine()


def lanes_for(work: Work, source: Source) -> Lanes:
    """The lanes that do the rows of ``source`` as ``work`` says."""
    return Lanes(
        flow=work.flow,
        source=source,
        sink=work.sink,
        done=work.done,
        concurrency=work.concurrency,
        timeout=work.timeout,
    )


def _unwatched(lanes: int) -> None:
    pass


class Lanes(Record):
    """Executes the rows of ``source`` with ``flow`` and hands the results to ``done``."""

    flow: Flow
    source: Source
    sink: Sink
    """Where the rows go that are handed to ``done``."""
    done: Callable[[FinishedRow], None]
    concurrency: int
    timeout: float | None = None
    """Seconds that one row may take."""
    watch: Callable[[int], None] = _unwatched
    """Told how many lanes there are, when that changes."""

    async def run(self) -> None:
        """Work until the source ends. When cancelled, no further row is begun."""
        try:
            with flow_code():  # once here, so that each row finds the way prepared
                if self.flow.body.threaded and self.timeout is None:
                    await self._threads()
                else:
                    await self._tasks()
        finally:
            self.source.stop()

    async def _tasks(self) -> None:
        lanes: list[asyncio.Task[None]] = []
        self.watch(self.concurrency)
        try:
            while len(lanes) < self.concurrency and not self.source.ended:
                more = min(_WAVE, self.concurrency - len(lanes))
                lanes += [asyncio.create_task(self._lane()) for _ in range(more)]
                await asyncio.sleep(0)
            await asyncio.gather(*lanes)
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    async def _lane(self) -> None:
        while (task := await self.source.next()) is not None:
            work = self.flow.aexecute(task.inputs, sink=_keep_nothing, timeout=self.timeout)
            self._finish(task, await work)
            if self.sink.full:
                await in_thread(self.sink.wait_for_room)

    async def _threads(self) -> None:
        loop = asyncio.get_running_loop()
        context = contextvars.copy_context()
        pool = DaemonPool(self.concurrency, "flowgrade-lane")
        lanes = {loop.run_in_executor(pool, context.copy().run, self._drain)}
        self.watch(1)
        try:
            while lanes:
                wall, cpu = time.monotonic(), time.process_time()
                done, lanes = await asyncio.wait(lanes, timeout=_TICK)
                for lane in done:
                    lane.result()
                used = (time.process_time() - cpu) / max(time.monotonic() - wall, 1e-9)
                for _ in range(self._more(len(lanes), used)):
                    lanes.add(loop.run_in_executor(pool, context.copy().run, self._drain))
                if lanes:
                    self.watch(len(lanes))
        finally:
            self.source.stop()
            if lanes:
                await asyncio.wait(lanes, timeout=_GRACE)
            pool.shutdown()

    def _more(self, lanes: int, used: float) -> int:
        # A lane that waits for the sink or for rows is idle too, and more would not help it.
        if self.source.ended or used > _BUSY or self.sink.full or self.source.hungry or not lanes:
            return 0
        return min(lanes, self.concurrency - lanes)

    def _drain(self) -> None:
        while (task := self.source.take()) is not None:
            self._finish(task, self.flow.execute(task.inputs, sink=_keep_nothing))
            if self.sink.full:
                self.sink.wait_for_room()

    def _finish(self, task: Task, execution: Execution) -> None:
        self.done(FinishedRow.of(task.number, execution))


def _keep_nothing(spans: list[RecordedSpan]) -> None:
    """The writer stores a row's spans together with the row."""
