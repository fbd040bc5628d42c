"""What a span says of a request and its answer, in OpenTelemetry's GenAI words.

Source: OpenTelemetry semantic conventions for generative AI, attributes ``gen_ai.*``; what has no
word there stands under ``flowgrade.``.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowgrade.models.response import ChatResponse
from flowgrade.records import Json, Usage

_REQUEST = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
    "n": "gen_ai.request.choice.count",
    "encoding_format": "gen_ai.request.encoding_formats",
    "dimensions": "gen_ai.embeddings.dimension.count",
    "reasoning_effort": "flowgrade.request.reasoning_effort",
}
_LISTS = frozenset({"gen_ai.request.encoding_formats"})


def add_request(attributes: dict[str, Json], parameters: Mapping[str, Json]) -> None:
    """Add what the request asks for, as far as the conventions have a word for it."""
    for name, value in parameters.items():
        if value is None:
            continue
        known = _REQUEST.get(name)
        if known is not None:
            attributes[known] = [value] if known in _LISTS else value
        elif name == "stop":
            attributes["gen_ai.request.stop_sequences"] = [value] if type(value) is str else value
        elif name == "response_format" and isinstance(value, dict):
            kind = value.get("type")
            attributes["gen_ai.output.type"] = "text" if kind == "text" else "json"


def add_usage(attributes: dict[str, Json], usage: Usage) -> None:
    """Add the counts of tokens that are known."""
    if usage.input_tokens is not None:
        attributes["gen_ai.usage.input_tokens"] = usage.input_tokens
    if usage.output_tokens is not None:
        attributes["gen_ai.usage.output_tokens"] = usage.output_tokens
    if usage.cached_tokens is not None:
        attributes["gen_ai.usage.cache_read.input_tokens"] = usage.cached_tokens
    if usage.reasoning_tokens is not None:
        attributes["gen_ai.usage.reasoning.output_tokens"] = usage.reasoning_tokens


def add_findings(attributes: dict[str, Json], response: ChatResponse) -> None:
    """Add what the endpoint says beside the answer: its filter's findings, its own stop reason."""
    found = response.content_filter
    if found is not None:
        attributes["flowgrade.response.content_filter"] = found
    reason = response.stop_reason
    if reason is not None and reason != response.finish_reason:
        attributes["flowgrade.response.stop_reason"] = reason
