"""The engine ``process``: worker processes on this machine, for code that computes."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from typing import BinaryIO, cast

from flowgrade.records import JsonObject
from flowgrade.runs.engines.backlog import Ending
from flowgrade.runs.engines.engine import Plan, Work
from flowgrade.runs.engines.order import check_loadable, order_for, origin_of
from flowgrade.runs.engines.pool import Channel, Pool, processors, worker_count
from flowgrade.runs.engines.wire import read_message, write_message

# -P: what lies in the current folder must not stand in for the standard library.
_COMMAND = (sys.executable, "-P", "-m", "flowgrade.runs.engines.worker")
_PATIENCE = 3.0  # seconds that a worker has to end by itself
# Signals that users and the system send; all others a process brings upon itself.
_SENT = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


class ProcessEngine:
    """Does rows in worker processes, as many as there are processors unless said otherwise."""

    def check(self, plan: Plan) -> None:
        """Refuse a flow that lives only in this process."""
        origin_of(plan)
        check_loadable(plan.flow)
        worker_count(plan, processors())

    async def run(self, work: Work) -> None:
        """Do the rows until the source ends."""
        workers = worker_count(work, processors())

        def launch(index: int) -> Channel:
            process = WorkerProcess()
            with suppress(OSError):  # that it is gone shows when it is listened to
                process.send(order_for(work, index, workers).as_json())
            return process

        await Pool(work, launch, workers).run()


ENGINE = ProcessEngine()


class WorkerProcess:
    """A worker process behind two pipes."""

    def __init__(self) -> None:
        # A session of its own: the terminal's Ctrl-C is for the run, which ends its workers. When
        # the run is killed the pipe closes, and workers end by that.
        self._process = subprocess.Popen(
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self._inward = cast(BinaryIO, self._process.stdout)
        self._outward = cast(BinaryIO, self._process.stdin)

    def send(self, message: JsonObject) -> None:
        """Tell it something; raises OSError when it is gone."""
        try:
            write_message(self._outward, message)
        except ValueError as error:  # the pipe is closed on this side
            raise OSError(str(error)) from error

    def receive(self) -> JsonObject | None:
        """What it says next; None once it is gone."""
        return read_message(self._inward)

    def close(self) -> None:
        """Wait until it has ended; end it where it does not."""
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._clean()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def epitaph(self) -> Ending:
        """How it ended."""
        self.close()
        code = self._process.returncode
        if code >= 0:
            return Ending(f"ended with code {code}", killed=False)
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return Ending(f"was killed by {name}", killed=-code in _SENT)

    def _clean(self) -> None:
        self._process.wait()
        for pipe in (self._inward, self._outward):
            with suppress(OSError):  # of what could not be sent to it
                pipe.close()
