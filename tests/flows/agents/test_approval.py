"""Tools that are marked ``confirm`` run only when somebody agrees."""

from __future__ import annotations

import asyncio

from flowgrade.flows import AgentToolCall, confirming, tool
from flowgrade.testing import StubServer
from tests.flows.agents.conftest import Make, Play, told


@tool(confirm=True)
def delete(name: str) -> str:
    """Delete a file."""
    return f"{name} is gone"


def test_a_tool_that_needs_agreement_is_refused_when_nobody_can_be_asked(
    make: Make, play: Play, stub: StubServer
) -> None:
    play(("delete", {"name": "a"}), "Sorry.")
    make(delete).run("?")
    assert told(stub)[0].startswith("Error: The call of 'delete' was not allowed")


def test_who_is_asked_decides_call_by_call(make: Make, play: Play, stub: StubServer) -> None:
    asked: list[AgentToolCall] = []

    async def confirm(call: AgentToolCall) -> bool:
        asked.append(call)
        await asyncio.sleep(0)
        return bool(call.arguments["name"] == "a")

    play([("delete", {"name": "a"}), ("delete", {"name": "b"}), ("delete", {"x": 1})], "Done.")
    make(delete, confirm=confirm).run("?")
    yes, no, unfit = told(stub)
    assert yes == "a is gone"
    assert "not allowed" in no
    assert "do not fit" in unfit
    assert [call.arguments["name"] for call in asked] == ["a", "b"]  # nobody is asked in vain


def test_the_surroundings_can_agree_for_agents_that_ask_nobody(
    make: Make, play: Play, stub: StubServer
) -> None:
    play(("delete", {"name": "a"}), "Done.")

    async def main() -> None:
        with confirming(lambda call: True):
            await make(delete).arun("?")

    asyncio.run(main())
    assert told(stub) == ["a is gone"]


def test_tools_that_were_approved_need_nobody(make: Make, play: Play, stub: StubServer) -> None:
    play(("delete", {"name": "a"}), "Done.")
    make(delete, approve=["delete"]).run("?")
    assert told(stub) == ["a is gone"]
