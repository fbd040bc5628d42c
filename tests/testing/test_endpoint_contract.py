"""The official SDK understands embeddings, completions, models and Azure's paths."""

from __future__ import annotations

import math
from typing import Literal

import pytest
from openai import AzureOpenAI, NotFoundError, OpenAI

from flowgrade.testing import StubReply, StubScript, StubServer


def test_embeddings_are_unit_vectors_that_depend_on_the_text_alone(client: OpenAI) -> None:
    answer = client.embeddings.create(model="e", input=["one", "two", "one"])
    one, two, again = (item.embedding for item in answer.data)
    assert len(one) == 64
    assert math.isclose(math.hypot(*one), 1.0, rel_tol=1e-6)
    assert one == again != two
    assert answer.usage.prompt_tokens == 3


def test_base64_and_float_embeddings_are_the_same(client: OpenAI) -> None:
    # The SDK asks for base64 by itself when no format is given, and decodes it.
    default = client.embeddings.create(model="e", input="text", dimensions=8)
    plain = client.embeddings.create(model="e", input="text", dimensions=8, encoding_format="float")
    coded = client.embeddings.create(
        model="e", input="text", dimensions=8, encoding_format="base64"
    )
    assert default.data[0].embedding == plain.data[0].embedding
    assert isinstance(coded.data[0].embedding, str)


def test_token_inputs_are_embedded_too(client: OpenAI) -> None:
    single = client.embeddings.create(model="e", input=[1, 2, 3])
    several = client.embeddings.create(model="e", input=[[1, 2, 3], [4]])
    assert single.data[0].embedding == several.data[0].embedding
    assert several.usage.prompt_tokens == 4


@pytest.mark.parametrize("coding", ["float", "base64"])
def test_a_fixed_embedding_comes_for_every_text(
    stub: StubServer, client: OpenAI, coding: Literal["float", "base64"]
) -> None:
    stub.set_script(StubScript(embedding=[0.5, -0.25], extra={"note": 1}))
    answer = client.embeddings.create(model="e", input=["a", "b"], encoding_format=coding)
    expected: object = [0.5, -0.25] if coding == "float" else "AAAAPwAAgL4="
    assert [item.embedding for item in answer.data] == [expected, expected]
    assert answer.model_extra == {"note": 1}


def test_text_completions_echo_each_prompt(client: OpenAI) -> None:
    answer = client.completions.create(model="m", prompt=["one", "two words"], n=2, logprobs=1)
    assert [choice.text for choice in answer.choices] == [
        "echo: one",
        "echo: one",
        "echo: two words",
        "echo: two words",
    ]
    logprobs = answer.choices[2].logprobs
    assert logprobs is not None
    assert logprobs.tokens == ["echo", ":", " two", " words"]
    assert logprobs.text_offset == [0, 4, 5, 9]
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 3


def test_streamed_text_completions_add_up(client: OpenAI) -> None:
    chunks = list(
        client.completions.create(
            model="m",
            prompt="one two",
            stream=True,
            max_tokens=3,
            stream_options={"include_usage": True},
        )
    )
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == "echo: one"
    assert chunks[-2].choices[0].finish_reason == "length"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 3


def test_models_are_listed_and_found_by_name(stub: StubServer, client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["stub", "stub-embedding"]
    stub.set_script(StubScript(known_models=["org/large", "small"]))
    assert [model.id for model in client.models.list()] == ["org/large", "small"]
    assert client.models.retrieve("org/large").id == "org/large"
    with pytest.raises(NotFoundError, match="no model 'medium'"):
        client.models.retrieve("medium")


def test_the_version_prefix_may_be_left_out(stub: StubServer) -> None:
    with OpenAI(base_url=stub.url, api_key="any") as client:
        answer = client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}]
        )
    assert answer.choices[0].message.content == "echo: hi"
    assert stub.requests[-1].path == "/chat/completions"


def test_azure_clients_reach_chat_streams_embeddings_and_completions(stub: StubServer) -> None:
    stub.set_script(StubScript(require_key="azure-key", known_models=["deployed"]))
    with AzureOpenAI(
        azure_endpoint=stub.url, api_key="azure-key", api_version="2024-10-21"
    ) as client:
        chat = client.chat.completions.create(
            model="deployed", messages=[{"role": "user", "content": "hi"}]
        )
        chunks = list(
            client.chat.completions.create(
                model="deployed", messages=[{"role": "user", "content": "hi"}], stream=True
            )
        )
        vector = client.embeddings.create(model="deployed", input="x").data[0].embedding
        text = client.completions.create(model="deployed", prompt="p").choices[0].text
        models = [model.id for model in client.models.list()]
    assert chat.choices[0].message.content == "echo: hi"
    assert chunks[0].choices == []
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[1:]) == "echo: hi"
    assert len(vector) == 64
    assert text == "echo: p"
    assert models == ["deployed"]
    first = stub.requests[0]
    assert first.path == "/openai/deployments/deployed/chat/completions"
    assert first.query == {"api-version": "2024-10-21"}
    assert first.headers["api-key"] == "****"


def test_the_deployment_in_azures_path_names_the_model_for_rules(stub: StubServer) -> None:
    stub.set_script(StubScript(replies=[StubReply(model="judge", text="5")]))
    with AzureOpenAI(
        azure_endpoint=stub.url, azure_deployment="judge", api_key="k", api_version="v"
    ) as client:
        answer = client.chat.completions.create(
            model="whatever", messages=[{"role": "user", "content": "hi"}]
        )
    assert answer.choices[0].message.content == "5"


def test_azures_newer_path_needs_no_version(stub: StubServer) -> None:
    with OpenAI(base_url=f"{stub.url}/openai/v1/", api_key="any") as client:
        answer = client.completions.create(model="m", prompt="hi")
    assert answer.choices[0].text == "echo: hi"
