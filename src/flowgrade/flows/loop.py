"""One event loop in a thread of its own, behind the sync facade."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

from flowgrade.errors import UsageError

T = TypeVar("T")

_NAME = "flowgrade-loop"


def run_blocking(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end and return what it gives; also from inside a running loop.

    All calls share one loop, so that pooled connections live on between them. Raises UsageError
    when called from async code that this loop itself runs, which would wait for itself.
    """
    if threading.current_thread().name == _NAME:
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


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name=_NAME, daemon=True).start()
    return loop
