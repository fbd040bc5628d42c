"""The official SDK raises its own error for each fault of the stub, and retries as it should."""

from __future__ import annotations

import json
import time

import openai
import pytest
from openai import AzureOpenAI, OpenAI

from flowgrade.testing import StubReply, StubScript, StubServer


def ask(client: OpenAI, text: str = "hi", *, model: str = "m") -> str | None:
    answer = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": text}]
    )
    return answer.choices[0].message.content


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (400, openai.BadRequestError, None),
        (401, openai.AuthenticationError, "invalid_api_key"),
        (403, openai.PermissionDeniedError, "forbidden"),
        (404, openai.NotFoundError, None),
        (429, openai.RateLimitError, "rate_limit_exceeded"),
        (500, openai.InternalServerError, "server_error"),
        (503, openai.InternalServerError, "service_unavailable"),
    ],
)
def test_each_status_raises_its_error(
    stub: StubServer,
    client: OpenAI,
    status: int,
    error: type[openai.APIStatusError],
    code: str | None,
) -> None:
    stub.set_script(StubScript(error_rate=1, error_status=status))
    with pytest.raises(error) as caught:
        ask(client)
    assert caught.value.status_code == status
    assert caught.value.code == code
    assert isinstance(caught.value.body, dict)
    assert set(caught.value.body) == {"message", "type", "param", "code"}
    assert stub.stats.faults == 1


def test_retry_after_is_sent_in_seconds_or_as_a_date(stub: StubServer, client: OpenAI) -> None:
    stub.set_script(StubScript(error_rate=1, error_status=429, retry_after=0.5))
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client)
    assert caught.value.response.headers["retry-after"] == "0.5"
    stub.set_script(
        StubScript(error_rate=1, error_status=429, retry_after=60, retry_after_form="date")
    )
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client)
    assert caught.value.response.headers["retry-after"].endswith(" GMT")


def test_the_sdk_retries_until_the_first_failures_are_over(stub: StubServer) -> None:
    stub.set_script(StubScript(fail_first=2, error_status=503, retry_after=0.01))
    with OpenAI(base_url=stub.base_url, api_key="any", max_retries=2) as client:
        assert ask(client, "one") == "echo: one"
        assert ask(client, "one") == "echo: one"
        assert ask(client, "two") == "echo: two"
    assert stub.stats.calls == 7
    assert stub.stats.faults == 4


def test_the_sdk_gives_up_after_its_retries(stub: StubServer) -> None:
    stub.set_script(StubScript(error_rate=1, retry_after=0.01))
    with (
        OpenAI(base_url=stub.base_url, api_key="any", max_retries=2) as client,
        pytest.raises(openai.InternalServerError),
    ):
        ask(client)
    assert stub.stats.calls == 3


@pytest.mark.parametrize("key", ["wrong", "right"])
def test_a_required_key_is_checked_in_either_header(stub: StubServer, key: str) -> None:
    stub.set_script(StubScript(require_key="right"))
    clients: list[OpenAI] = [
        OpenAI(base_url=stub.base_url, api_key=key),
        AzureOpenAI(azure_endpoint=stub.url, api_key=key, api_version="v"),
    ]
    for client in clients:
        with client:
            if key == "right":
                assert ask(client) == "echo: hi"
                continue
            with pytest.raises(openai.AuthenticationError) as caught:
                ask(client)
            assert caught.value.code == "invalid_api_key"


def test_an_unknown_model_is_not_found(stub: StubServer, client: OpenAI) -> None:
    stub.set_script(StubScript(known_models=["m"]))
    assert ask(client) == "echo: hi"
    with pytest.raises(openai.NotFoundError) as caught:
        ask(client, model="other")
    assert caught.value.code == "model_not_found"


def test_a_filtered_prompt_is_refused_in_azures_shape(stub: StubServer, client: OpenAI) -> None:
    stub.set_script(StubScript(content_filter_pattern="(?i)violent"))
    assert ask(client, "peace") == "echo: peace"
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, "Something VIOLENT")
    assert caught.value.code == "content_filter"
    assert isinstance(caught.value.body, dict)
    inner = caught.value.body["innererror"]
    assert inner["content_filter_result"]["violence"] == {"filtered": True, "severity": "high"}


def test_a_prompt_beyond_the_context_is_refused(stub: StubServer, client: OpenAI) -> None:
    stub.set_script(StubScript(context_length=3))
    assert ask(client, "one two three") == "echo: one two three"
    with pytest.raises(openai.BadRequestError, match="4 tokens") as caught:
        ask(client, "one two three four")
    assert caught.value.code == "context_length_exceeded"


def test_a_reply_can_be_an_error_of_its_own(stub: StubServer, client: OpenAI) -> None:
    stub.set_script(
        StubScript(
            replies=[
                StubReply(match="poor", status=429, error={"code": "insufficient_quota"}),
                StubReply(match="odd", status=418, error="I am a teapot."),
            ]
        )
    )
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client, "poor")
    assert caught.value.code == "insufficient_quota"
    with pytest.raises(openai.APIStatusError, match="I am a teapot"):
        ask(client, "odd")
    assert ask(client, "fine") == "echo: fine"


def test_a_dropped_connection_is_a_connection_error(stub: StubServer, client: OpenAI) -> None:
    stub.set_script(StubScript(drop_rate=1))
    with pytest.raises(openai.APIConnectionError):
        ask(client)
    assert stub.stats.faults == 1


def test_a_truncated_body_is_a_connection_error(stub: StubServer, client: OpenAI) -> None:
    stub.set_script(StubScript(truncate_rate=1))
    with pytest.raises(openai.APIConnectionError):
        ask(client)


def test_a_truncated_stream_breaks_off_after_some_words(stub: StubServer, client: OpenAI) -> None:
    stub.set_script(StubScript(truncate_rate=1))
    stream = client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "one two three four"}], stream=True
    )
    words: list[str | None] = []
    with pytest.raises(openai.APIConnectionError):
        words.extend(chunk.choices[0].delta.content for chunk in stream)
    assert words == ["", "echo:", " one", " two"]


def test_a_stalled_stream_times_out_and_the_server_stops_all_the_same(
    stub: StubServer,
) -> None:
    stub.set_script(StubScript(stall_after=2))
    with OpenAI(base_url=stub.base_url, api_key="any", max_retries=0, timeout=0.2) as client:
        stream = client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "one two"}], stream=True
        )
        begun = time.perf_counter()
        got = [next(stream).choices[0].delta.content for _ in range(2)]
        with pytest.raises(openai.APITimeoutError):
            next(stream)
        assert 0.15 < time.perf_counter() - begun < 5
    assert got == ["", "echo:"]
    assert stub.stats.faults == 1


def test_the_client_gives_up_on_a_slow_answer(stub: StubServer) -> None:
    stub.set_script(StubScript(latency=30))
    with (
        OpenAI(base_url=stub.base_url, api_key="any", max_retries=0, timeout=0.1) as client,
        pytest.raises(openai.APITimeoutError),
    ):
        ask(client)


@pytest.mark.parametrize("streamed", [False, True])
def test_garbage_is_not_json(stub: StubServer, client: OpenAI, streamed: bool) -> None:
    stub.set_script(StubScript(garbage_rate=1))
    raw = client.chat.completions.with_raw_response.create(
        model="m", messages=[{"role": "user", "content": "x"}], stream=streamed
    )
    assert raw.status_code == 200
    text = raw.http_response.read() if streamed else raw.content
    with pytest.raises(ValueError, match="char"):
        json.loads(text.removeprefix(b"data: "))
