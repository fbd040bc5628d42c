"""Gate: holds calls back until the limits of their connection let them through."""

from __future__ import annotations

import asyncio
import threading
from collections import deque

from flowgrade.models.clock import Clock
from flowgrade.models.limits import ConnectionLimits
from flowgrade.models.window import Spent, Window
from flowgrade.records import Json, Usage

_ANSWER = 256  # tokens that an answer is taken for whose length is not limited
_MOST_TOKENS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
_LETTERS = 4  # characters of a token, about


class Gate:
    """The limits of one model and key, for all event loops and threads of this process.

    Calls go through in the order in which they came. The first one waits until there is room, by
    the clock or until another call ends; the others wait for it.
    """

    def __init__(self, limits: ConnectionLimits, clock: Clock) -> None:
        self._clock = clock
        self._most = limits.concurrency
        self._requests = _window(limits.requests_per_minute)
        self._tokens = _window(limits.tokens_per_minute)
        self._lock = threading.Lock()
        self._queue: deque[Pass] = deque()
        self._running = 0

    async def enter(self, tokens: int) -> Pass:
        """Wait for room for a call of about so many tokens; ``leave`` must follow."""
        turn = Pass(tokens)
        with self._lock:
            self._queue.append(turn)
        try:
            while (wait := self._try(turn)) is not None:
                await self._pause(turn, wait)
        except BaseException:
            self._withdraw(turn)
            raise
        return turn

    def leave(self, turn: Pass, usage: Usage | None = None) -> None:
        """The call is over and took what ``usage`` says; what it does not say stays as guessed."""
        tokens = usage.total_tokens if usage is not None else None
        with self._lock:
            self._running -= 1
            if self._tokens is not None and turn.spent is not None and tokens is not None:
                self._tokens.correct(turn.spent, tokens)
        self._wake()

    def _try(self, turn: Pass) -> float | None:
        """Let it through and give None, or the seconds after which to try again."""
        now = self._clock.monotonic()
        with self._lock:
            wait = self._wait(turn, now)
            if wait > 0:
                turn.woken = asyncio.get_running_loop().create_future()
                return wait
            self._queue.popleft()
            self._running += 1
            if self._requests is not None:
                self._requests.take(1, now)
            if self._tokens is not None:
                turn.spent = self._tokens.take(turn.tokens, now)
        self._wake()
        return None

    def _wait(self, turn: Pass, now: float) -> float:
        if self._queue[0] is not turn or (self._most and self._running >= self._most):
            return float("inf")
        requests = self._requests.wait(1, now) if self._requests else 0.0
        return max(requests, self._tokens.wait(turn.tokens, now) if self._tokens else 0.0)

    async def _pause(self, turn: Pass, seconds: float) -> None:
        assert turn.woken is not None
        if seconds == float("inf"):
            await turn.woken
            return
        sleep = asyncio.create_task(self._sleep(seconds))
        try:
            await asyncio.wait([sleep, turn.woken], return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()

    async def _sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    def _withdraw(self, turn: Pass) -> None:
        with self._lock:
            if turn in self._queue:
                self._queue.remove(turn)
        self._wake()

    def _wake(self) -> None:
        """Let the first that waits look again."""
        with self._lock:
            woken = self._queue[0].woken if self._queue else None
        if woken is not None:
            woken.get_loop().call_soon_threadsafe(_set, woken)


class Pass:
    """One call's place at the gate."""

    __slots__ = ("spent", "tokens", "woken")

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens
        self.spent: Spent | None = None
        self.woken: asyncio.Future[None] | None = None


def guess_tokens(size: int, payload: dict[str, Json]) -> int:
    """About how many tokens a call takes whose request has ``size`` bytes: it and the answer."""
    most = next((payload[n] for n in _MOST_TOKENS if isinstance(payload.get(n), int)), _ANSWER)
    return max(1, size // _LETTERS) + int(most)


def _window(limit: int | None) -> Window | None:
    return None if limit is None else Window(limit)


def _set(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
