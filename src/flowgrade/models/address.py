"""Check what a call is sent to and with, before the first call."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import orjson

from flowgrade.errors import InputError
from flowgrade.models.connection import Connection
from flowgrade.records import JsonObject

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


def check_address(base_url: str, connection: Connection) -> None:
    """Raise InputError when ``base_url`` is not an http or https address."""
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        (parts.hostname or "").encode("idna")
    except ValueError:  # such as a port that is no number, or a label of more than 63 letters
        usable = False
    if not usable:
        raise InputError(
            f"The address of the connection '{connection.name}' is not an http or https URL.",
            hint=f"Set {connection.url_place} to something like https://host/v1.",
        )


def check_headers(headers: dict[str, str], connection: Connection) -> dict[str, str]:
    """``headers``; raises InputError, without the value, when one cannot be sent."""
    for name, value in headers.items():
        if _CONTROL.search(name + value) or not (name + value).isascii():
            raise InputError(
                f"The header {name!r} of the connection '{connection.name}' cannot be sent: it "
                "holds a line break or a letter outside ASCII.",
                hint=f"Check {connection.key_place} and its headers.",
            )
    return headers


def encode(payload: JsonObject) -> bytes:
    """``payload`` as JSON; raises InputError when it cannot be JSON."""
    try:
        return orjson.dumps(payload)
    except TypeError:
        pass
    try:  # slower: keys that are numbers, numpy arrays
        return orjson.dumps(payload, option=_OPTIONS)
    except TypeError as error:
        raise InputError(f"The request cannot be sent as JSON: {error}") from error
