"""What the stub model server says and does: the script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from flowgrade.records import Record, field
from flowgrade.testing.stub import script_error as checks
from flowgrade.testing.stub.delay import DELAY, Delay


class StubToolCall(Record):
    """A call of a function that the stub asks for."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    """The arguments; a text is sent as it stands, for instance JSON that is cut off."""

    def __post_init__(self) -> None:
        checks.check_fields(self, {"name": checks.TEXT, "arguments": _ARGUMENTS})


class StubReply(Record):
    """A rule: which calls it is for, and what they are answered with.

    A condition left out is met by every call. Without ``text``, ``tool_calls`` and ``status`` the
    default reply is given, with the rule's latency, usage and extra fields.
    """

    match: str | None = None
    """A regular expression, searched in the text of the last user message, prompt or input."""
    model: str | None = None
    """The model's name; ``*`` stands for any characters."""
    path: str | None = None
    """The request's path; ``*`` stands for any characters."""
    role: str | None = None
    """The role of the last message, such as ``tool``."""
    times: int | None = None
    """How many calls the rule answers before it stands aside; None: every one."""

    text: str | Sequence[str] | None = None
    """The reply, or replies given in turn and then from the start again."""
    tool_calls: Sequence[StubToolCall] = ()
    reasoning: str | None = None
    """What the model is to have thought: ``reasoning_content``, or Anthropic's thinking block."""
    finish_reason: str | None = None
    usage: Mapping[str, Any] | None = None
    """Fields that replace those of the counted usage."""
    status: int | None = None
    """An HTTP status from 400 on: the call is answered with an error."""
    error: str | Mapping[str, Any] | None = None
    """The error's message, or fields of its error object."""
    retry_after: float | None = None
    latency: Delay | None = None
    """Replaces the script's latency; an error without it is sent at once."""
    fault: Literal["hang", "drop", "truncate", "garbage", "empty"] | None = None
    """What goes wrong instead: the answer never comes, the connection is closed without one or
    half way through, it is not JSON, or it has no body."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Fields to add to the response object, and to every chunk of a stream."""
    extra_message: Mapping[str, Any] = field(default_factory=dict)
    """Fields to add to the chat message, and to the first delta of a stream."""
    extra_usage: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.check_fields(self, _REPLY_CHECKS)


class StubScript(Record, hide=("require_key",)):
    """Everything the stub does, with the defaults of a quick and faultless model.

    Raises StubScriptError for a field whose value cannot be used. Durations are in seconds,
    rates are shares of the calls. Draws are seeded: the same script and the same calls in the
    same order give the same answers.
    """

    seed: int = 0
    replies: Sequence[StubReply] = ()
    """Rules; the first that matches answers. Else the stub echoes the last message."""
    json_reply: Mapping[str, Any] = field(default_factory=dict)
    """Keys for replies in JSON; with a JSON schema only those that the schema names."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    extra_usage: Mapping[str, Any] = field(default_factory=dict)

    latency: Delay = 0.0
    """From the arrival of a call to its answer or the first chunk of its stream."""
    token_latency: Delay = 0.0
    """Between two chunks of a stream."""
    slow_first_token: Delay = 0.0
    """Added between the first chunk of a stream, which has the role only, and the second."""

    batch_latency: Delay = 0.0
    """From the order of a batch, which exists at once, to the answer that tells its id."""
    batch_window: float = 86_400.0
    """Seconds that a batch may take; its calls that take longer expire."""

    prompt_tokens: int | None = None
    """Fixed count; by default words and punctuation marks of the text are counted."""
    completion_tokens: int | None = None
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    dimensions: int = 64
    """Length of embeddings when the call does not say."""
    embedding: Sequence[float] | None = None
    """The one vector for every text; by default unit vectors from a hash of the text."""

    error_rate: float = 0.0
    error_status: int = 500
    """The status for ``error_rate`` and ``fail_first``."""
    retry_after: float | None = None
    """Seconds for the Retry-After header of those errors."""
    retry_after_form: Literal["seconds", "date"] = "seconds"
    fail_first: int = 0
    """How many calls with the same body fail before one succeeds."""
    drop_rate: float = 0.0
    """Calls whose connection is closed without an answer."""
    truncate_rate: float = 0.0
    """Calls whose answer breaks off half way."""
    garbage_rate: float = 0.0
    """Calls answered with status 200 and something that is not JSON."""
    stall_after: int | None = None
    """Chunks of a stream after which nothing more comes, while the connection stays open."""
    rate_limit: float | None = None
    """The most calls in any second; more are answered 429."""
    require_key: str | None = field(default=None)
    known_models: Sequence[str] | None = None
    content_filter_pattern: str | None = None
    """A regular expression; a call with a text where it is found is refused."""
    context_length: int | None = None
    """The most tokens of a prompt."""

    def __post_init__(self) -> None:
        checks.check_fields(self, _SCRIPT_CHECKS)
        if self.error_rate + self.drop_rate + self.truncate_rate + self.garbage_rate > 1:
            raise checks.StubScriptError(
                "error_rate",
                "and drop_rate, truncate_rate and garbage_rate must not exceed 1 in all",
            )


_ARGUMENTS = checks.Check(
    lambda value: isinstance(value, str) or checks.is_mapping(value), "a mapping or a text"
)
_REPLY_TEXT = checks.Check(
    lambda value: isinstance(value, str) or (checks.is_texts(value) and bool(value)),
    "a text or a list of texts",
)
_TOOL_CALLS = checks.Check(
    lambda value: (
        isinstance(value, list | tuple) and all(isinstance(item, StubToolCall) for item in value)
    ),
    "a list of tool calls",
)
_REPLIES = checks.Check(
    lambda value: (
        isinstance(value, list | tuple) and all(isinstance(item, StubReply) for item in value)
    ),
    "a list of replies",
)
_FORM = checks.Check(lambda value: value in ("seconds", "date"), "'seconds' or 'date'")
_FAULTS = ("hang", "drop", "truncate", "garbage", "empty")
_FAULT = checks.Check(lambda value: value in _FAULTS, f"one of {', '.join(_FAULTS)}")
_RATE = checks.Check(
    lambda value: isinstance(value, int | float) and checks.is_number(value) and value > 0,
    "a number above 0",
)

_REPLY_CHECKS = {
    "match": checks.PATTERN.or_none(),
    "model": checks.TEXT.or_none(),
    "path": checks.TEXT.or_none(),
    "role": checks.TEXT.or_none(),
    "times": checks.POSITIVE_COUNT.or_none(),
    "text": _REPLY_TEXT.or_none(),
    "tool_calls": _TOOL_CALLS,
    "reasoning": checks.TEXT.or_none(),
    "finish_reason": checks.TEXT.or_none(),
    "usage": checks.MAPPING.or_none(),
    "status": checks.FAULT_STATUS.or_none(),
    "error": _ARGUMENTS.or_none(),
    "retry_after": checks.SECONDS.or_none(),
    "latency": DELAY.or_none(),
    "fault": _FAULT.or_none(),
    "extra": checks.MAPPING,
    "extra_message": checks.MAPPING,
    "extra_usage": checks.MAPPING,
}
_SCRIPT_CHECKS = {
    "seed": checks.WHOLE,
    "replies": _REPLIES,
    "json_reply": checks.MAPPING,
    "extra": checks.MAPPING,
    "extra_usage": checks.MAPPING,
    "latency": DELAY,
    "token_latency": DELAY,
    "slow_first_token": DELAY,
    "batch_latency": DELAY,
    "batch_window": checks.SECONDS,
    "prompt_tokens": checks.COUNT.or_none(),
    "completion_tokens": checks.COUNT.or_none(),
    "cached_tokens": checks.COUNT,
    "reasoning_tokens": checks.COUNT,
    "dimensions": checks.POSITIVE_COUNT,
    "embedding": checks.VECTOR.or_none(),
    "error_rate": checks.SHARE,
    "error_status": checks.FAULT_STATUS,
    "retry_after": checks.SECONDS.or_none(),
    "retry_after_form": _FORM,
    "fail_first": checks.COUNT,
    "drop_rate": checks.SHARE,
    "truncate_rate": checks.SHARE,
    "garbage_rate": checks.SHARE,
    "stall_after": checks.COUNT.or_none(),
    "rate_limit": _RATE.or_none(),
    "require_key": checks.KEY.or_none(),
    "known_models": checks.TEXTS.or_none(),
    "content_filter_pattern": checks.PATTERN.or_none(),
    "context_length": checks.COUNT.or_none(),
}
