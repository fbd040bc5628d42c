"""What providers say of batches, in shapes that the stub does not have."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
import pytest

from flowgrade.errors import (
    BatchError,
    ContentFilterError,
    InputError,
    ModelServerError,
    QuotaError,
    UnsupportedByModelError,
)
from flowgrade.models import BatchAPI, Callee, ChatRequest, intercepted, open_batches
from flowgrade.records import JsonObject
from tests.models.server import Reply

if TYPE_CHECKING:
    from tests.models.conftest import Rig
    from tests.models.server import Server

T = TypeVar("T")
KINDS = pytest.mark.parametrize("kind", ["openai", "anthropic"])
REQUEST = ChatRequest(messages=[{"role": "user", "content": "Hi"}])


def json(value: Any) -> Reply:
    return Reply(body=orjson.dumps(value))


def lines(*values: Any) -> Reply:
    return Reply(body=b"\n".join(map(orjson.dumps, values)))


def batches(rig: Rig, kind: str, work: Callable[[BatchAPI], Awaitable[T]]) -> T:
    async def run() -> T:
        found: list[BatchAPI] = []

        async def collect(endpoint: Callee, path: str, payload: JsonObject) -> JsonObject:
            found.append(open_batches(endpoint, path))
            raise InputError("collected")

        model = rig.open("m", kind=kind)
        with intercepted(collect), pytest.raises(InputError, match="collected"):
            await model.chat(REQUEST)
        return await work(found[0])

    return asyncio.run(run())


@KINDS
@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}"])
def test_an_answer_that_is_no_batch_is_an_error(
    rig: Rig, server: Server, kind: str, body: bytes
) -> None:
    server.otherwise = Reply(body=body)
    with pytest.raises(BatchError, match="The answer to"):
        batches(rig, kind, lambda api: api.submit("k", [b"{}"]))
    with pytest.raises(BatchError, match="The answer to"):
        batches(rig, kind, lambda api: api.find("k", calls=1, since=0))
    with pytest.raises(BatchError, match="The answer to"):
        batches(rig, kind, lambda api: api.look("b"))


@KINDS
def test_a_result_that_is_cut_off_is_an_error(rig: Rig, server: Server, kind: str) -> None:
    ended = {"id": "b", "status": "completed", "output_file_id": "f"}
    ended |= {"processing_status": "ended", "results_url": "https://elsewhere.example/steal"}
    server.will(json(ended), Reply(body=b'{"custom_id": "k-1", "resu'))

    async def read(api: BatchAPI) -> object:
        return await api.results(await api.look("b"))

    with pytest.raises(BatchError, match="not JSON"):
        batches(rig, kind, read)
    assert len(server.requests) == 2  # both here, and none where results_url leads


def test_errors_of_anthropics_results_are_those_of_calls(rig: Rig, server: Server) -> None:
    def errored(name: str, kind: str, message: str) -> JsonObject:
        error = {"type": "error", "error": {"type": kind, "message": message}}
        return {"custom_id": name, "result": {"type": "errored", "error": error}}

    server.will(
        json({"id": "b", "processing_status": "ended", "results_url": "x"}),
        lines(
            errored("a", "billing_error", "no money"),
            errored("b", "overloaded_error", "busy"),
            errored("c", "a_new_error", "who knows"),
            {"custom_id": "d", "result": {"type": "expired"}},
            {"custom_id": "e", "result": {"type": "something new"}},
        ),
    )

    async def read(api: BatchAPI) -> Any:
        return await api.results(await api.look("b"))

    outcomes = batches(rig, "anthropic", read)
    assert outcomes.keys() == {"a", "b", "c"}
    for name, error, words in (
        ("a", QuotaError, "no money"),
        ("b", ModelServerError, "busy"),
        ("c", ModelServerError, "who knows"),
    ):
        with pytest.raises(error, match=words):
            outcomes[name]()


def test_results_that_are_no_longer_kept_are_missing(rig: Rig, server: Server) -> None:
    server.will(json({"id": "b", "processing_status": "ended", "results_url": None}))

    async def read(api: BatchAPI) -> Any:
        return await api.results(await api.look("b"))

    assert batches(rig, "anthropic", read) == {}


def test_a_refused_call_of_openais_batch_keeps_its_reason(rig: Rig, server: Server) -> None:
    body = {"error": {"code": "content_filter", "message": "not that"}}
    line = {"custom_id": "a", "response": {"status_code": 400, "body": body}, "error": None}
    server.will(json({"id": "b", "status": "completed", "error_file_id": "f"}), lines(line))

    async def read(api: BatchAPI) -> Any:
        return await api.results(await api.look("b"))

    with pytest.raises(ContentFilterError, match="not that"):
        batches(rig, "openai", read)["a"]()


def test_anthropics_batches_are_looked_for_by_size_and_time(rig: Rig, server: Server) -> None:
    def item(name: str, created: str, **counts: int) -> JsonObject:
        status = "in_progress" if counts.get("processing") else "ended"
        made = {"id": name, "processing_status": status, "created_at": created}
        return {**made, "request_counts": {"processing": 0, **counts}}

    first = [
        item("new", "2026-11-27T12:00:00Z", processing=3),
        item("large", "2026-11-27T11:00:00Z", succeeded=4),
    ]
    second = [
        item("mixed", "2026-11-27T10:00:00.5Z", succeeded=1, errored=1, expired=1),
        item("old", "2026-11-27T08:00:00Z", succeeded=3),
        item("older", "2026-11-27T07:00:00Z", succeeded=3),
    ]
    server.will(
        json({"data": first, "has_more": True, "last_id": "large"}),
        json({"data": second, "has_more": True, "last_id": "older"}),
    )
    since = 1_795_773_600.0  # 2026-11-27T10:00:00Z
    found = batches(rig, "anthropic", lambda api: api.find("k", calls=3, since=since))
    assert [(batch.id, batch.sure) for batch in found] == [("mixed", False), ("new", False)]
    assert "after_id=large" in server.requests[1].path


def test_streamed_calls_are_refused_where_calls_are_collected(rig: Rig, server: Server) -> None:
    async def collect(endpoint: Callee, path: str, payload: JsonObject) -> JsonObject:
        raise AssertionError

    async def run() -> None:
        model = rig.open("m")
        with intercepted(collect):
            [chunk async for chunk in model.chat_stream(REQUEST)]

    with pytest.raises(UnsupportedByModelError, match="A streamed call cannot be put into a batch"):
        asyncio.run(run())
    assert not server.requests
