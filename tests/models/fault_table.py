"""The fault table: what an endpoint may do to a call, and how the call then ends.

docs/reference/model-faults.md shows the same table; test_fault_table.py holds both to the truth.
"""

from __future__ import annotations

from email.utils import formatdate

from flowgrade.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    EmptyAnswerError,
    ModelNotFoundError,
    ModelResponseError,
    ModelServerError,
    ModelTimeoutError,
    ModelUnreachableError,
    QuotaError,
    RateLimitError,
    UnsupportedByModelError,
)
from tests.models.faults import (
    ANSWERED,
    CALL,
    CHATS,
    HASTE,
    NOTHING,
    NOW,
    PAGE,
    STREAMED,
    WHOLE,
    Fault,
    azure_filter,
    cut_without_end,
    delta,
    error_inside,
    events,
    fails,
    retried,
    same,
    saying,
    truncated,
)
from tests.models.oddities import FORMS, USAGE
from tests.models.server import Reply, chat, error

REFUSALS = [
    Fault(name="429", reply=same(error(429)), ends=retried(RateLimitError, "429 from")),
    Fault(
        name="429 with `Retry-After: 7`",
        reply=same(error(429, headers={"Retry-After": "7"})),
        waits=7,
        ends=retried(RateLimitError, "429 from"),
    ),
    Fault(
        name="429 with `Retry-After` as a date",
        reply=same(error(429, headers={"Retry-After": formatdate(NOW + 9, usegmt=True)})),
        waits=9,
        ends=retried(RateLimitError, "429 from"),
    ),
    Fault(
        name="429 with `retry-after-ms: 1500`",
        reply=same(error(429, headers={"retry-after-ms": "1500", "Retry-After": "2"})),
        waits=1.5,
        ends=retried(RateLimitError, "429 from"),
    ),
    Fault(
        name="429 with `Retry-After: 3600`",
        reply=same(error(429, headers={"Retry-After": "3600"})),
        ends=fails(RateLimitError, "asks to wait 3600 s"),
    ),
    Fault(
        name="429 with the code `insufficient_quota`",
        reply=same(error(429, code="insufficient_quota")),
        ends=fails(QuotaError, "billing"),
    ),
    Fault(name="500", reply=same(error(500)), ends=retried(ModelServerError, "500 from")),
    Fault(
        name="501",
        reply=same(error(501, "no embeddings here")),
        ends=fails(UnsupportedByModelError, "no embeddings here"),
    ),
    Fault(
        name="502 with a page of HTML",
        reply=same(Reply(status=502, body=PAGE, content_type="text/html")),
        ends=retried(ModelServerError, "Sign in"),
    ),
    Fault(
        name="503 with `Retry-After: 3`",
        reply=same(error(503, headers={"Retry-After": "3"})),
        waits=3,
        ends=retried(ModelServerError, "503 from"),
    ),
    Fault(name="529", reply=same(error(529)), ends=retried(ModelServerError, "529 from")),
    Fault(
        name="401: the key is wrong, expired or revoked",
        reply=same(error(401, "expired")),
        ends=fails(AuthenticationError, "Check api_key of the connection 'stub'"),
    ),
    Fault(
        name="403",
        reply=same(error(403)),
        ends=fails(AuthenticationError, "Check api_key of the connection 'stub'"),
    ),
    Fault(
        name="404: the model or deployment is not there",
        reply=same(error(404, code="DeploymentNotFound")),
        ends=fails(ModelNotFoundError, "'stub' is a model or deployment"),
    ),
    Fault(
        name="404: the address is wrong",
        reply=same(Reply(status=404, body=PAGE, content_type="text/html")),
        ends=fails(ModelNotFoundError, "There is no API for models at /v1/"),
    ),
    Fault(
        name="400: the request is longer than the context",
        reply=same(error(400, code="context_length_exceeded")),
        ends=fails(ContextLengthError, "Send less text"),
    ),
    Fault(
        name="400: the prompt is filtered, as Azure says it",
        reply=same(azure_filter()),
        ends=fails(ContentFilterError, "Rephrase"),
    ),
    Fault(name="400", reply=same(error(400)), ends=fails(BadRequestError, "400 from")),
    Fault(
        name="a redirect",
        reply=same(Reply(status=302, headers={"Location": "https://elsewhere.example"})),
        ends=fails(ModelResponseError, "redirects to https://elsewhere.example"),
    ),
    Fault(
        name="an error object with the status 200",
        reply=error_inside,
        operations=WHOLE,
        whole=retried(ModelServerError, "overloaded"),
    ),
    Fault(
        name="an error event before the first piece",
        reply=error_inside,
        operations=STREAMED,
        streamed=retried(ModelServerError, "overloaded"),
    ),
    Fault(
        name="an error event after the first piece",
        reply=same(events(delta(content="Hel"), {"error": {"message": "overloaded"}})),
        operations=("chat_stream",),
        streamed=fails(ModelServerError, "overloaded"),
    ),
]

LINES = [
    Fault(
        name="nobody listens at the address",
        base_url=lambda _: "http://127.0.0.1:1/v1",
        ends=retried(ModelUnreachableError, "cannot be reached"),
    ),
    Fault(
        name="the host's name has no address",
        # Longer than a name may be: no name server is asked.
        base_url=lambda _: f"http://{'a.' * 130}a/v1",
        ends=fails(ModelUnreachableError, "cannot be resolved"),
    ),
    Fault(
        name="https to a server that has none",
        base_url=lambda port: f"https://127.0.0.1:{port}/v1",
        ends=fails(ModelUnreachableError, "No trusted encrypted connection"),
    ),
    Fault(
        name="no answer begins within `timeouts.first_token`",
        reply=same(Reply(raw=b"", then="hang")),
        timeouts=HASTE,
        ends=retried(ModelTimeoutError, "timeouts.first_token"),
    ),
    Fault(
        name="the answer stops for longer than `timeouts.idle`",
        reply=same(Reply(pieces=[], content_type="text/event-stream", then="hang")),
        timeouts=HASTE,
        operations=WHOLE,
        whole=fails(ModelTimeoutError, "timeouts.idle"),
    ),
    Fault(
        name="the head of the answer comes, its first piece does not",
        timeouts=HASTE,
        reply=same(Reply(pieces=[], content_type="text/event-stream", then="hang")),
        operations=STREAMED,
        streamed=retried(ModelTimeoutError, "timeouts.first_token"),
    ),
    Fault(
        name="the stream stops after its first piece",
        timeouts=HASTE,
        reply=same(events(delta(content="Hel"), done=False, then="hang")),
        operations=("chat_stream",),
        streamed=fails(ModelTimeoutError, "timeouts.idle"),
    ),
    Fault(
        name="the line is closed before the answer",
        reply=same(Reply(raw=b"", then="cut")),
        ends=retried(ModelUnreachableError, "broke"),
    ),
    Fault(
        name="the line is reset while the request is sent",
        reply=same(Reply(raw=b"", then="reset", at_once=True)),
        ends=retried(ModelUnreachableError, "broke"),
    ),
    Fault(
        name="the line is cut in the middle of the answer, or of its first event",
        reply=truncated,
        ends=retried(ModelUnreachableError, "broke"),
    ),
    Fault(
        name="the line is cut after the stream's first piece",
        reply=same(events(delta(content="Hel"), done=False, then="cut")),
        operations=("chat_stream",),
        streamed=fails(ModelUnreachableError, "broke"),
    ),
    Fault(
        name="the stream ends in good form after its first piece, without a finish reason or "
        "`[DONE]`",
        reply=same(events(delta(content="Hel"), done=False)),
        operations=("chat_stream",),
        streamed=fails(ModelUnreachableError, "without a finish reason"),
    ),
    Fault(
        name="something that is not HTTP",
        reply=same(Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n\r\n", then="cut")),
        ends=retried(ModelUnreachableError, "broke"),
    ),
]

BODIES = [
    Fault(
        name="JSON or an event that stops in the middle, in an answer of good form",
        reply=cut_without_end,
        whole=fails(ModelResponseError, "no JSON object"),
        streamed=retried(ModelUnreachableError, "broke off"),
    ),
    Fault(
        name="an event that is not JSON",
        reply=same(events(b"data: {oops\n\n")),
        operations=STREAMED,
        streamed=fails(ModelResponseError, "not JSON: {oops"),
    ),
    Fault(
        name="HTML with the status 200",
        reply=same(Reply(body=PAGE, content_type="text/html")),
        ends=fails(ModelResponseError, "text/html that is no"),
    ),
    Fault(
        name="no body",
        reply=lambda operation: events(done=False) if operation in STREAMED else Reply(),
        whole=fails(ModelResponseError, "nothing"),
        streamed=retried(ModelUnreachableError, "broke off"),
    ),
    Fault(
        name="`{}`",
        reply=lambda operation: events({}) if operation in STREAMED else Reply(body=b"{}"),
        whole=fails(ModelResponseError, "Check that"),
        streamed=fails(EmptyAnswerError, "empty"),
    ),
    Fault(
        name="nothing but `[DONE]`",
        reply=same(events()),
        operations=STREAMED,
        streamed=fails(EmptyAnswerError, "empty"),
    ),
    Fault(
        name="no choices in the list of choices",
        reply=lambda op: events({"choices": []}) if op in STREAMED else chat("", choices=[]),
        operations=("chat", "complete", *STREAMED),
        whole=fails(ModelResponseError, "no choices, only: id, model, object, usage"),
        streamed=fails(EmptyAnswerError, "empty"),
    ),
    Fault(
        name="choices of another type",
        reply=lambda op: events({"choices": 5}) if op in STREAMED else chat("", choices=5),
        operations=("chat", "complete", *STREAMED),
        whole=fails(ModelResponseError, "no choices"),
        streamed=fails(EmptyAnswerError, "empty"),
    ),
    Fault(
        name="fewer vectors than texts",
        reply=same(Reply(body=b'{"data": []}')),
        operations=("embed",),
        whole=fails(ModelResponseError, "0 vectors for 1 texts"),
    ),
]

ANSWERS = [
    Fault(
        name="the content is null, without a call of a tool",
        reply=saying(NOTHING),
        operations=CHATS,
        ends=fails(EmptyAnswerError, "finish_reason stop"),
    ),
    Fault(
        name="the content is empty or blank",
        reply=saying({"role": "assistant", "content": " \n"}),
        operations=CHATS,
        ends=fails(EmptyAnswerError, "finish_reason stop"),
    ),
    Fault(
        name="there is no message",
        reply=saying(None, reason=None),
        operations=CHATS,
        ends=fails(EmptyAnswerError, "finish_reason missing"),
    ),
    Fault(
        name="only reasoning, and the limit of tokens is reached",
        reply=saying({"content": "", "reasoning_content": "Hm."}, reason="length"),
        operations=CHATS,
        ends=fails(EmptyAnswerError, "Raise max_tokens"),
    ),
    Fault(
        name="`tool_calls` as the finish reason, without a call",
        reply=saying({"content": None, "tool_calls": []}, reason="tool_calls"),
        operations=CHATS,
        ends=fails(EmptyAnswerError, "finish_reason tool_calls"),
    ),
    Fault(
        name="`content_filter` as the finish reason, without text",
        reply=saying(NOTHING, reason="content_filter"),
        operations=CHATS,
        ends=fails(ContentFilterError, "kept the whole answer back"),
    ),
    Fault(
        name="`content_filter` as the finish reason, after a part of the text",
        reply=saying({"content": "Hello."}, reason="content_filter"),
        operations=CHATS,
        ends=ANSWERED,
    ),
    Fault(
        name="`error` as the finish reason",
        reply=saying({"content": "Hel"}, reason="error"),
        operations=CHATS,
        ends=fails(ModelServerError, "in the middle"),
    ),
    Fault(
        name="`length` as the finish reason, with text",
        reply=saying({"content": "Hello."}, reason="length"),
        operations=CHATS,
        ends=ANSWERED,
    ),
    Fault(
        name="only a refusal",
        reply=saying({"content": None, "refusal": "I cannot."}),
        operations=CHATS,
        ends=fails(ContentFilterError, "refused to answer: I cannot."),
    ),
    Fault(
        name="calls of tools with the same id",
        reply=saying({"content": None, "tool_calls": [{"index": 0, **CALL}, {"index": 1, **CALL}]}),
        operations=CHATS,
        ends=ANSWERED,
    ),
    Fault(
        name="a call of a tool whose arguments are not JSON",
        reply=saying(
            {"content": None, "tool_calls": [{**CALL, "function": {"name": "f", "arguments": "{"}}]}
        ),
        operations=CHATS,
        ends=ANSWERED,
    ),
]

SECTIONS: dict[str, list[Fault]] = {
    "It refuses": REFUSALS,
    "The line fails": LINES,
    "The answer cannot be read": BODIES,
    "The answer is none": ANSWERS,
    "The count of tokens is odd": USAGE,
    "The answer is unusual": FORMS,
}
FAULTS = [fault for faults in SECTIONS.values() for fault in faults]
