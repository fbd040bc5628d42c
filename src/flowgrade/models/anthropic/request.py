"""Requests: OpenAI's chat request as a request of Anthropic's Messages protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flowgrade.errors import InputError, UnsupportedByModelError
from flowgrade.models.anthropic.conversation import to_turns
from flowgrade.models.anthropic.schema import to_schema
from flowgrade.models.anthropic.thinking import ANSWER_TOKENS, with_thinking
from flowgrade.models.anthropic.tools import to_choice, to_tool
from flowgrade.models.request import ChatRequest
from flowgrade.models.wire import with_parameters
from flowgrade.records import Json, JsonObject

SAMPLING = frozenset({"temperature", "top_p", "top_k"})
"""Parameters that the protocol took up to its version 2023-06-01."""

_LACKS = frozenset(
    [
        *("seed", "logprobs", "top_logprobs", "logit_bias", "n", "presence_penalty"),
        *("frequency_penalty", "functions", "function_call", "audio", "prediction"),
    ]
)
_JSON = "Answer with one JSON object and nothing else: no words around it, no Markdown."


def to_request(request: ChatRequest, *, model: str, defaults: Mapping[str, Json]) -> JsonObject:
    """The payload for ``request``; raises UnsupportedByModelError for what the protocol lacks.

    Parameters that the protocol has under another name are translated, all others are sent as
    they are.
    """
    given = with_parameters({}, defaults, request.parameters)
    given.pop("stream_options", None)
    _refuse(given)
    system, turns = to_turns(request.messages)
    payload: JsonObject = {"model": model, "messages": turns}
    effort = given.pop("reasoning_effort", None)
    wanted = given.pop("response_format", None)
    parallel = given.pop("parallel_tool_calls", None)
    for name, value in given.items():
        translate = _TRANSLATED.get(name)
        payload |= {name: value} if translate is None else translate(value)
    if parallel is False and "tools" in payload:
        choice = payload.get("tool_choice") or {"type": "auto"}
        payload["tool_choice"] = {**choice, "disable_parallel_tool_use": True}
    if wanted is not None:
        system += _format(payload, wanted)
    if system:
        payload["system"] = [*to_system(payload.get("system")), *system]
    if effort is not None:
        with_thinking(payload, effort, model=model)
    payload.setdefault("max_tokens", ANSWER_TOKENS)
    return payload


def to_system(value: Json) -> list[JsonObject]:
    """A ``system`` that the request itself gives, as blocks."""
    if isinstance(value, str):
        return [{"type": "text", "text": value}]
    return value if isinstance(value, list) else []


def _refuse(given: JsonObject) -> None:
    # A neutral value, such as n: 1 or logprobs: false, asks for nothing.
    for name in _LACKS & given.keys():
        value = given.pop(name)
        if value and not (name == "n" and value == 1):
            raise UnsupportedByModelError(
                f"Anthropic's models have no '{name}'.",
                hint=f"Leave '{name}' out, or use another model.",
            )


def _format(payload: JsonObject, wanted: Json) -> list[JsonObject]:
    """Write the form of the answer into ``payload``; gives what the system text is to add."""
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "text":
        return []
    if kind == "json_object":
        return [{"type": "text", "text": _JSON}]
    described = wanted.get("json_schema") if kind == "json_schema" else None
    schema = described.get("schema") if isinstance(described, dict) else None
    if not isinstance(schema, dict):
        raise InputError(
            "response_format is not one that can be asked for.",
            hint="Use {type: json_object}, or {type: json_schema, json_schema: {name, schema}}.",
        )
    known = payload.get("output_config") or {}
    wished = {"format": {"type": "json_schema", "schema": to_schema(schema)}}
    payload["output_config"] = {**wished, **known}
    return []


def _stop(value: Json) -> JsonObject:
    return {"stop_sequences": [value] if isinstance(value, str) else value}


def _tools(value: Json) -> JsonObject:
    return {"tools": [to_tool(tool) for tool in value]} if value else {}


_TRANSLATED: dict[str, Callable[[Json], JsonObject]] = {
    "max_completion_tokens": lambda value: {"max_tokens": value},
    "stop": _stop,
    "tools": _tools,
    "tool_choice": lambda value: {"tool_choice": to_choice(value)},
    "user": lambda value: {"metadata": {"user_id": value}},
}
