"""Models: chat, completion and embedding, at any endpoint that speaks OpenAI's protocol.

``Models`` opens a model by name; a call is retried, throttled, timed and recorded as a span.
Nothing is imported for HTTP until the first model that needs it is opened. What only batches of
calls need loads at its first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flowgrade.models.assembly import assemble_chat, assemble_completion
from flowgrade.models.clock import Clock
from flowgrade.models.connection import Connection, Timeouts
from flowgrade.models.connections import load_connections
from flowgrade.models.limited import LimitedModel
from flowgrade.models.limits import Limits
from flowgrade.models.model import Model
from flowgrade.models.models import Models
from flowgrade.models.opening import open_endpoint
from flowgrade.models.provider import PROVIDERS, Provider
from flowgrade.models.request import ChatRequest, CompletionRequest, EmbeddingRequest
from flowgrade.models.response import (
    ChatChunk,
    ChatResponse,
    CompletionChunk,
    CompletionResponse,
    EmbeddingResponse,
)
from flowgrade.models.retry import RetryPolicy
from flowgrade.models.transport import Transport
from flowgrade.models.usage import read_usage

if TYPE_CHECKING:
    from flowgrade.models.batches import Batch, BatchAPI, Outcome, open_batches
    from flowgrade.models.interception import Callee, intercepted

__all__ = [
    "PROVIDERS",
    "Batch",
    "BatchAPI",
    "Callee",
    "ChatChunk",
    "ChatRequest",
    "ChatResponse",
    "Clock",
    "CompletionChunk",
    "CompletionRequest",
    "CompletionResponse",
    "Connection",
    "EmbeddingRequest",
    "EmbeddingResponse",
    "LimitedModel",
    "Limits",
    "Model",
    "Models",
    "Outcome",
    "Provider",
    "RetryPolicy",
    "Timeouts",
    "Transport",
    "assemble_chat",
    "assemble_completion",
    "intercepted",
    "load_connections",
    "open_batches",
    "open_endpoint",
    "read_usage",
]

_LATE = {
    "Batch": "batches",
    "BatchAPI": "batches",
    "Callee": "interception",
    "Outcome": "batches",
    "intercepted": "interception",
    "open_batches": "batches",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"flowgrade.models.{_LATE[name]}"), name)
