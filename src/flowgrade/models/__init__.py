"""Models: chat, completion and embedding, over OpenAI's protocol, Anthropic's, or litellm.

``Models`` opens a model by name; a call is retried, throttled, timed and recorded as a span.
``ask_json`` asks one for JSON under a schema.
Nothing is imported for HTTP until the first model that needs it is opened, and what only commands
need when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowgrade.plugins import later

if TYPE_CHECKING:
    from flowgrade.models.asking import Answer, ask, ask_to_embed
    from flowgrade.models.assembly import assemble_chat, assemble_completion
    from flowgrade.models.batch import Batch, BatchAPI, Outcome
    from flowgrade.models.batches import open_batches
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
    from flowgrade.models.compare import Comparison, Standing, compare_models
    from flowgrade.models.connection import AuthMode, Connection, Timeouts
    from flowgrade.models.connection_entries import read_connection_entries
    from flowgrade.models.connections import STORE, Connections, connections_file, load_connections
    from flowgrade.models.environment import LOCAL_SERVERS
    from flowgrade.models.http_request import HttpReply, HttpRequest
    from flowgrade.models.interception import Callee, intercepted
    from flowgrade.models.keeping import (
        check_connection_name,
        forget,
        keep_in_file,
        keep_in_keyring,
        keep_in_store,
        kept_entry,
    )
    from flowgrade.models.limited import LimitedModel
    from flowgrade.models.limits import ConnectionLimits
    from flowgrade.models.local import LocalServer, find_local
    from flowgrade.models.model import Model
    from flowgrade.models.models import Models
    from flowgrade.models.opening import open_caller, open_endpoint
    from flowgrade.models.origin import key_origin
    from flowgrade.models.prices import bill
    from flowgrade.models.probing import Probe, probe
    from flowgrade.models.promptflow_connection import promptflow_entry, promptflow_fields
    from flowgrade.models.provider import PROVIDERS, ModelLister, Provider
    from flowgrade.models.repository import StoredConnection, reseal_connections, stored_connections
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
    from flowgrade.models.sealing import new_key
    from flowgrade.models.sealing_keys import SealingKeys, add_key, find_keys, key_file
    from flowgrade.models.static_vectors import load_static
    from flowgrade.models.structured import JsonAnswer, ask_json, schema_of
    from flowgrade.models.system_keyring import keyring_state
    from flowgrade.models.tables import CONNECTIONS
    from flowgrade.models.transport import Transport
    from flowgrade.models.usage import read_usage

__all__ = [
    "Answer",
    "AuthMode",
    "Batch",
    "BatchAPI",
    "CAPABILITIES",
    "CONNECTIONS",
    "Callee",
    "Caller",
    "Catalog",
    "CatalogModel",
    "CatalogProvider",
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
    "Connections",
    "DEPLOYMENTS",
    "EmbeddingRequest",
    "EmbeddingResponse",
    "HttpReply",
    "HttpRequest",
    "JsonAnswer",
    "LOCAL_SERVERS",
    "LimitedModel",
    "LocalServer",
    "Model",
    "ModelLister",
    "Models",
    "Outcome",
    "PROVIDERS",
    "Price",
    "Probe",
    "Provider",
    "Rates",
    "RetryPolicy",
    "STORE",
    "SealingKeys",
    "Standing",
    "StoredConnection",
    "Timeouts",
    "Transport",
    "add_key",
    "ask",
    "ask_json",
    "ask_to_embed",
    "assemble_chat",
    "assemble_completion",
    "bill",
    "check_connection_name",
    "check_schema",
    "compare_models",
    "connections_file",
    "find_keys",
    "find_local",
    "forget",
    "hide",
    "intercepted",
    "keep_in_file",
    "keep_in_keyring",
    "keep_in_store",
    "kept_entry",
    "key_file",
    "key_origin",
    "keyring_state",
    "load_connections",
    "load_static",
    "needs",
    "new_key",
    "open_batches",
    "open_caller",
    "open_endpoint",
    "probe",
    "promptflow_entry",
    "promptflow_fields",
    "read_connection_entries",
    "read_usage",
    "reseal_connections",
    "schema_of",
    "stored_connections",
    "suggest",
]

__getattr__ = later(
    __name__,
    {
        "asking": "Answer ask ask_to_embed",
        "assembly": "assemble_chat assemble_completion",
        "batch": "Batch BatchAPI Outcome",
        "batches": "open_batches",
        "caller": "Caller",
        "capabilities": "needs suggest",
        "catalog.catalog": "Catalog",
        "catalog.entry": "CAPABILITIES CatalogModel CatalogProvider DEPLOYMENTS Price Rates",
        "clock": "Clock",
        "compare": "Comparison Standing compare_models",
        "connection": "AuthMode Connection Timeouts",
        "connection_entries": "read_connection_entries",
        "connections": "Connections STORE connections_file load_connections",
        "environment": "LOCAL_SERVERS",
        "http_request": "HttpReply HttpRequest",
        "interception": "Callee intercepted",
        "keeping": (
            "check_connection_name forget keep_in_file keep_in_keyring keep_in_store kept_entry"
        ),
        "limited": "LimitedModel",
        "limits": "ConnectionLimits",
        "local": "LocalServer find_local",
        "model": "Model",
        "models": "Models",
        "opening": "open_caller open_endpoint",
        "origin": "key_origin",
        "prices": "bill",
        "probing": "Probe probe",
        "promptflow_connection": "promptflow_entry promptflow_fields",
        "provider": "ModelLister PROVIDERS Provider",
        "repository": "StoredConnection reseal_connections stored_connections",
        "request": "ChatRequest CompletionRequest EmbeddingRequest",
        "response": "ChatChunk ChatResponse CompletionChunk CompletionResponse EmbeddingResponse",
        "retry": "RetryPolicy",
        "schema": "check_schema",
        "scrub": "hide",
        "sealing": "new_key",
        "sealing_keys": "SealingKeys add_key find_keys key_file",
        "static_vectors": "load_static",
        "structured": "JsonAnswer ask_json schema_of",
        "system_keyring": "keyring_state",
        "tables": "CONNECTIONS",
        "transport": "Transport",
        "usage": "read_usage",
    },
)
