"""What the stub has seen: the last requests, and counts of its calls."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias
from urllib.parse import parse_qsl

from flowgrade.records import Json, Record, loads

RawHeaders: TypeAlias = tuple[tuple[bytes, bytes], ...]

MOST_REQUESTS = 10_000
MOST_BYTES = 256 * 1024 * 1024
"""The bodies kept take no more than this; older requests go first."""

_SECRET = frozenset(
    {
        "api-key",
        "authorization",
        "code",
        "cookie",
        "ocp-apim-subscription-key",
        "proxy-authorization",
        "subscription-key",
        "x-api-key",
    }
)


class RecordedRequest(Record):
    """A request as it came in; keys and other secrets are masked."""

    at: float
    """Seconds since 1970."""
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """By lower-case name; of a repeated header the last."""
    body: Json
    """The decoded JSON; the text when it is not JSON; None without a body."""


class StubStats(Record):
    """Counts of model calls since the start or the last clearing."""

    calls: int
    in_flight: int
    """Calls not yet answered."""
    peak_in_flight: int
    faults: int
    """Calls answered with an error, cut off, garbled, stalled or not at all."""


class _Entry(Record, kw_only=False):
    at: float
    method: str
    path: str
    query: str
    headers: RawHeaders
    body: bytes


class Journal:
    """Keeps the last requests undecoded, since most of them are never looked at."""

    def __init__(self, *, most: int = MOST_REQUESTS, most_bytes: int = MOST_BYTES) -> None:
        self._entries: deque[_Entry] = deque()
        self._most, self._most_bytes, self._bytes = most, most_bytes, 0
        self._calls = self._in_flight = self._peak = self._faults = 0

    @property
    def requests(self) -> list[RecordedRequest]:
        """The recorded requests, newest last."""
        return [_recorded(entry) for entry in list(self._entries)]

    @property
    def stats(self) -> StubStats:
        """The counts now."""
        return StubStats(
            calls=self._calls,
            in_flight=self._in_flight,
            peak_in_flight=self._peak,
            faults=self._faults,
        )

    def last(self, count: int) -> list[RecordedRequest]:
        """The last ``count`` requests, newest last."""
        entries = list(self._entries)
        return [_recorded(entry) for entry in entries[max(0, len(entries) - count) :]]

    def clear(self) -> None:
        """Forget the requests and start counting again; calls in flight stay counted as such."""
        self._entries.clear()
        self._bytes = self._calls = self._faults = 0
        self._peak = self._in_flight

    def record(
        self, method: str, path: str, *, query: str, headers: RawHeaders, body: bytes
    ) -> None:
        """Keep a request, and let older ones go beyond the bounds."""
        self._entries.append(_Entry(time.time(), method, path, query, headers, body))
        self._bytes += len(body)
        while self._entries and self._over():
            self._bytes -= len(self._entries.popleft().body)

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Count one call, in flight until the context ends."""
        self._calls += 1
        self._in_flight += 1
        self._peak = max(self._peak, self._in_flight)
        try:
            yield
        finally:
            self._in_flight -= 1

    def count_fault(self) -> None:
        """Count the current call as not answered well."""
        self._faults += 1

    def _over(self) -> bool:
        return len(self._entries) > self._most or self._bytes > self._most_bytes


def _recorded(entry: _Entry) -> RecordedRequest:
    headers = {
        name.decode("latin-1").lower(): value.decode("utf-8", "replace")
        for name, value in entry.headers
    }
    return RecordedRequest(
        at=entry.at,
        method=entry.method,
        path=entry.path,
        query=_masked(dict(parse_qsl(entry.query, keep_blank_values=True))),
        headers=_masked(headers),
        body=_decoded(entry.body),
    )


def _masked(values: dict[str, str]) -> dict[str, str]:
    return {
        name: _mask(value) if name.lower() in _SECRET else value for name, value in values.items()
    }


def _mask(value: str) -> str:
    kind, space, _ = value.partition(" ")
    return f"{kind} ****" if space and kind.lower() in ("bearer", "basic") else "****"


def _decoded(body: bytes) -> Json:
    if not body:
        return None
    try:
        return loads(body)
    except ValueError:
        return body.decode(errors="replace")
