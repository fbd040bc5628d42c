"""One pooled HTTP session for each event loop."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import AsyncGenerator, Coroutine
from dataclasses import dataclass, field

import aiohttp

from flowgrade.models.throttle import Throttle

_KEEP_ALIVE = 30.0  # seconds an idle connection stays; common servers close theirs later
_DNS = 300  # seconds a looked-up address is used


@dataclass(slots=True)
class LoopState:
    """What belongs to one event loop: its session and its throttles."""

    session: aiohttp.ClientSession
    keeper: AsyncGenerator[None]
    throttles: dict[tuple[str, str, str], Throttle] = field(default_factory=dict)


class Sessions:
    """The sessions of all event loops that calls are made in.

    A session is closed with its loop, at the latest by ``asyncio.run``, or by ``aclose``.
    """

    def __init__(self) -> None:
        self._states: dict[asyncio.AbstractEventLoop, LoopState] = {}
        weakref.finalize(self, _abandon, self._states, os.getpid())

    async def here(self) -> LoopState:
        """The state of the running loop."""
        loop = asyncio.get_running_loop()
        state = self._states.get(loop)
        if state is None or state.session.closed:
            state = await self._open(loop)
        return state

    async def aclose(self) -> None:
        """Close the running loop's session, and those of other loops as far as can be."""
        here = asyncio.get_running_loop()
        for loop, state in list(self._states.items()):
            if loop is here:
                await state.keeper.aclose()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(_close(state), loop)
        _abandon(self._states, os.getpid())

    async def _open(self, loop: asyncio.AbstractEventLoop) -> LoopState:
        _abandon(self._states, os.getpid())
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE, ttl_dns_cache=_DNS)
        # The dummy jar: endpoints set no cookies that matter, and a real one costs on each call.
        session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        keeper = _keep(self._states, loop, session)
        state = self._states[loop] = LoopState(session, keeper)
        await anext(keeper)
        return state


async def _keep(
    states: dict[asyncio.AbstractEventLoop, LoopState],
    loop: asyncio.AbstractEventLoop,
    session: aiohttp.ClientSession,
) -> AsyncGenerator[None]:
    """Close the session when the loop shuts down its generators, as ``asyncio.run`` does."""
    try:
        yield
    finally:
        states.pop(loop, None)
        await session.close()


async def _close(state: LoopState) -> None:
    await state.keeper.aclose()


def _abandon(states: dict[asyncio.AbstractEventLoop, LoopState], process: int) -> None:
    """Close the sessions of loops that will not run again, without waiting."""
    if process != os.getpid():
        return  # the sockets are the parent process's too
    for loop, state in list(states.items()):
        if loop.is_closed():
            del states[loop]
            _drive(state.session.close())


def _drive(work: Coroutine[object, None, None]) -> None:
    """Run a coroutine that waits for nothing, because its loop is closed."""
    try:
        for _ in range(10):
            work.send(None)
    except StopIteration:
        return
    work.close()
