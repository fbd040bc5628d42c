"""Flowgrade and a server that is not ours: llama.cpp's, with a model whose answers are known."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from flowgrade.errors import (
    AuthenticationError,
    ContextLengthError,
    ModelError,
    UnsupportedByModelError,
)
from flowgrade.models import (
    ChatRequest,
    CompletionRequest,
    Connection,
    EmbeddingRequest,
    Model,
    Models,
    RetryPolicy,
    assemble_chat,
    assemble_completion,
)
from flowgrade.settings import Secret, Settings
from tests.project import Project

pytestmark = pytest.mark.slow

T = TypeVar("T")
ANSWER = "The tiny café is open."  # what the model always says; see make_model.py
PARAMETERS = {"temperature": 0, "max_tokens": 64}
TOOL = {
    "type": "function",
    "function": {
        "name": "open_door",
        "description": "Open a door.",
        "parameters": {
            "type": "object",
            "properties": {"door": {"type": "string", "enum": ["front"]}},
            "required": ["door"],
        },
    },
}


def asking(text: str = "Is it open?", **parameters: Any) -> ChatRequest:
    return ChatRequest(
        messages=[{"role": "user", "content": text}], parameters=PARAMETERS | parameters
    )


def call(address: str, key: str, work: Callable[[Model], Awaitable[T]]) -> T:
    """What ``work`` makes of a model of the server at ``address``."""

    async def run() -> T:
        folder = Path()
        settings = Settings(project=folder, home=folder, store="")
        connection = Connection(name="llama", base_url=address, api_key=Secret(key))
        async with Models(settings, retry=RetryPolicy(retries=1, first=0.01)) as models:
            return await work(models.open("tiny", connection=connection))

    return asyncio.run(run())


async def collected(chunks: AsyncIterator[T]) -> list[T]:
    return [chunk async for chunk in chunks]


def test_a_chat_is_answered(chat_server: str, server_key: str) -> None:
    answer = call(chat_server, server_key, lambda model: model.chat(asking()))
    assert answer.text == ANSWER
    assert answer.finish_reason == "stop"
    assert answer.usage is not None
    # Each letter of the question is a token, and so is each role; the answer ends with one.
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (13, 9)


def test_a_chat_is_streamed_word_by_word(chat_server: str, server_key: str) -> None:
    chunks = call(chat_server, server_key, lambda m: collected(m.chat_stream(asking())))
    words = [chunk.text for chunk in chunks if chunk.text]
    assert words == ["The", " tiny", " caf", "é", " is", " open", "."]
    whole = assemble_chat(chunks)
    assert (whole.text, whole.finish_reason) == (ANSWER, "stop")
    assert whole.usage is not None
    assert whole.usage.output_tokens == 9


def test_an_answer_that_is_cut_says_so(chat_server: str, server_key: str) -> None:
    answer = call(chat_server, server_key, lambda model: model.chat(asking(max_tokens=2)))
    assert (answer.text, answer.finish_reason) == ("The tiny", "length")


def test_a_text_is_continued(chat_server: str, server_key: str) -> None:
    request = CompletionRequest(prompt="Is it?<|assistant|>", parameters=PARAMETERS)
    whole = call(chat_server, server_key, lambda model: model.complete(request))
    assert (whole.text, whole.finish_reason) == (ANSWER, "stop")
    pieces = call(chat_server, server_key, lambda m: collected(m.complete_stream(request)))
    assert assemble_completion(pieces).text == whole.text


def test_a_tool_is_called(chat_server: str, server_key: str) -> None:
    request = asking(tools=[TOOL], tool_choice="required", max_tokens=200)
    answer = call(chat_server, server_key, lambda model: model.chat(request))
    assert answer.finish_reason == "tool_calls"
    opened(answer.tool_calls)


def test_a_tool_is_called_by_a_stream(chat_server: str, server_key: str) -> None:
    request = asking(tools=[TOOL], tool_choice="required", max_tokens=200)
    chunks = call(chat_server, server_key, lambda m: collected(m.chat_stream(request)))
    assert len(chunks) > 10
    whole = assemble_chat(chunks)
    assert whole.finish_reason == "tool_calls"
    opened(whole.tool_calls)


def opened(calls: list[dict[str, Any]]) -> None:
    assert [one["function"]["name"] for one in calls] == ["open_door"]
    assert json.loads(calls[0]["function"]["arguments"]) == {"door": "front"}
    assert calls[0]["id"]


def test_a_result_of_a_tool_is_taken_up(chat_server: str, server_key: str) -> None:
    function = {"name": "open_door", "arguments": '{"door": "front"}'}
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "Open."},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "done"},
    ]
    request = ChatRequest(messages=messages, parameters=PARAMETERS)
    assert call(chat_server, server_key, lambda m: m.chat(request)).text == ANSWER


def test_a_schema_is_kept_to(chat_server: str, server_key: str) -> None:
    schema = {"type": "object", "properties": {"open": {"const": True}}, "required": ["open"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "state", "schema": schema}}
    answer = call(chat_server, server_key, lambda m: m.chat(asking(response_format=wanted)))
    assert json.loads(answer.text or "") == {"open": True}


def test_texts_become_vectors_in_their_order(embedding_server: str, server_key: str) -> None:
    request = EmbeddingRequest(inputs=["ab", "xyz", "ba"])
    answer = call(embedding_server, server_key, lambda model: model.embed(request))
    first, second, third = answer.vectors
    assert len(first) == 320
    # The model knows the letters of a text, not their order.
    assert first == pytest.approx(third)
    assert sum(a * b for a, b in zip(first, second, strict=True)) == pytest.approx(0)
    assert answer.usage is not None
    assert answer.usage.input_tokens == 7


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("key", "request_", "expected", "says"),
    [
        ("sk-of-another", asking(), AuthenticationError, "Check api_key of the connection 'llama'"),
        (None, asking("a" * 600), ContextLengthError, "exceeds the available context size"),
    ],
    ids=["wrong key", "too long"],
)
def test_refusals_are_understood(
    chat_server: str,
    server_key: str,
    key: str | None,
    request_: ChatRequest,
    expected: type[ModelError],
    says: str,
    streamed: bool,
) -> None:
    async def work(model: Model) -> object:
        if streamed:
            return await collected(model.chat_stream(request_))
        return await model.chat(request_)

    with pytest.raises(expected) as caught:
        call(chat_server, key or server_key, work)
    assert says in str(caught.value)
    assert "retry" not in caught.value.message


def test_an_ability_that_the_server_lacks_is_no_failure_to_try_again(
    chat_server: str, server_key: str
) -> None:
    request = EmbeddingRequest(inputs=["a"])
    with pytest.raises(UnsupportedByModelError, match="does not support embeddings"):
        call(chat_server, server_key, lambda model: model.embed(request))


FLOW = {
    "connections.yaml": """
        llama:
          base_url: ${env:LLAMA}
          api_key: ${env:LLAMA_KEY}
          parameters: {temperature: 0}
    """,
    "ask/flow.dag.yaml": """
        inputs: {question: {type: string, default: "Is it open?"}}
        outputs: {answer: {type: string, reference: "${ask.output}"}}
        nodes:
        - name: ask
          type: llm
          connection: llama
          source: {type: code, path: ask.jinja2}
          inputs: {model: tiny, max_tokens: 64, question: "${inputs.question}"}
    """,
    "ask/ask.jinja2": "user:\n{{ question }}\n",
}


@pytest.fixture
def asker(project: Project, chat_server: str, server_key: str) -> Project:
    """A project whose flow asks the server."""
    for name, text in FLOW.items():
        project.write(name, text)
    environment = {**project.environment, "LLAMA": chat_server, "LLAMA_KEY": server_key}
    return Project(project.folder, environment)


def test_a_flow_is_answered(asker: Project) -> None:
    found = asker.run("test", "ask", "--json")
    assert found.code == 0, found.err
    assert found.json == {"answer": ANSWER}


def test_a_run_is_answered_row_by_row(asker: Project) -> None:
    lines = [json.dumps({"question": f"Question {number}?"}) for number in range(40)]
    asker.write("questions.jsonl", "\n".join(lines))
    found = asker.run("run", "ask", "--data", "questions.jsonl", "--json")
    assert found.code == 0, found.err
    summary = found.json
    assert (summary["completed"], summary["failed"]) == (40, 0)
    # the letters of each question, its two roles, and nine for the answer
    assert summary["tokens"] == sum(len(f"Question {n}?") + 2 + 9 for n in range(40))
    exported = asker.run("runs", "export", summary["run"])
    answers = [json.loads(line)["outputs"]["answer"] for line in exported.out.splitlines()]
    assert answers == [ANSWER] * 40


def test_a_wrong_key_stops_a_flow_with_the_place_to_look(asker: Project) -> None:
    found = asker.run("test", "ask", environment={"LLAMA_KEY": "sk-of-another"})
    assert found.code == 1
    assert "refused the key (401 from 127.0.0.1" in found.err
    assert "Traceback" not in found.err
