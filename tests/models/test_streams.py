"""Streamed answers over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from flowgrade.errors import (
    ModelResponseError,
    ModelServerError,
    ModelTimeoutError,
    ModelUnreachableError,
)
from flowgrade.models import ChatChunk, ChatRequest, CompletionRequest, Model, assemble_chat
from flowgrade.records import Usage

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server

REQUEST = ChatRequest(messages=[{"role": "user", "content": "Hi"}])


def collect(model: Model, request: ChatRequest = REQUEST) -> list[ChatChunk]:
    async def run() -> list[ChatChunk]:
        return [chunk async for chunk in model.chat_stream(request)]

    return asyncio.run(run())


def test_a_stream_gives_text_the_reason_of_its_end_and_usage(
    rig: Rig, server: Server, kit: Kit
) -> None:
    server.will(kit.stream("He", "llo"))
    chunks = collect(rig.open())
    assert [chunk.text for chunk in chunks] == ["He", "llo", "", ""]
    assert [chunk.finish_reason for chunk in chunks] == [None, None, "stop", None]
    assert chunks[-1].usage == Usage(input_tokens=11, output_tokens=2)
    assert assemble_chat(chunks).text == "Hello"
    assert server.requests[0].body["stream"] is True
    assert server.requests[0].body["stream_options"] == {"include_usage": True}


def test_a_stream_that_comes_byte_by_byte_says_the_same(rig: Rig, server: Server, kit: Kit) -> None:
    whole = kit.stream("Grüße, ", "世界 🙂")
    data = b"".join(whole.pieces or ())
    server.will(kit.stream(pieces=[data[i : i + 1] for i in range(len(data))]))
    assert "".join(chunk.text for chunk in collect(rig.open())) == "Grüße, 世界 🙂"


def test_a_stream_without_done_or_last_empty_line_is_whole(
    rig: Rig, server: Server, kit: Kit
) -> None:
    pieces = kit.stream("Hello").pieces or []
    server.will(kit.stream(pieces=[*pieces[:-2], pieces[-2].rstrip()]))
    assert [chunk.text for chunk in collect(rig.open())] == ["Hello", "", ""]


def test_what_follows_done_is_not_read_as_events(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.stream("a", pieces=[*(kit.stream("a").pieces or ()), b"data: nonsense\n\n"]))
    assert [chunk.text for chunk in collect(rig.open())] == ["a", "", ""]


def test_a_server_that_stays_on_the_line_after_done_does_not_hold_up_the_caller(
    rig: Rig, server: Server, kit: Kit
) -> None:
    server.will(kit.stream("a", then="hang"))
    assert [chunk.text for chunk in collect(rig.open())] == ["a", "", ""]


def test_a_whole_answer_counts_as_one_piece(rig: Rig, server: Server) -> None:
    chunks = collect(rig.open())
    assert [(chunk.text, chunk.finish_reason) for chunk in chunks] == [("Hello.", "stop")]
    assert assemble_chat(chunks).text == "Hello."


def test_stream_options_are_left_out_once_they_are_refused(
    rig: Rig, server: Server, kit: Kit
) -> None:
    server.will(
        kit.error(400, "Unrecognized request argument supplied: stream_options"),
        kit.stream("a"),
        kit.stream("b"),
    )
    model = rig.open()

    async def twice() -> str:
        first = [chunk.text async for chunk in model.chat_stream(REQUEST)]
        return "".join(first + [chunk.text async for chunk in model.chat_stream(REQUEST)])

    assert asyncio.run(twice()) == "ab"
    assert ["stream_options" in one.body for one in server.requests] == [True, False, False]


def test_stream_options_of_the_caller_stay(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.stream("a"))
    options = {"include_usage": False}
    request = ChatRequest(messages=REQUEST.messages, parameters={"stream_options": options})
    collect(rig.open(), request)
    assert server.requests[0].body["stream_options"] == options


def test_a_stream_is_begun_again_after_a_failure_before_its_first_event(
    rig: Rig, server: Server, kit: Kit
) -> None:
    failed = b'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n'
    server.will(
        kit.error(503),
        kit.stream(pieces=[], then="cut"),
        kit.stream(pieces=[failed]),
        kit.stream("Hello"),
    )
    assert "".join(chunk.text for chunk in collect(rig.open())) == "Hello"
    assert len(server.requests) == 4


def test_a_failure_after_text_is_not_retried(rig: Rig, server: Server, kit: Kit) -> None:
    failed = b'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n'
    pieces = kit.stream("He").pieces or []
    server.will(kit.stream(pieces=[pieces[0], failed]))
    with pytest.raises(ModelServerError, match="overloaded"):
        collect(rig.open())
    assert len(server.requests) == 1


def test_a_line_that_is_cut_in_the_middle_is_an_error(rig: Rig, server: Server, kit: Kit) -> None:
    pieces = kit.stream("He").pieces or []
    server.will(kit.stream(pieces=pieces[:1], then="cut"))
    with pytest.raises(ModelUnreachableError, match="broke"):
        collect(rig.open())


def test_an_event_that_is_not_json_is_an_error(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.stream(pieces=[b"data: {oops\n\n"]))
    with pytest.raises(ModelResponseError, match="not JSON: {oops"):
        collect(rig.open())


def test_a_page_instead_of_a_stream_is_an_error(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.Reply(body=b"<html>hello</html>", content_type="text/html"))
    with pytest.raises(ModelResponseError, match="text/html that is no event stream: hello"):
        collect(rig.open())


def test_a_pause_within_the_answer_has_its_own_limit(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.stream("a", "b", pieces=(kit.stream("a").pieces or [])[:1], then="hang"))
    with pytest.raises(ModelTimeoutError, match=r"timeouts\.idle"):
        collect(rig.hasty(idle=0.05))


def test_comments_keep_a_stream_alive(rig: Rig, server: Server, kit: Kit) -> None:
    pieces = kit.stream("a").pieces or []
    waiting = [pieces[0], *[b": keep-alive\n\n"] * 4, *pieces[1:]]
    server.will(kit.stream(pieces=waiting, between=0.05))
    assert collect(rig.hasty(idle=0.15))[0].text == "a"


def test_a_stream_may_be_closed_early(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.stream("a", "b", then="hang"), kit.stream("c"))
    model = rig.open()

    async def run() -> str:
        stream = model.chat_stream(REQUEST)
        first = (await anext(stream)).text
        await stream.aclose()  # type: ignore[attr-defined]
        return first + "".join([chunk.text async for chunk in model.chat_stream(REQUEST)])

    assert asyncio.run(run()) == "ac"


def test_only_the_first_of_several_choices_is_shown_and_all_are_assembled(
    rig: Rig, server: Server, kit: Kit
) -> None:
    pieces = [
        b'data: {"choices": [{"index": 1, "delta": {"content": "no"}}]}\n\n',
        b'data: {"choices": [{"index": 0, "delta": {"content": "yes"}}]}\n\n',
        b"data: [DONE]\n\n",
    ]
    server.will(kit.stream(pieces=pieces))
    chunks = collect(rig.open())
    assert "".join(chunk.text for chunk in chunks) == "yes"
    whole = assemble_chat(chunks)
    assert [choice["message"]["content"] for choice in whole.choices] == ["yes", "no"]


def test_a_completion_is_streamed(rig: Rig, server: Server, kit: Kit) -> None:
    pieces = [
        b'data: {"choices": [{"text": "upon "}]}\n\n',
        b'data: {"choices": [{"text": "a time", "finish_reason": "stop"}]}\n\n',
    ]
    server.will(kit.stream(pieces=pieces))
    model = rig.open()

    async def run() -> list[str]:
        request = CompletionRequest(prompt="Once")
        return [chunk.text async for chunk in model.complete_stream(request)]

    assert asyncio.run(run()) == ["upon ", "a time"]
