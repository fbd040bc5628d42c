"""Models: chat, completion and embedding, at any endpoint that speaks OpenAI's protocol.

``Models`` opens a model by name; a call is retried, throttled, timed and recorded as a span.
Nothing is imported for HTTP until the first model that needs it is opened.
"""

from flowgrade.models.assembly import assemble_chat, assemble_completion
from flowgrade.models.clock import Clock
from flowgrade.models.connection import Connection, Timeouts
from flowgrade.models.connections import load_connections
from flowgrade.models.http_request import HttpReply, HttpRequest
from flowgrade.models.limited import LimitedModel
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
from flowgrade.models.scrub import hide
from flowgrade.models.transport import Transport
from flowgrade.models.usage import read_usage

__all__ = [
    "PROVIDERS",
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
    "HttpReply",
    "HttpRequest",
    "LimitedModel",
    "Model",
    "Models",
    "Provider",
    "RetryPolicy",
    "Timeouts",
    "Transport",
    "assemble_chat",
    "assemble_completion",
    "hide",
    "load_connections",
    "open_endpoint",
    "read_usage",
]
