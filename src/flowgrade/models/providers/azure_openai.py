"""Azure OpenAI, with a key or signed in: a model is the name of a deployment."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from flowgrade.errors import InputError, MissingKeyError
from flowgrade.models.caller import Caller
from flowgrade.models.connection import AuthMode, Connection
from flowgrade.models.model import Model
from flowgrade.models.opening import open_caller
from flowgrade.models.protocol import OpenAIModel, model_names
from flowgrade.models.transport import Transport

_API_VERSION = "2024-10-21"
_NEW_API = "/openai/v1"


class AzureOpenAIProvider:
    """Opens deployments of an Azure OpenAI resource.

    An address that ends in ``/openai/v1`` means Azure's newer interface, which takes the
    deployment from the request and needs no version.
    """

    name = "azure.ai.openai"

    def open(self, model: str, connection: Connection, transport: Transport) -> Model:
        """Open the deployment ``model``.

        Raises MissingKeyError, InputError, and MissingExtraError where azure-identity is wanted.
        """
        caller = self._caller(model, connection, transport)
        return OpenAIModel(model, caller, connection.parameters)

    async def list_models(self, connection: Connection, transport: Transport) -> list[str]:
        """The models of the resource, which its deployments are of; raises as ``open`` does."""
        return model_names(await self._caller("", connection, transport).get("/models"))

    def _caller(self, model: str, connection: Connection, transport: Transport) -> Caller:
        if not connection.base_url:
            raise InputError(
                f"The connection '{connection.name}' has no address.",
                hint=f"Set {connection.url_place} to https://<resource>.openai.azure.com.",
            )
        headers = {}
        if connection.auth_mode is AuthMode.KEY:
            if not connection.api_key:
                raise MissingKeyError(
                    f"The connection '{connection.name}' has no API key.",
                    hint=f"Set {connection.key_place}, or auth_mode: entra in connections.yaml.",
                )
            headers["api-key"] = connection.api_key.reveal()
        return open_caller(
            transport,
            connection,
            model=model,
            base_url=_address(connection.base_url, model, connection.api_version),
            headers=headers,
        )


def _address(base_url: str, deployment: str, api_version: str | None) -> str:
    parts = urlsplit(base_url)
    root = parts._replace(query="", fragment="").geturl().rstrip("/")
    if parts.path.rstrip("/").endswith(_NEW_API):
        return f"{root}?api-version={api_version}" if api_version else root
    root = root.removesuffix("/openai")
    version = api_version or _API_VERSION
    part = f"/deployments/{quote(deployment, safe='')}" if deployment else ""
    return f"{root}/openai{part}?api-version={version}"


PROVIDER = AzureOpenAIProvider()
