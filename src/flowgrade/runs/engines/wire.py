"""What goes between a run and its workers: JSON with its length before it."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO

from flowgrade.errors import InputError
from flowgrade.records import JsonObject, describe, dumps_any, loads
from flowgrade.runs.source import Task

_LENGTH = struct.Struct("<Q")
_TAG = "$flowgrade"
_READERS = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "decimal": Decimal,
    "bytes": base64.b64decode,
}


def write_message(stream: BinaryIO, message: JsonObject) -> None:
    """Send one message; raises OSError or ValueError when nobody is there to take it."""
    data = dumps_any(message).encode()
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def read_message(stream: BinaryIO) -> JsonObject | None:
    """The next message; None once the other side is gone, were it in the midst of one."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (size,) = _LENGTH.unpack(head)
    data = stream.read(size)
    return loads(data) if len(data) == size else None


def pack_rows(rows: Iterable[Task]) -> str:
    """Rows as text. Dates, decimals, bytes, NaN and huge integers come out as they went in."""
    return json.dumps([(row.number, row.inputs) for row in rows], default=_tagged)


def unpack_rows(text: str) -> list[Task]:
    """The rows that ``pack_rows`` was given."""
    hook = _untagged if _TAG in text else None
    return [Task(number, inputs) for number, inputs in json.loads(text, object_hook=hook)]


def _tagged(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return {_TAG: type(value).__name__, "value": value.isoformat()}
    if isinstance(value, Decimal):
        return {_TAG: "decimal", "value": str(value)}
    if isinstance(value, bytes):
        return {_TAG: "bytes", "value": base64.b64encode(value).decode()}
    found = describe(value)
    if isinstance(found, str):
        raise InputError(
            f"The data holds a {type(value).__name__}, which cannot be sent to a worker.",
            hint="Use values that JSON has, or the engine 'local'.",
        )
    return found


def _untagged(value: JsonObject) -> Any:
    read = _READERS.get(value.get(_TAG, ""))
    return value if read is None else read(value["value"])
