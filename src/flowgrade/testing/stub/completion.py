"""Replies in the form of the older text completions."""

from __future__ import annotations

from itertools import accumulate

from flowgrade.records import JsonObject, dumps
from flowgrade.testing.stub.call import whole_number
from flowgrade.testing.stub.events import event, wants_usage
from flowgrade.testing.stub.reply import Reply
from flowgrade.testing.stub.tokens import split_tokens, split_words


def completion_body(reply: Reply) -> bytes:
    """The reply as a ``text_completion`` object."""
    choices = [
        _choice(reply, index, answer.text or "", reason=answer.finish_reason)
        for index, answer in enumerate(reply.answers)
    ]
    whole = {**_head(reply), "choices": choices, "usage": reply.usage, **reply.extra}
    return dumps(whole).encode()


def completion_events(reply: Reply) -> list[bytes]:
    """The reply as server-sent events of ``text_completion`` objects, without the end."""
    head = _head(reply)
    rest: JsonObject = {**({"usage": None} if wants_usage(reply) else {}), **reply.extra}
    events = []
    for index, answer in enumerate(reply.answers):
        choices = [
            _choice(reply, index, piece, reason=None) for piece in split_words(answer.text or "")
        ]
        choices.append(_choice(reply, index, "", reason=answer.finish_reason))
        events += [event({**head, "choices": [choice], **rest}) for choice in choices]
    if wants_usage(reply):
        events.append(event({**head, "choices": [], **reply.extra, "usage": reply.usage}))
    return events


def _head(reply: Reply) -> JsonObject:
    return {
        "id": f"cmpl-stub{reply.number}",
        "object": "text_completion",
        "created": reply.created,
        "model": reply.call.model,
        "system_fingerprint": reply.fingerprint,
    }


def _choice(reply: Reply, index: int, text: str, *, reason: str | None) -> JsonObject:
    return {
        "index": index,
        "text": text,
        "logprobs": _logprobs(reply, text),
        "finish_reason": reason,
    }


def _logprobs(reply: Reply, text: str) -> JsonObject | None:
    others = whole_number(reply.call.body, "logprobs")
    if others is None:
        return None
    tokens = split_tokens(text)
    return {
        "tokens": tokens,
        "token_logprobs": [-0.125] * len(tokens),
        "top_logprobs": [{token: -0.125} for token in tokens] if others else None,
        "text_offset": [0, *accumulate(map(len, tokens))][: len(tokens)],
    }
