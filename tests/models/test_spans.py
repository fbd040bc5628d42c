"""What a trace keeps of a call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from flowgrade.errors import RateLimitError
from flowgrade.models import ChatRequest, CompletionRequest, EmbeddingRequest, RetryPolicy
from flowgrade.tracing import RecordedSpan, current_span, span, start_trace

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server

REQUEST = ChatRequest(messages=[{"role": "user", "content": "Hi"}], parameters={"temperature": 0})


def record(work: Callable[[], Awaitable[object]]) -> list[RecordedSpan]:
    """The spans below a root that the work leaves, in the order in which they ended."""
    spans: list[RecordedSpan] = []

    async def run() -> None:
        with start_trace("root", sink=spans.extend):
            await work()

    asyncio.run(run())
    return spans[:-1]


def data(recorded: RecordedSpan) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(recorded.data)
    return found


def test_a_chat_is_a_span_with_all_that_it_was_and_gave(rig: Rig, server: Server) -> None:
    model = rig.open("gpt-x")
    (found,) = record(lambda: model.chat(REQUEST))
    assert (found.name, found.kind, found.status) == ("chat gpt-x", "model", "ok")
    kept = data(found)
    assert kept["inputs"] == {"messages": REQUEST.messages, "parameters": {"temperature": 0}}
    assert kept["outputs"] == {"role": "assistant", "content": "Hello."}
    assert kept["usage"]["input_tokens"] == 11
    assert kept["attributes"] == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-x",
        "gen_ai.request.temperature": 0,
        "gen_ai.response.model": "stub-2024",
        "gen_ai.response.id": "chatcmpl-7",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 11,
        "gen_ai.usage.output_tokens": 3,
        "server.address": "127.0.0.1",
        "server.port": server.port,
    }


def test_the_call_carries_the_place_of_its_span(rig: Rig, server: Server) -> None:
    model = rig.open()

    async def both() -> None:
        await model.chat(REQUEST)
        _ = [chunk async for chunk in model.chat_stream(REQUEST)]

    spans = record(both)
    sent = [request.headers["traceparent"] for request in server.requests]
    assert sent == [f"00-{one.trace_id}-{one.span_id}-01" for one in spans]


def test_without_a_trace_nothing_is_kept_or_sent(rig: Rig, server: Server) -> None:
    asyncio.run(rig.open().chat(REQUEST))
    assert "traceparent" not in server.requests[0].headers


def test_retries_are_counted(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.error(500), kit.error(500))
    model = rig.open()
    (found,) = record(lambda: model.chat(REQUEST))
    assert data(found)["attributes"]["flowgrade.retries"] == 2


def test_a_failure_is_kept_without_the_key(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.error(429, f"Slow down, {kit.key}!"))
    model = rig.open(retry=RetryPolicy(retries=0))

    async def fail() -> None:
        with pytest.raises(RateLimitError):
            await model.chat(REQUEST)

    (found,) = record(fail)
    assert found.status == "error"
    assert data(found)["error"]["type"] == "RateLimitError"
    assert data(found)["attributes"]["error.type"] == "RateLimitError"
    assert kit.key not in found.data


def test_a_stream_is_one_span_that_lasts_until_its_end(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.stream("He", "llo", between=0.02))
    model = rig.open()

    async def read() -> None:
        async for _ in model.chat_stream(REQUEST):
            with span("between"):
                pass

    spans = record(read)
    found = spans[-1]
    kept = data(found)
    assert kept["outputs"] == {"role": "assistant", "content": "Hello"}
    assert kept["attributes"]["gen_ai.response.finish_reasons"] == ["stop"]
    first = kept["attributes"]["gen_ai.server.time_to_first_token"]
    assert 0.02 <= first < (found.end_ns - found.start_ns) / 1e9
    # The reader's own steps are beside the call, not within it.
    assert {one.parent_id for one in spans} == {found.parent_id}


def test_a_stream_that_is_closed_early_keeps_what_came(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.stream("He", "llo", between=0.01, then="hang"))
    model = rig.open()

    async def read() -> None:
        stream = model.chat_stream(REQUEST)
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]

    (found,) = record(read)
    assert found.status == "ok"
    assert data(found)["outputs"]["content"] == "He"


def test_a_stream_that_fails_keeps_its_error(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.error(429))
    model = rig.open(retry=RetryPolicy(retries=0))

    async def read() -> None:
        with pytest.raises(RateLimitError):
            _ = [chunk async for chunk in model.chat_stream(REQUEST)]

    (found,) = record(read)
    assert found.status == "error"
    assert data(found)["attributes"]["error.type"] == "RateLimitError"


def test_a_stream_that_moves_to_another_task_does_not_disturb_the_trace(
    rig: Rig, server: Server, kit: Kit
) -> None:
    server.will(kit.stream("a", "b"))
    model = rig.open()

    async def read() -> None:
        before = current_span()
        stream = model.chat_stream(REQUEST)

        async def step() -> str:
            return (await anext(stream)).text

        texts = [await asyncio.create_task(step()) for _ in range(2)]
        await asyncio.create_task(stream.aclose())  # type: ignore[attr-defined]
        assert texts == ["a", "b"]
        assert current_span() is before

    assert len(record(read)) == 1


def test_embeddings_keep_their_shape_and_not_their_numbers(
    rig: Rig, server: Server, kit: Kit
) -> None:
    server.will(kit.chat("", data=[{"index": 0, "embedding": [0.25, 0.5]}]))
    model = rig.open()
    (found,) = record(lambda: model.embed(EmbeddingRequest(inputs=["a"])))
    assert (found.name, found.kind) == ("embeddings stub", "embedding")
    assert data(found)["outputs"] == {"vectors": 1, "dimensions": 2}


def test_a_completion_is_a_span(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.chat("", choices=[{"text": "upon a time"}]))
    model = rig.open()
    (found,) = record(lambda: model.complete(CompletionRequest(prompt="Once")))
    assert found.name == "text_completion stub"
    assert data(found)["outputs"] == {"text": "upon a time"}
