"""What a batch of calls is, whoever does it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from flowgrade.errors import BatchError
from flowgrade.models.interception import Callee
from flowgrade.records import JsonObject, Record, dumps, loads


class Batch(Record):
    """How a batch stands."""

    id: str
    status: str
    """``completed``, ``expired``, ``cancelled`` or ``failed`` at its end, else in any words."""
    ended: bool
    sure: bool = True
    """Of one that was looked for: whether it must be it, or has to be told by its results."""
    files: tuple[str, ...] = ()
    """Where its results are."""
    reason: str | None = None
    """Why it failed as a whole."""


class Outcome(Protocol):
    """How one call of a batch ended."""

    def __call__(self) -> JsonObject:
        """The answer's JSON; raises the ModelError that it ended with."""
        ...


class BatchAPI(Protocol):
    """What the batch mode needs of a provider."""

    most: int
    """Calls in one batch."""
    most_bytes: int
    """Size of all its lines."""

    def line(self, name: str, path: str, payload: JsonObject) -> bytes:
        """One call as a batch takes it; ``name`` has at most 64 letters, digits, ``-``, ``_``."""
        ...

    async def submit(self, key: str, lines: list[bytes]) -> str:
        """Begin a batch that can be found by ``key``, with which all names begin; gives its id."""
        ...

    async def find(self, key: str, *, calls: int, since: float) -> list[Batch]:
        """Batches that may be the one of ``key``: of so many calls, begun after ``since``."""
        ...

    async def look(self, batch: str) -> Batch:
        """How it stands."""
        ...

    async def results(self, batch: Batch) -> dict[str, Outcome]:
        """What came of its calls, by name; those that were not done are missing."""
        ...

    async def cancel(self, batch: str) -> None:
        """Ask for its end."""
        ...


async def exchange_json(
    endpoint: Callee,
    method: str,
    path: str,
    body: JsonObject | None = None,
    *,
    data: bytes | None = None,
    wanted: str = "id",
    retried: bool = False,
) -> JsonObject:
    """What the API says to ``body`` or ``data``, which has a ``wanted``; raises a ModelError."""
    sent = data if body is None else dumps(body).encode()
    answer = await endpoint.exchange(method, path, data=sent, retried=retried)
    return read_object(answer, f"The answer to {method} {path}", wanted)


def read_object(data: bytes, what: str, wanted: str) -> JsonObject:
    """The JSON object in ``data`` with a field ``wanted``; raises BatchError if it is none."""
    try:
        found: Any = loads(data)
    except ValueError as error:
        raise BatchError(f"{what} is not JSON.") from error
    if not isinstance(found, dict) or wanted not in found:
        raise BatchError(f"{what} has no '{wanted}'.")
    return found


def read_lines(data: bytes) -> Iterator[JsonObject]:
    """The results of a batch, each with a ``custom_id``."""
    for line in data.splitlines():
        if line.strip():
            yield read_object(line, "A line of the batch's results", "custom_id")
