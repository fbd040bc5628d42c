"""Keep keys out of messages."""

from __future__ import annotations

import re
from collections.abc import Iterable

from flowgrade.models.connection import Connection

_KEY = re.compile(r"\b(?:sk-|Bearer\s+)[\w.~+/-]{8,}=*")
_HIDDEN = "******"
_SHORTEST = 4  # a shorter secret would hide ordinary words


def secrets_of(connections: Iterable[Connection]) -> list[str]:
    """The keys, secrets and header values of connections."""
    found = []
    for connection in connections:
        if connection.api_key is not None:
            found.append(connection.api_key.reveal())
        found += [secret.reveal() for secret in connection.secrets.values()]
        found += connection.headers.values()
    return found


def scrub(text: str, secrets: Iterable[str]) -> str:
    """``text`` without any of ``secrets`` and without whatever looks like a key."""
    return _KEY.sub(_HIDDEN, hide(text, secrets))


def hide(text: str, secrets: Iterable[str]) -> str:
    """``text`` without any of ``secrets``."""
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, _HIDDEN)
    return text
