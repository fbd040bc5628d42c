"""Keep keys out of messages."""

from __future__ import annotations

import re
from collections.abc import Iterable

from flowgrade.models.connection import Connection
from flowgrade.settings import HIDDEN, redact

_KEY = re.compile(r"\b(?:sk-|Bearer\s+)[\w.~+/-]{8,}=*")
_SHORTEST = 4  # a shorter secret would hide ordinary words


def secrets_of(connections: Iterable[Connection]) -> list[str]:
    """The keys, secrets and header values of connections, but for those still in a keyring."""
    found: list[str] = []
    for connection in connections:
        kept = [connection.api_key, *connection.secrets.values()]
        found += [secret.reveal() for secret in kept if secret is not None and secret.is_here]
        found += connection.headers.values()
    return found


def scrub(text: str, secrets: Iterable[str]) -> str:
    """``text`` without any of ``secrets`` and without whatever looks like a key."""
    return _KEY.sub(HIDDEN, hide(text, secrets))


def hide(text: str, secrets: Iterable[str]) -> str:
    """``text`` without any of ``secrets``."""
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, HIDDEN)
    return redact(text)
