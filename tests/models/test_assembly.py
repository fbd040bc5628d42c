"""Whole answers from their pieces."""

from __future__ import annotations

from typing import Any

from flowgrade.models import ChatChunk, CompletionChunk, assemble_chat, assemble_completion
from flowgrade.models.wire import read_chat_chunk, read_completion_chunk
from flowgrade.records import Usage


def chunk(delta: dict[str, Any], *, finish: str | None = None, **more: Any) -> ChatChunk:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return read_chat_chunk({"id": "c1", "model": "m", "choices": [choice]} | more)


def call(index: int, **function: str) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, "function": function}]}


def test_text_is_joined_and_the_rest_kept() -> None:
    whole = assemble_chat(
        [
            chunk({"role": "assistant", "content": ""}),
            chunk({"content": "He", "reasoning_content": "I "}),
            chunk({"content": "llo", "reasoning_content": "think", "annotations": []}),
            chunk({}, finish="stop"),
            chunk({}, choices=[], usage={"prompt_tokens": 1, "completion_tokens": 2}),
        ]
    )
    assert whole.text == "Hello"
    assert whole.message == {
        "role": "assistant",
        "content": "Hello",
        "reasoning_content": "I think",
        "annotations": [],
    }
    assert (whole.finish_reason, whole.model, whole.raw["id"]) == ("stop", "m", "c1")
    assert whole.usage == Usage(input_tokens=1, output_tokens=2)


def test_pieces_of_tool_calls_are_merged_by_their_index() -> None:
    first = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}
    second = {"index": 1, "id": "b", "type": "function", "function": {"name": "g"}}
    whole = assemble_chat(
        [
            chunk({"role": "assistant", "content": None, "tool_calls": [first]}),
            chunk(call(0, arguments='{"x"')),
            chunk({"tool_calls": [second]}),
            chunk(call(1, arguments="{}")),
            chunk(call(0, arguments=": 1}")),
            chunk({}, finish="tool_calls"),
        ]
    )
    assert whole.text is None
    assert whole.tool_calls == [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}},
        {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}},
    ]


def test_calls_of_one_index_and_different_ids_are_different_calls() -> None:
    def piece(own: str | None, arguments: str, name: str | None = None) -> dict[str, Any]:
        function = {"name": name, "arguments": arguments}
        return {"tool_calls": [{"index": 0, "id": own, "type": "function", "function": function}]}

    pieces = [
        *(piece("a", "{}", "f"), piece("b", "", "g"), piece("b", '{"x"'), piece(None, ": 1}")),
        *(piece("c", "", "f"), piece("", "{"), piece("renewed", "}"), piece("a", " ")),
    ]
    whole = assemble_chat([chunk(delta) for delta in pieces])
    assert [(c["function"]["name"], c["function"]["arguments"]) for c in whole.tool_calls] == [
        ("f", "{} "),
        ("g", '{"x": 1}'),
        ("f", "{}"),
    ]


def test_the_older_function_call_is_merged() -> None:
    whole = assemble_chat(
        [
            chunk({"function_call": {"name": "f", "arguments": "{"}}),
            chunk({"function_call": {"arguments": "}"}}),
        ]
    )
    assert whole.message["function_call"] == {"name": "f", "arguments": "{}"}


def test_no_pieces_make_an_empty_answer() -> None:
    whole = assemble_chat([])
    assert (whole.text, whole.finish_reason, whole.usage, whole.choices) == (None, None, None, [])


def test_pieces_of_unknown_shape_break_nothing() -> None:
    odd: list[dict[str, Any]] = [
        {"choices": None},
        {"choices": ["?"]},
        {"choices": [{"delta": "?"}]},
        {"choices": [{"index": None, "delta": {"content": "a", "tool_calls": ["?", {}]}}]},
    ]
    assert assemble_chat([read_chat_chunk(raw) for raw in odd]).text == "a"


def test_a_continuation_is_joined() -> None:
    chunks: list[CompletionChunk] = [
        read_completion_chunk({"choices": [{"text": "upon "}], "model": "m"}),
        read_completion_chunk({"choices": [{"text": "a time", "finish_reason": "stop"}]}),
    ]
    whole = assemble_completion(chunks)
    assert (whole.text, whole.finish_reason, whole.model) == ("upon a time", "stop", "m")
