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
        "Answer": "asking",
        "AuthMode": "connection",
        "Batch": "batch",
        "BatchAPI": "batch",
        "CAPABILITIES": "catalog.entry",
        "CONNECTIONS": "tables",
        "Callee": "interception",
        "Caller": "caller",
        "Catalog": "catalog.catalog",
        "CatalogModel": "catalog.entry",
        "CatalogProvider": "catalog.entry",
        "ChatChunk": "response",
        "ChatRequest": "request",
        "ChatResponse": "response",
        "Clock": "clock",
        "Comparison": "compare",
        "CompletionChunk": "response",
        "CompletionRequest": "request",
        "CompletionResponse": "response",
        "Connection": "connection",
        "ConnectionLimits": "limits",
        "Connections": "connections",
        "DEPLOYMENTS": "catalog.entry",
        "EmbeddingRequest": "request",
        "EmbeddingResponse": "response",
        "HttpReply": "http_request",
        "HttpRequest": "http_request",
        "JsonAnswer": "structured",
        "LOCAL_SERVERS": "environment",
        "LimitedModel": "limited",
        "LocalServer": "local",
        "Model": "model",
        "ModelLister": "provider",
        "Models": "models",
        "Outcome": "batch",
        "PROVIDERS": "provider",
        "Price": "catalog.entry",
        "Probe": "probing",
        "Provider": "provider",
        "Rates": "catalog.entry",
        "RetryPolicy": "retry",
        "STORE": "connections",
        "SealingKeys": "sealing_keys",
        "Standing": "compare",
        "StoredConnection": "repository",
        "Timeouts": "connection",
        "Transport": "transport",
        "add_key": "sealing_keys",
        "ask": "asking",
        "ask_json": "structured",
        "ask_to_embed": "asking",
        "assemble_chat": "assembly",
        "assemble_completion": "assembly",
        "bill": "prices",
        "check_connection_name": "keeping",
        "check_schema": "schema",
        "compare_models": "compare",
        "connections_file": "connections",
        "find_keys": "sealing_keys",
        "find_local": "local",
        "forget": "keeping",
        "hide": "scrub",
        "intercepted": "interception",
        "keep_in_file": "keeping",
        "keep_in_keyring": "keeping",
        "keep_in_store": "keeping",
        "kept_entry": "keeping",
        "key_file": "sealing_keys",
        "key_origin": "origin",
        "keyring_state": "system_keyring",
        "load_connections": "connections",
        "load_static": "static_vectors",
        "needs": "capabilities",
        "new_key": "sealing",
        "open_batches": "batches",
        "open_caller": "opening",
        "open_endpoint": "opening",
        "probe": "probing",
        "promptflow_entry": "promptflow_connection",
        "promptflow_fields": "promptflow_connection",
        "read_connection_entries": "connection_entries",
        "read_usage": "usage",
        "reseal_connections": "repository",
        "schema_of": "structured",
        "stored_connections": "repository",
        "suggest": "capabilities",
    },
)
