"""Execute rows in one process: lanes that take a row, do it, and take the next.

A lane is a coroutine where the flow awaits, and a thread where its code is all sync. Threads are
added while the processor is idle: code that only waits gets them all, code that computes keeps
few, since more would just take turns.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from flowgrade.flows import Execution, Flow, in_thread
from flowgrade.runs.source import RowSource, Task
from flowgrade.runs.writer import RowWriter
from flowgrade.tracing import RecordedSpan

# Lanes that begin in one turn of the event loop. Were it all of them, the first request would leave
# only after every connection is open; this way the first answers are under way by then.
_WAVE = 16
_TICK = 0.02  # seconds between looks at whether more threads would help
# Share of one processor from which on more threads would only take turns. Code that computes gets
# no more than this where other programs want the processor as well.
_BUSY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """Executes the rows of ``source`` with ``flow`` and hands the results to ``writer``."""

    flow: Flow
    source: RowSource
    writer: RowWriter
    concurrency: int
    timeout: float | None = None
    """Seconds that one row may take."""
    stop_on_error: bool = False

    async def run(self) -> None:
        """Work until the source ends. When cancelled, no further row is begun."""
        try:
            if self.flow.body.threaded and self.timeout is None:
                await self._threads()
            else:
                await self._tasks()
        finally:
            self.source.stop()

    async def _tasks(self) -> None:
        lanes: list[asyncio.Task[None]] = []
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
        while (task := self.source.take()) is not None:
            work = self.flow.aexecute(task.inputs, sink=_keep_nothing, timeout=self.timeout)
            self._done(task, await work)
            if self.writer.full:
                await in_thread(self.writer.wait_for_room)

    async def _threads(self) -> None:
        loop = asyncio.get_running_loop()
        context = contextvars.copy_context()
        with ThreadPoolExecutor(self.concurrency, thread_name_prefix="flowgrade-lane") as pool:
            lanes = {loop.run_in_executor(pool, context.copy().run, self._drain)}
            try:
                while lanes:
                    wall, cpu = time.monotonic(), time.process_time()
                    done, lanes = await asyncio.wait(lanes, timeout=_TICK)
                    for lane in done:
                        lane.result()
                    used = (time.process_time() - cpu) / max(time.monotonic() - wall, 1e-9)
                    for _ in range(self._more(len(lanes), used)):
                        lanes.add(loop.run_in_executor(pool, context.copy().run, self._drain))
            finally:
                self.source.stop()

    def _more(self, lanes: int, used: float) -> int:
        # A lane that waits for the writer is idle too, and more of them would not help it.
        if self.source.ended or used > _BUSY or self.writer.full or not lanes:
            return 0
        return min(lanes, self.concurrency - lanes)

    def _drain(self) -> None:
        while (task := self.source.take()) is not None:
            self._done(task, self.flow.execute(task.inputs, sink=_keep_nothing))
            if self.writer.full:
                self.writer.wait_for_room()

    def _done(self, task: Task, execution: Execution) -> None:
        self.writer.put(task.number, execution)
        if self.stop_on_error and execution.error is not None:
            self.source.stop()


def _keep_nothing(spans: list[RecordedSpan]) -> None:
    """The writer stores a row's spans together with the row."""
