"""One event loop in a thread of its own, behind the sync facade."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Coroutine
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar

from flowgrade.errors import UsageError

T = TypeVar("T")

_NAME = "flowgrade-loop"
_PATIENCE = 10.0  # seconds that closing may take when the process ends


def in_flow_loop() -> bool:
    """Whether this code runs in the loop that ``run_blocking`` would wait for."""
    return threading.current_thread().name == _NAME


def run_blocking(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end and return what it gives; also from inside a running loop.

    All calls share one loop, so that pooled connections live on between them. Raises UsageError
    when called from async code that this loop itself runs, which would wait for itself.
    """
    if in_flow_loop():
        work.close()
        raise UsageError(
            "A flow was called without await from async code.",
            hint="Write: await flow.acall(…)",
        )
    future = asyncio.run_coroutine_threadsafe(work, _loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def run_fast(work: Coroutine[Any, Any, T]) -> T:
    """What ``asyncio.run`` does, on uvloop where it is installed.

    For work with many connections at once: each then costs about a third less.
    """
    try:
        import uvloop  # noqa: PLC0415  only for those who wait
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name=_NAME, daemon=True).start()
    atexit.register(_end, loop)
    return loop


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Close what lives as long as the loop: connections, and servers that tools started."""
    ending = asyncio.run_coroutine_threadsafe(_wind_down(loop), loop)
    with suppress(TimeoutError):
        ending.result(_PATIENCE)


async def _wind_down(loop: asyncio.AbstractEventLoop) -> None:
    others = asyncio.all_tasks(loop) - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await loop.shutdown_asyncgens()
