"""Connection: how to reach an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from flowgrade.models.limits import ConnectionLimits
from flowgrade.records import Json, Record, field
from flowgrade.settings import Secret, public_address, remember_address, remember_headers


class Timeouts(Record):
    """Seconds to wait in each phase of one attempt; None waits for ever."""

    connect: float | None = 10.0
    first_token: float | None = 120.0
    """From the request to the first byte of the answer."""
    idle: float | None = 60.0
    """Between two pieces of the answer."""
    total: float | None = 600.0
    """From the first moment to the last byte."""


class AuthMode(StrEnum):
    """How calls prove who makes them."""

    KEY = "key"
    ENTRA = "entra"
    """By tokens of Microsoft Entra ID; ``configs`` and ``secrets`` may say for whom."""


class Connection(Record, hide=("base_url", "headers")):
    """An endpoint and what it takes to call it.

    ``configs`` and ``secrets`` hold everything that the file said, also for connections that no
    model uses; Python code of a flow reads them there.
    """

    name: str
    kind: str = "openai"
    """The name of the provider, an entry point of ``flowgrade.providers``."""
    base_url: str | None = field(default=None)
    """Where the API's paths start; a password may stand in it."""
    api_key: Secret | None = None
    auth_mode: AuthMode = AuthMode.KEY
    api_version: str | None = None
    organization: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers of every call; they may hold secrets."""
    parameters: Mapping[str, Json] = field(default_factory=dict)
    """Defaults of the parameters of chats and completions."""
    timeouts: Timeouts = Timeouts()
    limits: ConnectionLimits | None = None
    """How much it may be used, by each model and key."""
    configs: Mapping[str, Json] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    key_setting: str | None = None
    """Where a person sets the key, for messages."""
    url_setting: str | None = None
    """Where a person sets the address, for messages."""
    unset: tuple[str, ...] = ()
    """Environment variables that the connection names and that have no value."""
    source: str = ""
    """Where it is from, in words: ``environment``, ``store``, or the path of a file."""

    def __post_init__(self) -> None:
        remember_headers(self.headers)
        if self.base_url:
            remember_address(self.base_url)

    def __flowgrade_json__(self) -> dict[str, str | None]:
        """How a trace shows it: without keys, headers and anything else that may be secret."""
        return {"connection": self.name, "kind": self.kind, "base_url": self.public_url}

    @property
    def public_url(self) -> str | None:
        """The address without anything secret in it."""
        return public_address(self.base_url) if self.base_url else None

    @property
    def key_place(self) -> str:
        """Where a person sets the key."""
        return self.key_setting or f"api_key of the connection '{self.name}'"

    @property
    def url_place(self) -> str:
        """Where a person sets the address."""
        return self.url_setting or f"base_url of the connection '{self.name}'"
