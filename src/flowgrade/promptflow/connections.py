"""Prompt flow's connection objects, as its tools and flows' code expect them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, get_type_hints

from flowgrade.errors import InputError
from flowgrade.models import Connection
from flowgrade.promptflow.contracts import Secret

_SCRUBBED = "******"


class PromptFlowConnection(Mapping[str, Any]):
    """A connection whose values are attributes and, as in a mapping, items.

    ``configs`` are shown, ``secrets`` are not. Made by name when a node or a class flow has a
    parameter of its type.
    """

    TYPE: ClassVar[str] = ""
    DEFAULTS: ClassVar[Mapping[str, Any]] = {}
    SECRETS: ClassVar[tuple[str, ...]] = ("api_key",)

    def __init__(self, *positional: Any, name: str | None = None, **values: Any) -> None:
        self.name = name
        self.module = "promptflow.connections"
        self.type = self.TYPE
        given = {**dict(zip(self._order(), positional, strict=False)), **values}
        secrets = {key: given.pop(key) for key in self.SECRETS if given.get(key) is not None}
        self.configs: dict[str, Any] = {**self.DEFAULTS, **given}
        self.secrets: dict[str, str] = {k: Secret(str(v)) for k, v in secrets.items()}

    @classmethod
    def of(cls, connection: Connection) -> PromptFlowConnection:
        """The object for one of the project's connections."""
        made = cls.__new__(cls)
        PromptFlowConnection.__init__(made, name=connection.name)
        for key, value in _configs(connection).items():
            made.configs[key] = value
        for key, secret in connection.secrets.items():
            made.secrets[key] = Secret(secret.reveal())
        if connection.api_key is not None:
            made.secrets.setdefault("api_key", Secret(connection.api_key.reveal()))
        return made

    @classmethod
    def _order(cls) -> tuple[str, ...]:
        return (*cls.SECRETS, *cls.DEFAULTS)

    def __getattr__(self, key: str) -> Any:
        if not key.startswith("__"):
            for values in (self.__dict__.get("configs", {}), self.__dict__.get("secrets", {})):
                if key in values:
                    return values[key]
            if key in self.SECRETS:
                return None
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{key}'")

    def __getitem__(self, key: str) -> Any:
        for values in (self.configs, self.secrets):
            if key in values:
                return values[key]
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        yield from {**self.configs, **self.secrets}

    def __len__(self) -> int:
        return len({**self.configs, **self.secrets})

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def __repr__(self) -> str:
        shown = {**self.configs, **dict.fromkeys(self.secrets, _SCRUBBED)}
        parts = ", ".join(f"{key}={value!r}" for key, value in shown.items())
        return f"{type(self).__name__}(name={self.name!r}, {parts})"

    def __flowgrade_json__(self) -> dict[str, Any]:
        """How a trace shows it: without secrets."""
        return {"connection": self.name, "type": type(self).__name__}

    def is_secret(self, key: str) -> bool:
        """Whether the value of ``key`` is a secret."""
        return key in self.secrets


class AzureOpenAIConnection(PromptFlowConnection):
    """Azure OpenAI: ``api_key``, ``api_base``, ``api_type``, ``api_version``."""

    TYPE = "AzureOpenAI"
    DEFAULTS = {
        "api_base": None,
        "api_type": "azure",
        "api_version": "2024-02-01",
        "auth_mode": "key",
        "resource_id": None,
    }

    @classmethod
    def _order(cls) -> tuple[str, ...]:
        return ("api_base", "api_key", "api_type", "api_version", "auth_mode")

    @classmethod
    def from_env(cls, name: str | None = None) -> AzureOpenAIConnection:
        """From AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY and OPENAI_API_VERSION."""
        version = os.environ.get("OPENAI_API_VERSION")
        return cls(
            name=name,
            api_base=_needed("AZURE_OPENAI_ENDPOINT"),
            api_key=_needed("AZURE_OPENAI_API_KEY"),
            **({"api_version": version} if version else {}),
        )


class OpenAIConnection(PromptFlowConnection):
    """OpenAI, or a server like it: ``api_key``, ``base_url``, ``organization``."""

    TYPE = "OpenAI"
    DEFAULTS = {"organization": None, "base_url": None}

    @classmethod
    def from_env(cls, name: str | None = None) -> OpenAIConnection:
        """From OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_ORG_ID."""
        return cls(
            name=name,
            api_key=_needed("OPENAI_API_KEY"),
            base_url=os.environ.get("OPENAI_BASE_URL"),
            organization=os.environ.get("OPENAI_ORG_ID"),
        )


class ServerlessConnection(PromptFlowConnection):
    """A serverless endpoint of Azure AI: ``api_key``, ``api_base``."""

    TYPE = "Serverless"
    DEFAULTS = {"api_base": None}


class CognitiveSearchConnection(PromptFlowConnection):
    """Azure AI Search."""

    TYPE = "CognitiveSearch"
    DEFAULTS = {"api_base": None, "api_version": "2023-11-01", "auth_mode": "key"}


class AzureAIServicesConnection(PromptFlowConnection):
    """Azure AI services."""

    TYPE = "AzureAIServices"
    DEFAULTS = {"endpoint": None, "auth_mode": "key"}


class AzureContentSafetyConnection(PromptFlowConnection):
    """Azure AI Content Safety."""

    TYPE = "AzureContentSafety"
    DEFAULTS = {"endpoint": None, "api_version": "2023-10-01", "api_type": "Content Safety"}


class FormRecognizerConnection(PromptFlowConnection):
    """Azure AI Document Intelligence."""

    TYPE = "FormRecognizer"
    DEFAULTS = {"endpoint": None, "api_version": "2023-07-31", "api_type": "Form Recognizer"}


class SerpConnection(PromptFlowConnection):
    """SerpAPI, a web search."""

    TYPE = "Serp"


class QdrantConnection(PromptFlowConnection):
    """Qdrant, a vector database."""

    TYPE = "Qdrant"
    DEFAULTS = {"api_base": None}


class WeaviateConnection(QdrantConnection):
    """Weaviate, a vector database."""

    TYPE = "Weaviate"


class CustomConnection(PromptFlowConnection):
    """Any ``configs`` and ``secrets``; each is an attribute too."""

    TYPE = "Custom"

    def __init__(
        self,
        secrets: Mapping[str, Any] | None = None,
        configs: Mapping[str, Any] | None = None,
        name: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(name=name)
        self.configs = {**(configs or {}), **more}
        self.secrets = {key: Secret(str(value)) for key, value in (secrets or {}).items()}

    def __setattr__(self, key: str, value: Any) -> None:
        if key in {"name", "module", "type", "configs", "secrets"}:
            object.__setattr__(self, key, value)
        elif key in self.secrets:
            self.secrets[key] = Secret(str(value))
        else:
            self.configs[key] = value


class CustomStrongTypeConnection(CustomConnection):
    """A custom connection whose subclass declares its keys by annotations."""

    @classmethod
    def of(cls, connection: Connection) -> PromptFlowConnection:
        """The object for one of the project's connections, with the class's defaults."""
        made = super().of(connection)
        for key in _declared(cls):
            if key not in made.configs and key not in made.secrets and hasattr(cls, key):
                made.configs[key] = getattr(cls, key)
        return made

    def __getattribute__(self, key: str) -> Any:
        # A declared key with a default is a class attribute, which would hide the value.
        if not key.startswith("_") and key not in {"configs", "secrets"}:
            own = object.__getattribute__(self, "__dict__")
            for values in (own.get("configs") or {}, own.get("secrets") or {}):
                if key in values:
                    return values[key]
        return object.__getattribute__(self, key)


BY_KIND: Mapping[str, type[PromptFlowConnection]] = {
    "azure_openai": AzureOpenAIConnection,
    "openai": OpenAIConnection,
    "serverless": ServerlessConnection,
    "cognitive_search": CognitiveSearchConnection,
    "azure_ai_services": AzureAIServicesConnection,
    "azure_content_safety": AzureContentSafetyConnection,
    "form_recognizer": FormRecognizerConnection,
    "serp": SerpConnection,
    "qdrant": QdrantConnection,
    "weaviate": WeaviateConnection,
    "custom": CustomConnection,
}
"""The class of each kind of connection."""


def connection_object(connection: Connection) -> PromptFlowConnection:
    """The object of the class that fits the connection's kind."""
    return BY_KIND.get(connection.kind, CustomConnection).of(connection)


def _configs(connection: Connection) -> dict[str, Any]:
    found = dict(connection.configs)
    if connection.base_url:
        own = "api_base" if connection.kind != "openai" else "base_url"
        found.setdefault(own, connection.base_url)
        if connection.kind == "openai":
            found["base_url"] = connection.base_url
    if connection.api_version:
        found.setdefault("api_version", connection.api_version)
    if connection.organization:
        found.setdefault("organization", connection.organization)
    return {key: value for key, value in found.items() if value is not None}


def _declared(kind: type) -> list[str]:
    try:
        hints = get_type_hints(kind)
    except (NameError, TypeError):
        hints = {}
    own = {name for base in CustomStrongTypeConnection.__mro__ for name in vars(base)}
    return [name for name in hints if name not in own]


def _needed(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise InputError(
            f"The environment variable {name} is not set.", hint="Set it, or name a connection."
        )
    return value
