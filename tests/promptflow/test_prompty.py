"""``Prompty.load`` in flows' code."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from flowgrade.app import App
from flowgrade.flows import run_blocking
from flowgrade.promptflow.configurations import AzureOpenAIModelConfiguration
from flowgrade.promptflow.prompty import AsyncPrompty, Prompty
from flowgrade.testing import StubReply, StubScript, StubServer, StubToolCall
from tests.promptflow.conftest import Made

MATTER = """
---
name: chat
model:
  api: chat
  configuration: {type: azure_openai, azure_deployment: gpt, connection: azure}
  parameters: {temperature: 0.2%s}
  %s
inputs:
  question: {type: string}
  chat_history: {type: list, default: []}
sample: {question: From the sample?}
---
system:
Be brief.

{%% for item in chat_history %%}
{{item.role}}:
{{item.content}}
{%% endfor %%}

user:
{{question}}
"""


@pytest.fixture
def prompty(app: App, tmp_path: Path) -> Made:
    def prompty(parameters: str = "", response: str = "", kind: type = Prompty, **more: Any) -> Any:
        file = tmp_path / "chat.prompty"
        file.write_text((MATTER % (parameters, response)).lstrip(), encoding="utf-8")
        return kind.load(source=file, **more)  # type: ignore[attr-defined]

    return prompty


def test_it_is_called_with_its_inputs(prompty: Made, stub: StubServer) -> None:
    history = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    assert prompty()(question="Why?", chat_history=history) == "echo: Why?"
    body = stub.requests[-1].body
    assert [m["role"] for m in body["messages"]] == ["system", "user", "assistant", "user"]
    assert body["temperature"] == 0.2


def test_without_inputs_it_takes_the_sample(prompty: Made) -> None:
    assert prompty()() == "echo: From the sample?"


def test_the_model_may_be_another(prompty: Made, stub: StubServer) -> None:
    configuration = AzureOpenAIModelConfiguration(azure_deployment="other", connection="azure")
    model = {"configuration": configuration, "parameters": {"max_tokens": 7}}
    prompty(model=model)(question="Why?")
    assert "/deployments/other/" in stub.requests[-1].path
    assert stub.requests[-1].body["max_tokens"] == 7
    assert stub.requests[-1].body["temperature"] == 0.2


def test_a_streamed_answer_is_a_generator(prompty: Made, stub: StubServer) -> None:
    answer = prompty(", stream: true")(question="One two three")
    pieces = list(answer)
    assert len(pieces) > 1
    assert "".join(pieces) == "echo: One two three"
    assert stub.requests[-1].body["stream"] is True


def test_an_error_of_a_stream_reaches_its_reader(prompty: Made, stub: StubServer) -> None:
    stub.set_script(StubScript(replies=[StubReply(status=400, error="No.")]))
    with pytest.raises(Exception, match="No"):
        list(prompty(", stream: true")(question="One"))


def test_json_comes_as_a_dictionary(prompty: Made, stub: StubServer) -> None:
    stub.set_script(StubScript(json_reply={"output": 1}))
    answer = prompty(", response_format: {type: json_object}")(question="Why?")
    assert answer["output"] == 1


def test_the_message_of_a_tool_call_comes_whole(prompty: Made, stub: StubServer) -> None:
    call = StubToolCall(name="weather", arguments={"city": "Paris"})
    stub.set_script(StubScript(replies=[StubReply(tool_calls=[call])]))
    answer = prompty()(question="Weather?")
    assert answer["tool_calls"][0]["function"]["name"] == "weather"


def test_response_all_reads_like_the_sdks_object(prompty: Made) -> None:
    answer = prompty(response="response: all")(question="Why?")
    assert answer.choices[0].message.content == "echo: Why?"
    assert answer["choices"][0]["message"]["content"] == "echo: Why?"


def test_it_renders_without_asking(prompty: Made, stub: StubServer) -> None:
    loaded = prompty()
    text = loaded.render(question="Why?")
    assert "'role': 'user'" in text
    assert "Why?" in text
    assert loaded.estimate_token_count(question="Why? " * 100) > 100
    assert not stub.requests


def test_the_async_one_is_awaited(prompty: Made) -> None:
    async def ask() -> tuple[Any, list[str]]:
        plain = await prompty(kind=AsyncPrompty)(question="Why?")
        streamed = await prompty(", stream: true", kind=AsyncPrompty)(question="a b")
        return plain, [piece async for piece in streamed]

    plain, pieces = run_blocking(ask())
    assert plain == "echo: Why?"
    assert "".join(pieces) == "echo: a b"


FLOW = """
    from pathlib import Path
    from promptflow.core import Prompty, AzureOpenAIModelConfiguration
    from promptflow.tracing import trace

    class Chat:
        def __init__(self, model_config: AzureOpenAIModelConfiguration):
            self.model_config = model_config

        @trace
        %s __call__(self, question: str = "Q?"):
            prompty = Prompty.load(
                Path(__file__).parent / "chat.prompty", model={"configuration": self.model_config}
            )
            %s
"""


@pytest.mark.parametrize(
    ("kind", "body", "parameters"),
    [
        ("def", "return prompty(question=question)", ""),
        ("def", "yield from prompty(question=question)", ", stream: true"),
        ("async def", "return prompty(question=question)", ""),
        (
            "async def",
            "for piece in prompty(question=question):\n                yield piece",
            ", stream: true",
        ),
    ],
)
def test_class_flows_ask_by_it_sync_async_and_streamed(
    load: Made, kind: str, body: str, parameters: str
) -> None:
    flow = load(
        {
            "flow.flex.yaml": "entry: chat:Chat\n",
            "chat.py": dedent(FLOW) % (kind, body),
            "chat.prompty": MATTER % (parameters, ""),
        },
        name="flow.flex.yaml",
        init={"model_config": {"connection": "azure", "azure_deployment": "gpt"}},
    )
    assert flow(question="Why?") == {"output": "echo: Why?"}
