"""Where the key of a connection is from: said, never shown."""

from __future__ import annotations

from flowgrade.models.connection import AuthMode, Connection
from flowgrade.settings import Settings


def key_origin(connection: Connection, settings: Settings) -> str | None:
    """Where the key is from, in words, such as ``OPENAI_API_KEY (.env)``; None without one."""
    if connection.auth_mode is not AuthMode.KEY:
        return "Microsoft Entra ID"
    if connection.api_key is None or not connection.api_key:
        return None
    setting = connection.key_setting
    if setting is None:
        return connection.source
    if setting.endswith("keyring"):
        return "keyring"
    origin = settings.origin(setting)
    return f"{setting} ({origin})" if origin else connection.source
