"""OpenAI and every endpoint that speaks its protocol: vLLM, Ollama, llama.cpp, Azure AI Foundry."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from flowgrade.errors import MissingKeyError
from flowgrade.models.caller import Caller
from flowgrade.models.connection import AuthMode, Connection
from flowgrade.models.model import Model
from flowgrade.models.opening import open_caller
from flowgrade.models.protocol import OpenAIModel, model_names
from flowgrade.models.transport import Transport

_BASE_URL = "https://api.openai.com/v1"
_NEEDS_KEY = "api.openai.com"


class OpenAIProvider:
    """Opens models by ``base_url``; only OpenAI's own host needs a key."""

    name = "openai"

    def open(self, model: str, connection: Connection, transport: Transport) -> Model:
        """Open ``model``.

        Raises MissingKeyError, InputError, and MissingExtraError where azure-identity is wanted.
        """
        caller = self._caller(model, connection, transport)
        return OpenAIModel(model, caller, connection.parameters)

    async def list_models(self, connection: Connection, transport: Transport) -> list[str]:
        """What the endpoint serves; raises as ``open`` does, and a ModelError."""
        return model_names(await self._caller("", connection, transport).get("/models"))

    def _caller(self, model: str, connection: Connection, transport: Transport) -> Caller:
        base_url = connection.base_url or _BASE_URL
        host = urlsplit(base_url).hostname
        if host == _NEEDS_KEY and not connection.api_key:
            raise MissingKeyError(
                f"The connection '{connection.name}' has no API key.",
                hint=f"Set {connection.key_place}. Without a key, use a local server "
                "(ollama/<model>) or the built-in embedded/reader.",
            )
        headers = {}
        if connection.api_key and connection.auth_mode is AuthMode.KEY:
            headers["Authorization"] = f"Bearer {connection.api_key.reveal()}"
        if connection.organization:
            headers["OpenAI-Organization"] = connection.organization
        return open_caller(
            transport,
            connection,
            model=model,
            base_url=_versioned(base_url, connection.api_version),
            headers=headers,
        )


def _versioned(base_url: str, api_version: str | None) -> str:
    """Azure AI Foundry wants the version in the query."""
    parts = urlsplit(base_url)
    if not api_version or "api-version=" in parts.query:
        return base_url
    query = f"{parts.query}&" if parts.query else ""
    return urlunsplit(parts._replace(query=f"{query}api-version={api_version}"))


PROVIDER = OpenAIProvider()
