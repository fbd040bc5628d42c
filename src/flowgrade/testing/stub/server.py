"""The stub model server for async code."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from types import TracebackType
from typing import Self

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.web_protocol import RequestHandler

from flowgrade.errors import InputError, UsageError
from flowgrade.testing.stub.handling import MOST_BODY_BYTES, StubHandler
from flowgrade.testing.stub.journal import RecordedRequest, StubStats
from flowgrade.testing.stub.play import Play
from flowgrade.testing.stub.script import StubScript

_BACKLOG = 1024


class StubServer:
    """A model server that plays a script; an async context manager.

    ::

        async with StubServer(StubScript(latency=0.2)) as stub:
            client = AsyncOpenAI(base_url=stub.base_url, api_key="any")

    Port 0 takes a free one. ``grace`` is how many seconds calls under way get when it stops.
    Raises UsageError for a host beyond loopback unless ``allow_remote`` is set, and InputError
    when the port is taken. The properties, ``set_script`` and ``clear`` may be used from any
    thread.
    """

    def __init__(
        self,
        script: StubScript | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        allow_remote: bool = False,
        grace: float = 0.1,
    ) -> None:
        if not allow_remote and not _is_loopback(host):
            raise UsageError(
                f"The stub would listen on {host}, beyond this machine.",
                hint="Use 127.0.0.1, or allow it on purpose: allow_remote=True, --allow-remote.",
            )
        self._host, self._port, self._grace = host, port, grace
        self._handler = StubHandler(Play(script or StubScript()))
        self._runner: web.ServerRunner | None = None

    @property
    def url(self) -> str:
        """The root, such as ``http://127.0.0.1:8080``; an AzureOpenAI client's endpoint."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def base_url(self) -> str:
        """The root of the OpenAI-compatible API: ``url`` and ``/v1``."""
        return f"{self.url}/v1"

    @property
    def requests(self) -> list[RecordedRequest]:
        """The last 10,000 requests, newest last."""
        return self._handler.journal.requests

    @property
    def stats(self) -> StubStats:
        """Counts of calls so far."""
        return self._handler.journal.stats

    def set_script(self, script: StubScript) -> None:
        """Play ``script`` from its start for the calls to come."""
        self._handler.play = Play(script)

    def clear(self) -> None:
        """Forget the recorded requests and start counting again."""
        self._handler.journal.clear()

    async def __aenter__(self) -> Self:
        server = web.Server(
            self._handler,
            request_factory=_make_request,
            handler_cancellation=True,
            access_log=None,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=self._grace)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port, backlog=_BACKLOG).start()
        except OSError as error:
            await self._runner.cleanup()
            raise InputError(
                f"The stub cannot listen on {self.url}: {error.strerror or error}",
                hint="Choose another port, or 0 for a free one.",
            ) from error
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._handler.closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _make_request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(
        message, payload, protocol, writer, task, loop, client_max_size=MOST_BODY_BYTES
    )
