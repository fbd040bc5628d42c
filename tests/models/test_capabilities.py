"""Asking a model for what it lacks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flowgrade.errors import UnsupportedByModelError
from flowgrade.models import (
    Catalog,
    ChatRequest,
    CompletionRequest,
    EmbeddingRequest,
    Model,
    Models,
    needs,
    suggest,
)
from flowgrade.models.catalog.load import shipped_catalog
from flowgrade.settings import Settings

if TYPE_CHECKING:
    from tests.models.server import Server

CATALOG = Catalog(shipped_catalog())
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}
HI = [{"role": "user", "content": "Hi"}]


def asking(*parts: dict[str, Any], **parameters: Any) -> ChatRequest:
    content = [{"type": "text", "text": "Hi"}, *parts]
    return ChatRequest(messages=[{"role": "user", "content": content}], parameters=parameters)


@pytest.mark.parametrize(
    ("request_", "needed"),
    [
        (asking(), set()),
        (asking(temperature=0, tools=None, seed=None, logprobs=False), set()),
        (asking(tools=[TOOL]), {"tools"}),
        (asking(functions=[{}]), {"tools"}),
        (asking(tools=[TOOL], parallel_tool_calls=True), {"tools", "parallel_tools"}),
        (asking(response_format={"type": "json_schema"}), {"json_schema"}),
        (asking(response_format={"type": "json_object"}), set()),
        (asking(logprobs=True), {"logprobs"}),
        (asking(top_logprobs=3), {"logprobs"}),
        (asking(seed=0), {"seed"}),
        (asking(reasoning_effort="low"), {"reasoning"}),
        (asking(reasoning_effort="none"), set()),
        (asking({"type": "image_url", "image_url": {"url": "data:"}}), {"images"}),
        (asking({"type": "file", "file": {}}), {"files"}),
        (asking({"type": "input_audio", "input_audio": {}}), {"audio"}),
        (ChatRequest(messages=HI), set()),
        (ChatRequest(messages=[{"role": "user", "content": [None, "x"]}]), set()),
        (CompletionRequest(prompt="a", parameters={"seed": 1}), {"seed"}),
        (EmbeddingRequest(inputs=["a"]), set()),
    ],
)
def test_what_a_request_needs(request_: Any, needed: set[str]) -> None:
    assert set(needs(request_)) == needed


def opened(folder: Path, server: Server, *, has: str = "", lacks: str = "") -> Model:
    text = f"models: {{openai/m: {{has: [{has}], lacks: [{lacks}]}}}}"
    (folder / "models.yaml").write_text(text, encoding="utf-8")
    environment = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "k"}
    settings = Settings(project=folder, home=folder, store="", environment=environment)
    return Models(settings).open("openai/m")


def test_what_a_model_lacks_is_refused_before_the_call(tmp_path: Path, server: Server) -> None:
    model = opened(tmp_path, server, has="chat", lacks="tools, images")
    with pytest.raises(UnsupportedByModelError) as caught:
        asyncio.run(model.chat(asking({"type": "image_url"}, tools=[TOOL])))
    assert "'openai/m' lacks what the request needs: tools, images." in str(caught.value)
    assert "flowgrade models list --capability tools --capability images" in str(caught.value)
    assert "openai/" in str(caught.value.hint)
    assert not server.requests
    asyncio.run(model.chat(asking()))
    assert len(server.requests) == 1


async def all_of(stream: Any) -> list[Any]:
    return [chunk async for chunk in stream]


def test_each_operation_is_checked(tmp_path: Path, server: Server) -> None:
    model = opened(tmp_path, server, lacks="chat, completion, embeddings")
    for work in (
        lambda: model.chat(ChatRequest(messages=HI)),
        lambda: all_of(model.chat_stream(ChatRequest(messages=HI))),
        lambda: model.complete(CompletionRequest(prompt="a")),
        lambda: all_of(model.complete_stream(CompletionRequest(prompt="a"))),
        lambda: model.embed(EmbeddingRequest(inputs=["a"])),
    ):
        with pytest.raises(UnsupportedByModelError):
            asyncio.run(work())
    assert not server.requests


def test_streaming_alone_may_be_lacking(tmp_path: Path, server: Server) -> None:
    model = opened(tmp_path, server, lacks="streaming")
    with pytest.raises(UnsupportedByModelError, match="needs: streaming"):
        asyncio.run(all_of(model.chat_stream(ChatRequest(messages=HI))))
    asyncio.run(model.chat(ChatRequest(messages=HI)))


def test_what_is_not_known_is_allowed(tmp_path: Path, server: Server) -> None:
    model = opened(tmp_path, server, has="chat")
    asyncio.run(model.chat(asking({"type": "image_url"}, tools=[TOOL], seed=1)))
    assert len(server.requests) == 1


def test_the_model_that_is_suggested_is_near_and_able_and_not_retired() -> None:
    found = suggest(CATALOG, ["embeddings"], near=CATALOG.get("openai/gpt-4o-mini"))
    assert found is not None
    assert found.name == "openai/text-embedding-3-small"
    elsewhere = suggest(CATALOG, ["completion"], near=CATALOG.get("openai/gpt-4o-mini"))
    assert elsewhere is not None
    assert elsewhere.provider == "ollama"
    assert suggest(CATALOG, ["embeddings", "tools"]) is None
