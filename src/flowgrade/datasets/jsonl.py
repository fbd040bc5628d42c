"""Rows from JSON: an object a line, or one array of objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from flowgrade.datasets.files import encoding_error, open_bytes
from flowgrade.errors import DatasetError, Place
from flowgrade.records import JsonObject, loads

_LITERALS = ("NaN", "Infinity", "-Infinity")


def read_jsonl(path: Path) -> Iterator[JsonObject]:
    """The objects of a file that holds one a line; blank lines are passed over.

    Raises DatasetError with line and column where a line is not a JSON object.
    """
    with open_bytes(path) as stream:
        yield from _objects(path, stream)


def count_jsonl(path: Path) -> int:
    """The number of lines that are not blank."""
    with open_bytes(path) as stream:
        return sum(1 for line in stream if not line.isspace())


def read_json(path: Path) -> Iterator[JsonObject]:
    """The objects of a ``.json`` file: an array of them, one a line, or a single one.

    An array and a single object are read as a whole; lines are streamed.
    """
    with open_bytes(path) as stream:
        position = stream.tell()
        first = _first_line(stream)
        stream.seek(position)
        if not first.startswith(b"[") and _is_json(first):
            yield from _objects(path, stream)
            return
        text = stream.read()
    found = _document(path, text)
    rows = found if isinstance(found, list) else [found]
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise DatasetError(
                f"Item {number} of the array is {_kind(row)}, not an object.",
                place=Place(str(path)),
            )
        yield row


def count_json(path: Path) -> int:
    """The number of objects in a ``.json`` file."""
    return sum(1 for _ in read_json(path))


def _objects(path: Path, stream: IO[bytes]) -> Iterator[JsonObject]:
    for number, line in enumerate(stream, start=1):
        try:
            row = loads(line)
        except ValueError as error:
            if not line.strip():
                continue
            raise _syntax_error(path, line, error, number) from None
        if type(row) is not dict:
            raise DatasetError(
                f"The line is {_kind(row)}, not an object.",
                hint="Write one JSON object a line. A file with one array is named .json.",
                place=Place(str(path), number),
            )
        yield row


def _first_line(stream: IO[bytes]) -> bytes:
    for line in stream:
        if line.strip():
            return line.lstrip()
    return b""


def _is_json(line: bytes) -> bool:
    try:
        loads(line)
    except ValueError:
        return False
    return True


def _document(path: Path, text: bytes) -> Any:
    try:
        return loads(text)
    except ValueError as error:
        raise _syntax_error(path, text, error, 1) from None


def _syntax_error(path: Path, text: bytes, error: ValueError, line: int) -> DatasetError:
    try:
        decoded = text.decode()
    except UnicodeDecodeError:
        return encoding_error(path)
    # Text that ends too early ends on its last line, not on the one behind the line end.
    found = error.pos if isinstance(error, json.JSONDecodeError) else 0
    position = min(found, len(decoded.rstrip()))
    place = Place(
        str(path),
        line + decoded.count("\n", 0, position),
        position - decoded.rfind("\n", 0, position),
    )
    for literal in _LITERALS:
        # The parser stops at the first letter of it that no other literal shares.
        if decoded.startswith(literal, max(0, position - 1)) or decoded.startswith(
            literal, position
        ):
            return DatasetError(
                f"{literal} is not JSON.", hint="Write null for what is not known.", place=place
            )
    reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
    return DatasetError(f"This is not JSON: {reason}.", hint=_hint(decoded), place=place)


def _hint(text: str) -> str | None:
    start = text.lstrip()[:1]
    if start == "'" or "{'" in text[:100]:
        return "JSON takes double quotes."
    if start and start not in '{["':
        return "If this is CSV, name the file .csv."
    return None


def _kind(value: object) -> str:
    kinds = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")
