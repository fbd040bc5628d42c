"""Threads for users' sync code."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

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
