"""Time and chance, so that a test can hold both in its hand."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable

from flowgrade.records import Record


async def _sleep(seconds: float) -> None:
    from asyncio import sleep  # noqa: PLC0415 asyncio costs 40 ms at the start of a command

    await sleep(seconds)


class Clock(Record):
    """Where waiting takes its time and its randomness from."""

    now: Callable[[], float] = time.time
    """Seconds since the Unix epoch."""
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = _sleep
    uniform: Callable[[float, float], float] = random.uniform
