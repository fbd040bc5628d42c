"""JSON values and the one codec that every room uses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeAlias

import orjson

from flowgrade.records.plain import describe, plain
from flowgrade.records.record import is_record, shallow

# Recursive aliases make every caller narrow at each step; the codec is the border instead.
Json: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]

_OPTIONS = orjson.OPT_NON_STR_KEYS

# A dataclass comes to ``describe`` first: it may say how it is shown, and hide a secret.
_LENIENT = _OPTIONS | orjson.OPT_PASSTHROUGH_DATACLASS


def dumps(value: object, *, default: Callable[[Any], Any] | None = None) -> str:
    """Encode ``value`` as compact JSON text.

    Records, dataclasses, dates, enums, UUIDs and numpy arrays are encoded too; other types go
    through ``default``. NaN and infinities become null. Raises TypeError for what cannot be
    encoded.
    """
    return orjson.dumps(
        value, _record_or(default) if default else _record, _OPTIONS | _numpy()
    ).decode()


def dumps_any(value: object) -> str:
    """Encode any value; what is not JSON becomes a text that describes it. Never raises.

    For records of what happened, which must not end what they record. An object may say by
    ``__flowgrade_json__`` how it is shown. An object stays an object and a list a list, whatever
    stands in them.
    """
    return encode_any(value).decode()


def encode_any(value: object) -> bytes:
    """What ``dumps_any`` gives, in UTF-8. Never raises."""
    try:
        return orjson.dumps(value, describe, _LENIENT | _numpy())
    except TypeError:  # huge integers, lone surrogates, cycles, objects that cannot be shown
        return orjson.dumps(plain(value), option=_OPTIONS | _numpy())


def loads(text: str | bytes) -> Json:
    """Decode JSON text; raises ValueError with the position when it is not JSON."""
    return orjson.loads(text)


def _record(value: Any) -> Any:
    if is_record(value):
        return shallow(value)
    raise TypeError(f"Type is not JSON serializable: {type(value).__name__}")


def _record_or(default: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: shallow(value) if is_record(value) else default(value)


def _numpy() -> int:
    # With this option the codec imports numpy, 50 ms, at the first value that it does not know. A
    # value of numpy's can only be there once somebody has imported it.
    return orjson.OPT_SERIALIZE_NUMPY if "numpy" in sys.modules else 0
