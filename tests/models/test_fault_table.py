"""Every fault of an endpoint ends in the right error, or in a retry that succeeds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flowgrade.errors import ModelError
from flowgrade.models import (
    ChatRequest,
    CompletionRequest,
    EmbeddingRequest,
    Model,
    RetryPolicy,
    Timeouts,
    assemble_chat,
    assemble_completion,
)
from tests.models.fault_table import ANSWERS, FAULTS, SECTIONS
from tests.models.faults import Ending, Fault, cells, good

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "model-faults.md"
CHAT = ChatRequest(messages=[{"role": "user", "content": "Hi"}])
COMPLETION = CompletionRequest(prompt="Hi")
EMBEDDING = EmbeddingRequest(inputs=["Hi"])
RETRIES = 2


async def perform(model: Model, operation: str) -> Any:
    """The whole answer, whichever way it comes."""
    match operation:
        case "chat":
            return await model.chat(CHAT)
        case "complete":
            return await model.complete(COMPLETION)
        case "embed":
            return await model.embed(EMBEDDING)
        case "chat_stream":
            return assemble_chat([chunk async for chunk in model.chat_stream(CHAT)])
        case _:
            return assemble_completion([chunk async for chunk in model.complete_stream(COMPLETION)])


def cases(wanted: str) -> Iterator[Any]:
    """Fault, operation and ending of every case that ends in an ``error`` or is ``answered``.

    ``passing`` are the errors that a retry gets over, where the fault happens once.
    """
    for fault in FAULTS:
        for operation in fault.operations:
            ending = fault.ending(operation)
            assert ending is not None, f"{fault.name}: {operation} has no ending"
            kinds = {"answered"} if ending.error is None else {"error"}
            if ending.retried and fault.base_url is None:
                kinds.add("passing")
            if wanted in kinds:
                yield pytest.param(fault, operation, ending, id=f"{fault.name} {operation}")


def opened(rig: Rig, server: Server, fault: Fault) -> Model:
    return rig.open(
        base_url=fault.base_url(server.port) if fault.base_url else server.url,
        retry=RetryPolicy(retries=RETRIES, first=1, cap=1),
        timeouts=Timeouts(**fault.timeouts),
    )


@pytest.mark.parametrize(("fault", "operation", "ending"), list(cases("error")))
def test_a_lasting_fault_ends_in_its_error(
    rig: Rig, server: Server, fault: Fault, operation: str, ending: Ending
) -> None:
    attempts = RETRIES + 1 if ending.retried else 1
    if fault.reply is not None:
        server.will(*(fault.reply(operation) for _ in range(attempts)))
    with pytest.raises(ModelError) as caught:
        asyncio.run(perform(opened(rig, server, fault), operation))
    error = caught.value
    assert type(error) is ending.error
    assert ending.says in str(error)
    assert error.hint, "it names no next step"
    assert len(rig.sleeps) == attempts - 1
    assert (f"({RETRIES} retries)" in error.message) is ending.retried
    if fault.reply is not None:
        assert len(server.requests) == attempts


@pytest.mark.parametrize(("fault", "operation", "ending"), list(cases("passing")))
def test_a_passing_fault_ends_in_an_answer(
    rig: Rig, server: Server, fault: Fault, operation: str, ending: Ending
) -> None:
    assert fault.reply is not None
    rig.fraction = 0.0
    server.will(fault.reply(operation), good(operation))
    answer = asyncio.run(perform(opened(rig, server, fault), operation))
    assert answer.vectors if operation == "embed" else answer.text == "Hello."
    assert len(server.requests) == 2
    assert rig.sleeps[0] == pytest.approx(fault.waits or 0)


@pytest.mark.parametrize(("fault", "operation", "ending"), list(cases("answered")))
def test_an_oddity_ends_in_an_answer(
    rig: Rig, server: Server, fault: Fault, operation: str, ending: Ending
) -> None:
    assert fault.reply is not None
    server.will(fault.reply(operation))
    answer = asyncio.run(perform(opened(rig, server, fault), operation))
    assert len(server.requests) == 1
    if operation == "embed":
        assert answer.vectors == [[0.6, 0.8]]
        return
    said = answer.text or answer.tool_calls
    assert said
    if fault.usage is not None:
        assert (answer.usage.input_tokens, answer.usage.output_tokens) == fault.usage


def test_a_table_of_faults_is_not_empty_and_names_each_once() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(names) > 50
    assert len(set(names)) == len(names)


def test_all_calls_of_tools_are_given_also_those_with_the_same_id(rig: Rig, server: Server) -> None:
    twice = next(fault for fault in ANSWERS if "same id" in fault.name)
    assert twice.reply is not None
    for operation in twice.operations:
        server.will(twice.reply(operation))
        answer = asyncio.run(perform(rig.open(), operation))
        assert len(answer.tool_calls) == 2


def test_a_line_that_the_server_closed_between_two_calls_is_made_anew(
    rig: Rig, server: Server, kit: Kit
) -> None:
    whole = good("chat")
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(whole.body)}"
    server.will(kit.Reply(raw=head.encode() + b"\r\n\r\n" + whole.body, then="cut"))
    model = rig.open()

    async def twice() -> list[str | None]:
        first = await model.chat(CHAT)
        await asyncio.sleep(0.05)
        return [first.text, (await model.chat(CHAT)).text]

    assert asyncio.run(twice()) == ["Hello.", "Hello."]
    assert server.connections == 2
    assert rig.sleeps == []


def test_the_documentation_shows_the_same_table() -> None:
    assert page() == PAGE.read_text(encoding="utf-8"), (
        "write it: python -m tests.models.test_fault_table"
    )


def page() -> str:
    """The page of documentation."""
    parts = [HEAD]
    for title, faults in SECTIONS.items():
        rows = [f"| {fault.name} | {' | '.join(cells(fault))} |" for fault in faults]
        table = "\n".join(["| Fault | A whole answer | A stream |", "|---|---|---|", *rows])
        parts.append(f"## {title}\n\n{table}\n")
    return "\n".join(parts)


HEAD = """\
<!-- Written by tests/models/test_fault_table.py from tests/models/fault_table.py. -->

# Faults of a model's endpoint

What an endpoint may do to a call, and how the call then ends. A test holds every line of this page
to the truth, for chats, completions and embeddings, whole and streamed.

"Tried again" means up to five times, as [Use a
model](../how-to/use-a-model.md#timeouts-and-retries) has it; the error is what is left when that
did not help. An error without it comes at once: trying again would not help, or would pay for an
answer twice. A stream is not begun again once its first piece has been handed on. The errors are in
[errors.md](errors.md); each message names the cause and the next step.

An empty answer is never taken for a good one, with any provider. A chat answers with text that is
not blank, a call of a tool, audio or images; a model's reasoning alone is no answer, and a refusal
is an error. In a completion, nothing is an answer when the finish reason is `stop`: the text needs
no continuation. What came before a limit or a content filter ended the answer is given; the finish
reason is then `length` or `content_filter`.
"""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
