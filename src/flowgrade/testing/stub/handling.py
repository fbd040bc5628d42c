"""Answer the stub's requests: model calls, and questions about the stub itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache

from aiohttp import web

from flowgrade.records import as_dict, dumps
from flowgrade.testing.stub import faults
from flowgrade.testing.stub.batch import BatchAnswer
from flowgrade.testing.stub.batches import BatchDesk
from flowgrade.testing.stub.call import Call, read_call
from flowgrade.testing.stub.chat import chat_body, chat_events
from flowgrade.testing.stub.completion import completion_body, completion_events
from flowgrade.testing.stub.embedding import embedding_body
from flowgrade.testing.stub.events import STREAM_END
from flowgrade.testing.stub.journal import MOST_REQUESTS, Journal
from flowgrade.testing.stub.message_batches import MessageBatchDesk
from flowgrade.testing.stub.messages import messages_body, messages_events
from flowgrade.testing.stub.paths import Endpoint, Route, find_route
from flowgrade.testing.stub.play import Mishap, Play, Rule
from flowgrade.testing.stub.refusal import StubRefusal
from flowgrade.testing.stub.reply import compose
from flowgrade.testing.stub.sending import (
    EventSender,
    bad_answer,
    drop,
    json_answer,
    send_half,
    sleep_until,
)

MOST_BODY_BYTES = 64 * 1024 * 1024
_DEFAULT_MODELS = ("stub", "stub-embedding")


class StubHandler:
    """The request handler of one stub server."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.journal = Journal()
        self.closing = asyncio.Event()
        self._desks = (BatchDesk(), MessageBatchDesk())

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path = request.path
        if path == "/livez" or path.startswith("/stub/"):
            return _about_itself(request, self.journal)
        arrived = asyncio.get_running_loop().time()
        try:
            raw = await _body(request)
            self.journal.record(
                request.method,
                path,
                query=request.rel_url.raw_query_string,
                headers=request.raw_headers,
                body=raw,
            )
            desk = next((desk for desk in self._desks if desk.serves(path)), None)
            if desk is not None:
                return await self._batch(desk, request, raw, now=arrived)
            route = _checked(find_route(path), request)
            if route.endpoint is Endpoint.MODELS:
                faults.check_access(self.play.script, request.headers, route=route)
                return _models(route, self.play)
            with self.journal.calling():
                return await self._call(request, route, raw, arrived=arrived)
        except StubRefusal as refusal:
            messages = _is_messages(find_route(path)) or MessageBatchDesk.serves(path)
            body = refusal.anthropic_body if messages else refusal.body
            return json_answer(body, status=refusal.status, headers=refusal.headers)
        except ConnectionError:
            # The client has gone: nobody reads this, but aiohttp wants an answer.
            return web.Response()

    async def _batch(
        self,
        desk: BatchDesk | MessageBatchDesk,
        request: web.BaseRequest,
        raw: bytes,
        *,
        now: float,
    ) -> web.Response:
        play = self.play
        endpoint = Endpoint.MESSAGES if isinstance(desk, MessageBatchDesk) else Endpoint.MODELS
        faults.check_access(play.script, request.headers, route=Route(endpoint=endpoint))

        def answer(path: str, body: bytes) -> BatchAnswer:
            return _of_batch(play, request.headers, path, body)

        response = desk.handle(request, raw, answer, now=now, window=play.script.batch_window)
        if desk.begins(request):
            await sleep_until(now + play.batch_latency())
        return response

    async def _call(
        self, request: web.BaseRequest, route: Route, raw: bytes, *, arrived: float
    ) -> web.StreamResponse:
        play = self.play
        try:
            faults.check_access(play.script, request.headers, route=route)
            call = read_call(request.path, route, raw)
            faults.check_protocol(request.headers, call)
            mishap = _check_call(call, raw, play, now=arrived)
            rule = play.rule_for(call)
            if rule and rule.reply.status is not None:
                await sleep_until(arrived + (rule.latency() if rule.latency else 0.0))
                raise faults.reply_failure(rule.reply, play.script)
            if rule and rule.reply.fault is not None:
                mishap = Mishap(rule.reply.fault)
            return await self._answer(request, call, rule, mishap=mishap, arrived=arrived)
        except StubRefusal:
            self.journal.count_fault()
            raise

    async def _answer(
        self,
        request: web.BaseRequest,
        call: Call,
        rule: Rule | None,
        *,
        mishap: Mishap | None,
        arrived: float,
    ) -> web.StreamResponse:
        play = self.play
        # Everything is encoded before the wait, so that only the write comes after it.
        events = _events(call, rule, play) if call.streamed else None
        body = b"" if events is not None else _whole(call, rule, play)
        draw = rule.latency if rule and rule.latency else play.latency
        await sleep_until(arrived + draw())
        if mishap or (events is not None and play.script.stall_after is not None):
            self.journal.count_fault()
        if mishap is Mishap.HANG:
            await self.closing.wait()
        if mishap in (Mishap.HANG, Mishap.DROP):
            return drop(request)
        if mishap in (Mishap.GARBAGE, Mishap.EMPTY):
            return bad_answer(streamed=events is not None, empty=mishap is Mishap.EMPTY)
        if events is not None:
            end = b"" if _is_messages(call.route) else STREAM_END
            return await EventSender(play, closing=self.closing, end=end).send(
                request, events, mishap=mishap
            )
        return await send_half(request, body) if mishap else json_answer(body)


def _of_batch(play: Play, headers: Mapping[str, str], path: str, raw: bytes) -> BatchAnswer:
    """The answer to one call of a batch."""
    route = find_route(path)
    latency = 0.0
    try:
        if route is None:
            raise StubRefusal(404, f"The stub has nothing at {path}.", code="unknown_url")
        call = read_call(path, route, raw)
        faults.check_protocol(headers, call)
        faults.check_model(play.script, call.model)
        faults.check_prompt(play, call)
        rule = play.rule_for(call)
        failing = rule is not None and rule.reply.status is not None
        if rule and rule.latency:
            latency = rule.latency()
        elif not failing:
            latency = play.latency()
        if rule and failing:
            raise faults.reply_failure(rule.reply, play.script)
        return BatchAnswer(200, _whole(call, rule, play), latency)
    except StubRefusal as refusal:
        body = refusal.anthropic_body if _is_messages(route) else refusal.body
        return BatchAnswer(refusal.status, body, latency)


async def _body(request: web.BaseRequest) -> bytes:
    if "Expect" in request.headers:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # The answer proper has not begun: aiohttp would otherwise take it as half sent.
        request.writer.output_size = 0
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise StubRefusal(413) from error


def _checked(route: Route | None, request: web.BaseRequest) -> Route:
    if route is None:
        raise StubRefusal(404, f"The stub has nothing at {request.path}.", code="unknown_url")
    wanted = "GET" if route.endpoint is Endpoint.MODELS else "POST"
    if request.method != wanted:
        raise StubRefusal(405, f"Use {wanted} for {request.path}.", headers={"Allow": wanted})
    if route.azure and "api-version" not in request.query:
        raise StubRefusal(404, "Azure's paths need the query parameter api-version.", code="404")
    return route


def _check_call(call: Call, raw: bytes, play: Play, *, now: float) -> Mishap | None:
    faults.check_model(play.script, call.model)
    faults.check_prompt(play, call)
    faults.check_rate(play, now)
    if play.fails_first(raw):
        raise faults.scripted_failure(play.script)
    mishap = play.mishap()
    if mishap is Mishap.ERROR:
        raise faults.scripted_failure(play.script)
    return mishap


def _whole(call: Call, rule: Rule | None, play: Play) -> bytes:
    if call.route.endpoint is Endpoint.EMBEDDING:
        return embedding_body(call, rule, play)
    return _FORMS[call.route.endpoint][0](compose(call, rule, play))


def _events(call: Call, rule: Rule | None, play: Play) -> list[bytes]:
    return _FORMS[call.route.endpoint][1](compose(call, rule, play))


def _is_messages(route: Route | None) -> bool:
    return route is not None and route.endpoint is Endpoint.MESSAGES


_FORMS = {
    Endpoint.CHAT: (chat_body, chat_events),
    Endpoint.COMPLETION: (completion_body, completion_events),
    Endpoint.MESSAGES: (messages_body, messages_events),
}


def _models(route: Route, play: Play) -> web.Response:
    known = play.script.known_models
    if route.model is not None:
        faults.check_model(play.script, route.model)
        return json_answer(_model_list((route.model,))[0])
    return json_answer(_model_list(_DEFAULT_MODELS if known is None else tuple(known))[-1])


@lru_cache(maxsize=16)
def _model_list(names: tuple[str, ...]) -> list[bytes]:
    """Each model's object, then the list of all, encoded."""
    data = [
        {"id": name, "object": "model", "created": 0, "owned_by": "flowgrade-stub"}
        for name in names
    ]
    return [dumps(item).encode() for item in (*data, {"object": "list", "data": data})]


def _about_itself(request: web.BaseRequest, journal: Journal) -> web.Response:
    match request.method, request.path:
        case "GET", "/livez":
            return json_answer(b'{"status":"ok"}')
        case "GET", "/stub/stats":
            return json_answer(dumps(as_dict(journal.stats)).encode())
        case "GET", "/stub/requests":
            last = request.query.get("last", "")
            kept = journal.last(int(last) if last.isdecimal() else MOST_REQUESTS)
            return json_answer(dumps({"requests": [as_dict(item) for item in kept]}).encode())
        case "DELETE", "/stub/requests":
            journal.clear()
            return web.Response(status=204)
        case _:
            refusal = StubRefusal(404, f"The stub has nothing at {request.path}.")
            return json_answer(refusal.body, status=404)
