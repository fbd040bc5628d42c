"""Models: chat, completion and embedding, over OpenAI's protocol, Anthropic's, or litellm.

``Models`` opens a model by name; a call is retried, throttled, timed and recorded as a span.
``ask_json`` asks one for JSON under a schema.
Nothing is imported for HTTP until the first model that needs it is opened, and what only commands
need when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flowgrade.models.assembly import assemble_chat, assemble_completion
from flowgrade.models.caller import Caller
from flowgrade.models.capabilities import needs, suggest
from flowgrade.models.catalog.catalog import Catalog
from flowgrade.models.catalog.entry import (
    CAPABILITIES,
    DEPLOYMENTS,
    CatalogModel,
    CatalogProvider,
    Price,
    Rates,
)
from flowgrade.models.clock import Clock
from flowgrade.models.connection import AuthMode, Connection, Timeouts
from flowgrade.models.connections import load_connections
from flowgrade.models.environment import LOCAL_SERVERS
from flowgrade.models.http_request import HttpReply, HttpRequest
from flowgrade.models.limited import LimitedModel
from flowgrade.models.limits import ConnectionLimits
from flowgrade.models.model import Model
from flowgrade.models.models import Models
from flowgrade.models.opening import open_caller, open_endpoint
from flowgrade.models.prices import bill
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
from flowgrade.models.scrub import hide
from flowgrade.models.structured import JsonAnswer, ask_json, schema_of
from flowgrade.models.transport import Transport
from flowgrade.models.usage import read_usage

if TYPE_CHECKING:
    from flowgrade.models.asking import Answer, ask, ask_to_embed
    from flowgrade.models.batches import Batch, BatchAPI, Outcome, open_batches
    from flowgrade.models.compare import Comparison, Standing, compare_models
    from flowgrade.models.interception import Callee, intercepted
    from flowgrade.models.local import LocalServer, find_local

_LATER = {
    "Answer": "asking",
    "Batch": "batches",
    "BatchAPI": "batches",
    "Callee": "interception",
    "Comparison": "compare",
    "LocalServer": "local",
    "Outcome": "batches",
    "Standing": "compare",
    "ask": "asking",
    "ask_to_embed": "asking",
    "compare_models": "compare",
    "find_local": "local",
    "intercepted": "interception",
    "open_batches": "batches",
}

__all__ = [
    "CAPABILITIES",
    "DEPLOYMENTS",
    "LOCAL_SERVERS",
    "PROVIDERS",
    "Answer",
    "Batch",
    "BatchAPI",
    "Callee",
    "Catalog",
    "CatalogModel",
    "CatalogProvider",
    "PROVIDERS",
    "AuthMode",
    "Caller",
    "ChatChunk",
    "ChatRequest",
    "ChatResponse",
    "Clock",
    "Comparison",
    "CompletionChunk",
    "CompletionRequest",
    "CompletionResponse",
    "Connection",
    "ConnectionLimits",
    "EmbeddingRequest",
    "EmbeddingResponse",
    "HttpReply",
    "HttpRequest",
    "JsonAnswer",
    "LimitedModel",
    "LocalServer",
    "Model",
    "Models",
    "Outcome",
    "Price",
    "Provider",
    "Rates",
    "RetryPolicy",
    "Standing",
    "Timeouts",
    "Transport",
    "ask",
    "ask_to_embed",
    "assemble_chat",
    "assemble_completion",
    "bill",
    "compare_models",
    "find_local",
    "hide",
    "intercepted",
    "load_connections",
    "needs",
    "open_batches",
    "open_endpoint",
    "read_usage",
    "suggest",
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


def __getattr__(name: str) -> Any:
    home = _LATER.get(name)
    if home is None:
        raise AttributeError(f"module 'flowgrade.models' has no attribute '{name}'")
    return getattr(import_module(f"flowgrade.models.{home}"), name)
