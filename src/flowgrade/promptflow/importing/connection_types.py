"""Prompt flow's types of connections: in YAML, in its store, and their secrets."""

from __future__ import annotations

import re

TYPES = {
    "azure_open_ai": "AzureOpenAI",
    "open_ai": "OpenAI",
    "serverless": "Serverless",
    "cognitive_search": "CognitiveSearch",
    "azure_ai_services": "AzureAIServices",
    "azure_content_safety": "AzureContentSafety",
    "form_recognizer": "FormRecognizer",
    "serp": "Serp",
    "qdrant": "Qdrant",
    "weaviate": "Weaviate",
    "custom": "Custom",
}
"""By the ``type`` in YAML, the type that the store holds."""

SECRET = "api_key"
"""The one secret of every type but ``custom``."""

PLACEHOLDERS = frozenset({"", "<no-change>", "<user-input>", "<your-key>"})


def yaml_type(stored: str) -> str:
    """The ``type`` in YAML of what the store calls ``stored``."""
    known = {name: written for written, name in TYPES.items()}
    return known.get(stored) or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", stored).lower()


_VARIABLE = re.compile(r"\$\{env:([^}]+)\}")


def variable_of(connection: str, key: str, value: object = None) -> str:
    """The environment variable for the secret ``key``: the one that ``value`` refers to, if any."""
    named = _VARIABLE.fullmatch(str(value or "").strip())
    return named[1].strip() if named else re.sub(r"\W", "_", f"{connection}_{key}").upper()


def is_placeholder(value: object) -> bool:
    """Whether a secret's text only holds its place."""
    text = str(value or "").strip()
    return (
        text in PLACEHOLDERS
        or not text.strip("*")
        or (text.startswith("<") and text.endswith(">"))
        or text.startswith("${env:")
    )
