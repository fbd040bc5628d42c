"""Every other provider, by litellm: Bedrock, Vertex AI, Gemini, Mistral, Cohere and many more."""

from __future__ import annotations

from flowgrade.errors import InputError, MissingKeyError
from flowgrade.models.connection import AuthMode, Connection
from flowgrade.models.litellm.loading import check_installed
from flowgrade.models.litellm.model import LiteLLMModel
from flowgrade.models.model import Model
from flowgrade.models.transport import Transport

_KIND = "litellm"
_NEED_KEYS = frozenset({"cohere", "gemini", "mistral"})


class LiteLLMProvider:
    """Opens models of one provider that litellm knows.

    The kind of the connection is the provider's name in litellm; with the kind ``litellm`` the
    model's own name begins with it, as in ``litellm/groq/llama-3.3-70b-versatile``. ``configs``
    and ``secrets`` of the connection go into every call, such as ``aws_region_name``.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def open(self, model: str, connection: Connection, transport: Transport) -> Model:
        """Open ``model``; raises MissingExtraError, MissingKeyError and InputError."""
        check_installed(connection.kind)
        if connection.auth_mode is not AuthMode.KEY:
            raise InputError(
                f"The connection '{connection.name}' has auth_mode: {connection.auth_mode}, which "
                f"the kind '{connection.kind}' does not have.",
                hint="Use the kind azure_openai, openai or anthropic for endpoints of Azure.",
            )
        if connection.kind in _NEED_KEYS and not connection.api_key and not connection.base_url:
            raise MissingKeyError(
                f"The connection '{connection.name}' has no API key.",
                hint=f"Set {connection.key_place}.",
            )
        if connection.kind == _KIND and "/" not in model:
            raise InputError(
                f"'{connection.name}/{model}' does not say which provider is meant.",
                hint=f"Write {connection.name}/<provider>/{model}, such as "
                f"{connection.name}/groq/{model}.",
            )
        route = model if connection.kind == _KIND else f"{connection.kind}/{model}"
        return LiteLLMModel(model, route=route, connection=connection, transport=transport)


PROVIDER = LiteLLMProvider("litellm")
BEDROCK = LiteLLMProvider("aws.bedrock")
COHERE = LiteLLMProvider("cohere")
GEMINI = LiteLLMProvider("gcp.gemini")
MISTRAL = LiteLLMProvider("mistral_ai")
VERTEX_AI = LiteLLMProvider("gcp.vertex_ai")
