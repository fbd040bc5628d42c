"""Keep keys out of messages."""

from __future__ import annotations

import re
from collections.abc import Iterable

_KEY = re.compile(r"\b(?:sk-|Bearer\s+)[\w.~+/-]{8,}=*")
_HIDDEN = "******"
_SHORTEST = 4  # a shorter secret would hide ordinary words


def scrub(text: str, secrets: Iterable[str]) -> str:
    """``text`` without any of ``secrets`` and without whatever looks like a key."""
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, _HIDDEN)
    return _KEY.sub(_HIDDEN, text)
