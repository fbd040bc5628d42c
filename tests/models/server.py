"""A scripted HTTP server on loopback, down to single bytes and broken lines."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

_HANDSHAKE = b"\x16"  # how TLS begins


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
    """After the pieces: ``end`` the answer, ``cut`` the line, ``reset`` it or ``hang``."""
    raw: bytes | None = None
    """Sent as it stands, head and all; ``then`` follows."""
    at_once: bool = False
    """Act when the request has only begun to come in."""


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
        first = await reader.readexactly(1)
        if first == _HANDSHAKE:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return False
        lines = (first + await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        reply = self.replies.popleft() if self.replies else self.otherwise
        unread = reply.at_once
        body = (
            b"null" if unread else await reader.readexactly(int(headers.get("Content-Length", 0)))
        )
        is_json = "json" in headers.get("Content-Type", "json")
        content = orjson.loads(body or b"null") if is_json else body
        path = lines[0].split(" ")[1]
        self.requests.append(Request(path=path, headers=headers, body=content))
        await asyncio.sleep(reply.wait)
        if reply.raw is not None:
            writer.write(reply.raw)
            return await self._end(writer, reply.then)
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
        if reply.then == "end":
            writer.write(reply.body if reply.pieces is None else b"0\r\n\r\n")
        return await self._end(writer, reply.then)

    async def _end(self, writer: asyncio.StreamWriter, how: str) -> bool:
        """Do what follows an answer; False when the line is not used again."""
        if how == "hang":
            await asyncio.sleep(30)
        elif how == "reset":
            line = writer.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            await writer.drain()
        return how == "end"


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
