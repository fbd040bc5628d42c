"""A conformance kit for providers of models: what every one of them has to do.

Subclass ``ProviderConformance`` in a test module, fill in its three methods, and pytest runs its
tests. They make some thirty short calls, so let the connection lead to a stub that plays its
``script``; then set ``calls_tools`` and ``writes_json``, and the tests insist on both.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ClassVar, TypeVar

from flowgrade.errors import UnsupportedByModelError
from flowgrade.models import (
    ChatChunk,
    ChatRequest,
    ChatResponse,
    CompletionChunk,
    CompletionRequest,
    CompletionResponse,
    Connection,
    EmbeddingRequest,
    EmbeddingResponse,
    Model,
    Provider,
    Transport,
    assemble_chat,
)
from flowgrade.records import JsonObject, Usage, loads
from flowgrade.testing.stub.script import StubReply, StubScript, StubToolCall

T = TypeVar("T")

_CHAT = ChatRequest(messages=[{"role": "user", "content": "Context: Tea is hot.\n\nIs tea hot?"}])
_COMPLETION = CompletionRequest(prompt="Tea is")
_EMBEDDING = EmbeddingRequest(inputs=["Tea is hot.", "Ice is cold.", "Tea is hot."])
_TOOL: JsonObject = {
    "name": "weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
_TOOLS = ChatRequest(
    messages=[{"role": "user", "content": "How is the weather in Paris, and in Rome?"}],
    parameters={"tools": [{"type": "function", "function": _TOOL}]},
)
_SCHEMA: JsonObject = {
    "type": "object",
    "properties": {"hot": {"type": "boolean"}},
    "required": ["hot"],
    "additionalProperties": False,
}
_FORM: JsonObject = {"type": "json_schema", "json_schema": {"name": "tea", "schema": _SCHEMA}}
_JSON = ChatRequest(messages=_CHAT.messages, parameters={"response_format": _FORM})


class ProviderConformance:
    """The tests that a provider has to pass; a subclass says which provider."""

    script: ClassVar[StubScript] = StubScript(
        replies=[
            StubReply(role="tool", text="It is sunny in both."),
            StubReply(
                match="weather in",
                tool_calls=[
                    StubToolCall(name="weather", arguments={"city": city})
                    for city in ("Paris", "Rome")
                ],
            ),
        ]
    )
    """What a stub may play to these tests: two tool calls at once, then an answer."""
    calls_tools: ClassVar[bool] = False
    """Whether the endpoint calls the tools that it is offered, as the script does."""
    writes_json: ClassVar[bool] = False
    """Whether the endpoint keeps to a JSON schema that it is given, as a stub does."""

    def provider(self) -> Provider:
        """The provider, as its entry point names it."""
        raise NotImplementedError

    def model_name(self) -> str:
        """The name of a model to open."""
        raise NotImplementedError

    def connection(self) -> Connection:
        """A connection to open it with."""
        raise NotImplementedError

    def test_it_has_the_members_of_a_provider(self) -> None:
        provider = self.provider()
        assert isinstance(provider, Provider)
        assert isinstance(provider.name, str)
        assert provider.name

    def test_it_opens_models_outside_of_any_event_loop(self) -> None:
        model = self._open(Transport())
        assert isinstance(model, Model)
        assert model.name == self.model_name()

    def test_chat_answers_or_refuses(self) -> None:
        response = self._run(lambda model: _answer(model.chat(_CHAT)))
        if response is not None:
            assert isinstance(response, ChatResponse)
            assert isinstance(response.message, dict)
            assert response.text is None or isinstance(response.text, str)
            _check_usage(response.usage)

    def test_a_streamed_chat_makes_a_whole_answer_or_is_refused(self) -> None:
        chunks = self._run(lambda model: _answer(_chat_chunks(model)))
        if chunks is not None:
            assert all(isinstance(chunk, ChatChunk) for chunk in chunks)
            whole = assemble_chat(chunks)
            assert whole.text == "".join(chunk.text for chunk in chunks)
            assert whole.finish_reason is not None
            _check_usage(whole.usage)

    def test_chat_and_streamed_chat_are_both_there_or_both_not(self) -> None:
        whole = self._run(lambda model: _answer(model.chat(_CHAT)))
        chunks = self._run(lambda model: _answer(_chat_chunks(model)))
        assert (whole is None) == (chunks is None)

    def test_tool_calls_are_whole_and_their_results_are_answered(self) -> None:
        response = self._run(lambda model: _answer(model.chat(_TOOLS)))
        if response is not None and response.tool_calls:
            _check_calls(response)
            request = ChatRequest(
                messages=[*_TOOLS.messages, response.message, *_results(response)],
                parameters=_TOOLS.parameters,
            )
            assert self._run(lambda model: model.chat(request)).text
        assert not self.calls_tools or (response is not None and response.tool_calls)

    def test_pieces_of_tool_calls_make_whole_ones(self) -> None:
        chunks = self._run(lambda model: _answer(_chat_chunks(model, _TOOLS)))
        whole = None if chunks is None else assemble_chat(chunks)
        if whole is not None and whole.tool_calls:
            _check_calls(whole)
        assert not self.calls_tools or (whole is not None and whole.tool_calls)

    def test_an_answer_under_a_schema_is_json_or_is_refused(self) -> None:
        response = self._run(lambda model: _answer(model.chat(_JSON)))
        assert response is None or isinstance(response.text, str)
        if self.writes_json:
            assert response is not None
            value = loads(response.text or "")
            assert value.keys() == {"hot"}
            assert isinstance(value["hot"], bool)

    def test_a_stream_tells_its_usage_where_a_whole_answer_does(self) -> None:
        whole = self._run(lambda model: _answer(model.chat(_CHAT)))
        chunks = self._run(lambda model: _answer(_chat_chunks(model)))
        if whole is not None and chunks is not None:
            assert (whole.usage is None) == (assemble_chat(chunks).usage is None)

    def test_completion_answers_or_refuses(self) -> None:
        response = self._run(lambda model: _answer(model.complete(_COMPLETION)))
        if response is not None:
            assert isinstance(response, CompletionResponse)
            assert isinstance(response.text, str)
            _check_usage(response.usage)

    def test_streamed_completion_answers_or_refuses(self) -> None:
        chunks = self._run(lambda model: _answer(_completion_chunks(model)))
        if chunks is not None:
            assert all(isinstance(chunk, CompletionChunk) for chunk in chunks)

    def test_embedding_gives_a_vector_for_each_text_or_refuses(self) -> None:
        response = self._run(lambda model: _answer(model.embed(_EMBEDDING)))
        if response is not None:
            assert isinstance(response, EmbeddingResponse)
            assert len(response.vectors) == len(_EMBEDDING.inputs)
            assert len({len(vector) for vector in response.vectors}) == 1
            assert all(isinstance(number, float) for number in response.vectors[0])
            _check_usage(response.usage)

    def test_it_can_do_at_least_one_thing(self) -> None:
        async def abilities(model: Model) -> list[object]:
            return [
                await _answer(model.chat(_CHAT)),
                await _answer(model.complete(_COMPLETION)),
                await _answer(model.embed(_EMBEDDING)),
            ]

        assert any(answer is not None for answer in self._run(abilities))

    def test_calls_at_once_do_not_get_in_each_others_way(self) -> None:
        async def many(model: Model) -> list[object]:
            return await asyncio.gather(*(_answer(model.chat(_CHAT)) for _ in range(4)))

        answers = self._run(many)
        assert len({type(answer) for answer in answers}) == 1

    def test_a_stream_that_is_closed_early_leaves_the_model_usable(self) -> None:
        async def twice(model: Model) -> tuple[object, object]:
            first = await _answer(_first_chunk(model))
            return first, await _answer(_chat_chunks(model))

        first, rest = self._run(twice)
        assert (first is None) == (rest is None)

    def test_a_model_serves_one_event_loop_after_the_other(self) -> None:
        transport = Transport()
        model = self._open(transport)

        async def once() -> object:
            try:
                return await _answer(model.chat(_CHAT))
            finally:
                await transport.aclose()

        first, second = asyncio.run(once()), asyncio.run(once())
        assert type(first) is type(second)

    def test_the_key_is_never_shown(self) -> None:
        connection = self.connection()
        shown = f"{connection!r} {self._open(Transport())!r} {self.provider()!r}"
        assert connection.api_key is None or connection.api_key.reveal() not in shown

    def _open(self, transport: Transport) -> Model:
        return self.provider().open(self.model_name(), self.connection(), transport)

    def _run(self, work: Callable[[Model], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            transport = Transport()
            try:
                return await work(self._open(transport))
            finally:
                await transport.aclose()

        return asyncio.run(run())


async def _answer(call: Awaitable[T]) -> T | None:
    """What the call gives, or None when the model refuses it and says what to do instead."""
    try:
        return await call
    except UnsupportedByModelError as error:
        hint = error.hint
    assert hint, "a refusal has to say what to do instead"
    return None


async def _chat_chunks(model: Model, request: ChatRequest = _CHAT) -> list[ChatChunk]:
    return [chunk async for chunk in model.chat_stream(request)]


async def _completion_chunks(model: Model) -> list[CompletionChunk]:
    return [chunk async for chunk in model.complete_stream(_COMPLETION)]


async def _first_chunk(model: Model) -> ChatChunk:
    stream = model.chat_stream(_CHAT)
    first = await anext(stream)
    close = getattr(stream, "aclose", None)
    if close is not None:
        await close()
    return first


def _check_calls(response: ChatResponse) -> None:
    ids = [call["id"] for call in response.tool_calls]
    assert all(isinstance(one, str) and one for one in ids)
    assert len(set(ids)) == len(ids), "each call has an id of its own"
    assert response.finish_reason == "tool_calls"
    for call in response.tool_calls:
        assert call["type"] == "function"
        assert call["function"]["name"] == "weather"
        assert isinstance(loads(call["function"]["arguments"]), dict)


def _results(response: ChatResponse) -> list[JsonObject]:
    return [
        {"role": "tool", "tool_call_id": call["id"], "content": "sunny"}
        for call in response.tool_calls
    ]


def _check_usage(usage: Usage | None) -> None:
    if usage is not None:
        counts = (usage.input_tokens, usage.output_tokens)
        assert all(count is None or count >= 0 for count in counts)
