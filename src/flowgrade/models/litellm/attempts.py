"""Attempts: the retries and the throttle of our own endpoints, for calls that others make."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from flowgrade.errors import ModelError
from flowgrade.models.connection import Connection
from flowgrade.models.gate import guess_tokens
from flowgrade.models.interception import refuse_intercepted
from flowgrade.models.place import Place
from flowgrade.models.throttle import Throttle
from flowgrade.models.transport import Transport
from flowgrade.tracing import current_span

T = TypeVar("T")


class Attempts:
    """Calls again what failed in a way that may pass, as ``RetryPolicy`` says."""

    __slots__ = ("_gate", "_key", "_transport")

    def __init__(self, transport: Transport, connection: Connection, route: str) -> None:
        self._transport = transport
        # The connection stands for its credential, which the library takes from anywhere.
        self._key = (connection.name, route, "")
        self._gate = transport.gate(self._key, connection.limits)

    async def call(self, once: Callable[[], Awaitable[T]]) -> T:
        """The result of ``once``, which raises ModelErrors."""
        refuse_intercepted("A call through litellm")
        retries = 0
        while True:
            throttle = await self._throttle()
            place = Place(throttle, self._gate)
            if self._gate is not None:
                # The request is the library's own: only a guess of its tokens is at hand.
                place.turn = await self._gate.enter(guess_tokens(0, {}))
            await place.take()
            epoch = throttle.epoch
            try:
                result = await once()
            except ModelError as error:
                place.failed(error, epoch)
                delay = self._delay(error, retries)
            except BaseException:
                place.release()
                raise
            else:
                place.succeeded({})
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
