"""Content digests: the identity of a version is a hash of what it holds."""

from __future__ import annotations

import hashlib

import orjson


def digest_bytes(data: bytes) -> str:
    """The SHA-256 of ``data`` as ``sha256:`` and 64 hexadecimal digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_json(value: object) -> str:
    """The digest of ``value`` as JSON with sorted keys and no white space."""
    return digest_bytes(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
