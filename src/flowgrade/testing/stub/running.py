"""The stub model server for sync code: in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from flowgrade.testing.stub.script import StubScript
from flowgrade.testing.stub.server import StubServer

_STOP_WITHIN = 10.0


@contextmanager
def running_stub(
    script: StubScript | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    allow_remote: bool = False,
) -> Iterator[StubServer]:
    """A stub that answers while the context is open.

    Errors are those of StubServer.
    """
    stub = StubServer(script, host=host, port=port, allow_remote=allow_remote)
    ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(target=_run, args=(stub, ready), name="stub", daemon=True)
    thread.start()
    loop, stop = ready.result()
    try:
        yield stub
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(_STOP_WITHIN)


def stub_fixture() -> Iterator[StubServer]:
    """A stub with the default script, in the form of a pytest fixture.

    In a ``conftest.py``: ``stub = pytest.fixture(stub_fixture)``; a test then gives it a script
    with ``stub.set_script(...)``.
    """
    with running_stub() as stub:
        yield stub


def _run(stub: StubServer, ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
    try:
        asyncio.run(_serve(stub, ready))
    except BaseException as error:  # noqa: BLE001 - the thread that waits is to raise it
        if not ready.done():
            ready.set_exception(error)


async def _serve(
    stub: StubServer, ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]
) -> None:
    stop = asyncio.Event()
    async with stub:
        ready.set_result((asyncio.get_running_loop(), stop))
        await stop.wait()
