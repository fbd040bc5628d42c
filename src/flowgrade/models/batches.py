"""Which batches the calls of an endpoint can go into."""

from __future__ import annotations

from flowgrade.errors import UnsupportedByModelError
from flowgrade.models.anthropic.batches import AnthropicBatches
from flowgrade.models.batch import BatchAPI
from flowgrade.models.interception import Callee
from flowgrade.models.openai_batches import OpenAIBatches

_OPENAI = ("/chat/completions", "/completions", "/embeddings")
_ANTHROPIC = "/v1/messages"


def open_batches(endpoint: Callee, path: str) -> BatchAPI:
    """The batches of an endpoint whose calls go to ``path``; UnsupportedByModelError if none."""
    if path in _OPENAI:
        return OpenAIBatches(endpoint, path)
    if path == _ANTHROPIC:
        return AnthropicBatches(endpoint)
    raise UnsupportedByModelError(
        f"Calls of '{endpoint.model}' to {path} cannot be put into a batch.",
        hint="Batches are known of OpenAI, Azure OpenAI and Anthropic. Use another engine.",
    )
