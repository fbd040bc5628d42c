"""The official SDKs understand the stub's batches."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic
from openai import OpenAI

from flowgrade.records import dumps
from flowgrade.testing import StubReply, StubScript, StubServer


@pytest.fixture
def claude(stub: StubServer) -> Iterator[Anthropic]:
    with Anthropic(base_url=stub.url, api_key="sk-ant-test-secret", max_retries=0) as made:
        yield made


def calls(*texts: str) -> Any:
    return [
        {
            "custom_id": f"call-{number}",
            "params": {
                "model": "m",
                "max_tokens": 50,
                "messages": [{"role": "user", "content": text}],
            },
        }
        for number, text in enumerate(texts)
    ]


def test_messages_of_a_batch_come_with_their_names_once_it_has_ended(
    stub: StubServer, claude: Anthropic
) -> None:
    failing = StubReply(match="bad", status=529)
    stub.set_script(StubScript(latency=0.1, replies=(failing,)))
    batch = claude.messages.batches.create(requests=calls("one", "bad"))
    assert batch.processing_status == "in_progress"
    assert (batch.request_counts.processing, batch.results_url) == (2, None)
    assert (batch.expires_at - batch.created_at).total_seconds() == pytest.approx(86_400)
    for _ in range(500):
        batch = claude.messages.batches.retrieve(batch.id)
        if batch.processing_status == "ended":
            break
        time.sleep(0.01)
    assert (batch.request_counts.succeeded, batch.request_counts.errored) == (1, 1)
    assert batch.ended_at is not None
    good, bad = claude.messages.batches.results(batch.id)
    assert good.custom_id == "call-0"
    assert good.result.type == "succeeded"
    assert good.result.message.content[0].type == "text"
    assert good.result.message.content[0].text == "echo: one"
    assert good.result.message.usage.service_tier == "batch"
    assert bad.result.type == "errored"
    assert bad.result.error.error.type == "overloaded_error"


def test_what_a_cancelled_or_expired_batch_has_not_done_says_so(
    stub: StubServer, claude: Anthropic
) -> None:
    late = StubReply(match="late", latency=60)
    stub.set_script(StubScript(replies=(late,)))
    batch = claude.messages.batches.create(requests=calls("one", "late"))
    cancelled = claude.messages.batches.cancel(batch.id)
    assert cancelled.processing_status == "canceling"
    assert cancelled.cancel_initiated_at is not None
    kinds = [item.result.type for item in claude.messages.batches.results(batch.id)]
    assert kinds == ["succeeded", "canceled"]
    stub.set_script(StubScript(replies=(late,), batch_window=0))
    batch = claude.messages.batches.create(requests=calls("one", "late"))
    assert batch.request_counts.expired == 1
    kinds = [item.result.type for item in claude.messages.batches.results(batch.id)]
    assert kinds == ["succeeded", "expired"]


def test_batches_are_listed_with_the_newest_first(claude: Anthropic) -> None:
    made = [claude.messages.batches.create(requests=calls("x")).id for _ in range(5)]
    page = claude.messages.batches.list(limit=2)
    assert [batch.id for batch in page.data] == made[:-3:-1]
    assert [batch.id for batch in page] == made[::-1]  # the SDK turns the pages


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        ([], "List of 1 to"),
        ([{"custom_id": "a b", "params": {}}], r"requests\.0\.custom_id"),
        (calls("x") + calls("y"), "must be unique"),
        ("none", "List of 1 to"),
    ],
)
def test_a_wrong_order_is_refused(claude: Anthropic, requests: Any, message: str) -> None:
    with pytest.raises(anthropic.BadRequestError, match=message):
        claude.post("/v1/messages/batches", body={"requests": requests}, cast_to=dict[str, Any])


def test_an_unknown_batch_and_a_wrong_key_are_anthropics_errors(
    stub: StubServer, claude: Anthropic
) -> None:
    with pytest.raises(anthropic.NotFoundError, match="not_found_error"):
        claude.messages.batches.retrieve("msgbatch_x")
    stub.set_script(StubScript(require_key="another"))
    with pytest.raises(anthropic.AuthenticationError, match="authentication_error"):
        claude.messages.batches.list()


def test_a_batch_of_openai_has_its_files(stub: StubServer, client: OpenAI) -> None:
    stub.set_script(StubScript(replies=(StubReply(match="late", latency=60),), batch_window=0))
    lines = [
        {
            "custom_id": text,
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "m", "messages": [{"role": "user", "content": text}]},
        }
        for text in ("one", "late")
    ]
    content = "\n".join(map(dumps, lines)).encode()
    file = client.files.create(file=("calls.jsonl", content), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    assert batch.status == "expired"
    assert batch.output_file_id is not None
    assert batch.error_file_id is not None
    assert '"echo: one"' in client.files.content(batch.output_file_id).text
    assert '"batch_expired"' in client.files.content(batch.error_file_id).text
    assert [found.id for found in client.batches.list()] == [batch.id]
