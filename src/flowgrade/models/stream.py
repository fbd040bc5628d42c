"""The answer of an endpoint as it comes in: a stream of JSON events."""

from __future__ import annotations

import asyncio

import aiohttp
import orjson

from flowgrade.errors import ModelError, ModelResponseError
from flowgrade.models.complaint import find_complaint
from flowgrade.models.diagnosis import Diagnosis
from flowgrade.models.events import DONE, EventParser, decode_event
from flowgrade.models.outage import Phase
from flowgrade.records import JsonObject

_DRAIN = 0.25  # seconds an endpoint gets to end its answer after it said that it is done


class EventStream:
    """Reads the events of one response; ``close`` must follow."""

    __slots__ = (
        "_content",
        "_diagnosis",
        "_done",
        "_failure",
        "_idle",
        "_opening",
        "_parser",
        "_phase",
        "_response",
    )

    def __init__(
        self, response: aiohttp.ClientResponse, diagnosis: Diagnosis, *, idle: float | None
    ) -> None:
        self._response = response
        self._content = response.content
        self._idle = idle
        self._diagnosis = diagnosis
        self._failure: ModelError | None = None
        self._done = False
        self._opening = b""
        self._parser: EventParser | None = EventParser()
        self._phase = Phase.FIRST_TOKEN

    @property
    def is_done(self) -> bool:
        """Whether the endpoint has said that the answer is complete."""
        return self._done

    async def first(self) -> list[JsonObject]:
        """The first events; a whole answer that is not streamed counts as one.

        There are none when the endpoint says at once that it is done. Raises ModelError when the
        response ends before any without saying so.
        """
        if self._response.content_type == "application/json":
            return [await self._whole()]
        events = await self.more()
        if events is None and not self._done:
            if self._response.content_type == "text/event-stream":
                raise self._diagnosis.broken_off()
            raise self._diagnosis.unreadable(self._response, self._opening, wanted="event stream")
        return events or []

    async def more(self) -> list[JsonObject] | None:
        """The next events, at least one; None at the end."""
        while self._parser is not None:
            if self._failure is not None:
                raise self._failure
            if self._done:
                await self._finish()
                break
            block = await self._read()
            if block:
                events = self._decode_all(self._parser.feed(block))
            else:
                rest, self._parser = self._parser.close(), None
                events = self._decode_last(rest)
            if events:
                return events
        if self._failure is not None:
            raise self._failure
        return None

    def close(self) -> None:
        """Give the connection back; one that still has something to say is dropped."""
        self._response.release()

    async def _whole(self) -> JsonObject:
        try:
            body = await self._response.read()
        except (aiohttp.ClientError, OSError) as error:
            raise self._diagnosis.outage(error, self._phase) from error
        self._parser, self._done = None, True
        try:
            raw = orjson.loads(body)
        except ValueError:
            raw = None
        if not isinstance(raw, dict):
            raise self._diagnosis.unreadable(self._response, body)
        self._check(raw)
        return raw

    async def _read(self) -> bytes:
        try:
            block = await self._content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise self._diagnosis.outage(error, self._phase) from error
        if self._phase is Phase.FIRST_TOKEN:
            self._phase = Phase.IDLE
            self._opening = block
            expect_within(self._response, self._idle)
        return block

    def _decode_all(self, data: list[bytes]) -> list[JsonObject]:
        """The events in ``data`` up to the end of the stream or to one that is a failure."""
        events: list[JsonObject] = []
        for piece in data:
            if piece.strip() == DONE:
                self._done = True
                break
            try:
                events += self._decode(piece)
            except ModelError as error:
                if not events:
                    raise
                self._failure = error  # what came before it is given first
                break
        return events

    def _decode_last(self, data: list[bytes]) -> list[JsonObject]:
        """The events in ``data``, which no empty line ended; half of one was cut off."""
        try:
            return self._decode_all(data)
        except ModelResponseError:
            raise self._diagnosis.broken_off() from None

    def _decode(self, piece: bytes) -> list[JsonObject]:
        try:
            raw = orjson.loads(piece)
        except ValueError:
            raw = None
        events = [raw] if type(raw) is dict else decode_event(piece)
        for event in events:
            if "choices" not in event or "error" in event:
                self._check(event)
        return events

    def _check(self, event: JsonObject) -> None:
        complaint = find_complaint(event)
        if complaint is not None:
            raise self._diagnosis.complaint(complaint)

    async def _finish(self) -> None:
        self._parser = None
        if self._content.at_eof():
            return
        # Only a response that is read to its end leaves a connection that can be used again.
        try:
            async with asyncio.timeout(_DRAIN):
                while await self._content.readany():
                    pass
        except (aiohttp.ClientError, OSError):
            return


def expect_within(response: aiohttp.ClientResponse, seconds: float | None) -> None:
    """Give the rest of ``response`` another limit between two pieces than its start had."""
    connection = response.connection
    if connection is not None and connection.protocol is not None:
        connection.protocol.read_timeout = seconds
        connection.protocol.start_timeout()
