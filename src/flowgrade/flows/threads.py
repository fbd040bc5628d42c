"""Threads for users' sync code."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

_MOST = 512  # threads start only when none is idle, so this bounds and does not reserve


async def in_thread(function: Callable[[], T]) -> T:
    """Run ``function`` in a thread, with the context variables that are set here."""
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_pool(), lambda: context.run(function))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=_MOST, thread_name_prefix="flowgrade")


async def in_own_thread(function: Callable[[], T]) -> T:
    """Run ``function`` in a thread of its own, which nobody waits for when the process ends.

    For code that may never return: its caller can give up, and the process can exit.
    """
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(set_: Callable[[Any], None], value: Any) -> None:
        if not future.done():
            set_(value)

    def work() -> None:
        try:
            outcome: tuple[Callable[[Any], None], Any] = future.set_result, context.run(function)
        except BaseException as error:  # noqa: BLE001  it is raised where the result is awaited
            # A future cannot hold StopIteration, and an interrupt is not this thread's to pass on.
            fits = isinstance(error, Exception) and not isinstance(error, StopIteration)
            raised = error if fits else RuntimeError(f"{type(error).__name__}: {error}")
            outcome = future.set_exception, raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=work, name="flowgrade-tool", daemon=True).start()
    return await future
