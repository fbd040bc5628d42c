"""Server-sent events, as tolerant as streams in the wild need."""

from __future__ import annotations

import orjson

from flowgrade.errors import ModelResponseError
from flowgrade.records import Json, JsonObject

DONE = b"[DONE]"


class EventParser:
    """Turns the bytes of an event stream, cut anywhere, into the data of its events.

    Source: WHATWG HTML, section 9.2 (Server-sent events). Fields other than ``data`` are skipped,
    and with them comments, which servers send to keep the line open.
    """

    __slots__ = ("_data", "_pieces", "_rest", "_started")

    def __init__(self) -> None:
        self._rest = b""
        """The beginning of a line whose end has not come; what followed it is in ``_pieces``."""
        self._pieces: list[bytes] = []
        self._data: list[bytes] = []
        self._started = False

    def feed(self, block: bytes) -> list[bytes]:
        """The data of the events that ``block`` completes."""
        if self._rest:
            if b"\n" not in block and b"\r" not in block and not self._rest.endswith(b"\r"):
                self._pieces.append(block)
                return []  # joined once, at the end of the line: it may be very long
            block = b"".join((self._rest, *self._pieces, block))
            self._pieces.clear()
        if not self._started:
            block = self._start(block)
        held = b""
        if b"\r" in block:
            if block.endswith(b"\r"):  # its line feed may come with the next block
                block, held = block[:-1], b"\r"
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = block.split(b"\n")
        self._rest = lines.pop() + held
        return self._events(lines)

    def close(self) -> list[bytes]:
        """The data of a last event that no empty line ended."""
        rest = b"".join((self._rest, *self._pieces)).rstrip(b"\r")
        self._rest, self._pieces = b"", []
        return self._events([rest, b""])

    def _start(self, block: bytes) -> bytes:
        if len(block) < len(_MARK) and _MARK.startswith(block):
            return block
        self._started = True
        return block.removeprefix(_MARK)

    def _events(self, lines: list[bytes]) -> list[bytes]:
        found: list[bytes] = []
        data = self._data
        for line in lines:
            if line.startswith(b"data:"):
                data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif not line and data:
                found.append(data[0] if len(data) == 1 else b"\n".join(data))
                data.clear()
        return found


_MARK = b"\xef\xbb\xbf"  # a byte order mark may open the stream


def decode_event(data: bytes) -> list[JsonObject]:
    """The JSON objects of one event's data, mostly one; what is no object is left out.

    Raises ModelResponseError when it is not JSON. Some servers forget the empty line between two
    events; their lines are then taken one by one.
    """
    try:
        return _objects([orjson.loads(data)])
    except ValueError:
        try:
            lines = [line for line in data.split(b"\n") if line.strip() not in {b"", DONE}]
            return _objects([orjson.loads(line) for line in lines])
        except ValueError:
            start = data[:120].decode("utf-8", "replace")
            raise ModelResponseError(
                f"The stream holds something that is not JSON: {start}",
                hint="Check that the endpoint speaks the OpenAI protocol.",
            ) from None


def _objects(values: list[Json]) -> list[JsonObject]:
    return [value for value in values if isinstance(value, dict)]
