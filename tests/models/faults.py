"""What a line of the fault table is made of."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from flowgrade.errors import ModelError
from tests.models.server import Reply, chat, error, stream

NOW = 1_700_000_000.0  # what the clock of the tests says
WHOLE = ("chat", "complete", "embed")
STREAMED = ("chat_stream", "complete_stream")
HASTE = {"first_token": 0.2, "idle": 0.2}


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a call ends."""

    error: type[ModelError] | None = None
    """None: with an answer."""
    says: str = ""
    """What the message has to hold."""
    retried: bool = False

    def __str__(self) -> str:
        """The cell in the documentation."""
        if self.error is None:
            return "answered"
        return f"tried again, then `{self.error.__name__}`" if self.retried else self._at_once()

    def _at_once(self) -> str:
        assert self.error is not None
        return f"`{self.error.__name__}`"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong."""

    name: str
    """As the documentation says it."""
    ends: Ending | None = None
    """How a call ends, if whole answers and streams end alike."""
    whole: Ending | None = None
    streamed: Ending | None = None
    reply: Callable[[str], Reply] | None = None
    """What the server does with a call of an operation."""
    base_url: Callable[[int], str] | None = None
    """Another address than that of the server, by the server's port."""
    operations: tuple[str, ...] = (*WHOLE, *STREAMED)
    waits: float | None = None
    """Seconds that the endpoint asks to wait, which the call does."""
    usage: tuple[int | None, int | None] | None = None
    """Tokens of an answer that comes all the same."""
    timeouts: Mapping[str, float] = field(default_factory=dict)

    def ending(self, operation: str) -> Ending | None:
        return self.ends or (self.streamed if operation in STREAMED else self.whole)


def cells(fault: Fault) -> tuple[str, str]:
    """How whole answers and streams end, in the words of the documentation."""
    whole, streamed = (
        fault.ending(group[0]) if set(group) & set(fault.operations) else None
        for group in (WHOLE, STREAMED)
    )
    return str(whole or ""), str(streamed or "")


def good(operation: str, **more: Any) -> Reply:
    """What a faultless endpoint answers; ``more`` are fields beside its choices."""
    if operation == "chat":
        return chat("Hello.", **more)
    if operation == "chat_stream":
        return stream("Hel", "lo.")
    usage = {"prompt_tokens": 11, "completion_tokens": 3, **more.pop("usage", {})}
    if operation == "embed":
        data = [{"index": 0, "embedding": [0.6, 0.8]}]
        return Reply(body=orjson.dumps({"data": data, "usage": usage, **more}))
    choice = {"index": 0, "text": "Hello.", "finish_reason": "stop"}
    raw = {"choices": [choice], "usage": usage, **more}
    return Reply(body=orjson.dumps(raw)) if operation == "complete" else events(raw)


def events(*raws: Any, done: bool = True, then: str = "end") -> Reply:
    """A stream of these events, JSON or bytes."""
    pieces = [
        raw if isinstance(raw, bytes) else b"data: %b\n\n" % orjson.dumps(raw) for raw in raws
    ]
    pieces += [b"data: [DONE]\n\n"] if done else []
    return Reply(pieces=pieces, content_type="text/event-stream", then=then)


def delta(reason: str | None = None, **fields: Any) -> dict[str, Any]:
    """One event of a streamed chat."""
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": reason}]}


def same(reply: Reply) -> Callable[[str], Reply]:
    return lambda _: reply


def saying(message: Any, reason: str | None = "stop", **more: Any) -> Callable[[str], Reply]:
    """A chat whose message, whole or as one piece of a stream, is ``message``."""
    whole = {"choices": [{"index": 0, "message": message, "finish_reason": reason}], **more}

    def reply(operation: str) -> Reply:
        if operation == "chat":
            return Reply(body=orjson.dumps(whole))
        return events(delta(**(message or {})), delta(reason))

    return reply


def with_usage(usage: Any) -> Callable[[str], Reply]:
    def reply(operation: str) -> Reply:
        if operation == "chat":
            return chat("Hello.", usage=usage)
        return events(delta(content="Hello."), {**delta("stop"), "usage": usage})

    return reply


def truncated(operation: str) -> Reply:
    """A line that is closed in the middle of a letter of two bytes."""
    if operation in STREAMED:
        piece = b'data: {"choices": [{"index": 0, "delta": {"content": "caf\xc3'
        return events(piece, done=False, then="cut")
    return Reply(pieces=[b'{"choices": [{"message": {"content": "caf\xc3'], then="cut")


def cut_without_end(operation: str) -> Reply:
    """A proxy that ends the answer in good form though the server behind it has died."""
    if operation in STREAMED:
        return events(b'data: {"choices": [{"index": 0, "delta": {"conte', done=False)
    return Reply(body=b'{"choices": [{"message": {"content": "caf')


def packed(operation: str) -> Reply:
    reply = good(operation)
    headers = {"Content-Encoding": "gzip"}
    if reply.pieces is None:
        return Reply(body=gzip.compress(reply.body), headers=headers)
    data = gzip.compress(b"".join(reply.pieces))
    pieces = [data[at : at + 7] for at in range(0, len(data), 7)]
    return Reply(pieces=pieces, headers=headers, content_type=reply.content_type)


def in_pieces(operation: str) -> Reply:
    reply = good(operation)
    data = reply.body if reply.pieces is None else b"".join(reply.pieces)
    return Reply(
        pieces=[data[i : i + 1] for i in range(len(data))], content_type=reply.content_type
    )


def error_inside(operation: str) -> Reply:
    raw = {"error": {"message": "overloaded", "type": "server_error"}}
    return events(raw, done=False) if operation in STREAMED else Reply(body=orjson.dumps(raw))


def azure_filter() -> Reply:
    inner = {"code": "ResponsibleAIPolicyViolation"}
    return error(400, "filtered", code="content_filter", innererror=inner)


PAGE = b"<html><head><title>Sign in</title></head><body>Welcome</body></html>"
NOTHING = {"role": "assistant", "content": None}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CHATS = ("chat", "chat_stream")


def retried(kind: type[ModelError], says: str) -> Ending:
    return Ending(error=kind, says=says, retried=True)


def fails(kind: type[ModelError], says: str) -> Ending:
    return Ending(error=kind, says=says)


ANSWERED = Ending()
