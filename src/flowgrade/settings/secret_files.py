"""Folders of secret files, as Docker and Kubernetes mount them: one file for each secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

USUAL_FOLDER = "/run/secrets"
VARIABLE = "FLOWGRADE_SECRETS_DIR"


def secret_file(name: str, environment: Mapping[str, str]) -> Path | None:
    """The file that holds the variable ``name``, or None.

    It is named like the variable: ``OPENAI_API_KEY``, ``openai_api_key`` or ``openai-api-key``.
    """
    folder = Path(environment.get(VARIABLE) or USUAL_FOLDER).expanduser()
    for candidate in _names(name):
        file = folder / candidate
        try:
            if file.is_file():
                return file
        except OSError:  # a folder that this user may not look into
            return None
    return None


def _names(name: str) -> Iterator[str]:
    if "/" in name or "\\" in name or name.startswith("."):
        return
    yield name
    yield name.lower()
    yield name.lower().replace("_", "-")
