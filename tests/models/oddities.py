"""Lines of the fault table about answers that are unusual and mostly good all the same."""

from __future__ import annotations

from flowgrade.errors import ModelUnreachableError
from tests.models.faults import (
    ANSWERED,
    CHATS,
    Fault,
    in_pieces,
    packed,
    retried,
    saying,
    with_usage,
)
from tests.models.server import Reply

USAGE = [
    Fault(
        name="usage has fields that nobody knows",
        reply=with_usage({"prompt_tokens": 5, "completion_tokens": 2, "dreams": {"deep": [1]}}),
        operations=CHATS,
        usage=(5, 2),
        ends=ANSWERED,
    ),
    Fault(name="usage is null", reply=with_usage(None), operations=CHATS, ends=ANSWERED),
    Fault(name="usage is a list", reply=with_usage([1]), operations=CHATS, ends=ANSWERED),
    Fault(
        name="usage counts in text, below zero or beyond reason",
        reply=with_usage({"prompt_tokens": "5", "completion_tokens": -2, "total_tokens": 1e300}),
        operations=CHATS,
        usage=(5, None),
        ends=ANSWERED,
    ),
    Fault(
        name="usage counts beyond reason",
        reply=with_usage({"prompt_tokens": 10**18, "completion_tokens": 2}),
        operations=CHATS,
        usage=(None, 2),
        ends=ANSWERED,
    ),
]

FORMS = [
    Fault(name="the body is packed with gzip", reply=packed, ends=ANSWERED),
    Fault(name="the body comes byte by byte", reply=in_pieces, ends=ANSWERED),
    Fault(
        name="the body says gzip and is not",
        reply=lambda op: Reply(
            body=b"{}", headers={"Content-Encoding": "gzip"}, content_type="application/json"
        ),
        ends=retried(ModelUnreachableError, "broke"),
    ),
    Fault(
        name="an answer of 5 MB",
        reply=saying({"content": "x" * 5_000_000}),
        operations=CHATS,
        ends=ANSWERED,
    ),
    Fault(
        name="fields that nobody knows",
        reply=saying({"content": "Hello.", "mood": {"good": True}}, weather="fine"),
        operations=CHATS,
        ends=ANSWERED,
    ),
]
