"""Server-sent events, the form of streamed replies."""

from __future__ import annotations

from flowgrade.records import JsonObject, dumps
from flowgrade.testing.stub.reply import Reply

STREAM_END = b"data: [DONE]\n\n"
"""The event that closes a whole stream."""


def event(chunk: JsonObject) -> bytes:
    """One chunk as an event."""
    return b"data: %b\n\n" % dumps(chunk).encode()


def wants_usage(reply: Reply) -> bool:
    """Whether the call asks for a last chunk with the usage."""
    options = reply.call.body.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True
