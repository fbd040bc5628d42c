"""The stub model server as a process: until a signal ends it."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable
from contextlib import suppress

from flowgrade.flows import run_fast
from flowgrade.testing.stub.script import StubScript
from flowgrade.testing.stub.server import StubServer

_GRACE = 5.0


def serve_stub(
    script: StubScript | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    on_ready: Callable[[str], None] | None = None,
    allow_remote: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM; calls under way get five seconds to end.

    ``on_ready`` is called once with the root URL when the stub listens. To be called in the main
    thread. Errors are those of StubServer.
    """
    stub = StubServer(script, host=host, port=port, allow_remote=allow_remote, grace=_GRACE)
    # Where the loop cannot watch signals (Windows), Ctrl-C ends it as KeyboardInterrupt.
    with suppress(KeyboardInterrupt):
        run_fast(_serve(stub, on_ready))


async def _serve(stub: StubServer, on_ready: Callable[[str], None] | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
    # What start-up made stays: passing over it in each collection would only delay answers.
    gc.freeze()
    async with stub:
        if on_ready is not None:
            on_ready(stub.url)
        await stop.wait()
