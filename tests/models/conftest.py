"""A scripted HTTP server on loopback, and models that talk to it."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from flowgrade.models import Clock, Connection, Model, Models, RetryPolicy, Timeouts
from flowgrade.settings import Secret, Settings

KEY = "sk-test-4f9a8b7c6d5e"


@dataclass(kw_only=True)
class Reply:
    """What the server does with one request."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: list[bytes] | None = None
    """Sent as one HTTP chunk each, instead of ``body``."""
    wait: float = 0.0
    """Seconds before the answer begins."""
    between: float = 0.0
    """Seconds before each piece."""
    then: str = "end"
    """After the pieces: ``end`` the answer, ``cut`` the line or ``hang``."""


@dataclass(kw_only=True)
class Request:
    path: str
    headers: dict[str, str]
    body: Any


class Server:
    """Answers with the replies it was given, one each, then with ``otherwise``."""

    def __init__(self) -> None:
        self.replies: deque[Reply] = deque()
        self.otherwise = chat("Hello.")
        self.requests: list[Request] = []
        self.connections = 0
        self.port = 0
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        self._started.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def will(self, *replies: Reply) -> None:
        self.replies.extend(replies)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._converse, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        # Cancelled when the server ends; asyncio would report that as a failure.
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._answer(reader, writer):
                pass
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        body = await reader.readexactly(int(headers.get("Content-Length", 0)))
        self.requests.append(
            Request(
                path=lines[0].split(" ")[1], headers=headers, body=orjson.loads(body or b"null")
            )
        )
        reply = self.replies.popleft() if self.replies else self.otherwise
        await asyncio.sleep(reply.wait)
        head = {"Content-Type": reply.content_type, **reply.headers}
        if reply.pieces is None:
            head["Content-Length"] = str(len(reply.body))
        else:
            head["Transfer-Encoding"] = "chunked"
        writer.write(f"HTTP/1.1 {reply.status} Reason\r\n".encode())
        writer.write("".join(f"{k}: {v}\r\n" for k, v in head.items()).encode() + b"\r\n")
        for piece in reply.pieces or ():
            await asyncio.sleep(reply.between)
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
        if reply.then == "hang":
            await asyncio.sleep(30)
        if reply.then == "end":
            writer.write(reply.body if reply.pieces is None else b"0\r\n\r\n")
            await writer.drain()
        return reply.then == "end"


def chat(text: str, **more: Any) -> Reply:
    """A whole answer in OpenAI's protocol."""
    message = {"role": "assistant", "content": text}
    raw = {
        "id": "chatcmpl-7",
        "object": "chat.completion",
        "model": "stub-2024",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14},
    }
    return Reply(body=orjson.dumps(raw | more))


def stream(*texts: str, **reply: Any) -> Reply:
    """A streamed answer in OpenAI's protocol, one piece for each text."""
    events = [{"choices": [{"index": 0, "delta": {"content": text}}]} for text in texts]
    events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    usage = {"prompt_tokens": 11, "completion_tokens": len(texts)}
    events.append({"choices": [], "usage": usage})  # type: ignore[dict-item]
    head = {"id": "chatcmpl-8", "object": "chat.completion.chunk", "model": "stub-2024"}
    pieces = [b"data: " + orjson.dumps(head | event) + b"\n\n" for event in events]
    given = {"pieces": [*pieces, b"data: [DONE]\n\n"], "content_type": "text/event-stream"}
    return Reply(**(given | reply))


def error(status: int, message: str = "No.", *, headers: Any = None, **fields: Any) -> Reply:
    """A refusal in OpenAI's protocol."""
    body = orjson.dumps({"error": {"message": message, **fields}})
    return Reply(status=status, body=body, headers=headers or {})


class Rig:
    """Models that talk to the server, and a clock whose sleeps are written down, not slept."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.sleeps: list[float] = []
        self.now = 1_700_000_000.0
        self.fraction = 1.0
        """Where in its interval each random number lies."""
        self.settings = Settings(project=folder, home=folder, store="")
        self.clock = Clock(
            now=lambda: self.now,
            monotonic=lambda: self.now,
            sleep=self._sleep,
            uniform=lambda low, high: low + (high - low) * self.fraction,
        )

    def models(self, *, retry: RetryPolicy | None = None) -> Models:
        return Models(self.settings, retry=retry, clock=self.clock)

    def connection(self, **fields: Any) -> Connection:
        given: dict[str, Any] = {
            "name": "stub",
            "base_url": self.server.url,
            "api_key": Secret(KEY),
        }
        return Connection(**(given | fields))

    def open(self, name: str = "stub", *, retry: RetryPolicy | None = None, **fields: Any) -> Model:
        """A model of the server; ``fields`` are the connection's."""
        return self.models(retry=retry).open(name, connection=self.connection(**fields))

    def hasty(self, **limits: float) -> Model:
        """A model with small timeouts and no retries."""
        return self.open(retry=RetryPolicy(retries=0), timeouts=Timeouts(**limits))

    async def _sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Kit:
    """Makers of replies, for tests."""

    Reply = Reply
    chat = staticmethod(chat)
    stream = staticmethod(stream)
    error = staticmethod(error)
    key = KEY


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def rig(server: Server, tmp_path: Path) -> Rig:
    return Rig(server, tmp_path)


@pytest.fixture
def kit() -> Kit:
    return Kit()
