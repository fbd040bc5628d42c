"""Connections that need no file: they come from the environment, or from nothing."""

from __future__ import annotations

from flowgrade.models.connection import Connection
from flowgrade.settings import Secret, Settings

LOCAL_SERVERS = {"ollama": 11434, "vllm": 8000, "llamacpp": 8080, "lmstudio": 1234}
"""Servers of one's own machine, with the ports that they usually listen on."""


def environment_connections(settings: Settings) -> dict[str, Connection]:
    """``openai``, ``azure_openai``, ``embedded`` and the local servers, with or without a key."""
    found = [
        Connection(
            name="openai",
            kind="openai",
            base_url=settings.variable("OPENAI_BASE_URL") or "https://api.openai.com/v1",
            api_key=_secret(settings, "OPENAI_API_KEY"),
            organization=settings.variable("OPENAI_ORG_ID"),
            key_setting="OPENAI_API_KEY",
            url_setting="OPENAI_BASE_URL",
        ),
        Connection(
            name="azure_openai",
            kind="azure_openai",
            base_url=settings.variable("AZURE_OPENAI_ENDPOINT"),
            api_key=_secret(settings, "AZURE_OPENAI_API_KEY"),
            api_version=settings.variable("OPENAI_API_VERSION"),
            key_setting="AZURE_OPENAI_API_KEY",
            url_setting="AZURE_OPENAI_ENDPOINT",
        ),
        *(
            Connection(name=name, kind="openai", base_url=f"http://localhost:{port}/v1")
            for name, port in LOCAL_SERVERS.items()
        ),
        Connection(name="embedded", kind="embedded"),
    ]
    return {connection.name: connection for connection in found}


def _secret(settings: Settings, name: str) -> Secret | None:
    value = (settings.variable(name) or "").strip()
    return Secret(value) if value else None
