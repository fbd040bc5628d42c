"""Seal what the store keeps of a connection: AES-256-GCM under a key that is not in the store.

The connection's name goes into the seal, so that what is sealed for one cannot be put in the place
of another.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence

from flowgrade.errors import ConnectionSealedError
from flowgrade.records import JsonObject, Record, dumps, loads

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORM = "v1"


class SealingKey(Record, kw_only=False, hide=("data",)):
    """One key, with a name that gives nothing of it away."""

    data: bytes

    @property
    def id(self) -> str:
        """Eight digits that tell it from others."""
        return hashlib.sha256(b"flowgrade key " + self.data).hexdigest()[:8]

    def text(self) -> str:
        """The key as settings have it."""
        return base64.b64encode(self.data).decode()


def new_key() -> SealingKey:
    """A random key."""
    return SealingKey(os.urandom(KEY_BYTES))


def parse_key(text: str) -> SealingKey | None:
    """The key that ``text`` spells in base64, of either alphabet; None when it is none."""
    try:
        data = base64.b64decode(text.strip().translate({45: "+", 95: "/"}), validate=True)
    except ValueError:
        return None
    return SealingKey(data) if len(data) == KEY_BYTES else None


def seal(name: str, entry: JsonObject, key: SealingKey) -> str:
    """The text that the store keeps of the connection ``name``."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  30 ms

    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(key.data).encrypt(nonce, dumps(entry).encode(), _bound_to(name))
    return f"{_FORM}:{key.id}:{base64.b64encode(nonce + sealed).decode()}"


def unseal(name: str, text: str, keys: Sequence[SealingKey]) -> JsonObject:
    """What was sealed; raises ConnectionSealedError when none of ``keys`` opens it."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415  30 ms
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    form, _, rest = text.partition(":")
    wanted, _, data = rest.partition(":")
    if form != _FORM:
        raise ConnectionSealedError(
            f"The connection '{name}' was sealed by another version of Flowgrade.",
            hint=f"Upgrade Flowgrade, or set it again: flowgrade connection set {name}",
        )
    key = next((key for key in keys if key.id == wanted), None)
    if key is None:
        raise ConnectionSealedError(
            f"The connection '{name}' in the store is sealed with the key {wanted}, which is not "
            f"here ({_found(keys)}).",
            hint="Give that key in FLOWGRADE_KEY or FLOWGRADE_KEY_FILE. If it is lost, set the "
            f"connection again: flowgrade connection set {name}",
        )
    try:
        raw = base64.b64decode(data, validate=True)
        opened = AESGCM(key.data).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _bound_to(name))
    except (InvalidTag, ValueError) as error:
        raise ConnectionSealedError(
            f"The connection '{name}' in the store is damaged, or was put there for another name.",
            hint=f"Set it again: flowgrade connection set {name}",
        ) from error
    entry: JsonObject = loads(opened)
    return entry


def key_of(text: str) -> str:
    """The id of the key that ``text`` was sealed with."""
    return text.split(":")[1] if text.count(":") == 2 else ""


def _bound_to(name: str) -> bytes:
    return f"flowgrade/connection/{name}".encode()


def _found(keys: Sequence[SealingKey]) -> str:
    return f"there is {', '.join(key.id for key in keys)}" if keys else "there is none"
