"""Put answers on the wire: whole, streamed, or broken on purpose."""

from __future__ import annotations

import asyncio

from aiohttp import web

from flowgrade.testing.stub.events import STREAM_END
from flowgrade.testing.stub.play import Mishap, Play

_JSON = {"Content-Type": "application/json"}
_EVENTS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
_GARBAGE = b"<html><body>The stub sends something that is not JSON.</body></html>"
_GARBLED_EVENT = b'data: {"id": "chatcmpl-stub", "choi\n\n'


def json_answer(
    body: bytes, *, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """A JSON answer."""
    return web.Response(
        body=body, status=status, headers={**_JSON, **headers} if headers else _JSON
    )


def bad_answer(*, streamed: bool, empty: bool) -> web.Response:
    """Status 200 and a body that no client can decode, or none."""
    if empty:
        return web.Response(headers=_EVENTS if streamed else _JSON)
    if streamed:
        return web.Response(body=_GARBLED_EVENT, headers=_EVENTS)
    return web.Response(body=_GARBAGE, headers={"Content-Type": "text/html"})


def drop(request: web.BaseRequest) -> web.Response:
    """Close the connection without an answer; the response returned never reaches the client."""
    request.protocol.force_close()
    return web.Response()


async def send_half(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    """Announce the whole body, send its first half and close the connection."""
    response = web.StreamResponse(headers={**_JSON, "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    request.protocol.force_close()
    return response


class EventSender:
    """Sends one stream, each event at its time."""

    def __init__(self, play: Play, *, closing: asyncio.Event, end: bytes = STREAM_END) -> None:
        self._play = play
        self._closing = closing
        self._end = end

    async def send(
        self, request: web.BaseRequest, events: list[bytes], *, mishap: Mishap | None
    ) -> web.StreamResponse:
        """Stream ``events`` and the end; or a part of them, when the script says so."""
        response = web.StreamResponse(headers=_EVENTS)
        await response.prepare(request)
        stall = self._play.script.stall_after
        if mishap is Mishap.TRUNCATE:
            await self._write(response, events[: (len(events) + 1) // 2])
            request.protocol.force_close()
        elif stall is not None:
            await self._write(response, events[:stall])
            await self._closing.wait()
        else:
            await self._write(response, events)
            if self._end:
                await response.write(self._end)
        return response

    async def _write(self, response: web.StreamResponse, events: list[bytes]) -> None:
        script = self._play.script
        if not script.token_latency and not script.slow_first_token:
            # One write for all: nothing is to be seen between them, and it is far cheaper.
            if events:
                await response.write(b"".join(events))
            return
        loop = asyncio.get_running_loop()
        due = loop.time()
        for place, chunk in enumerate(events):
            if place:
                due += self._play.token_latency()
                due += self._play.slow_first_token() if place == 1 else 0.0
                await sleep_until(due)
            await response.write(chunk)


async def sleep_until(due: float) -> None:
    """Sleep until the loop's clock shows ``due``; not at all when it already does."""
    wait = due - asyncio.get_running_loop().time()
    if wait > 0:
        await asyncio.sleep(wait)
