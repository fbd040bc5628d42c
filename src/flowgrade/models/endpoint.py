"""Endpoint: JSON calls to one address, with retries, a throttle, timeouts and clear errors."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import TypeVar

import aiohttp
import orjson
from yarl import URL

from flowgrade.errors import ModelError
from flowgrade.models.address import check_address, check_headers, encode
from flowgrade.models.again import delay_of
from flowgrade.models.allowance import seconds_to_hold
from flowgrade.models.complaint import Complaint, find_complaint
from flowgrade.models.connection import Connection
from flowgrade.models.diagnosis import Diagnosis
from flowgrade.models.gate import guess_tokens
from flowgrade.models.interception import active_intercept, refuse_intercepted
from flowgrade.models.outage import Phase
from flowgrade.models.place import Place
from flowgrade.models.proxies import proxy_for
from flowgrade.models.stream import EventStream, expect_within
from flowgrade.models.throttle import Throttle
from flowgrade.models.transport import Transport
from flowgrade.records import JsonObject, digest_json
from flowgrade.tracing import current_traceparent

T = TypeVar("T")

Answer = tuple[Mapping[str, str], T]
"""An answer with its headers."""


class Endpoint:
    """Calls to one model at one address."""

    def __init__(
        self,
        transport: Transport,
        connection: Connection,
        *,
        model: str,
        base_url: str,
        headers: Mapping[str, str],
    ) -> None:
        self._transport = transport
        self._connection = connection
        self._model = model
        check_address(base_url, connection)
        self._base = URL(base_url)
        self._headers = check_headers(
            {"Content-Type": "application/json", **headers, **connection.headers}, connection
        )
        self._diagnosis = Diagnosis(
            connection,
            model=model,
            address=f"{self._base.host}:{self._base.port}",
            clock=transport.clock,
        )
        self._proxy = proxy_for(base_url, transport.environment)
        self._urls: dict[str, URL] = {}
        # What one key is refused says nothing about another; the key itself is not kept here.
        self._key = (str(self._base), model, digest_json(dict(self._headers)))
        self._gate = transport.gate((connection.name, *self._key), connection.limits)
        limits = connection.timeouts
        self._timeout = aiohttp.ClientTimeout(
            total=limits.total, connect=limits.connect, sock_read=limits.first_token
        )

    async def post(self, path: str, payload: JsonObject) -> JsonObject:
        """Post ``payload`` as JSON to ``path`` below the address; gives the answer's JSON.

        Raises a ModelError after the retries that the policy allows.
        """
        intercept = active_intercept()
        if intercept is not None:
            return await intercept(self, path, payload)
        url, data, headers = self._url(path), encode(payload), self._call_headers()
        answer, place = await self._call(
            lambda session: self._post_once(session, url, data, headers),
            guess_tokens(len(data), payload) if self._gate else len(data) // 4,
        )
        place.succeeded(answer)
        return answer

    async def get(self, path: str) -> JsonObject:
        """Get the JSON at ``path`` below the address; raises as ``post`` does."""
        url, headers = self._url(path), self._call_headers()
        answer, place = await self._call(
            lambda session: self._post_once(session, url, None, headers), 0
        )
        place.succeeded(answer)
        return answer

    async def stream(
        self,
        path: str,
        payload: JsonObject,
        *,
        is_finished: Callable[[], bool] | None = None,
    ) -> AsyncGenerator[JsonObject]:
        """Post ``payload`` and yield the JSON events of the answer.

        Retries end with the first event. Close the generator to end the call early. An answer
        that ends without saying so is broken off, unless ``is_finished`` says that its events
        did.
        """
        refuse_intercepted("A streamed call")
        url, data, headers = self._url(path), encode(payload), self._call_headers()
        (events, rest), place = await self._call(
            lambda session: self._stream_once(session, url, data, headers),
            guess_tokens(len(data), payload) if self._gate else len(data) // 4,
        )
        more: list[JsonObject] | None = events
        last: JsonObject = {}
        try:
            while more is not None:
                for event in more:
                    last = event if event.get("usage") else last
                    yield event
                more = await rest.more()
            if not rest.is_done and is_finished is not None and not is_finished():
                raise self._diagnosis.broken_off()
        except BaseException:
            place.release()
            raise
        else:
            place.succeeded(last)
        finally:
            rest.close()

    @property
    def model(self) -> str:
        """The model's name at the address."""
        return self._model

    @property
    def has_deployment(self) -> bool:
        """Whether the address names the model itself, as Azure's older form does."""
        return "/openai/deployments/" in self._base.raw_path

    @property
    def identity(self) -> tuple[str, str, str]:
        """Tells endpoints apart: address, model, and a digest of the headers with the key."""
        return self._key

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        data: bytes | None = None,
        form: Mapping[str, str] | None = None,
        file: tuple[str, bytes] | None = None,
        retried: bool = False,
    ) -> bytes:
        """Ask the API beside the model's own calls; gives the answer's body.

        ``file``, a name and its content, goes as a form with ``form``. Raises a ModelError, with
        ``retried`` after the retries that the policy allows.
        """
        url = self._beside(path)
        headers = dict(self._headers)
        if data is None:
            headers.pop("Content-Type", None)
        retries = 0
        while True:
            session = (await self._transport.sessions.here()).session
            body = data if file is None else _form(form or {}, file)
            try:
                return await self._exchange_once(session, method, url, body, headers)
            except ModelError as error:
                if not retried:
                    raise
                delay = delay_of(error, retries, self._transport, self._model)
            retries += 1
            await self._transport.clock.sleep(delay)

    def failure(self, status: int | None, complaint: Complaint) -> ModelError:
        """The error for what the endpoint says of one call of several."""
        return self._diagnosis.failure(status, complaint)

    async def _exchange_once(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: URL,
        body: bytes | aiohttp.FormData | None,
        headers: Mapping[str, str],
    ) -> bytes:
        try:
            response = await session.request(
                method,
                url,
                data=body,
                headers=headers,
                timeout=self._timeout,
                proxy=self._proxy,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, OSError) as error:
            raise self._diagnosis.outage(error, Phase.FIRST_TOKEN) from error
        answer = await self._read(response)
        if not 200 <= response.status < 300:
            raise self._diagnosis.refusal(response, answer)
        return answer

    def _beside(self, path: str) -> URL:
        root = self._base.raw_path.rstrip("/").partition("/deployments/")[0]
        name, _, query = path.partition("?")
        url = self._base.with_path(root + name, encoded=True, keep_query=True)
        return url.update_query(query) if query else url

    async def _call(
        self, once: Callable[[aiohttp.ClientSession], Awaitable[Answer[T]]], tokens: int
    ) -> tuple[T, Place]:
        """The result of ``once``, retried; the place of the call is still to be given back."""
        retries = 0
        clock = self._transport.clock
        while True:
            state = await self._transport.sessions.here()
            throttle = state.throttles.get(self._key)
            if throttle is None:
                throttle = state.throttles[self._key] = self._new_throttle()
            place = Place(throttle, self._gate)
            if self._gate is not None:
                place.turn = await self._gate.enter(tokens)
            await place.take()
            epoch, began = throttle.epoch, clock.monotonic()
            try:
                headers, found = await once(state.session)
            except ModelError as error:
                place.failed(error, epoch)
                delay = delay_of(error, retries, self._transport, self._model)
            except BaseException:
                place.release()
                raise
            else:
                throttle.took(clock.monotonic() - began)
                throttle.hold(seconds_to_hold(headers, tokens=tokens, now=clock.now()))
                return found, place
            retries += 1
            await clock.sleep(delay)

    async def _post_once(
        self,
        session: aiohttp.ClientSession,
        url: URL,
        data: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer[JsonObject]:
        response = await self._send(session, url, data, headers)
        if response.connection is not None:  # the answer is not complete yet
            expect_within(response, self._connection.timeouts.idle)
        body = await self._read(response)
        if response.status != 200 and not 200 <= response.status < 300:
            raise self._diagnosis.refusal(response, body)
        try:
            raw = orjson.loads(body)
        except ValueError:
            raw = None
        if type(raw) is not dict:
            raise self._diagnosis.unreadable(response, body)
        if "error" in raw or raw.get("object") == "error":
            complaint = find_complaint(raw)
            if complaint is not None:
                raise self._diagnosis.complaint(complaint)
        return response.headers, raw

    async def _stream_once(
        self, session: aiohttp.ClientSession, url: URL, data: bytes, headers: Mapping[str, str]
    ) -> Answer[tuple[list[JsonObject], EventStream]]:
        response = await self._send(session, url, data, headers)
        if not 200 <= response.status < 300:
            raise self._diagnosis.refusal(response, await self._read(response))
        stream = EventStream(response, self._diagnosis, idle=self._connection.timeouts.idle)
        try:
            return response.headers, (await stream.first(), stream)
        except BaseException:
            stream.close()
            raise

    async def _send(
        self,
        session: aiohttp.ClientSession,
        url: URL,
        data: bytes | None,
        headers: Mapping[str, str],
    ) -> aiohttp.ClientResponse:
        send = session.get if data is None else session.post
        try:
            # A redirect is not followed: it would carry the key to another place.
            return await send(
                url,
                data=data,
                headers=headers,
                timeout=self._timeout,
                proxy=self._proxy,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, OSError) as error:
            raise self._diagnosis.outage(error, Phase.FIRST_TOKEN) from error

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        try:
            return await response.read()
        except (aiohttp.ClientError, OSError) as error:
            raise self._diagnosis.outage(error, Phase.IDLE) from error

    def _url(self, path: str) -> URL:
        url = self._urls.get(path)
        if url is None:
            whole = self._base.raw_path.rstrip("/") + path
            url = self._base.with_path(whole, encoded=True, keep_query=True)
            self._urls[path] = url
        return url

    def _call_headers(self) -> Mapping[str, str]:
        traceparent = current_traceparent()
        return {**self._headers, "traceparent": traceparent} if traceparent else self._headers

    def _new_throttle(self) -> Throttle:
        return Throttle(self._transport.clock, self._transport.retry.max_retry_after)


def _form(fields: Mapping[str, str], file: tuple[str, bytes]) -> aiohttp.FormData:
    form = aiohttp.FormData(fields)
    form.add_field("file", file[1], filename=file[0], content_type="application/jsonl")
    return form
