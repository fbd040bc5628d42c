"""Connections that need no file: they come from the environment, or from nothing."""

from __future__ import annotations

from flowgrade.models.connection import Connection
from flowgrade.settings import Secret, Settings

LOCAL_SERVERS = {"ollama": 11434, "vllm": 8000, "llamacpp": 8080, "lmstudio": 1234}
"""Servers of one's own machine, with the ports that they usually listen on."""


def environment_connections(settings: Settings) -> dict[str, Connection]:
    """``openai``, ``azure_openai``, ``anthropic``, ``embedded``, local servers, those by litellm.

    They are there with or without a key.
    """
    found = [
        Connection(
            name="openai",
            kind="openai",
            base_url=settings.variable("OPENAI_BASE_URL") or "https://api.openai.com/v1",
            api_key=_secret(settings, "OPENAI_API_KEY"),
            organization=settings.variable("OPENAI_ORG_ID"),
            key_setting="OPENAI_API_KEY",
            url_setting="OPENAI_BASE_URL",
            source="environment",
        ),
        Connection(
            name="azure_openai",
            kind="azure_openai",
            base_url=settings.variable("AZURE_OPENAI_ENDPOINT"),
            api_key=_secret(settings, "AZURE_OPENAI_API_KEY"),
            api_version=settings.variable("OPENAI_API_VERSION"),
            key_setting="AZURE_OPENAI_API_KEY",
            url_setting="AZURE_OPENAI_ENDPOINT",
            source="environment",
        ),
        Connection(
            name="anthropic",
            kind="anthropic",
            base_url=settings.variable("ANTHROPIC_BASE_URL") or "https://api.anthropic.com",
            api_key=_secret(settings, "ANTHROPIC_API_KEY"),
            key_setting="ANTHROPIC_API_KEY",
            url_setting="ANTHROPIC_BASE_URL",
            source="environment",
        ),
        *(
            Connection(
                name=name, kind="openai", base_url=f"http://localhost:{port}/v1", source="built in"
            )
            for name, port in LOCAL_SERVERS.items()
        ),
        Connection(name="embedded", kind="embedded", source="built in"),
        *_by_litellm(settings),
    ]
    return {connection.name: connection for connection in found}


def _by_litellm(settings: Settings) -> list[Connection]:
    keys = {
        "cohere": "COHERE_API_KEY",
        "gemini": "GEMINI_API_KEY",
        "mistral": "MISTRAL_API_KEY",
    }
    found = [
        Connection(
            name=name,
            kind=name,
            api_key=_secret(settings, variable),
            key_setting=variable,
            source="environment",
        )
        for name, variable in keys.items()
    ]
    amazon = {
        "aws_region_name": settings.variable("AWS_REGION"),
        "aws_profile_name": settings.variable("AWS_PROFILE"),
    }
    amazon_secrets = {
        "aws_access_key_id": _secret(settings, "AWS_ACCESS_KEY_ID"),
        "aws_secret_access_key": _secret(settings, "AWS_SECRET_ACCESS_KEY"),
        "aws_session_token": _secret(settings, "AWS_SESSION_TOKEN"),
    }
    google = {
        "vertex_project": settings.variable("VERTEXAI_PROJECT"),
        "vertex_location": settings.variable("VERTEXAI_LOCATION"),
        "vertex_credentials": settings.variable("GOOGLE_APPLICATION_CREDENTIALS"),
    }
    return [
        *found,
        Connection(
            name="bedrock",
            kind="bedrock",
            source="environment",
            configs={key: value for key, value in amazon.items() if value},
            secrets={key: secret for key, secret in amazon_secrets.items() if secret},
        ),
        Connection(
            name="vertex_ai",
            kind="vertex_ai",
            source="environment",
            configs={key: value for key, value in google.items() if value},
        ),
    ]


def _secret(settings: Settings, name: str) -> Secret | None:
    value = (settings.variable(name) or "").strip()
    return Secret(value) if value else None
