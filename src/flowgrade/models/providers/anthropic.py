"""Anthropic, and every endpoint that speaks its Messages protocol, such as Azure AI Foundry."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from flowgrade.errors import MissingKeyError
from flowgrade.models.anthropic.model import SAMPLING_VERSION, AnthropicModel
from flowgrade.models.caller import Caller
from flowgrade.models.connection import AuthMode, Connection
from flowgrade.models.model import Model
from flowgrade.models.opening import open_caller
from flowgrade.models.protocol import model_names
from flowgrade.models.transport import Transport

_BASE_URL = "https://api.anthropic.com"
_NEEDS_KEY = "api.anthropic.com"


class AnthropicProvider:
    """Opens models by ``base_url``; only Anthropic's own host needs a key.

    The address may end in ``/v1`` or not. ``api_version`` is the version of the protocol;
    without it, the newest that takes what the request asks for.
    """

    name = "anthropic"

    def open(self, model: str, connection: Connection, transport: Transport) -> Model:
        """Open ``model``.

        Raises MissingKeyError, InputError, and MissingExtraError where azure-identity is wanted.
        """
        caller = self._caller(model, connection, transport)
        return AnthropicModel(model, caller, connection.parameters)

    async def list_models(self, connection: Connection, transport: Transport) -> list[str]:
        """What the endpoint serves; raises as ``open`` does, and a ModelError."""
        caller = self._caller("", connection, transport)(SAMPLING_VERSION)
        return model_names(await caller.get("/v1/models"))

    def _caller(
        self, model: str, connection: Connection, transport: Transport
    ) -> Callable[[str], Caller]:
        base_url = connection.base_url or _BASE_URL
        headers = {}
        if connection.auth_mode is AuthMode.KEY:
            if connection.api_key:
                headers["x-api-key"] = connection.api_key.reveal()
            elif urlsplit(base_url).hostname == _NEEDS_KEY:
                raise MissingKeyError(
                    f"The connection '{connection.name}' has no API key.",
                    hint=f"Set {connection.key_place}.",
                )

        def caller(version: str) -> Caller:
            return open_caller(
                transport,
                connection,
                model=model,
                base_url=base_url.rstrip("/").removesuffix("/v1"),
                headers={**headers, "anthropic-version": connection.api_version or version},
            )

        return caller


PROVIDER = AnthropicProvider()
