"""Make JSON of values that are not: for records, which must not end what they record."""

from __future__ import annotations

from enum import Enum
from typing import Any

import orjson

from flowgrade.records.record import is_record, shallow

_DESCRIBED = 4_096  # characters of a description
_VALUES = 100_000  # looked at, so that a web of objects is not walked along each of its paths
_DEPTH = 100
_INTEGERS = range(-(2**63), 2**64)  # what the codec takes
_BITS = 12_000  # of an integer that is written out; Python refuses more than 4,300 digits
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


def describe(value: Any) -> Any:
    """A value that JSON has no form for: what it says of itself, else a text about it."""
    as_json = getattr(value, "__flowgrade_json__", None)
    if as_json is not None and not isinstance(value, type):
        return as_json()
    if is_record(value):
        return shallow(value)
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    return repr(value)[:_DESCRIBED]


def plain(value: object) -> Any:
    """A copy of ``value`` as the codec takes it. Never raises.

    Huge integers become text, lone surrogates ``\\\\udc80``. What holds itself, what is deeper
    than 100 levels or comes after 100,000 values, and what fails when looked at becomes ``<type>``.
    """
    return _Copy().of(value, 0)


class _Copy:
    def __init__(self) -> None:
        self._left = _VALUES
        self._around: set[int] = set()

    def of(self, value: object, depth: int) -> Any:
        self._left -= 1
        if isinstance(value, Enum):
            value = value.value
        if value is None or isinstance(value, (bool, float, orjson.Fragment)):
            return value
        if isinstance(value, str):
            return _sound(value)
        if isinstance(value, int):
            return value if value in _INTEGERS else _digits(value)
        if id(value) in self._around or depth > _DEPTH or self._left < 0:
            return _kind(value)
        self._around.add(id(value))
        try:
            return self._parts(value, depth + 1)
        except Exception:  # noqa: BLE001  a stranger's object may fail in any way
            return _kind(value)
        finally:
            self._around.discard(id(value))

    def _parts(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict):
            return {_key(key): self.of(item, depth) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.of(item, depth) for item in value]
        if is_record(value):
            return self.of(describe(value), depth)
        try:
            return orjson.Fragment(orjson.dumps(value, option=_OPTIONS))
        except TypeError:
            return self.of(describe(value), depth)


def _key(key: object) -> str:
    if isinstance(key, str):
        return _sound(key)
    try:
        return str(next(iter(orjson.loads(orjson.dumps({key: 0}, option=_OPTIONS)))))
    except TypeError:
        return _digits(key) if isinstance(key, int) else _text(key)


def _text(value: object) -> str:
    try:
        return _sound(repr(value)[:_DESCRIBED])
    except Exception:  # noqa: BLE001  a stranger's object may fail in any way
        return _kind(value)


def _digits(number: int) -> str:
    bits = number.bit_length()
    return str(number) if bits < _BITS else f"<an integer of {bits} bits>"


def _kind(value: object) -> str:
    return f"<{type(value).__name__}>"


def _sound(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
