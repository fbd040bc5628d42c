"""Microsoft Entra ID: tokens for Azure's endpoints, by azure-identity."""

from __future__ import annotations

import importlib.util
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from flowgrade.errors import AuthenticationError, InputError, MissingExtraError
from flowgrade.models.connection import Connection
from flowgrade.models.scrub import scrub
from flowgrade.models.tokens import Token
from flowgrade.settings import Secret

if TYPE_CHECKING:
    from azure.core.credentials import AccessTokenInfo

SCOPE = "https://cognitiveservices.azure.com/.default"
"""What Azure OpenAI and Azure AI Foundry want a token for."""


_ADVICE = re.compile(
    r"\s*(?:Visit|To mitigate this issue)[^.]*?https?://\S+(?: to troubleshoot[^.]*\.)?"
)


class Credential(Protocol):
    """The part of azure-identity's credentials that is used."""

    def get_token_info(self, *scopes: str) -> AccessTokenInfo:
        """A token for ``scopes``; may block."""
        ...


class EntraSource:
    """Tokens of a credential; a token that is to be new comes from a new credential.

    A credential keeps its tokens and would give back the one that was refused.
    """

    def __init__(
        self, connection: Connection, *, make: Callable[[], Credential] | None = None
    ) -> None:
        self._connection = connection
        self._scope = str(connection.configs.get("scope") or SCOPE)
        self._make = make or credential_maker(connection)
        self._credential: Credential | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        """Who signs in, and for what: models with the same identity share a token."""
        configs = self._connection.configs
        names = ("tenant_id", "client_id", "authority")
        return (self._connection.name, self._scope, *(str(configs.get(name)) for name in names))

    def fetch(self, *, anew: bool) -> Token:
        """A token; raises AuthenticationError."""
        if self._credential is None or anew:
            self._close()
            logger = logging.getLogger("azure.identity")
            if logger.level == logging.NOTSET:  # the error says it all, once
                logger.setLevel(logging.ERROR)
            self._credential = self._make()
        try:
            found = self._credential.get_token_info(self._scope)
        except Exception as error:
            raise self._failure(error) from error
        return Token(
            text=Secret(found.token),
            ends=float(found.expires_on),
            renew=float(found.refresh_on) if found.refresh_on else None,
        )

    def _close(self) -> None:
        close = getattr(self._credential, "close", None)
        if close is not None:
            with suppress(OSError):
                close()

    def _failure(self, error: Exception) -> AuthenticationError:
        secrets = [secret.reveal() for secret in self._connection.secrets.values()]
        cause = scrub(_ADVICE.sub("", " ".join(str(error).split()))[:500], secrets)
        return AuthenticationError(
            f"The connection '{self._connection.name}' cannot be signed in by Microsoft Entra ID: "
            f"{cause}",
            hint="Run 'az login', set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, "
            "or give the machine a managed identity with the role Cognitive Services User.",
        )


def credential_maker(connection: Connection) -> Callable[[], Credential]:
    """What makes the credential that the connection asks for.

    With ``tenant_id``, ``client_id`` and the secret ``client_secret`` it is that application's;
    otherwise whatever the surroundings offer: variables, a workload or managed identity, ``az
    login``. Raises MissingExtraError and InputError.
    """
    if importlib.util.find_spec("azure") is None or not importlib.util.find_spec("azure.identity"):
        raise MissingExtraError("azure", purpose="Signing in by Microsoft Entra ID")
    configs = {key: str(value) for key, value in connection.configs.items() if value}
    secret = connection.secrets.get("client_secret")
    tenant, client = configs.get("tenant_id"), configs.get("client_id")
    authority = {"authority": configs["authority"]} if "authority" in configs else {}
    if secret:
        if not tenant or not client:
            raise InputError(
                f"The connection '{connection.name}' has a client_secret without tenant_id and "
                "client_id.",
                hint="Set all three: the ids under configs, the secret under secrets.",
            )
        return lambda: _application(tenant, client, secret, authority)
    return lambda: _surroundings(client, authority)


def _application(tenant: str, client: str, secret: Secret, authority: dict[str, str]) -> Credential:
    from azure.identity import ClientSecretCredential  # noqa: PLC0415 an extra, and 300 ms

    return ClientSecretCredential(
        tenant, client, secret.reveal(), disable_instance_discovery=bool(authority), **authority
    )


def _surroundings(client: str | None, authority: dict[str, str]) -> Credential:
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 an extra, and 300 ms

    return DefaultAzureCredential(
        managed_identity_client_id=client, workload_identity_client_id=client, **authority
    )
