"""A conformance kit for providers of models: what every one of them has to do.

Subclass ``ProviderConformance`` in a test module, fill in its three methods, and pytest runs its
tests. They make some twenty short calls, so let the connection lead to a stub.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

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
from flowgrade.records import Usage

T = TypeVar("T")

_CHAT = ChatRequest(messages=[{"role": "user", "content": "Context: Tea is hot.\n\nIs tea hot?"}])
_COMPLETION = CompletionRequest(prompt="Tea is")
_EMBEDDING = EmbeddingRequest(inputs=["Tea is hot.", "Ice is cold.", "Tea is hot."])


class ProviderConformance:
    """The tests that a provider has to pass; a subclass says which provider."""

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


async def _chat_chunks(model: Model) -> list[ChatChunk]:
    return [chunk async for chunk in model.chat_stream(_CHAT)]


async def _completion_chunks(model: Model) -> list[CompletionChunk]:
    return [chunk async for chunk in model.complete_stream(_COMPLETION)]


async def _first_chunk(model: Model) -> ChatChunk:
    stream = model.chat_stream(_CHAT)
    first = await anext(stream)
    close = getattr(stream, "aclose", None)
    if close is not None:
        await close()
    return first


def _check_usage(usage: Usage | None) -> None:
    if usage is not None:
        counts = (usage.input_tokens, usage.output_tokens)
        assert all(count is None or count >= 0 for count in counts)
