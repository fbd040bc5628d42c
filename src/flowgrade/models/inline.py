"""Connections that a definition spells out, and values that it takes from connections."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from flowgrade.errors import ConnectionNotFoundError, InputError
from flowgrade.models.connection import Connection
from flowgrade.records import JsonObject, replace
from flowgrade.settings import Secret, Settings

_VALUE = re.compile(r"\$\{([^.}:]+)\.([^}]+)\}")
_VARIABLE = re.compile(r"\$\{env:([^}]+)\}")
_PARTS = ("base_url", "api_version", "organization")


def inline_connection(base: Connection, configuration: JsonObject) -> Connection:
    """``base`` with what a Prompty file's ``model.configuration`` says otherwise."""
    key = configuration.get("api_key")
    url = configuration.get("base_url") or configuration.get("azure_endpoint")
    return replace(
        base,
        api_key=Secret(str(key)) if key else base.api_key,
        base_url=str(url) if url else base.base_url,
        api_version=configuration.get("api_version") or base.api_version,
        organization=configuration.get("organization") or base.organization,
    )


def resolve_value(
    text: str, settings: Settings, connections: Callable[[], Mapping[str, Connection]]
) -> str:
    """``${env:NAME}`` and ``${connection.key}`` as the value they stand for; else the text itself.

    ``${env:…}`` may be a part of a longer text. The value may be a secret: it is for code and
    calls, not for messages. Raises ConnectionNotFoundError and InputError.
    """
    match = _VALUE.fullmatch(text)
    if match is None:
        return _VARIABLE.sub(lambda found: _variable(found[1].strip(), settings), text)
    name, key = match[1], match[2]
    known = connections()
    connection = known.get(name)
    if connection is None:
        raise ConnectionNotFoundError(
            f"{text} names the connection '{name}', which is not known.",
            hint=f"Known: {', '.join(known)}. Add it: flowgrade connection set {name}",
        )
    found = look_up(connection, key)
    if found is None:
        raise InputError(
            f"{text}: the connection '{name}' has no value '{key}'.",
            hint="Set it in the connection, or correct the key.",
        )
    return found


def _variable(name: str, settings: Settings) -> str:
    found = settings.variable(name)
    if found is None:
        raise InputError(
            f"${{env:{name}}} names a variable without a value.",
            hint=f"Set {name} in the environment or in .env.",
        )
    return found


def look_up(connection: Connection, key: str) -> str | None:
    """The value ``key`` of a connection: its key, a secret, a config or a field; None if unset."""
    if key == "api_key" and connection.api_key is not None:
        return connection.api_key.reveal()
    if key in connection.secrets:
        return connection.secrets[key].reveal()
    if key in connection.configs:
        return str(connection.configs[key])
    field = {"api_base": "base_url", "azure_endpoint": "base_url"}.get(key, key)
    found = getattr(connection, field, None) if field in _PARTS else None
    return None if found is None else str(found)
