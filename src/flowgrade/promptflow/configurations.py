"""Model configurations: which deployment or model, and how to reach it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from flowgrade.errors import InputError
from flowgrade.promptflow.connections import AzureOpenAIConnection, OpenAIConnection


@dataclass
class ModelConfiguration:
    """What both kinds share."""


@dataclass
class AzureOpenAIModelConfiguration(ModelConfiguration):
    """A deployment of Azure OpenAI: by ``connection``, or by address and key."""

    azure_deployment: str
    azure_endpoint: str | None = None
    api_version: str | None = None
    api_key: str | None = None
    connection: str | None = None

    def __post_init__(self) -> None:
        self._type = "azure_openai"
        _only_one_way(self.connection, self.azure_endpoint, self.api_key)

    @classmethod
    def from_connection(
        cls, connection: AzureOpenAIConnection, azure_deployment: str
    ) -> AzureOpenAIModelConfiguration:
        """The configuration that a connection object gives."""
        return cls(
            azure_deployment=azure_deployment,
            azure_endpoint=connection.api_base,
            api_version=connection.api_version,
            api_key=connection.api_key,
        )

    def as_configuration(self) -> dict[str, Any]:
        """The ``model.configuration`` of a Prompty file."""
        return _without_none(
            {
                "type": "azure_openai",
                "azure_deployment": self.azure_deployment,
                "azure_endpoint": self.azure_endpoint,
                "api_version": self.api_version,
                "api_key": self.api_key,
                "connection": self.connection,
            }
        )


@dataclass
class OpenAIModelConfiguration(ModelConfiguration):
    """A model of OpenAI: by ``connection``, or by key and address."""

    model: str
    base_url: str | None = None
    api_key: str | None = None
    organization: str | None = None
    connection: str | None = None

    def __post_init__(self) -> None:
        self._type = "openai"
        _only_one_way(self.connection, self.base_url, self.api_key)

    @classmethod
    def from_connection(cls, connection: OpenAIConnection, model: str) -> OpenAIModelConfiguration:
        """The configuration that a connection object gives."""
        return cls(
            model=model,
            base_url=connection.base_url,
            api_key=connection.api_key,
            organization=connection.organization,
        )

    def as_configuration(self) -> dict[str, Any]:
        """The ``model.configuration`` of a Prompty file."""
        return _without_none(
            {
                "type": "openai",
                "model": self.model,
                "base_url": self.base_url,
                "api_key": self.api_key,
                "organization": self.organization,
                "connection": self.connection,
            }
        )


def model_configuration(kind: type, given: Any) -> Any:
    """The configuration of the type ``kind`` that an ``init`` value spells out."""
    if isinstance(given, ModelConfiguration):
        return given
    values = {key: os.path.expandvars(v) if isinstance(v, str) else v for key, v in given.items()}
    values.pop("type", None)
    try:
        return kind(**values)
    except TypeError as error:
        raise InputError(f"It is no {kind.__name__}: {error}.") from None


def _only_one_way(connection: str | None, *credentials: str | None) -> None:
    if connection and any(credentials):
        raise InputError(
            "A model configuration has a connection and credentials.",
            hint="Give one or the other.",
        )


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
