"""Models: chat, completion and embedding, over OpenAI's protocol, Anthropic's, or litellm.

``Models`` opens a model by name; a call is retried, throttled, timed and recorded as a span.
``ask_json`` asks one for JSON under a schema.
Nothing is imported for HTTP until the first model that needs it is opened.
"""

from flowgrade.models.assembly import assemble_chat, assemble_completion
from flowgrade.models.caller import Caller
from flowgrade.models.clock import Clock
from flowgrade.models.connection import AuthMode, Connection, Timeouts
from flowgrade.models.connections import load_connections
from flowgrade.models.limited import LimitedModel
from flowgrade.models.model import Model
from flowgrade.models.models import Models
from flowgrade.models.opening import open_caller, open_endpoint
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
from flowgrade.models.schema import check_schema
from flowgrade.models.structured import JsonAnswer, ask_json, schema_of
from flowgrade.models.transport import Transport
from flowgrade.models.usage import read_usage

__all__ = [
    "PROVIDERS",
    "AuthMode",
    "Caller",
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
    "JsonAnswer",
    "LimitedModel",
    "Model",
    "Models",
    "Provider",
    "RetryPolicy",
    "Timeouts",
    "Transport",
    "ask_json",
    "assemble_chat",
    "assemble_completion",
    "check_schema",
    "load_connections",
    "open_caller",
    "open_endpoint",
    "read_usage",
    "schema_of",
]
