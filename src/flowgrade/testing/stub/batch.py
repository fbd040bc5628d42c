"""A batch of calls, whatever the protocol: which of them are done by when."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum

from flowgrade.records import Record


class BatchAnswer(Record, kw_only=False):
    """What one call of a batch is answered with, and after how many seconds."""

    status: int
    body: bytes
    latency: float


Answering = Callable[[str, bytes], BatchAnswer]
"""Answers one call of a batch by its path and its body."""


class Fate(StrEnum):
    """What became of one call of a batch that has ended."""

    SUCCEEDED = "succeeded"
    ERRORED = "errored"
    CANCELED = "canceled"
    EXPIRED = "expired"


class StubBatch:
    """Calls that are done as their latencies go by, until it is cancelled or its window is over.

    ``now`` is the time of the event loop, here and in all methods.
    """

    def __init__(self, answers: dict[str, BatchAnswer], *, now: float, window: float) -> None:
        self.answers = answers
        self.created = time.time()
        self.expires = self.created + window
        self._begun = now
        self._last = now + max(answer.latency for answer in answers.values())
        self._expiry = now + window
        self._cancelled: float | None = None

    @property
    def cancelled(self) -> bool:
        """Whether its end was asked for before it came by itself."""
        return self._cancelled is not None

    @property
    def _end(self) -> float:
        end = min(self._last, self._expiry)
        return end if self._cancelled is None else min(end, self._cancelled)

    @property
    def ended_at(self) -> float:
        """Seconds since 1970 at its end, which may be still to come."""
        return self.created + self._end - self._begun

    def cancel(self, now: float) -> None:
        """Ask for its end."""
        if now < self._end:
            self._cancelled = now

    def ended(self, now: float) -> bool:
        """Whether nothing more comes of it."""
        return now >= self._end

    def fates(self) -> dict[str, Fate]:
        """What became of each call once it has ended."""
        return {name: self._fate(answer) for name, answer in self.answers.items()}

    def _fate(self, answer: BatchAnswer) -> Fate:
        if self._begun + answer.latency <= self._end:
            return Fate.SUCCEEDED if answer.status == 200 else Fate.ERRORED
        return Fate.EXPIRED if self._cancelled is None else Fate.CANCELED
