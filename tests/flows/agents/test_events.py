"""What an agent does is given as it happens."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from flowgrade.flows import AgentResult, AgentText, AgentToolCall, ToolCallRecord
from tests.flows.agents.conftest import Make, Play


def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"warm in {city}"


def test_what_happens_is_given_as_it_happens(make: Make, play: Play) -> None:
    play(("weather", {"city": "Oslo"}), "It is warm.")

    async def events() -> list[Any]:
        return [event async for event in make(weather).astream("Oslo?")]

    call, record, *pieces, result = asyncio.run(events())
    assert isinstance(call, AgentToolCall)
    assert isinstance(record, ToolCallRecord)
    assert isinstance(result, AgentResult)
    assert (call.name, record.content) == ("weather", "warm in Oslo")
    assert all(isinstance(piece, AgentText) for piece in pieces)
    assert "".join(piece.text for piece in pieces) == "It is warm." == result.answer
    assert len(pieces) > 1


def test_a_stream_that_is_left_ends_the_agent(make: Make, play: Play) -> None:
    ended = threading.Event()

    async def wait() -> str:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return "late"

    async def leave() -> None:
        events = make(wait).astream("?")
        async for event in events:  # noqa: B007
            break
        await asyncio.sleep(0)
        await events.aclose()  # type: ignore[attr-defined]

    play(("wait", {}), "Never said.")
    asyncio.run(leave())
    assert ended.is_set()
