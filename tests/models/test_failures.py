"""Which error each refusal becomes, and what it says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from flowgrade.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    ModelBusyError,
    ModelError,
    ModelNotFoundError,
    ModelResponseError,
    ModelServerError,
    ModelTimeoutError,
    QuotaError,
    RateLimitError,
)
from flowgrade.models import ChatRequest, RetryPolicy

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Reply, Server

REQUEST = ChatRequest(messages=[{"role": "user", "content": "Hi"}])


def failure(rig: Rig, *replies: Reply, **fields: Any) -> ModelError:
    """The error that a chat without retries ends in."""
    rig.server.will(*replies)
    model = rig.open(retry=RetryPolicy(retries=0), **fields)
    with pytest.raises(ModelError) as caught:
        asyncio.run(model.chat(REQUEST))
    return caught.value


@pytest.mark.parametrize(
    ("status", "fields", "expected"),
    [
        (400, {}, BadRequestError),
        (400, {"code": "content_filter"}, ContentFilterError),
        (400, {"innererror": {"code": "ResponsibleAIPolicyViolation"}}, ContentFilterError),
        (400, {"code": "context_length_exceeded"}, ContextLengthError),
        (400, {"message": "The maximum context length is 8192 tokens."}, ContextLengthError),
        (401, {}, AuthenticationError),
        (400, {"code": "invalid_api_key"}, AuthenticationError),
        (402, {}, QuotaError),
        (403, {}, AuthenticationError),
        (404, {"code": "model_not_found"}, ModelNotFoundError),
        (404, {"code": "DeploymentNotFound"}, ModelNotFoundError),
        (408, {}, ModelTimeoutError),
        (409, {}, ModelBusyError),
        (413, {}, BadRequestError),
        (422, {}, BadRequestError),
        (429, {}, RateLimitError),
        (429, {"type": "insufficient_quota"}, QuotaError),
        (500, {}, ModelServerError),
        (500, {"code": "model_not_found"}, ModelServerError),
        (503, {}, ModelServerError),
        (529, {}, ModelServerError),
    ],
)
def test_status_and_code_decide_the_class(
    rig: Rig, kit: Kit, status: int, fields: dict[str, Any], expected: type[ModelError]
) -> None:
    error = failure(rig, kit.error(status, **fields))
    assert type(error) is expected
    assert error.status == status
    assert error.hint


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": {"message": "out of cheese"}}',
        b'{"error": "out of cheese"}',
        b'{"message": "out of cheese"}',
        b'{"detail": "out of cheese"}',
        b'{"detail": [{"msg": "out of cheese", "loc": ["body"]}]}',
        b'{"object": "error", "message": "out of cheese", "code": 400}',
        b'[{"error": {"message": "out of cheese"}}]',
        b"out of cheese",
    ],
)
def test_the_endpoints_own_words_are_repeated_whatever_their_shape(
    rig: Rig, kit: Kit, body: bytes
) -> None:
    error = failure(rig, kit.Reply(status=400, body=body))
    assert "out of cheese" in error.message
    assert "400 from 127.0.0.1:" in error.message


def test_a_page_of_a_gateway_is_cut_down_to_its_title(rig: Rig, kit: Kit) -> None:
    page = b"<html><head><title>502 Bad &amp; Gateway</title></head><body>nginx</body></html>"
    error = failure(rig, kit.Reply(status=502, body=page, content_type="text/html"))
    assert type(error) is ModelServerError
    assert error.message.endswith(": 502 Bad & Gateway")


def test_a_long_message_is_cut(rig: Rig, kit: Kit) -> None:
    error = failure(rig, kit.error(400, "very " * 1000))
    assert len(error.message) < 600


def test_an_empty_body_leaves_the_reason_of_the_status(rig: Rig, kit: Kit) -> None:
    assert failure(rig, kit.Reply(status=500)).message.endswith(": Reason")


def test_a_key_that_the_endpoint_echoes_is_hidden(rig: Rig, kit: Kit) -> None:
    text = f"Incorrect API key {kit.key}; also sk-abcdefghijkl and the header secret-header"
    error = failure(rig, kit.error(401, text), headers={"X-Key": "secret-header"})
    assert kit.key not in str(error)
    assert "sk-abcdefghijkl" not in str(error)
    assert "secret-header" not in str(error)
    assert "Incorrect API key ******" in error.message


def test_the_next_step_names_the_place_of_the_key(rig: Rig, kit: Kit) -> None:
    error = failure(rig, kit.error(401), key_setting="OPENAI_API_KEY")
    assert "Check OPENAI_API_KEY" in str(error)


def test_an_answer_that_is_not_json_is_named(rig: Rig, kit: Kit) -> None:
    reply = kit.Reply(body=b"<html><body>Welcome to nginx</body></html>", content_type="text/html")
    error = failure(rig, reply)
    assert type(error) is ModelResponseError
    assert "text/html that is no JSON object: Welcome to nginx" in error.message
    assert "base_url of the connection 'stub'" in str(error)


@pytest.mark.parametrize("body", [b"", b"[]", b'"text"', b"{"])
def test_json_that_is_no_object_is_an_error(rig: Rig, kit: Kit, body: bytes) -> None:
    assert type(failure(rig, kit.Reply(body=body))) is ModelResponseError


def test_an_error_in_a_successful_answer_is_an_error(rig: Rig, kit: Kit) -> None:
    reply = kit.Reply(body=b'{"error": {"message": "slow down", "code": 429}}')
    error = failure(rig, reply)
    assert type(error) is RateLimitError
    assert error.status == 429


def test_a_redirect_is_not_followed_with_the_key(rig: Rig, server: Server, kit: Kit) -> None:
    error = failure(rig, kit.Reply(status=307, headers={"Location": f"{server.url}/elsewhere"}))
    assert "redirects to http://127.0.0.1" in error.message
    assert len(server.requests) == 1
