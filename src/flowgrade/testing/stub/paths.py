"""Which endpoint a path means: OpenAI's forms, Azure's and Anthropic's."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from flowgrade.records import Record


class Endpoint(StrEnum):
    """What a client can ask for."""

    CHAT = "chat/completions"
    COMPLETION = "completions"
    EMBEDDING = "embeddings"
    MESSAGES = "messages"
    """Chat in Anthropic's protocol."""
    MODELS = "models"


class Route(Record):
    """An endpoint and what the path says about the model."""

    endpoint: Endpoint
    model: str | None = None
    """The model or, in Azure's form, the deployment that the path names."""
    azure: bool = False
    """Azure's form with the version in the query (not its newer ``/openai/v1``)."""


@lru_cache(maxsize=512)
def find_route(path: str) -> Route | None:
    """The route of a decoded path; None when there is none."""
    if found := _DEPLOYMENT.fullmatch(path):
        return Route(endpoint=Endpoint(found[2]), model=found[1], azure=True)
    if found := _PLAIN.fullmatch(path):
        return Route(endpoint=Endpoint(found[2]), azure=found[1] == "/openai")
    if found := _MODELS.fullmatch(path):
        return Route(endpoint=Endpoint.MODELS, model=found[2], azure=found[1] == "/openai")
    if path in _MESSAGES:
        return Route(endpoint=Endpoint.MESSAGES)
    return None


_CALLS = "(chat/completions|completions|embeddings)"
_PREFIX = "(/openai/v1|/openai|/v1|)"
_DEPLOYMENT = re.compile(rf"/openai/deployments/([^/]+)/{_CALLS}")
_PLAIN = re.compile(rf"{_PREFIX}/{_CALLS}")
_MESSAGES = frozenset({"/v1/messages", "/messages", "/anthropic/v1/messages"})
_MODELS = re.compile(rf"{_PREFIX}/models(?:/(.+))?")
