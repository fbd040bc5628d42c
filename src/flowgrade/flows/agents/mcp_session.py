"""Sessions with MCP servers: one for each server and event loop, opened again when it died."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import IO, TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from flowgrade.errors import MissingExtraError, ToolError
from flowgrade.flows.agents.mcp_server_spec import ServerSpec
from flowgrade.models import hide

if TYPE_CHECKING:
    from mcp import Client

T = TypeVar("T")

_CONNECT = 30.0  # seconds until a server has to be ready
_TAIL = 2_000  # bytes of what a server wrote to standard error that a message may show
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_LOST = ("connection closed", "session terminated")

# The library logs the stack traces of what it raises; one who wants them sets logging up.
logging.getLogger("mcp").addHandler(logging.NullHandler())


class McpSession:
    """A session with one server, shared by all who call it in one event loop."""

    def __init__(self, spec: ServerSpec) -> None:
        self._spec = spec
        self.secrets = spec.secrets
        self._opening = asyncio.Lock()
        self._link: _Link | None = None

    async def call(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """What ``work`` does with the client; a session that was lost is opened again once.

        What may have reached the server is not done twice. Raises ToolError.
        """
        link = await self._open()
        try:
            return await link.do(work)
        except _NotDelivered:
            link = await self._open()
        try:
            return await link.do(work)
        except _NotDelivered as error:
            raise ToolError(error.message, hint=error.hint) from error

    async def memo(self) -> dict[Any, Any]:
        """What callers remember of the server; empty again when it says that its tools changed."""
        return (await self._open()).memo

    async def _open(self) -> _Link:
        async with self._opening:
            if self._link is None or self._link.ended:
                self._link = _Link(self._spec)
            await self._link.ready()  # also when the one who began to open it has given up
            return self._link


class _NotDelivered(ToolError):
    """The MCP server did not get the call."""


class _Link:
    """One connection, from its opening to its end, kept by a task of its own."""

    def __init__(self, spec: ServerSpec) -> None:
        self._spec = spec
        self.memo: dict[Any, Any] = {}
        self._stop = asyncio.Event()
        self._client: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  the task closes it
        self._mark = 0
        self._said = ""
        self._task = asyncio.create_task(self._keep(), name=f"mcp {spec.label}")
        self._task.add_done_callback(lambda task: task.cancelled() or task.exception())

    @property
    def ended(self) -> bool:
        return self._task.done()

    async def ready(self) -> None:
        """Wait until the server is; raises ToolError when it does not get there."""
        waiting: set[asyncio.Future[Any]] = {self._task, self._client}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not self._client.done() or self._client.cancelled():
            raise self._unavailable()

    async def do(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """What ``work`` does; raises ToolError when the connection ends meanwhile."""
        if self.ended:
            raise _NotDelivered(self._lost("ended before the call"), hint=self._hint)
        self._mark = self._written()
        doing = asyncio.ensure_future(work(self._client.result()))
        try:
            await asyncio.wait({doing, self._task}, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                return await self._outcome(doing)
        finally:
            if not doing.done():
                doing.cancel()
                await asyncio.wait({doing})
        raise self._broken()

    async def aclose(self) -> None:
        """End it, and wait until the server's process has ended."""
        self._stop.set()
        await asyncio.wait({self._task})

    async def _outcome(self, doing: asyncio.Future[T]) -> T:
        from mcp import MCPError  # noqa: PLC0415  it is loaded already

        try:
            return doing.result()
        except MCPError as error:
            if not str(error).lower().startswith(_LOST):
                raise ToolError(f"The MCP server {self._spec.label}: {error}") from error
            await self.aclose()  # what the server said last is known then
            if "terminated" in str(error).lower():  # it forgot us, and did nothing
                raise _NotDelivered(self._lost("ended the session"), hint=self._hint) from error
            raise ToolError(self._lost("died during the call"), hint=self._hint) from error

    def _broken(self) -> ToolError:
        cause = self._cause()
        if cause is not None and type(cause).__name__ == "ConnectError":
            return _NotDelivered(self._lost("cannot be reached"), hint=self._hint)
        return ToolError(self._lost("died during the call"), hint=self._hint)

    def _unavailable(self) -> ToolError:
        cause = self._cause()
        if isinstance(cause, FileNotFoundError):
            what = f"cannot be started: there is no command '{self._spec.command[0]}'"
        elif isinstance(cause, OSError):
            what = f"cannot be started: {cause.strerror or cause}"
        elif isinstance(cause, TimeoutError):
            what = f"was not ready within {_CONNECT:g} s"
        elif self._spec.url is None:
            what = "ended before it was ready"
        else:
            what = f"cannot be reached: {cause or 'it refused the session'}"
        return ToolError(self._lost(what), hint=self._hint)

    def _lost(self, what: str) -> str:
        said = f" It said last: {self._said}" if self._said else ""
        return f"The MCP server {self._spec.label} {what}.{said}"

    @property
    def _hint(self) -> str:
        if self._spec.url is not None:
            return "Is it running? Check its url and headers, and look at its log."
        return (
            f"Try its command by itself: {self._spec.command[0]} … (its env is only what is given)"
        )

    def _cause(self) -> BaseException | None:
        """What ended the connection, out of the groups that the library wraps it in."""
        if not self._task.done() or self._task.cancelled():
            return None
        error = self._task.exception()
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        return error

    async def _keep(self) -> None:
        with contextlib.closing(self._errors):
            try:
                await asyncio.to_thread(_load)
                async with contextlib.AsyncExitStack() as stack:
                    async with asyncio.timeout(_CONNECT):
                        client = await stack.enter_async_context(self._new_client())
                    self._client.set_result(client)
                    await self._stop.wait()
            finally:
                self._said = self._tail()

    def _new_client(self) -> Client:
        from mcp import Client, Implementation, StdioServerParameters  # noqa: PLC0415  see _load
        from mcp.client.stdio import stdio_client  # noqa: PLC0415

        spec = self._spec
        me = Implementation(name="flowgrade", version="1")
        if spec.url is not None:
            transport = _over_http(spec.url, dict(spec.headers))
            return Client(transport, client_info=me, message_handler=self._heard)
        parameters = StdioServerParameters(
            command=spec.command[0], args=list(spec.command[1:]), env=dict(spec.env), cwd=spec.cwd
        )
        started = stdio_client(parameters, errlog=self._errors)  # type: ignore[arg-type]
        transport = _watched(started, self._stop)
        return Client(transport, client_info=me, message_handler=self._heard)

    async def _heard(self, message: Any) -> None:
        if getattr(message, "method", None) == "notifications/tools/list_changed":
            self.memo.clear()

    def _written(self) -> int:
        return os.fstat(self._errors.fileno()).st_size

    def _tail(self) -> str:
        """The last line that the server wrote since the last call, without secrets."""
        size = self._written()
        begin = max(self._mark, size - _TAIL)
        # Read by position: the server's process shares the file's own.
        raw = os.pread(self._errors.fileno(), size - begin, begin)
        lines = raw.decode("utf-8", "replace").strip().splitlines()
        last = lines[-1].strip() if lines else ""
        return hide(last, self._spec.secrets)


def _load() -> None:
    """Import the library, which takes more than a second, beside the event loop."""
    import mcp  # noqa: F401, PLC0415


@contextlib.asynccontextmanager
async def _over_http(url: str, headers: dict[str, str]) -> AsyncIterator[Any]:
    import httpx2  # noqa: PLC0415  it comes with the library
    from mcp.client.streamable_http import streamable_http_client  # noqa: PLC0415

    here = (urlsplit(url).hostname or "") in _HERE  # which is never behind a proxy
    wait = httpx2.Timeout(_CONNECT, read=None)  # how long an answer may take says the tool's limit
    async with (
        httpx2.AsyncClient(headers=headers, timeout=wait, trust_env=not here) as http,
        streamable_http_client(url, http_client=http) as streams,
    ):
        yield streams


@contextlib.asynccontextmanager
async def _watched(transport: Any, ended: asyncio.Event) -> AsyncIterator[Any]:
    """``transport``, with ``ended`` set when the server closes its standard output."""
    import anyio  # noqa: PLC0415  it comes with the library

    async with transport as (read, write):
        send, receive = anyio.create_memory_object_stream[Any](0)

        async def forward() -> None:
            async with send:
                with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                    async for message in read:
                        await send.send(message)
            ended.set()

        async with anyio.create_task_group() as group:
            group.start_soon(forward)
            try:
                yield receive, write
            finally:
                receive.close()
                group.cancel_scope.cancel()


_sessions: dict[asyncio.AbstractEventLoop, dict[ServerSpec, McpSession]] = {}


def session_with(spec: ServerSpec) -> McpSession:
    """The session of the running loop with a server, opened at its first call.

    It ends with the loop, as ``asyncio.run`` and the end of the process end its tasks.
    """
    check_installed()
    loop = asyncio.get_running_loop()
    if loop not in _sessions:
        for old in [known for known in _sessions if known.is_closed()]:
            del _sessions[old]
        _sessions[loop] = {}
    return _sessions[loop].setdefault(spec, McpSession(spec))


def check_installed() -> None:
    """Raise MissingExtraError when the library is not installed."""
    from importlib.util import find_spec  # noqa: PLC0415  only for agents

    if find_spec("mcp") is None:
        raise MissingExtraError("mcp", purpose="An MCP server")
