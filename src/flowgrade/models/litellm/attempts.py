"""Attempts: the retries and the throttle of our own endpoints, for calls that others make."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from flowgrade.errors import ModelError
from flowgrade.models.throttle import Throttle
from flowgrade.models.transport import Transport
from flowgrade.tracing import current_span

T = TypeVar("T")


class Attempts:
    """Calls again what failed in a way that may pass, as ``RetryPolicy`` says."""

    __slots__ = ("_key", "_transport")

    def __init__(self, transport: Transport, key: tuple[str, str]) -> None:
        self._transport = transport
        self._key = key

    async def call(self, once: Callable[[], Awaitable[T]]) -> T:
        """The result of ``once``, which raises ModelErrors."""
        retries = 0
        while True:
            throttle = await self._throttle()
            await throttle.acquire()
            epoch = throttle.epoch
            try:
                result = await once()
            except ModelError as error:
                throttle.failed(error, epoch)
                delay = self._delay(error, retries)
            except BaseException:
                throttle.release()
                raise
            else:
                throttle.succeeded()
                return result
            retries += 1
            await self._transport.clock.sleep(delay)

    def _delay(self, error: ModelError, retries: int) -> float:
        delay = self._transport.retry.delay(error, retries, self._transport.clock)
        if delay is None:
            if retries:
                error.message += f" ({retries} {'retry' if retries == 1 else 'retries'})"
            raise error
        active = current_span()
        if active is not None:
            active.attributes["flowgrade.retries"] = retries + 1
        return delay

    async def _throttle(self) -> Throttle:
        state = await self._transport.sessions.here()
        throttle = state.throttles.get(self._key)
        if throttle is None:
            most = self._transport.retry.max_retry_after
            throttle = state.throttles[self._key] = Throttle(self._transport.clock, most)
        return throttle
