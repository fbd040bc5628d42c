"""Throttle: how many calls an endpoint gets at once, learnt from its refusals."""

from __future__ import annotations

import asyncio
from collections import deque

from flowgrade.errors import ModelError
from flowgrade.models.clock import Clock

_OVERLOADED = frozenset({429, 503, 529})
_SMOOTH = 20  # calls over which the time of answers is smoothed
_FORGET = 1_000  # calls in which the best time is forgotten
_FAR = 2.0  # times the best, from which on answers are slow because there are too many


class Throttle:
    """Adaptive concurrency of the calls to one model of one endpoint, within one event loop.

    It is open until the endpoint says that it has too much to do. Then the number of calls at
    once is halved, and grows by one for each round of calls that go well (additive increase,
    multiplicative decrease), until it is beyond where the trouble began. It does not grow while
    answers take far longer than they did at best: then calls queue at the endpoint already. While
    the endpoint asks for a pause, or says that nothing is left, no call starts.
    """

    __slots__ = (
        "_best",
        "_clock",
        "_max_pause",
        "_paused_until",
        "_peak",
        "_usual",
        "_waiters",
        "epoch",
        "in_flight",
        "is_open",
        "limit",
    )

    def __init__(self, clock: Clock, max_pause: float) -> None:
        self.is_open = True
        """True while nothing is held back; the caller then only counts ``in_flight``."""
        self.in_flight = 0
        self.limit: float | None = None
        self.epoch = 0
        """Counts the decreases; a refusal of a call from before the last one says nothing new."""
        self._clock = clock
        self._max_pause = max_pause
        self._paused_until = 0.0
        self._peak = 0
        self._best = float("inf")
        self._usual = 0.0
        self._waiters: deque[asyncio.Future[None]] = deque()

    async def acquire(self) -> None:
        """Wait for a place; ``release`` must follow."""
        if self._waiters or (self.limit is not None and self.in_flight >= self.limit):
            await self._queue()
        else:
            self.in_flight += 1
        try:
            while (wait := self._paused_until - self._clock.monotonic()) > 0:
                await self._clock.sleep(wait)
        except BaseException:
            self.release()
            raise
        if self.limit is None and not self._waiters:
            self.is_open = True

    def hold(self, seconds: float) -> None:
        """Start no call for so long: the endpoint said that nothing is left until then."""
        if 0 < seconds <= self._max_pause:
            self.is_open = False
            self._paused_until = max(self._paused_until, self._clock.monotonic() + seconds)

    def took(self, seconds: float) -> None:
        """A call was answered after so long. Smoothed, since answers differ in length."""
        if self._usual:
            self._usual += (seconds - self._usual) / _SMOOTH
        else:
            self._usual = seconds
        if self._usual < self._best:
            self._best = self._usual
        else:  # what was possible long ago may not be so any more
            self._best += (self._usual - self._best) / _FORGET

    def release(self) -> None:
        """Give the place back without saying how the call went."""
        self.in_flight -= 1
        if self._waiters:
            self._wake()

    def succeeded(self) -> None:
        """Give the place back after a call that went well."""
        if self.limit is not None and self._usual <= _FAR * self._best:
            self.limit += 1 / self.limit
            if self.limit > 2 * self._peak:
                self.limit = None
                self.is_open = True
        self.release()

    def failed(self, error: ModelError, epoch: int) -> None:
        """Give the place back after a call that began in ``epoch`` and failed."""
        if error.status in _OVERLOADED and error.retryable:
            self._slow_down(error.retry_after or 0.0, epoch)
        self.release()

    def _slow_down(self, pause: float, epoch: int) -> None:
        if epoch != self.epoch and self.limit is None:
            return  # recovered since then
        self.is_open = False
        self.hold(pause)
        if epoch != self.epoch:
            return
        self.epoch += 1
        if self.limit is None:
            self._peak = self.in_flight
        self.limit = max(1.0, min(self.limit or self.in_flight, self.in_flight) / 2)

    async def _queue(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiters.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the place came too late
                self.release()
            raise

    def _wake(self) -> None:
        while self._waiters and (self.limit is None or self.in_flight < self.limit):
            turn = self._waiters.popleft()
            if not turn.done():
                self.in_flight += 1
                turn.set_result(None)
